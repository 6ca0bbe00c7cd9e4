package import DaybookFormat
package import DaybookJournal
package import DaybookSystem
import LMDB

/// Copies of the databases of a journal.
package enum StoreCopy {
    /// Copies what is in a store now into the folder of a new journal, compacted, and syncs it.
    ///
    /// The pages of the source are walked before: LMDB trusts those that it copies.
    /// - Returns: the copy, open for writing. Nobody else knows of it.
    /// - Throws: ``JournalError``; `SystemError` where the copy cannot be written.
    package static func make(
        of store: LMDBStore,
        at folder: JournalFolder
    ) throws -> LMDBStore {
        if let problem = try store.checkPages().first {
            throw JournalError(
                .integrity,
                "\(store.location) is not copied, because its file is damaged (\(problem)); run `daybook verify`, and restore it from a backup"
            )
        }
        let home = try store.read { try $0.home().inode }
        let file = try file(at: folder.dataFile, besides: home)
        try store.copyCompacted(to: file)
        try file.synchronize()
        return try LMDBStore.open(folder.path)
    }

    /// An empty file. The number of the file in which the journal is at home may be free on this disk: a
    /// copy with that number would be taken for the journal itself.
    /// - Parameter inode: the number that it is not to have.
    package static func file(
        at path: String,
        besides inode: UInt64
    ) throws(SystemError) -> File {
        let first = try File.open(path, .create)
        guard try first.status().inode == inode else { return first }
        // As long as the first one is open its number is not given to another.
        try Folder.removeFile(path)
        return try File.open(path, .create)
    }
}

extension StoreReader {
    /// Where the journal is at home, as entry 0, or what has been recorded since, says.
    /// - Throws: ``JournalError/Code/integrity``.
    package func home() throws -> ProtoBinding {
        var home = ProtoBinding()
        try scanHistory(of: 0, from: 0) { sequence in
            let found = try withEntry(sequence) { bytes throws -> ProtoBinding? in
                let entry = try EntryView(bytes)
                switch EventKind(rawValue: entry.event) {
                case .journalCreated: return try ProtoJournalCreated(decoding: entry).binding
                case .journalAdopted: return try ProtoJournalAdopted(decoding: entry).binding
                default: return nil
                }
            }
            if let found = found ?? nil { home = found }
            return true
        }
        return home
    }
}
