import DaybookFormat
import DaybookSystem

/// Whether the key of a secret that is kept is where the journal says it is.
package enum KeyStanding: Sendable {
    /// Its slot holds it.
    case held
    /// There is no file of keys: a backup need not have one.
    case missing
    /// The file is there, and its slot does not hold it.
    case damaged
}

/// What only looks at the file of keys.
extension KeysFile {
    /// Whether there is one.
    /// - Throws: ``SecretError/Code/system``.
    package func isThere() throws(SecretError) -> Bool {
        try mapping { () throws in
            guard let file = try openIfThere(.read) else { return false }
            _ = try file.status()
            return true
        }
    }

    /// Whether keys are, or were, in it: then all others are wrapped with the same journal key.
    /// - Throws: ``SecretError/Code/system``.
    package func isInUse() throws(SecretError) -> Bool {
        try mapping { () throws in
            guard let file = try openIfThere(.read) else { return false }
            return try slotCount(file) > 0
        }
    }

    /// Copies the file, if there is one, into a new one that is synced. Nobody stores or destroys a key
    /// meanwhile.
    /// - Parameter moment: called with the file as it is copied.
    /// - Returns: whether there is one.
    /// - Throws: what `moment` throws; `SystemError`.
    package func copy(to other: String, at moment: () throws -> Void) throws -> Bool {
        let file: File?
        var isLocked = true
        do throws(SystemError) {
            file = try openIfThere(.existing)
        } catch {
            guard error.isReadOnly else { throw error }
            // Where it may not be written there is no lock to be had, and nobody changes it.
            file = try openIfThere(.read)
            isLocked = false
        }
        guard let file else {
            try moment()
            return false
        }
        if isLocked { try file.lock(bytes: Self.header) }
        let copy = try File.open(other, .create)
        try moment()
        try copy.append(contentsOf: file)
        if isLocked { try file.unlock(bytes: Self.header) }
        try copy.synchronize()
        return true
    }

    /// How it stands with keys that entries say are kept, in the same order.
    /// - Throws: ``SecretError/Code/system``.
    package func standing(of names: [KeyName]) throws(SecretError) -> [KeyStanding] {
        if names.isEmpty { return [] }
        return try mapping { () throws -> [KeyStanding] in
            guard let file = try openIfThere(.read) else { return names.map { _ in .missing } }
            guard let header = KeysHeader(try contents(file, Self.header)),
                header.journal == journal.bytes
            else { return names.map { _ in .damaged } }
            return try names.map { name in
                guard case .held(let found) = try read(name.slot, file), found.id == name.id
                else { return .damaged }
                return .held
            }
        }
    }

    /// What all slots hold, in order; none when there is no file.
    /// - Throws: ``SecretError``: ``SecretError/Code/damaged`` for a header that is none.
    package func slots() throws(SecretError) -> [KeySlot] {
        try mapping { () throws -> [KeySlot] in
            guard let file = try openIfThere(.read) else { return [] }
            let count = try slotCount(file)
            guard count > 0 else { return [] }
            _ = try header(try contents(file, Self.header))
            return try (0..<count).map { try read($0, file) }
        }
    }

    /// Those keys that still lie in their slots, and those whose slots hold something that is no key; none
    /// when there is no file.
    /// - Throws: ``SecretError``: ``SecretError/Code/damaged`` for a header that is none.
    package func left(
        of names: [KeyName]
    ) throws(SecretError) -> (whole: Set<KeyName>, torn: Set<KeyName>) {
        if names.isEmpty { return ([], []) }
        return try mapping { () throws -> (whole: Set<KeyName>, torn: Set<KeyName>) in
            guard let file = try openIfThere(.read), try slotCount(file) > 0
            else { return ([], []) }
            _ = try header(try contents(file, Self.header))
            var (whole, torn): (Set<KeyName>, Set<KeyName>) = ([], [])
            for name in names {
                switch try read(name.slot, file) {
                case .held(let found) where found.id == name.id: whole.insert(name)
                case .damaged: torn.insert(name)
                case .held, .empty: break
                }
            }
            return (whole, torn)
        }
    }

    /// Whether somebody is about to name a slot in an entry, or sees to what is left in it.
    /// - Throws: ``SecretError/Code/system``.
    package func isReserved(_ slot: UInt32) throws(SecretError) -> Bool {
        try mapping { () throws -> Bool in
            guard let file = try openIfThere(.read) else { return false }
            return try !file.isLockable(bytes: KeySlot.range(slot))
        }
    }
}
