package import DaybookFormat
package import DaybookJournal
package import DaybookModel
import SwiftProtobuf

/// Reads executions straight from a store.
package enum ExecutionReader {
    /// What is known of an execution, from its row or its own history, without a fold over the
    /// whole journal.
    /// - Parameter open: gives the state of an open execution where it is at hand.
    /// - Returns: nil when there is none of that id.
    package static func record(
        of id: String,
        _ reader: any StoreReader,
        open: (UInt64) -> ExecutionState? = { _ in nil }
    ) throws -> ExecutionRecord? {
        try bareRecord(of: id, reader, open: open).map { try naming($0, reader) }
    }

    /// The same without ``ExecutionRecord/submittedBy``, which takes three more looks.
    package static func bareRecord(
        of id: String,
        _ reader: any StoreReader,
        open: (UInt64) -> ExecutionState? = { _ in nil }
    ) throws -> ExecutionRecord? {
        guard Names.isValid(id), let row = try row(of: id, reader) else { return nil }
        return try record(of: id, row, reader, open: open)
    }

    /// What is known of the execution that a row is of.
    static func record(
        of id: String,
        _ row: ProtoExecutionRow,
        _ reader: any StoreReader,
        open: (UInt64) -> ExecutionState?
    ) throws -> ExecutionRecord {
        if row.hasClosed { return try ExecutionRecord(id: id, row: row) }
        var state = try open(row.number) ?? reader.history(of: row.number)
        guard let named = state.isParked ? state.last : state.previousFailure else {
            return ExecutionRecord(state, lastError: nil, parkingReason: nil)
        }
        // What is at hand may be newer than what is read.
        if try named >= reader.entryCount() { state = try reader.history(of: row.number) }
        let lastError = try state.previousFailure.flatMap { sequence in
            try recordedError(sequence, of: row.number, reader)
        }
        return ExecutionRecord(
            state,
            lastError: lastError,
            parkingReason: try state.isParked ? parkingReason(of: state, reader) : nil
        )
    }

    /// The error with which an entry of an execution says that an attempt has ended.
    /// - Returns: nil when the entry says nothing of the kind.
    /// - Throws: ``JournalError/Code/integrity``, also when it is missing.
    private static func recordedError(
        _ sequence: UInt64,
        of number: UInt64,
        _ reader: any StoreReader
    ) throws -> RecordedError? {
        let found = try reader.withView(of: sequence) { entry -> RecordedError? in
            guard let facts = try error(entry) else { return nil }
            let message = try reader.payloads(of: entry).first
            return RecordedError(
                code: facts.code,
                message: message.flatMap { payload in
                    payload.isErased ? nil : String(decoding: payload.data, as: UTF8.self)
                },
                sequence: sequence
            )
        }
        guard let found else { throw JournalError.missing(sequence, ofHistory: number) }
        return found
    }

    /// Why an execution is parked.
    /// - Throws: ``JournalError/Code/integrity``, also when no entry says so.
    private static func parkingReason(
        of state: ExecutionState,
        _ reader: any StoreReader
    ) throws -> RecordedError {
        let reason = try reader.withView(of: state.parkedBy) { entry in
            let message = try reader.payloads(of: entry).first
            return RecordedError(
                code: try ProtoExecutionParked(decoding: entry).reason.word,
                message: message.flatMap { payload in
                    payload.isErased ? nil : String(decoding: payload.data, as: UTF8.self)
                },
                sequence: state.parkedBy
            )
        }
        guard let reason else {
            throw JournalError.missing(state.parkedBy, ofHistory: state.number)
        }
        return reason
    }

    /// The row of an id in the index; nil: there is none.
    /// - Throws: ``JournalError/Code/integrity``; ``Refusal/Code/archived`` for one that is pruned.
    package static func row(
        of id: String,
        _ reader: any StoreReader
    ) throws -> ProtoExecutionRow? {
        let row = try reader.withExecutionRow(id) { try decodeRow($0, of: id) }
        if row == nil, let archive = try reader.tombstone(of: id) {
            throw try pruned(id, in: archive, reader)
        }
        return row
    }

    /// What to say of an execution that is pruned.
    private static func pruned(
        _ id: String,
        in archive: UInt64,
        _ reader: any StoreReader
    ) throws -> Refusal {
        let name = try ArchiveRecord.of(archive, reader).name
        return Refusal(
            .archived,
            "\(id) is pruned: it lies in the archive \(name) (entry \(archive)), and no more in the journal; `daybook archive export --archive \(name) \(id)` shows it. Its id is not given again"
        )
    }

    /// Reads a row of the index.
    /// - Throws: ``JournalError/Code/integrity``, also when it is not the one that was written.
    package static func decodeRow(
        _ bytes: UnsafeRawBufferPointer,
        of id: String
    ) throws -> ProtoExecutionRow {
        guard ExecutionRowCheck.holds(for: bytes, of: id) else {
            throw JournalError(
                .integrity,
                "the index row of \(id) is not the one that was written; verify the journal"
            )
        }
        do {
            if let number = try numberAlone(bytes) { return .with { $0.number = number } }
            return try ProtoExecutionRow(serializedBytes: Array(bytes))
        } catch {
            throw JournalError(
                .integrity,
                "the index row of \(id) cannot be read; verify the journal",
                underlying: error
            )
        }
    }

    /// The number in the row of what is open, which has nothing else; nil: it is closed. Whoever runs
    /// an execution looks that row up, without memory for it.
    private static func numberAlone(_ row: UnsafeRawBufferPointer) throws(WireError) -> UInt64? {
        var reader = WireReader(row)
        guard try reader.field() == Wire.ExecutionRow.number else { return nil }
        let number = try reader.varint()
        return try reader.field() == Wire.ExecutionRow.check ? number : nil
    }

    /// The encoded input of an execution.
    package static func input(of number: UInt64, _ journal: Journal) throws -> [UInt8] {
        let payload = try payloads(of: number, journal).first
        guard let payload else { throw missingPayload(of: number) }
        guard !payload.isErased else { throw PayloadErased(sequence: number) }
        return payload.data
    }

    /// The payloads of an entry, checked against what it commits to.
    package static func payloads(of sequence: UInt64, _ journal: Journal) throws -> [StoredPayload]
    {
        try journal.store.read { try $0.payloads(of: sequence) }
    }

    /// An entry commits to no payload, and its event must have one.
    package static func missingPayload(of sequence: UInt64) -> JournalError {
        JournalError(
            .integrity,
            "entry \(sequence): its payload is missing; run `daybook verify`",
            sequence: sequence
        )
    }

    /// The entry that says how an execution ended, or, if it has not, why it is parked; nil: it has not,
    /// and is not.
    ///
    /// Entries may follow it: what was still running then, what cleaned up, also where that was parked,
    /// and that it is closed.
    package static func ending(
        of record: ExecutionRecord,
        _ reader: any StoreReader
    ) throws -> UInt64? {
        let isFinal = record.status.isFinal
        guard isFinal || record.isParked else { return nil }
        return try last(from: record.last, of: record.number, reader) { kind in
            isFinal ? isEnd(kind) : kind == .executionParked
        }
    }

    /// The last entry of an execution that is of an event that is asked for; nil: it has none.
    /// - Parameter end: its last entry.
    /// - Throws: ``JournalError/Code/integrity``.
    private static func last(
        from end: UInt64,
        of number: UInt64,
        _ reader: any StoreReader,
        where isMeant: (EventKind?) -> Bool
    ) throws -> UInt64? {
        var sequence = end
        while true {
            let found = try reader.withView(of: sequence) { entry in
                (isMeant(EventKind(rawValue: entry.event)), entry.header.previous)
            }
            guard let (isFound, previous) = found else {
                throw JournalError(
                    .integrity,
                    "entry \(sequence): it is missing; verify the journal",
                    sequence: sequence
                )
            }
            if isFound { return sequence }
            guard previous >= number, previous < sequence else { return nil }
            sequence = previous
        }
    }

    /// Why an execution was cancelled whose parent had another child that failed.
    /// - Parameter sequence: the entry by which it was.
    package static func siblingMessage(
        of record: ExecutionRecord,
        _ sequence: UInt64,
        _ reader: any StoreReader
    ) throws -> String? {
        guard let parent = record.parent else { return nil }
        let named = try reader.withView(of: parent) { entry in
            let event = try ProtoExecutionSubmitted(decoding: entry)
            return "Parent task \(event.type) with execution id \(event.id) failed"
        }
        guard let named else { throw JournalError.missing(parent, ofHistory: record.number) }
        // The entry of the parent by which it learned of the first failure, or by which it began to wait
        // when there was one by then.
        let cause = try reader.withView(of: sequence) { $0.header.causation } ?? 0
        let end = try reader.withView(of: cause) { try failedChild($0) }
        guard let end, end != 0, let message = try reader.payloads(of: end).first,
            !message.isErased
        else { return named }
        return "\(named): \(String(decoding: message.data.prefix(1_000), as: UTF8.self))"
    }

    /// The entry by which a child had ended for which its siblings are cancelled; 0: none had.
    private static func failedChild(_ entry: EntryView) throws -> UInt64 {
        switch EventKind(rawValue: entry.event) {
        case .childEnded: try ProtoChildEnded(decoding: entry).end
        case .childrenAwaited: try ProtoChildrenAwaited(decoding: entry).failed
        default: 0
        }
    }

    private static func isEnd(_ kind: EventKind?) -> Bool {
        switch kind {
        case .executionCompleted, .executionFailed, .executionTimedOut, .executionCancelled,
            .executionExpired, .executionContinued:
            true
        default: false
        }
    }

    /// The error with which an entry says that an attempt or an execution has ended.
    package static func error(_ entry: EntryView) throws -> ErrorFacts? {
        switch EventKind(rawValue: entry.event) {
        case .attemptFailed: try ErrorFacts(ProtoAttemptFailed(decoding: entry).error)
        case .executionFailed: try ErrorFacts(ProtoExecutionFailed(decoding: entry).error)
        case .executionTimedOut: try ErrorFacts(ProtoExecutionTimedOut(decoding: entry).error)
        case .executionCancelled: try ErrorFacts(ProtoExecutionCancelled(decoding: entry).error)
        case .executionExpired: try ErrorFacts(ProtoExecutionExpired(decoding: entry).error)
        default: nil
        }
    }
}
