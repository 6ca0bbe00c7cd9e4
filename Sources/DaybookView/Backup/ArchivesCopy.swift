package import DaybookJournal
import DaybookSystem

/// Copies the archives of a journal beside a copy of its entries.
package enum ArchivesCopy {
    /// Copies those that the copy's entries vouch for.
    /// - Parameter store: the entries of the copy.
    /// - Returns: how many there are, and the names of those that are not there.
    /// - Throws: ``JournalError``; `SystemError`.
    package static func make(
        of source: JournalFolder,
        to folder: JournalFolder,
        _ store: any JournalStore
    ) throws -> (count: Int, missing: [String]) {
        let names = try names(in: store)
        _ = try source.archives.copy(names, to: folder.archives)
        let there = Set(try folder.archives.names())
        return (there.count, names.filter { !there.contains($0) })
    }

    /// Brings the archives of a copy up to its entries.
    /// - Throws: as ``make(of:to:_:)``.
    package static func keepUp(
        _ folder: JournalFolder,
        with source: JournalFolder,
        _ store: any JournalStore
    ) throws {
        let (here, there) = (try folder.archives.names(), try source.archives.names())
        // What only one of the two has, the other gets or loses.
        guard here != there else { return }
        let wanted = try names(in: store)
        // A file may be gone in the source by now, and the entry that says so still to come.
        _ = try source.archives.copy(
            wanted.filter { !here.contains($0) },
            to: folder.archives
        )
        guard let lock = try folder.archives.lock() else { return }
        for name in here where !wanted.contains(name) {
            try folder.archives.remove(name, holding: lock)
        }
    }

    private static func names(in store: any JournalStore) throws -> [String] {
        try store.read { try ArchiveRecord.all($0) }.filter { $0.droppedBy == nil }.map(\.name)
    }
}
