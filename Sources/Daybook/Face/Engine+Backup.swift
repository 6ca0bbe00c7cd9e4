import DaybookJournal
import DaybookSystem
public import DaybookView

/// Copies for safe keeping.
extension Engine {
    /// Copies the journal as it is now into a new folder, while this engine and others go on.
    ///
    /// The copy is a journal of its own that can be looked at: compacted, without the keys of secrets
    /// unless they are asked for, mode 0700 and 0600. It is made beside its place as `NAME.unfinished`, and
    /// gets its name once it is whole and on the disk: a process that is killed before leaves nothing
    /// there. All that was answered before this is called is in it. It is at home nowhere, so no engine opens it before it is restored or
    /// adopted.
    ///
    /// It runs on a thread of its own. A snapshot of the journal is held meanwhile: writing is not stopped, and
    /// the file grows by what is written in that time.
    /// - Parameter path: the folder to make, by convention NAME.daybook, outside of the journal's.
    /// - Throws: ``JournalError``: ``JournalError/Code/exists``; ``JournalError/Code/badPlace``;
    ///   ``JournalError/Code/locked`` when another process makes a copy at the same place;
    ///   ``JournalError/Code/integrity`` when the journal is damaged; ``JournalError/Code/full`` and
    ///   ``JournalError/Code/readOnly``; ``JournalError/Code/system``, also for a network file system. What
    ///   failed names the folder, and nothing is left of it.
    public func backup(
        to path: String,
        _ options: BackupOptions = BackupOptions()
    ) async throws -> Backup {
        guard let folder = engine.premises?.folder,
            let store = engine.writer.journal.store as? LMDBStore
        else {
            throw JournalError(.system, "a journal in memory has no file to copy")
        }
        return try await SystemThread.run {
            try BackupMaker.make(of: folder, store, at: path, options)
        }
    }
}
