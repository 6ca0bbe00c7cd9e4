import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView

/// The file of keys against the entries: what is kept has its slot, and what is wiped has none.
///
/// A key that is kept and has no slot is damage. A slot whose key no entry keeps is none: an entry is on
/// the disk before a key is overwritten, and in between a process can be killed, or the file fail.
struct SecretsAudit {
    private let keys: KeysFile
    private let note: (UInt64?, String) -> Void

    /// What was found that is no finding.
    struct Result {
        /// The keys that are still to be overwritten.
        var left: [VerificationReport.LeftKey] = []
        /// What cannot be opened because there is no file of keys.
        var unopenable: VerificationReport.UnopenableSecrets?
    }

    /// - Parameters:
    ///   - path: of the file of keys.
    ///   - state: the fold of the journal's first `count` entries.
    static func check(
        _ path: String,
        _ state: State,
        upTo count: UInt64,
        _ store: any JournalStore,
        _ note: @escaping (UInt64?, String) -> Void
    ) throws -> Result {
        guard let journal = state.journal.uuid else { return Result() }
        let audit = SecretsAudit(keys: KeysFile(path, journal: journal), note: note)
        do {
            // A backup need not have it: nothing contradicts anything.
            guard try audit.keys.isThere() else {
                return Result(unopenable: .init(state.secrets))
            }
            return Result(left: try audit.check(state, upTo: count, store))
        } catch let error as SecretError {
            note(nil, error.message)
            return Result()
        }
    }

    private func check(
        _ state: State,
        upTo count: UInt64,
        _ store: any JournalStore
    ) throws -> [VerificationReport.LeftKey] {
        // What changes meanwhile is looked at twice: before the newest entries are read, and after.
        let before = try keys.slots()
        var state = state
        try store.read { reader in
            try reader.scanEntries(from: count) { _, bytes in
                try state.apply(committed: try EntryView(bytes), reader)
                return true
            }
        }
        let after = try keys.slots()
        let end = try store.read { try $0.entryCount() }
        for secret in state.secrets.every where end == state.next {
            check(secret, after)
        }
        let live = Set(state.secrets.every.map { KeyName(slot: $0.slot, id: $0.key) })
        var left: [(slot: Int, key: [UInt8]?)] = []
        for (slot, found) in after.enumerated() where before.indices.contains(slot) {
            guard found != .empty, found == before[slot] else { continue }
            let name = UInt32(slot)
            if KeysFile.names(found, name, live) { continue }
            if try keys.isReserved(name) { continue }
            if case .held(let held) = found { left.append((slot, held.id)) }
            if case .damaged = found { left.append((slot, nil)) }
        }
        let wiped = try VerificationReport.LeftKey.Secret.wiped(
            Set(left.compactMap(\.key)),
            store
        )
        return left.map { slot, key in
            VerificationReport.LeftKey(slot: slot, secret: key.flatMap { wiped[$0] })
        }
    }

    private func check(_ secret: KeptSecrets.Secret, _ slots: [KeySlot]) {
        let slot = Int(secret.slot)
        if slots.indices.contains(slot), case .held(let held) = slots[slot], held.id == secret.key {
            return
        }
        note(
            secret.sequence,
            "the secret \(secret.name) is kept, and slot \(slot) of the file of keys does not hold its key; restore that file from a backup that has it, give the secret again with a retry, or wipe it"
        )
    }
}
