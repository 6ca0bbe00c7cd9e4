public import DaybookFormat
public import DaybookJournal
public import DaybookModel
import SwiftProtobuf

/// Reads executions straight from a store.
public enum ExecutionReader {
    /// What is known of an execution, from its row or its own history, without a fold over the
    /// whole journal.
    /// - Parameter open: gives the state of an open execution where it is at hand.
    /// - Returns: nil when there is none of that id.
    public static func record(
        of id: String,
        _ reader: any StoreReader,
        open: (UInt64) -> ExecutionState? = { _ in nil }
    ) throws -> ExecutionRecord? {
        guard Names.isValid(id), let bytes = try reader.executionRow(id) else { return nil }
        let row = try decodeRow(bytes, of: id)
        if row.hasClosed {
            return try ExecutionRecord(id: id, row: row)
        }
        return ExecutionRecord(try open(row.number) ?? fold(row.number, reader))
    }

    /// Reads a row of the index.
    /// - Throws: ``JournalError/Code/integrity``.
    public static func decodeRow(_ bytes: [UInt8], of id: String) throws -> ProtoExecutionRow {
        do {
            return try ProtoExecutionRow(serializedBytes: bytes)
        } catch {
            throw JournalError(
                .integrity,
                "the index row of \(id) cannot be read; run `daybook verify`",
                underlying: error
            )
        }
    }

    /// Folds the history of one execution.
    /// - Throws: ``JournalError/Code/integrity`` when it has none.
    public static func fold(
        _ number: UInt64,
        upTo end: UInt64 = .max,
        _ reader: any StoreReader
    ) throws -> ExecutionState {
        var state: ExecutionState?
        try reader.scanHistory(of: number, from: number) { sequence in
            guard sequence <= end else { return false }
            try reader.withEntry(sequence) { bytes in
                let entry = try EntryView(bytes)
                if state == nil {
                    state = try ExecutionState(first: entry)
                } else {
                    try state?.apply(entry)
                }
            }
            return true
        }
        guard let state else {
            throw JournalError(
                .integrity,
                "entry \(number): the execution that it begins has no history; run `daybook verify`",
                sequence: number
            )
        }
        return state
    }

    /// The encoded input of an execution.
    static func input(of number: UInt64, _ journal: Journal) throws -> [UInt8] {
        let payload = try payloads(of: number, journal).first
        guard let payload else {
            throw JournalError(
                .integrity,
                "entry \(number): its payload is missing; run `daybook verify`",
                sequence: number
            )
        }
        guard !payload.isErased else { throw PayloadErased(sequence: number) }
        return payload.data
    }

    static func payloads(of sequence: UInt64, _ journal: Journal) throws -> [StoredPayload] {
        try journal.store.read { reader in
            try reader.withPayloads(of: sequence) { try StoredPayload.all($0) } ?? []
        }
    }

    /// What the last entry of a closed execution says.
    static func outcome(
        of record: ExecutionRecord,
        _ journal: Journal
    ) throws -> Result<[UInt8], OperationError> {
        let facts = try journal.store.read { reader in
            try reader.withEntry(record.last) { bytes -> ErrorFacts? in
                let entry = try EntryView(bytes)
                guard EventKind(rawValue: entry.event) == .executionFailed else { return nil }
                return ErrorFacts(try ProtoExecutionFailed(decoding: entry).error)
            }
        }
        let payloads = try payloads(of: record.last, journal)
        guard let first = payloads.first, !first.isErased else {
            throw PayloadErased(sequence: record.last)
        }
        if let facts = facts ?? nil {
            return .failure(
                OperationError(
                    facts: facts,
                    message: String(decoding: first.data, as: UTF8.self),
                    details: payloads.count > 1 ? payloads[1].data : nil
                )
            )
        }
        return .success(first.data)
    }
}
