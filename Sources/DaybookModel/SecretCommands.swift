import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// Secrets that were sealed for an execution, and whose data keys are on the disk.
package struct SealedSecrets: Sendable {
    /// A secret's name, and where its data key is.
    package struct Key: Hashable, Sendable {
        /// Its name.
        package let name: Name
        /// The slot.
        package let slot: UInt32
        /// The key's id.
        package let id: [UInt8]

        /// Says which key it is.
        package init(name: Name, slot: UInt32, id: [UInt8]) {
            self.name = name
            self.slot = slot
            self.id = id
        }

        fileprivate init(_ secret: KeptSecrets.Secret) {
            self.init(name: secret.name, slot: secret.slot, id: secret.key)
        }

        fileprivate var proto: ProtoSecretKey {
            .with {
                $0.name = name.text
                $0.slot = slot
                $0.key = Data(id)
            }
        }
    }

    /// One for each of the payloads, in order.
    package let keys: [Key]
    /// The sealed bytes.
    package let payloads: SealedPayloads

    /// - Parameter payloads: one for each key.
    package init(_ keys: [Key], _ payloads: SealedPayloads) {
        self.keys = keys
        self.payloads = payloads
    }

    /// So many secrets an execution has at most: an entry names all of them.
    package static var limit: Int { 32 }

    /// - Throws: ``Refusal/Code/invalidArgument``.
    func check() throws(Refusal) {
        for key in keys { try Names.check(key.name, "name of a secret") }
        guard keys.count <= Self.limit, Set(keys.map(\.name)).count == keys.count else {
            throw Refusal(
                .invalidArgument,
                "\(keys.count) secrets were given; an execution has at most \(Self.limit), with distinct names"
            )
        }
    }
}

/// Wipes secrets of an execution, whether it is open or closed. What is wiped already stays so.
package struct WipeSecrets: Command {
    /// Who wants what of which.
    package let intervention: Intervention
    /// Which; nil: all of them.
    package let names: [Name]?

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ intervention: Intervention, names: [Name]? = nil) {
        self.intervention = intervention
        self.names = names
    }

    /// The names of those that are wiped by it, in the order in which they were given.
    package typealias Answer = [Name]

    /// Granted for every execution.
    package func decide(_ tx: inout Transaction) throws -> [Name] {
        try intervention.request.check()
        guard let row = try tx.row(of: intervention.id) else {
            throw Refusal.unknownExecution(intervention.id)
        }
        let kept = tx.state.secrets[row.number]?.secrets ?? []
        let wiped = kept.filter { names?.contains($0.name) ?? true }
        try tx.wipe(wiped, of: row.number, .asked, by: intervention.request)
        return wiped.map(\.name)
    }
}

/// Looks up which data keys entries name, with all entries of others taken in.
package struct LookUpSecretKeys: Command {
    /// Nothing is asked but that.
    package init() {}

    /// Every secret that is kept.
    package typealias Answer = [KeptSecrets.Secret]

    /// Always granted.
    package func decide(_ tx: inout Transaction) throws -> Answer { tx.state.secrets.every }
}

/// Wipes secrets whose time is over, but for those of executions whose record is damaged. Asked when a
/// journal is opened: nobody may have had it open when their time came, and a process that runs nothing
/// sees to no deadlines.
package struct ExpireSecrets: Command {
    /// Executions that are looked at in one batch, at most.
    package let limit: Int

    /// Nothing is checked here: a command is checked when it is decided.
    package init(limit: Int = 1_024) { self.limit = limit }

    /// How many executions were looked at: those whose secrets are wiped now, and those whose record is
    /// damaged, which are not looked at again.
    package typealias Answer = Int

    /// Always granted.
    package func decide(_ tx: inout Transaction) throws -> Int {
        try tx.wipeExpiredSecrets(upTo: limit)
    }
}

extension Transaction {
    /// Those that are kept, and that others of the same names take the place of.
    private func replaced(
        by secrets: SealedSecrets,
        of number: UInt64
    ) -> [KeptSecrets.Secret] {
        (state.secrets[number]?.secrets ?? []).filter { old in
            secrets.keys.contains { $0.name == old.name }
        }
    }

    /// - Parameter parent: the execution that began it; 0: none did.
    /// - Throws: ``Refusal/Code/invalidArgument`` for a child, and when it would have too many.
    func checkRoom(
        for secrets: SealedSecrets,
        of number: UInt64,
        parent: UInt64
    ) throws(Refusal) {
        guard parent == 0 else {
            throw Refusal(
                .invalidArgument,
                "fresh secrets were given with the retry of a child, and children have none; give them to an execution that was submitted"
            )
        }
        let kept = (state.secrets[number]?.secrets ?? []).count
        let replaced = replaced(by: secrets, of: number).count
        guard kept - replaced + secrets.keys.count <= SealedSecrets.limit else {
            throw Refusal(
                .invalidArgument,
                "the execution would have more than \(SealedSecrets.limit) secrets; wipe some first"
            )
        }
    }

    /// Stores secrets of an execution that is open; those of the same names are wiped first.
    mutating func store(_ secrets: SealedSecrets, of number: UInt64) throws {
        let replaced = replaced(by: secrets, of: number)
        try wipe(replaced, of: number, .replaced)
        try append(
            .secretsStored(.with { $0.secrets = secrets.keys.map(\.proto) }),
            to: .run(number),
            payloads: secrets.payloads
        )
    }

    /// Wipes all secrets of an execution that is about to complete.
    mutating func wipeSecrets(ofCompleted number: UInt64) throws {
        guard !state.secrets.isEmpty, let kept = state.secrets[number] else { return }
        try wipe(kept.secrets, of: number, .completed)
    }

    /// Wipes secrets that nobody has used for a retry in time, of so many executions at most. Those of one
    /// whose record is damaged stay, and keep nobody from the others: see ``KeptSecrets/left``.
    /// - Returns: how many were looked at, damaged ones included.
    mutating func wipeExpiredSecrets(upTo limit: Int) throws -> Int {
        let lifetime = state.journal.secretLifetime
        guard lifetime > 0, !state.secrets.isEmpty else { return 0 }
        let expired = state.secrets.expired(after: lifetime, by: now).prefix(max(0, limit))
        for number in expired {
            do {
                // Before anything is appended, which cannot be taken back by itself.
                _ = try closed(number)
            } catch  where ledger.isDamage(error) {
                state.small.secrets.leave(number, because: "\(error)")
                continue
            }
            try wipe(state.secrets[number]?.secrets ?? [], of: number, .expired)
        }
        return expired.count
    }

    /// Wipes the secrets of one execution, if their time is over.
    mutating func wipeSecrets(ifExpired number: UInt64) throws {
        let lifetime = state.journal.secretLifetime
        guard lifetime > 0, let kept = state.secrets[number], kept.closedAt.rawValue != 0,
            kept.closedAt.adding(lifetime) <= now
        else { return }
        try wipe(kept.secrets, of: number, .expired)
    }

    mutating func wipe(
        _ secrets: [KeptSecrets.Secret],
        of number: UInt64,
        _ cause: ProtoSecretsWiped.Cause,
        by request: Request? = nil
    ) throws {
        guard !secrets.isEmpty else { return }
        let event = ProtoEntry.OneOf_Event.secretsWiped(
            .with {
                $0.cause = cause
                $0.secrets = secrets.map { SealedSecrets.Key($0).proto }
            }
        )
        if let request {
            try append(event.encoded(), to: .run(number), by: request)
        } else {
            try append(event, to: .run(number))
        }
    }
}
