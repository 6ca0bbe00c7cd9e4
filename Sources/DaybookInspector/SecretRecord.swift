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

    /// Whether the key of a secret that is kept is in the file of keys. Whether a process has the journal key
    /// that opens it is not looked at.
    @nonexhaustive
    public enum Key: String, Sendable {
        /// It is.
        case held
        /// There is no file of keys, as in a backup without it: nothing opens the secret.
        case missing
        /// The file does not hold it, or is damaged: nothing opens the secret.
        case damaged
    }

    /// Its name.
    public let name: String
    /// When it was given.
    public let storedAt: Timestamp
    /// The entry that holds it, sealed.
    public let sequence: UInt64
    /// When it was wiped; nil: it is kept.
    public internal(set) var wiped: Wiping?
    /// Whether its key is where it should be; nil: it is wiped, or the file of keys could not be read.
    public internal(set) var key: Key?
    /// When its time is over; nil: it is wiped, its execution is open, or this journal sets it no time.
    /// One whose time is over is wiped by whoever opens the journal for writing next.
    public internal(set) var expiresAt: Timestamp?
}

/// What the entries of one run of an execution, or of all of them, say of its secrets.
package struct RunSecrets: Sendable {
    /// Those that were given to these runs, in order. Those of other runs are not among them.
    package let records: [SecretRecord]
    /// Why it is not known how it stands with the keys; nil: it is.
    package let unread: SecretError?
    /// Why some that are kept cannot be opened, or why that is not known; nil: nothing is known that keeps
    /// one from it who has the journal key.
    package let fault: SecretError?

    init(_ records: [SecretRecord], unread: SecretError) {
        self.records = records
        self.unread = unread
        fault = unread
    }

    /// - Parameter file: the path of the file of keys.
    init(_ records: [SecretRecord], _ file: String) {
        self.records = records
        unread = nil
        let lost = records.filter { $0.key == .missing || $0.key == .damaged }
        guard let first = lost.first else {
            fault = nil
            return
        }
        let names = lost.map(\.name).joined(separator: ", ")
        let found =
            first.key == .missing
            ? "is missing, and nothing opens \(names) without it"
            : "is damaged, and does not hold the keys of \(names)"
        fault = SecretError(
            .damaged,
            "the file of keys \(file) \(found); restore it from a backup that has it, or give the secrets again with a retry"
        )
    }
}

extension Inspector {
    /// The secrets that one run of an execution was given, in order.
    /// - Throws: ``JournalError``.
    package func secrets(ofRun record: ExecutionRecord) throws -> RunSecrets {
        try secrets(ofRuns: [record.number])
    }

    /// The secrets that all runs of an execution were given, in order. A file of keys that cannot be read hides
    /// nothing of what entries say.
    /// - Throws: ``JournalError``; `Refusal`: there is no such execution.
    package func secrets(ofAllRuns id: String) throws -> RunSecrets {
        try secrets(ofRuns: try runs(of: id))
    }

    private func secrets(ofRuns numbers: [UInt64]) throws -> RunSecrets {
        var list = try self.list(ofRuns: numbers)
        while true {
            do {
                try settle(&list)
            } catch let error as SecretError {
                return RunSecrets(list.records, unread: error)
            }
            let found = RunSecrets(list.records, folder.keys)
            if found.fault == nil { return found }
            // An entry says that a secret is wiped before its key is overwritten: what was wiped while the
            // file was looked at is not lost.
            let after = try self.list(ofRuns: numbers)
            if after.kept == list.kept { return found }
            list = after
        }
    }

    private func list(ofRuns numbers: [UInt64]) throws -> SecretList {
        var list = SecretList()
        for number in numbers { try read(number, into: &list) }
        return list
    }

    /// The journal's file of keys; nil: what its first entry says names no journal.
    package func keysFile() throws -> KeysFile? {
        Identifier(Array(try creation().uuid)).map { KeysFile(folder.keys, journal: $0) }
    }

    /// The secrets that an execution was given, in all of its runs, in order. A file of keys that cannot be
    /// read hides nothing of what entries say: see ``SecretRecord/Wiping/isOverwritten``.
    /// - Throws: ``JournalError``; `Refusal`: there is no such execution.
    public func secrets(of id: String) throws -> [SecretRecord] {
        try secrets(ofAllRuns: id).records
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
        list.settle(lifetime: try creation().settings.secretLifetime)
        guard let keys = try keysFile() else { return }
        // First: what cannot be known of those that are wiped hides nothing of those that are kept.
        list.note(try keys.standing(of: list.kept))
        let (whole, torn) = try keys.left(of: list.wiped)
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

    /// The keys that entries say are kept.
    var kept: [KeyName] {
        zip(keys, records).filter { $1.wiped == nil }.map(\.0)
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

    /// - Parameter standings: how it stands with those that are kept, in order.
    mutating func note(_ standings: [KeyStanding]) {
        let kept = records.indices.filter { records[$0].wiped == nil }
        for (index, standing) in zip(kept, standings) {
            records[index].key =
                switch standing {
                case .held: .held
                case .missing: .missing
                case .damaged: .damaged
                }
        }
    }

    /// - Parameter left: keys that still lie in their slots, or a part of them.
    mutating func note(left: Set<KeyName>) {
        for (index, key) in keys.enumerated() {
            records[index].wiped?.isOverwritten = !left.contains(key)
        }
    }
}
