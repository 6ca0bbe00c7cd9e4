import DaybookFormat
package import DaybookJournal
import DaybookSystem

/// Copies of the file of keys.
package enum KeysCopy {
    /// Copies the file of keys of a journal beside a copy of its entries, and appends to that what has
    /// come meanwhile: so no secret of the copy is without its key, and no key is there that an entry of
    /// the copy says is destroyed and that was destroyed by then.
    /// - Returns: where the copy ends then, and whether there is a file of keys.
    static func make(
        of source: JournalFolder,
        _ store: LMDBStore,
        at folder: JournalFolder,
        _ copy: LMDBStore
    ) throws -> (TreeState, Bool) {
        var end: UInt64 = 0
        let hasKeys = try make(of: source, store, at: folder) {
            // Every key that is destroyed by now was said to be in an entry before.
            end = try store.read { try $0.entryCount() }
        }
        let replica = try Replica(copy, snapshots: source.snapshots)
        if replica.head.size < end { try replica.catchUp(with: store, upTo: end) }
        return (replica.head, hasKeys)
    }

    /// Copies the file of keys of a journal, if it has one.
    /// - Parameter moment: called while nobody stores or destroys a key.
    /// - Returns: whether it has one.
    package static func make(
        of source: JournalFolder,
        _ store: LMDBStore,
        at folder: JournalFolder,
        _ moment: () throws -> Void = {}
    ) throws -> Bool {
        let uuid = try store.read { reader in
            try reader.withEntry(0) { bytes in
                let created = try ProtoJournalCreated(decoding: try EntryView(bytes))
                return Identifier(Array(created.uuid))
            }
        }
        guard let uuid = uuid ?? nil else {
            throw JournalError(
                .integrity,
                "entry 0: it does not begin a journal; do not rely on it, and restore it from a backup",
                sequence: 0
            )
        }
        return try KeysFile(source.keys, journal: uuid).copy(to: folder.keys, at: moment)
    }
}
