public import DaybookFormat
import DaybookJournal
import DaybookView

extension VerificationReport {
    /// A key in the file of keys that is still to be overwritten.
    ///
    /// An entry is on the disk before a key is overwritten, and a key before the entry that names it. In
    /// between a process can be killed, and the file can fail: which of them it was nothing says. No entry
    /// contradicts it: whoever opens the journal for writing next overwrites the key. Until then who has the
    /// file and the journal key can open what is sealed under it.
    public struct LeftKey: Sendable, Equatable, CustomStringConvertible {
        /// The secret that is wiped.
        public struct Secret: Sendable, Equatable {
            /// Its name.
            public let name: String
            /// The id of its execution.
            public let execution: String
            /// The entry that says that it is wiped.
            public let sequence: UInt64
            /// When that was recorded.
            public let wipedAt: Timestamp
        }

        /// The slot of the file of keys, from 0.
        public let slot: Int
        /// Whose key it is; nil: no entry names it.
        public let secret: Secret?

        /// For example `the wipe of the secret TOKEN of a is recorded in entry 17, and slot 0 of the file
        /// of keys still holds its key`.
        public var description: String {
            guard let secret else {
                return "slot \(slot) of the file of keys holds what no entry names"
            }
            return
                "the wipe of the secret \(secret.name) of \(secret.execution) is recorded in entry \(secret.sequence), and slot \(slot) of the file of keys still holds its key"
        }
    }
}

extension VerificationReport.LeftKey.Secret {
    /// The secrets whose keys entries say are wiped, by the ids of the keys.
    /// - Parameter keys: the ids of those that are wanted.
    static func wiped(
        _ keys: Set<[UInt8]>,
        _ store: any JournalStore
    ) throws -> [[UInt8]: Self] {
        var found: [[UInt8]: Self] = [:]
        if keys.isEmpty { return found }
        try store.read { reader in
            try reader.scanEntries(from: 0) { sequence, bytes in
                let entry = try EntryView(bytes)
                guard entry.event == EventKind.secretsWiped.rawValue else { return true }
                for secret in try ProtoSecretsWiped(decoding: entry).secrets
                where keys.contains(Array(secret.key)) {
                    let id = try reader.withView(of: entry.header.stream.rawValue) {
                        try ProtoExecutionSubmitted(decoding: $0).id
                    }
                    found[Array(secret.key)] = Self(
                        name: secret.name,
                        execution: id ?? "",
                        sequence: sequence,
                        wipedAt: entry.header.time
                    )
                }
                return found.count < keys.count
            }
        }
        return found
    }
}
