import Crypto
import DaybookFormat
import DaybookSystem

/// The file `keys` of a journal: the data keys of its secrets, each wrapped with the journal key, in
/// slots of a fixed size.
///
/// It is no database: a page that LMDB frees keeps its bytes, and here what is destroyed is
/// overwritten where it lies. A slot is written and synced before the entry that names it, and
/// overwritten and synced after the entry that says so. Whoever has written one and not yet an entry
/// holds a lock on it, so that nobody takes it for left over; the kernel drops that lock when its
/// process ends.
///
/// Who writes slots holds the lock on the header meanwhile. Each call opens the file itself: locks
/// belong to the open file description, and two in one process stand in each other's way as those of
/// two processes do.
package struct KeysFile: Sendable {
    /// The file's path.
    package let path: String
    /// The journal's UUID.
    package let journal: Identifier

    /// Names a file; nothing is looked at yet.
    package init(_ path: String, journal: Identifier) {
        self.path = path
        self.journal = journal
    }

    static var header: Range<Int> { 0..<KeysHeader.size }

    // MARK: Storing

    /// Draws a data key for each place, and writes them into free slots.
    ///
    /// The keys are on the disk when it returns, and nobody takes them for left over until the
    /// reservation is given up.
    /// - Throws: ``SecretError``.
    package func reserve(
        _ places: [SecretPlace],
        _ key: JournalKey
    ) throws(SecretError) -> KeyReservation {
        try mapping { () throws in
            let file = try File.open(path, .readWrite, followsLink: false)
            try file.lock(bytes: Self.header)
            let isNew = try prepareHeader(file, key)
            let slots = try freeSlots(places.count, file)
            var keys: [KeyReservation.Key] = []
            for (place, slot) in zip(places, slots) {
                var id = [UInt8](repeating: 0, count: KeyName.idBytes)
                try id.withUnsafeMutableBytes { try SystemRandom.fill($0) }
                let dataKey = DataKey.random()
                let execution = place.executionDigest
                let bound = KeySlot.place(journal, id: id, execution: execution)
                let held = KeySlot.Held(
                    id: id,
                    execution: execution,
                    wrapped: try key.wrap(dataKey, for: bound)
                )
                try write(KeySlot.bytes(held, in: slot), slot, file)
                keys.append(.init(name: KeyName(slot: slot, id: id), dataKey: dataKey))
            }
            try file.synchronizeData()
            if isNew { try Folder.synchronize(Folder.parent(of: path)) }
            try file.unlock(bytes: Self.header)
            return KeyReservation(self, file, keys)
        }
    }

    /// Makes sure that the file is that of this journal and key; writes its header when it is new.
    private func prepareHeader(_ file: borrowing File, _ key: JournalKey) throws -> Bool {
        let bytes = try contents(file, Self.header)
        // A header that was cut short belongs to a file that no entry relies on.
        let isUnused = try file.status().size <= KeysHeader.size && KeysHeader(bytes) == nil
        guard isUnused else {
            try check(bytes, key)
            return false
        }
        var salt = [UInt8](repeating: 0, count: 16)
        try salt.withUnsafeMutableBytes { try SystemRandom.fill($0) }
        let header = KeysHeader(journal: journal, salt: salt, key).bytes
        try header.withUnsafeBytes { try file.overwrite($0, at: 0) }
        return true
    }

    /// Makes sure that the key is that of the file, if there is one.
    /// - Throws: ``SecretError``: ``SecretError/Code/wrongKey``, ``SecretError/Code/damaged`` for a header
    ///   that is none, ``SecretError/Code/system``.
    package func check(_ key: JournalKey) throws(SecretError) {
        try mapping { () throws in
            guard let file = try openIfThere(.read), try slotCount(file) > 0 else { return }
            try check(try contents(file, Self.header), key)
        }
    }

    /// Reads the header, if it is this journal's.
    func header(_ bytes: [UInt8]) throws(SecretError) -> KeysHeader {
        if let header = KeysHeader(bytes), header.journal == journal.bytes { return header }
        throw SecretError(
            .damaged,
            "the file of keys \(path) is damaged, or that of another journal; restore it from a backup that has it, or move it away and give the secrets again with a retry"
        )
    }

    private func check(_ bytes: [UInt8], _ key: JournalKey) throws(SecretError) {
        let header = try header(bytes)
        guard header.check == key.checkValue(journal: journal, salt: header.salt) else {
            throw SecretError(
                .wrongKey,
                "the journal key is not the one that the secrets of this journal are kept under; \(KeyAdvice.existing.text)"
            )
        }
    }

    /// Slots that hold nothing, and whose locks are taken.
    private func freeSlots(_ count: Int, _ file: borrowing File) throws -> [UInt32] {
        var slots: [UInt32] = []
        var slot: UInt32 = 0
        let end = try slotCount(file)
        while slots.count < count {
            let isFree = try slot >= end || read(slot, file) == .empty
            if isFree, try file.tryLock(bytes: KeySlot.range(slot)) { slots.append(slot) }
            slot += 1
        }
        return slots
    }

    // MARK: Opening

    /// The data key in a slot.
    /// - Throws: ``SecretError``: ``SecretError/Code/wrongKey``, ``SecretError/Code/damaged``,
    ///   ``SecretError/Code/system``.
    package func dataKey(
        _ name: KeyName,
        for place: SecretPlace,
        _ key: JournalKey
    ) throws(SecretError) -> DataKey {
        try mapping { () throws in
            guard let file = try openIfThere(.read) else {
                throw SecretError(
                    .damaged,
                    "the file of keys \(path) is not there, and the secret \(place.name) of \(place.execution) does not open without; restore it from a backup that has it, or give the secret again with a retry",
                    name: place.name.text
                )
            }
            try check(try contents(file, Self.header), key)
            guard case .held(let held) = try read(name.slot, file), held.id == name.id else {
                throw SecretError(
                    .damaged,
                    "slot \(name.slot) of the file of keys \(path) does not hold the key of the secret \(place.name) of \(place.execution), as the journal says; restore the file from a backup that has it, or give the secret again with a retry",
                    name: place.name.text
                )
            }
            let bound = KeySlot.place(journal, id: held.id, execution: held.execution)
            guard held.execution == place.executionDigest,
                let dataKey = key.unwrap(held.wrapped, for: bound)
            else {
                throw SecretError(
                    .damaged,
                    "slot \(name.slot) of the file of keys \(path) has changed: the key of the secret \(place.name) of \(place.execution) cannot be unwrapped; restore the file from a backup that has it, or give the secret again with a retry",
                    name: place.name.text
                )
            }
            return dataKey
        }
    }

    // MARK: Destroying

    /// Overwrites keys where they lie, and syncs. What is overwritten already, or holds another key by
    /// now, stays as it is.
    /// - Throws: ``SecretError/Code/system``.
    package func destroy(_ names: [KeyName]) throws(SecretError) {
        guard !names.isEmpty else { return }
        try mapping { () throws in
            // With the file its keys are gone.
            guard let file = try openIfThere(.existing) else { return }
            try destroy(names, file)
        }
    }

    /// - Returns: nil when there is no file.
    func openIfThere(_ mode: File.Mode) throws(SystemError) -> File? {
        do throws(SystemError) {
            return try File.open(path, mode, followsLink: false)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    fileprivate func destroy(_ names: [KeyName], _ file: borrowing File) throws {
        try file.lock(bytes: Self.header)
        for name in names {
            switch try read(name.slot, file) {
            case .empty: continue
            case .held(let held) where held.id != name.id: continue
            // Torn: the rest of it goes too.
            case .held, .damaged: try write(KeySlot.nothing, name.slot, file)
            }
        }
        try file.synchronizeData()
        try file.unlock(bytes: Self.header)
    }

    /// Takes the locks of all slots that hold something and that nobody is about to name in an entry,
    /// so that nothing becomes of them while it is looked up which of them are named.
    /// - Parameter live: the keys that are known to be named.
    /// - Returns: nil: there are none.
    /// - Throws: ``SecretError/Code/system``.
    package func strays(besides live: Set<KeyName>) throws(SecretError) -> StrayKeys? {
        try mapping { () throws -> StrayKeys? in
            guard let file = try openIfThere(.existing) else { return nil }
            var strays: [StrayKeys.Stray] = []
            for slot in 0..<(try slotCount(file)) {
                let before = try read(slot, file)
                if before == .empty || Self.names(before, slot, live) { continue }
                guard try file.tryLock(bytes: KeySlot.range(slot)) else { continue }
                // What was written before the lock was taken may have been named since, or be gone.
                let found = try read(slot, file)
                if found != .empty { strays.append(.init(slot: slot, found: found)) }
            }
            if strays.isEmpty { return nil }
            return StrayKeys(self, file, strays)
        }
    }

    /// Whether what a slot holds is a key that entries name.
    package static func names(_ found: KeySlot, _ slot: UInt32, _ live: Set<KeyName>) -> Bool {
        switch found {
        case .empty: false
        case .held(let held): live.contains(KeyName(slot: slot, id: held.id))
        // It is not known which key it was: that of an entry is for a person to look at.
        case .damaged: live.contains { $0.slot == slot }
        }
    }

    func slotCount(_ file: borrowing File) throws(SystemError) -> UInt32 {
        let size = try file.status().size - KeysHeader.size
        // One that was cut short counts.
        return size <= 0 ? 0 : UInt32((size + KeySlot.size - 1) / KeySlot.size)
    }

    func read(_ slot: UInt32, _ file: borrowing File) throws(SystemError) -> KeySlot {
        KeySlot(try contents(file, KeySlot.range(slot)), in: slot)
    }

    /// Bytes of the file; zeros behind its end.
    func contents(
        _ file: borrowing File,
        _ range: Range<Int>
    ) throws(SystemError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
        defer { buffer.deallocate() }
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        _ = try file.read(into: buffer, at: range.lowerBound)
        return Array(buffer)
    }

    private func write(_ bytes: [UInt8], _ slot: UInt32, _ file: borrowing File) throws {
        try bytes.withUnsafeBytes { try file.overwrite($0, at: KeySlot.range(slot).lowerBound) }
    }

    func mapping<Result>(
        _ body: () throws -> Result
    ) throws(SecretError) -> Result {
        do {
            return try body()
        } catch let error as SecretError {
            throw error
        } catch let error as SystemError {
            throw SecretError(error, path)
        } catch {
            throw SecretError(.system, "the file of keys \(path) cannot be used: \(error)")
        }
    }
}

/// Data keys that are on the disk and not yet named by an entry.
///
/// As long as it is held nobody takes them for left over. When the entry is not written they are to
/// be destroyed with ``discard()``; whoever is killed in between leaves them to the next opening.
package final class KeyReservation: Sendable {
    /// A data key, and where it is.
    package struct Key: Sendable {
        /// Its slot and id.
        package let name: KeyName
        /// The key.
        package let dataKey: DataKey
    }

    /// One for each place, in order.
    package let keys: [Key]
    private let owner: KeysFile
    private let file: File

    fileprivate init(_ owner: KeysFile, _ file: consuming File, _ keys: [Key]) {
        self.owner = owner
        self.file = file
        self.keys = keys
    }

    /// No entry names them: they are overwritten.
    /// - Throws: ``SecretError/Code/system``.
    package func discard() throws(SecretError) {
        try owner.mapping { () throws in try owner.destroy(keys.map(\.name), file) }
    }
}

/// Slots that hold something, and that no entry was known to name.
package final class StrayKeys: Sendable {
    fileprivate struct Stray: Sendable {
        let slot: UInt32
        let found: KeySlot
    }

    private let strays: [Stray]
    private let owner: KeysFile
    private let file: File

    fileprivate init(_ owner: KeysFile, _ file: consuming File, _ strays: [Stray]) {
        self.owner = owner
        self.file = file
        self.strays = strays
    }

    /// Overwrites those that really are left over.
    /// - Parameter live: the keys that entries name, looked up after the locks were taken.
    /// - Returns: how many there were.
    /// - Throws: ``SecretError/Code/system``.
    @discardableResult
    package func destroy(besides live: Set<KeyName>) throws(SecretError) -> Int {
        let left = strays.filter { !KeysFile.names($0.found, $0.slot, live) }
        try owner.mapping { () throws in
            try owner.destroy(
                left.map { stray in
                    if case .held(let held) = stray.found {
                        KeyName(slot: stray.slot, id: held.id)
                    } else {
                        KeyName(slot: stray.slot, id: [])
                    }
                },
                file
            )
        }
        return left.count
    }
}
