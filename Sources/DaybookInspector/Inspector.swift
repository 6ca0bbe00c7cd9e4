public import Daybook
import DaybookFormat
public import DaybookJournal
import DaybookModel
import LMDB
import SwiftProtobuf

/// Looks into a journal without writing, also while another process writes it, and without the
/// program that wrote it.
public struct Inspector: Sendable {
    /// The journal's folder.
    public let folder: JournalFolder
    /// The databases, open for reading only.
    public let store: LMDBStore
    private let opened: OpenFolder

    /// Opens a journal for reading.
    /// - Throws: ``JournalError``.
    public init(path: String) throws {
        folder = JournalFolder(path)
        var options = EnvironmentOptions()
        options.isReadOnly = true
        opened = try folder.open(options)
        store = opened.store
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

    // MARK: Executions

    /// What is known of an execution.
    /// - Throws: ``Refusal/Code/notFound``, ``Refusal/Code/invalidArgument``.
    public func record(of id: String) throws -> ExecutionRecord {
        try Names.check(id, "execution id")
        guard let record = try store.read({ try ExecutionReader.record(of: id, $0) }) else {
            throw Refusal(
                .notFound,
                "no execution has the id \(id); `daybook list` shows those that exist"
            )
        }
        return record
    }

    /// The entry that says how an execution ended, or why it is parked; nil: it has not, and is not.
    public func ending(of record: ExecutionRecord) throws -> JournalEntry? {
        try store.read { try ExecutionReader.ending(of: record, $0) }.map { try entry($0) }
    }

    /// The executions that a query asks for.
    /// - Throws: ``JournalError``; ``Refusal/Code/newerVersion``.
    public func executions(_ query: ExecutionQuery) throws -> [ExecutionRecord] {
        try store.read { try ExecutionReader.records(query, $0) }
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

    /// Runs `body` on entries in order, until it returns false. Goes in steps, so that no read
    /// transaction stays open for long.
    public func scan(
        from sequence: UInt64 = 0,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        var next = sequence
        var isDone = false
        while !isDone {
            var count = 0
            try store.read { reader in
                try reader.scanEntries(from: next) { key, bytes in
                    next = key + 1
                    count += 1
                    guard try body(JournalEntry(key, bytes, reader)) else {
                        isDone = true
                        return false
                    }
                    return count < Self.step
                }
            }
            if count < Self.step { isDone = true }
        }
    }

    private static let step = 4_096

    /// Runs `body` on the entries of one execution in order, until it returns false.
    public func history(
        of number: UInt64,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        try store.read { reader in
            try reader.scanHistory(of: number, from: 0) { sequence in
                let more = try reader.withEntry(sequence) { bytes in
                    try body(JournalEntry(sequence, bytes, reader))
                }
                guard let more else {
                    throw JournalError(
                        .integrity,
                        "entry \(sequence): the history of execution \(number) names it, and it is missing; run `daybook verify`",
                        sequence: sequence
                    )
                }
                return more
            }
        }
    }
}
