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
    }

    /// Its name.
    public let name: String
    /// When it was given.
    public let storedAt: Timestamp
    /// The entry that holds it, sealed.
    public let sequence: UInt64
    /// When it was wiped; nil: it is kept.
    public internal(set) var wiped: Wiping?
}

extension Inspector {
    /// The secrets that an execution was given, in all of its runs, in order.
    /// - Throws: ``JournalError``; `Refusal`: there is no such execution.
    public func secrets(of id: String) throws -> [SecretRecord] {
        var records: [SecretRecord] = []
        var keys: [[UInt8]] = []
        for number in try runs(of: id) {
            let history = JournalHistory(store: database, execution: number)
            try history.scan(from: number) { entry, _ in
                switch EventKind(rawValue: entry.event) {
                case .secretsStored:
                    for secret in try ProtoSecretsStored(decoding: entry).secrets {
                        keys.append(Array(secret.key))
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
                        guard let index = keys.firstIndex(of: Array(secret.key)) else { continue }
                        records[index].wiped = .init(
                            at: entry.header.time,
                            cause: event.cause.word
                        )
                    }
                default: break
                }
                return true
            }
        }
        return records
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
