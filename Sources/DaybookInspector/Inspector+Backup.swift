public import DaybookView

extension Inspector {
    /// Copies the journal as it is now into a new folder, while others go on writing it.
    ///
    /// The copy is a journal of its own that every reading command works on: compacted, without the keys
    /// of secrets unless they are asked for, mode 0700 and 0600. It is made beside its place as
    /// `NAME.unfinished`, and gets its name once it is whole and on the disk: a process that is killed
    /// before leaves nothing there. It is at home nowhere, so it is not written to before it is restored or adopted.
    ///
    /// A snapshot of the journal is held meanwhile: a writer at work is not stopped, and its file grows by what is
    /// written in that time.
    /// - Parameter path: the folder to make, by convention NAME.daybook, outside of the journal's.
    /// - Throws: `JournalError`: `exists`; `badPlace`; `locked` when another process makes a copy at the same
    ///   place; `integrity` when the journal is damaged; `full` and `readOnly`; `system`, also for a network
    ///   file system. What failed names the folder, and nothing is left of it.
    public func backup(
        to path: String,
        _ options: BackupOptions = BackupOptions()
    ) throws -> Backup {
        try BackupMaker.make(of: folder, database, at: path, options)
    }
}
