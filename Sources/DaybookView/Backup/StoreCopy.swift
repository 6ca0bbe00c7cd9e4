import DaybookFormat
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
        let file = try file(besides: store, at: folder)
        try store.copyCompacted(to: file)
        try file.synchronize()
        return try LMDBStore.open(folder.path)
    }

    /// Makes empty databases in the folder of a new journal, for entries of another one.
    /// - Returns: the databases, open for writing. Nobody else knows of them.
    /// - Throws: as ``make(of:at:)``.
    package static func empty(
        besides store: LMDBStore,
        at folder: JournalFolder
    ) throws -> LMDBStore {
        _ = try file(besides: store, at: folder)
        return try LMDBStore.open(folder.path)
    }

    /// Copies what is in a store that is known to be sound into an empty file, compacted, and syncs it.
    /// - Throws: as ``make(of:at:)``.
    package static func fill(_ file: borrowing File, from store: LMDBStore) throws {
        try store.copyCompacted(to: file)
        try file.synchronize()
    }

    /// Makes empty databases for entries of a journal, which are copied from there: they are never synced.
    /// - Parameter inode: the number that their file is not to have.
    /// - Returns: the databases, open for writing. Nobody else knows of them.
    /// - Throws: ``JournalError``; `SystemError`.
    package static func draft(
        at folder: JournalFolder,
        besides inode: UInt64
    ) throws -> LMDBStore {
        _ = try file(at: folder.dataFile, besides: inode)
        var options = EnvironmentOptions()
        options.synchronizes = false
        return try LMDBStore.open(folder.path, options)
    }

    private static func file(
        besides store: LMDBStore,
        at folder: JournalFolder
    ) throws -> File {
        if let problem = try store.checkPages().first {
            throw JournalError(
                .integrity,
                "\(store.location) is not copied, because its file is damaged (\(problem)); take another copy or backup of it"
            )
        }
        return try file(at: folder.dataFile, besides: try store.read { try $0.home().inode })
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
