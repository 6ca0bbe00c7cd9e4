public import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

/// A secret that an execution was given: never its value.
public struct SecretRecord: Sendable, Equatable {
    /// When and why a secret was wiped.
    public struct Wiping: Sendable, Equatable {
        /// When.
        public let at: Timestamp
        /// Why: `completed`, `asked`, `expired` or `replaced`.
        public let cause: String
        /// Whether its key is overwritten, all of it; nil: the file of keys cannot be read. It is not where
        /// a process was killed after it had recorded the wipe, or in the middle of the overwriting, or
        /// could not write the file. Whoever opens the journal for writing next overwrites it.
        public internal(set) var isOverwritten: Bool?
    }

    /// Its name.
    public let name: String
    /// When it was given.
    public let storedAt: Timestamp
    /// The entry that holds it, sealed.
    public let sequence: UInt64
    /// When it was wiped; nil: it is kept.
    public internal(set) var wiped: Wiping?
    /// When its time is over; nil: it is wiped, its execution is open, or this journal sets it no time.
    /// One whose time is over is wiped by whoever opens the journal for writing next.
    public internal(set) var expiresAt: Timestamp?
}

/// What the entries of one run of an execution, or of all of them, say of its secrets.
package struct RunSecrets: Sendable {
    /// Those that were given to these runs, in order. Those of other runs are not among them.
    package let records: [SecretRecord]
    /// Why it is not known whether the keys of those that are wiped are overwritten; nil: it is.
    package let unread: SecretError?
}

extension Inspector {
    /// The secrets that one run of an execution was given, in order.
    /// - Throws: ``JournalError``.
    package func secrets(ofRun record: ExecutionRecord) throws -> RunSecrets {
        try secrets(ofRuns: [record.number])
    }

    /// The secrets that an execution was given, in all of its runs, in order, and whether their keys could
    /// be looked at.
    /// - Throws: ``JournalError``; `Refusal`: there is no such execution.
    package func secrets(ofAllRuns id: String) throws -> RunSecrets {
        try secrets(ofRuns: try runs(of: id))
    }

    /// The secrets that an execution was given, in all of its runs, in order. A file of keys that cannot be
    /// read hides nothing of what entries say: see ``SecretRecord/Wiping/isOverwritten``.
    /// - Throws: ``JournalError``; `Refusal`: there is no such execution.
    public func secrets(of id: String) throws -> [SecretRecord] {
        try secrets(ofAllRuns: id).records
    }

    private func secrets(ofRuns numbers: [UInt64]) throws -> RunSecrets {
        var list = SecretList()
        for number in numbers { try read(number, into: &list) }
        do {
            try settle(&list)
        } catch let error as SecretError {
            return RunSecrets(records: list.records, unread: error)
        }
        return RunSecrets(records: list.records, unread: nil)
    }

    private func read(_ number: UInt64, into list: inout SecretList) throws {
        let history = JournalHistory(store: database, execution: number)
        try history.scan(from: number) { entry, _ in
            try list.read(entry)
            return true
        }
    }

    /// Notes what the entries of the execution do not say.
    private func settle(_ list: inout SecretList) throws {
        guard !list.records.isEmpty else { return }
        let created = try creation()
        list.settle(lifetime: created.settings.secretLifetime)
        guard let journal = Identifier(Array(created.uuid)) else { return }
        let (whole, torn) = try KeysFile(folder.keys, journal: journal).left(of: list.wiped)
        // A slot that was given to another secret since was empty then: what is torn there is that one's.
        let given = torn.isEmpty ? [] : Set(try state().secrets.every.map(\.slot))
        list.note(left: whole.union(torn.filter { !given.contains($0.slot) }))
    }

    /// The numbers of the runs of an id, in order.
    private func runs(of id: String) throws -> [UInt64] {
        var numbers: [UInt64] = []
        var next: UInt64? = try record(of: id).number
        while let number = next {
            numbers.append(number)
            let before = try database.read { reader in
                try reader.withView(of: number) {
                    try ProtoExecutionSubmitted(decoding: $0).continuedFrom
                }
            }
            next = before.flatMap { $0 == 0 ? nil : $0 }
        }
        return numbers.reversed()
    }
}

/// Secrets as the entries of their execution tell of them.
private struct SecretList {
    private(set) var records: [SecretRecord] = []
    private var keys: [KeyName] = []
    /// When the execution was closed that did not end well; nil: it is open.
    private var closedAt: Timestamp?

    /// The keys that entries say are wiped.
    var wiped: [KeyName] {
        zip(keys, records).filter { $1.wiped != nil }.map(\.0)
    }

    mutating func read(_ entry: EntryView) throws(WireError) {
        switch EventKind(rawValue: entry.event) {
        case .secretsStored:
            for secret in try ProtoSecretsStored(decoding: entry).secrets {
                keys.append(KeyName(slot: secret.slot, id: Array(secret.key)))
                records.append(
                    SecretRecord(
                        name: secret.name,
                        storedAt: entry.header.time,
                        sequence: entry.header.sequence
                    )
                )
            }
        case .secretsWiped:
            let event = try ProtoSecretsWiped(decoding: entry)
            for secret in event.secrets {
                let name = KeyName(slot: secret.slot, id: Array(secret.key))
                guard let index = keys.firstIndex(of: name) else { continue }
                records[index].wiped = .init(at: entry.header.time, cause: event.cause.word)
            }
        case .executionFailed, .executionTimedOut, .executionCancelled, .executionExpired:
            if try entry.flag(Wire.ExecutionFailed.closes) { closedAt = entry.header.time }
        case .executionClosed: closedAt = entry.header.time
        case .executionReopened: closedAt = nil
        default: break
        }
    }

    /// - Parameter lifetime: nanoseconds; 0: there is no end to it.
    mutating func settle(lifetime: UInt64) {
        guard lifetime > 0, let closedAt else { return }
        for index in records.indices where records[index].wiped == nil {
            records[index].expiresAt = closedAt.adding(lifetime)
        }
    }

    /// - Parameter left: keys that still lie in their slots, or a part of them.
    mutating func note(left: Set<KeyName>) {
        for (index, key) in keys.enumerated() {
            records[index].wiped?.isOverwritten = !left.contains(key)
        }
    }
}
