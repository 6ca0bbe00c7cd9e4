public import DaybookFormat
package import DaybookJournal
import DaybookModel
public import DaybookView
import LMDB
import SwiftProtobuf

/// Looks into a journal without writing, also while another process writes it, and without the
/// program that wrote it.
public struct Inspector: Sendable {
    /// The journal's folder.
    package let folder: JournalFolder
    /// The databases, open for reading only.
    package let database: LMDBStore
    /// The same, for whoever looks at entries: one whose bytes have changed is not shown.
    package let store: CheckedStore
    private let opened: OpenFolder
    /// Told of snapshots that are damaged, and why.
    package var damagedSnapshot: @Sendable (_ name: String, _ reason: String) -> Void = { _, _ in }

    /// Opens a journal for reading.
    /// - Throws: ``JournalError``.
    public init(path: String) throws {
        folder = JournalFolder(path)
        var options = EnvironmentOptions()
        options.isReadOnly = true
        opened = try folder.open(options)
        database = opened.store
        store = CheckedStore(database)
        do {
            try store.read { reader in
                try Journal.checkFormat(reader, path)
                try Journal.checkLastCommit(reader)
            }
        } catch {
            opened.close()
            throw error
        }
    }

    /// Ends the use of the journal.
    public func close() { opened.close() }

    /// How far a time of day is behind the journal's last entry; zero when it is not.
    /// - Throws: ``JournalError``.
    public func lag(of now: Timestamp) throws -> Duration {
        try store.read { reader in
            let count = try reader.entryCount()
            guard count > 0 else { return .zero }
            let last = try reader.withEntry(count - 1) { try EntryView($0).header.time }
            return last?.since(now) ?? .zero
        }
    }

    /// Maximum size of a payload, in bytes.
    /// - Throws: ``JournalError``.
    public func payloadLimit() throws -> Int {
        Int(clamping: try creation().settings.payloadLimit)
    }

    /// What the first entry says.
    func creation() throws -> ProtoJournalCreated {
        guard case .journalCreated(let created) = try entry(0).entry.event else {
            throw JournalError(
                .integrity,
                "entry 0: it does not begin a journal; do not rely on it, and restore it from a backup",
                sequence: 0
            )
        }
        return created
    }

    // MARK: Executions

    /// What is known of an execution.
    ///
    /// Where the index does not know the id, the rows beside its place are looked at, so that a
    /// damaged index is not taken for an id that was never submitted. That costs the same however
    /// many executions there are; a row that is gone without a trace is found by a verification.
    /// - Throws: ``Refusal/Code/notFound``, ``Refusal/Code/invalidArgument``;
    ///   ``JournalError/Code/integrity``.
    public func record(of id: String) throws -> ExecutionRecord {
        try Self.record(of: id, store)
    }

    package static func record(
        of id: String,
        _ store: any JournalStore
    ) throws -> ExecutionRecord {
        try Names.check(id, "execution id")
        let record = try store.read { reader in
            let record = try ExecutionReader.record(of: id, reader)
            if record == nil { try ExecutionReader.checkNeighbours(of: id, reader) }
            return record
        }
        guard let record else {
            throw Refusal(
                .notFound,
                "no execution has the id \(id); look at the list of those that exist"
            )
        }
        return record
    }

    /// The entry that says how an execution ended, or, if it has not, why it is parked; nil: it has not,
    /// and is not.
    public func ending(of record: ExecutionRecord) throws -> JournalEntry? {
        try store.read { try ExecutionReader.ending(of: record, $0) }.map { try entry($0) }
    }

    /// Why an execution was cancelled whose parent had another child that failed; nil: it was not, or
    /// for something else.
    /// - Parameter end: the entry by which it ended.
    public func siblingMessage(of record: ExecutionRecord, _ end: JournalEntry?) throws -> String? {
        guard case .executionCancelled(let event) = end?.entry.event, let end,
            event.error.code == ErrorFacts.siblingFailed.code
        else { return nil }
        return try store.read {
            try ExecutionReader.siblingMessage(of: record, end.sequence, $0)
        }
    }

    /// The executions that a query asks for, all at once.
    /// - Throws: ``JournalError``; ``Refusal/Code/newerVersion``.
    public func executions(_ query: ExecutionQuery) throws -> [ExecutionRecord] {
        try ExecutionReader.records(query, store)
    }

    /// Some of the executions that a query asks for: at most ``ExecutionQuery/limit``, or 1,000.
    /// - Parameter cursor: the end of the page before; nil: from the beginning.
    /// - Throws: ``JournalError``; ``Refusal/Code/newerVersion``.
    public func executions(
        _ query: ExecutionQuery,
        after cursor: ExecutionCursor?
    ) throws -> ExecutionPage {
        try ExecutionReader.page(query, after: cursor, store)
    }

    /// Runs `body` on the executions that a query asks for, in its order, until it returns false. No
    /// more than a page is in memory, and `body` runs outside of any read transaction.
    /// - Throws: what `body` throws; ``JournalError``; ``Refusal/Code/newerVersion``.
    public func executions(
        _ query: ExecutionQuery,
        _ body: (ExecutionRecord) throws -> Bool
    ) throws {
        try ExecutionReader.scan(query, store, body)
    }

    /// How far the named readers of entries have come, in the order of their names.
    /// - Throws: ``JournalError``.
    public func positions() throws -> [(name: String, sequence: UInt64)] {
        var all: [(name: String, sequence: UInt64)] = []
        try store.read { reader in
            try reader.scanPositions { name, sequence in
                all.append((name, sequence))
                return true
            }
        }
        return all
    }

    // MARK: Entries

    /// How many entries the journal has.
    public func entryCount() throws -> UInt64 { try store.read { try $0.entryCount() } }

    /// An entry with its payloads.
    /// - Throws: ``Refusal/Code/notFound``; ``JournalError/Code/integrity``.
    public func entry(_ sequence: UInt64) throws -> JournalEntry {
        try store.read { reader in
            let entry = try reader.withEntry(sequence) { bytes in
                try JournalEntry(sequence, bytes, reader)
            }
            guard let entry else {
                let count = try reader.entryCount()
                if try sequence < reader.horizon() { throw try pruned(sequence, reader) }
                if sequence < count {
                    throw JournalError(
                        .integrity,
                        "entry \(sequence): it is missing; run `daybook verify`",
                        sequence: sequence
                    )
                }
                throw Refusal(
                    .notFound,
                    "there is no entry \(sequence); the last one is \(Int64(count) - 1)"
                )
            }
            return entry
        }
    }
}
