import DaybookSystem

/// The exchange of a journal's file while others have it open.
///
/// What decides is one commit: the mark ``SupersededMark`` in the old file, made by the last of its writers, when the new
/// file is whole, on the disk and named `rewriting/ready.mdb`. Nobody writes to the old file after that. Then
/// the lock file of LMDB is removed and the new file renamed; whoever reads or writes after the mark opens the path again.
/// The old file and its lock file live on, without a name, for those who are inside.
///
/// The folder's lock (``FolderLock``) is held alone for the exchange, and shared for as long as it takes to open the
/// file: nobody opens the one file with the lock file of the other.
struct FileExchange: Sendable {
    /// The journal's folder.
    let location: String

    private var dataFile: String { location + "/journal.mdb" }
    private var lockFile: String { dataFile + "-lock" }
    private var folder: String { location + "/rewriting" }
    /// The new file, once it is whole.
    var ready: String { folder + "/ready.mdb" }

    /// Whether an exchange is under way, or was left by a process that was killed.
    func isPending() throws(SystemError) -> Bool { try FileStatus.ofLink(ready) != nil }

    /// Gives the new file, which is closed and on the disk, the name by which it counts as whole.
    func makeReady(_ file: String) throws(SystemError) {
        try Folder.rename(file, to: ready)
        try Folder.synchronize(folder)
        try Folder.synchronize(location)
    }

    /// Puts the new file in the place of the old one, in which the mark is. The folder is locked alone.
    func install() throws(SystemError) {
        // LMDB makes it anew for whoever opens the file.
        try Folder.removeFile(lockFile)
        try Folder.rename(ready, to: dataFile)
        // Before anybody is answered for what is in it.
        try Folder.synchronize(location)
    }

    /// Removes a new file that is not to be installed. The folder is locked alone.
    func giveUp() throws(SystemError) { try Folder.removeFile(ready) }

    /// Finishes or gives up an exchange that a process has left which was killed: the old file says by its mark whether
    /// anything may have been written to the new one. The caller does not have the file open.
    /// - Throws: ``JournalError``; `SystemError`.
    func settle() throws {
        try FolderLock.hold(location, .exclusive) {
            guard let new = try FileStatus.ofLink(ready), try FileStatus.of(dataFile) != nil else {
                return
            }
            // A copy of the folder has a mark that does not hold there.
            guard try LMDBStore.mark(in: location)?.new == new.inode else { return try giveUp() }
            try install()
        }
    }
}
