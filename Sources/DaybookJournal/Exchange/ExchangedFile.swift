import DaybookSystem
import LMDB

/// The data file of a journal while it is made anew, and others read and write the journal.
///
/// The journal is open as it is for everybody. What is made lies in a folder inside the journal's until
/// ``exchange(to:_:)``.
package final class ExchangedFile: Sendable {
    /// The journal.
    package let journal: JournalFolder
    /// Where the new file is meanwhile.
    package let folder: JournalFolder
    /// Where it is put together before, with pages that are free in the end.
    package var draft: JournalFolder { JournalFolder(folder.path + "/draft") }
    /// The journal, open.
    package let old: LMDBStore
    private let opened: OpenFolder
    private let lock: FolderLock
    /// Whether others may have gone on to the new file, or may do so.
    private let isReady = Locked(false)

    private init(
        _ journal: JournalFolder,
        _ folder: JournalFolder,
        _ opened: OpenFolder,
        _ lock: FolderLock
    ) {
        self.journal = journal
        self.folder = folder
        self.opened = opened
        self.lock = lock
        old = opened.store
    }

    /// Begins one. What a process that was killed has left of another is removed, or finished.
    /// - Throws: ``JournalError``, ``JournalError/Code/locked`` when another process makes one.
    package static func begin(_ journal: JournalFolder) throws -> ExchangedFile {
        let opened = try journal.open()
        do {
            let folder = JournalFolder(journal.path + "/rewriting")
            let lock = try lockAlone(folder.path, journal)
            let file = ExchangedFile(journal, folder, opened, lock)
            for name in try Folder.names(in: folder.path) where name != held {
                try Folder.removeAll(folder.path + "/" + name)
            }
            try Folder.create(file.draft.path)
            return file
        } catch {
            opened.close()
            throw JournalError.wrapping(error, journal.path)
        }
    }

    private static let held = "held"

    private static func lockAlone(
        _ path: String,
        _ journal: JournalFolder
    ) throws -> FolderLock {
        while true {
            try Folder.create(path)
            let own = path + "/" + held
            do throws(SystemError) {
                try Folder.create(own)
                guard let lock = try FolderLock(immediately: own) else { break }
                if try lock.isStill(at: own) { return lock }
            } catch {
                // Whoever had it has removed the folder.
                guard error.isNotFound else { throw error }
            }
        }
        throw JournalError(
            .locked,
            "the file of \(journal.path) is being made anew by another process; try again when it has finished"
        )
    }

    /// Puts the new file in the place of the old one.
    ///
    /// Others wait meanwhile: for the writer's place, or to open the file.
    /// - Parameters:
    ///   - new: the number of the new file.
    ///   - body: has the new file take in what came last, and closes it. Nothing is written to the old one
    ///     meanwhile, and nothing afterwards.
    /// - Throws: what `body` throws; ``JournalError``.
    package func exchange(to new: UInt64, _ body: () throws -> Void) throws {
        let exchange = FileExchange(location: journal.path)
        do {
            try FolderLock.hold(journal.path, .exclusive) {
                try old.supersede(by: new) {
                    try body()
                    try File.open(folder.dataFile, .existing).synchronize()
                    isReady.withLock { $0 = true }
                    try exchange.makeReady(folder.dataFile)
                }
                do throws(SystemError) {
                    try exchange.install()
                } catch {
                    throw JournalError(
                        .system,
                        "the new file of \(journal.path) is whole, and could not be put in its place (\(error)); nothing is lost: whoever opens the journal next does it. Look after the disk",
                        underlying: error
                    )
                }
            }
        } catch let error as LMDBError {
            throw JournalError.wrapping(error, journal.path)
        } catch {
            throw JournalError.unmade(folder.path, error)
        }
    }

    /// Ends the use of the journal, and removes what is left of what was made.
    package func close() {
        opened.close()
        do {
            let exchange = FileExchange(location: journal.path)
            // Once it was ready only the old file says whether it counts.
            if isReady.withLock({ $0 }), try exchange.isPending() { try exchange.settle() }
            guard try !exchange.isPending() else { return }
            try Folder.removeAll(folder.path)
        } catch {
            // What is left the next one removes, or finishes.
        }
    }
}
