import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

/// The recorded operations of one execution, read ahead of a handler that runs again.
///
/// Records are read in the order of the history and handed out by scope, so that branches can
/// consume theirs in any order. What lies behind the entry that granted the lease is not looked
/// at: this activation writes that itself.
final class ReplayLog: Sendable {
    struct Record: Sendable {
        let sequence: UInt64
        let operation: Operation
        let outcome: Outcome
    }

    enum Outcome: Sendable {
        case success(StoredPayload)
        case failure(ErrorFacts, message: StoredPayload?, details: StoredPayload?)
    }

    private struct Reading: Sendable {
        /// Records not yet consumed, by scope, oldest first.
        var waiting: [[UInt32]: [Record]] = [:]
        var nextSequence: UInt64
        var isAtEnd = false
        /// How many of a scope's waiting records have been handed out.
        var consumed: [[UInt32]: Int] = [:]
    }

    private let journal: Journal
    private let execution: UInt64
    private let end: UInt64
    private let reading: Locked<Reading>

    /// How many entries are read at a time.
    private static let chunk = 512

    init(_ journal: Journal, _ lease: Lease) {
        self.journal = journal
        execution = lease.execution
        end = lease.claim
        reading = Locked(Reading(nextSequence: lease.execution + 1))
    }

    /// Whether a scope has a record that is not consumed.
    func hasNext(in scope: [UInt32]) throws -> Bool {
        try reading.withLock { reading in
            while reading.waiting[scope] == nil, !reading.isAtEnd { try readChunk(&reading) }
            return reading.waiting[scope] != nil
        }
    }

    /// The next record of a scope, which is consumed by this.
    func next(in scope: [UInt32]) throws -> Record? {
        try reading.withLock { reading in
            while true {
                let index = reading.consumed[scope] ?? 0
                if let records = reading.waiting[scope], index < records.count {
                    let record = records[index]
                    if index + 1 == records.count {
                        reading.waiting[scope] = nil
                        reading.consumed[scope] = nil
                    } else {
                        reading.consumed[scope] = index + 1
                    }
                    return record
                }
                if reading.isAtEnd { return nil }
                try readChunk(&reading)
            }
        }
    }

    /// A record that nobody has asked for.
    func unconsumed() throws -> Record? {
        try reading.withLock { reading in
            while true {
                let rest = reading.waiting.compactMap { scope, records in
                    records[(reading.consumed[scope] ?? 0)...].first
                }
                if let first = rest.min(by: { $0.sequence < $1.sequence }) { return first }
                if reading.isAtEnd { return nil }
                try readChunk(&reading)
            }
        }
    }

    private func readChunk(_ reading: inout Reading) throws {
        try journal.store.read { reader in
            var count = 0
            try reader.scanHistory(of: execution, from: reading.nextSequence) { sequence in
                guard sequence < end, count < Self.chunk else { return false }
                reading.nextSequence = sequence + 1
                count += 1
                if let record = try Self.record(sequence, reader) {
                    reading.waiting[record.operation.scope, default: []].append(record)
                }
                return true
            }
            if count < Self.chunk { reading.isAtEnd = true }
        }
    }

    private static func record(_ sequence: UInt64, _ reader: any StoreReader) throws -> Record? {
        try reader.withEntry(sequence) { bytes in
            let entry = try EntryView(bytes)
            switch EventKind(rawValue: entry.event) {
            case .checkpointSucceeded:
                let event = try ProtoCheckpointSucceeded(decoding: entry)
                let value = try payloads(sequence, reader).first
                guard let value else { throw missing(sequence) }
                return Record(
                    sequence: sequence,
                    operation: Operation(event.operation),
                    outcome: .success(value)
                )
            case .checkpointFailed:
                let event = try ProtoCheckpointFailed(decoding: entry)
                let payloads = try payloads(sequence, reader)
                return Record(
                    sequence: sequence,
                    operation: Operation(event.operation),
                    outcome: .failure(
                        ErrorFacts(event.error),
                        message: payloads.first,
                        details: payloads.count > 1 ? payloads[1] : nil
                    )
                )
            default: return nil
            }
        } ?? nil
    }

    private static func payloads(
        _ sequence: UInt64,
        _ reader: any StoreReader
    ) throws -> [StoredPayload] {
        try reader.withPayloads(of: sequence) { try StoredPayload.all($0) } ?? []
    }

    private static func missing(_ sequence: UInt64) -> JournalError {
        JournalError(
            .integrity,
            "entry \(sequence): its payload is missing; run `daybook verify`",
            sequence: sequence
        )
    }
}
