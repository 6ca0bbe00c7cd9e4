import DaybookSystem
import LMDB

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The data file of a journal while it is made anew, in a folder inside the journal's.
///
/// `open.lock` is held alone from the beginning to the end: nobody has the old file open, so nobody can
/// be answered for something that is written to it after it was read. Whoever is killed before the last step leaves the old
/// file in its place, and whoever is killed after it the new one.
package final class RewrittenFile: Sendable {
    /// The journal.
    package let journal: JournalFolder
    /// Where the new file is meanwhile.
    package let folder: JournalFolder
    /// Where it is put together before, with pages that are free in the end.
    package var draft: JournalFolder { JournalFolder(folder.path + "/draft") }
    private let lock: HeldLock

    private init(_ journal: JournalFolder, _ folder: JournalFolder, _ lock: HeldLock) {
        self.journal = journal
        self.folder = folder
        self.lock = lock
    }

    /// Begins one. What a process that was killed has left of another is removed.
    /// - Throws: ``JournalError``, ``JournalError/Code/locked`` with the processes that have the journal open.
    package static func begin(_ journal: JournalFolder) throws -> RewrittenFile {
        do {
            let lock = try journal.lockAlone()
            // What lies there may be what everybody is to go on with; where the old file does not tell, it is not.
            do {
                try FileExchange(location: journal.path).settle()
            } catch let error as JournalError where error.code == .integrity {
                // That is what is to be looked into.
            }
            let folder = JournalFolder(journal.path + "/" + Self.folderName)
            let file = RewrittenFile(journal, folder, lock)
            try file.clear()
            try Folder.create(folder.path)
            try Folder.create(file.draft.path)
            return file
        } catch {
            throw JournalError.wrapping(error, journal.path)
        }
    }

    /// Opens the old file for reading.
    /// - Throws: ``JournalError``.
    package func openOld() throws -> LMDBStore {
        var options = EnvironmentOptions()
        options.isReadOnly = true
        let store = try LMDBStore.open(journal.path, options)
        do {
            try store.keepWitness(lock.witness, isReadOnly: true)
        } catch {
            store.close()
            throw JournalError.wrapping(error, journal.path)
        }
        return store
    }

    /// Puts the new file, which is closed, in the place of the old one.
    /// - Parameter kept: the path under which the old one stays.
    /// - Throws: ``JournalError``. Where it is not said that the new one is in its place, the old one is.
    package func install(keepingOldAs kept: String) throws {
        do throws(SystemError) {
            try File.open(folder.dataFile, .existing).synchronize()
            // The new file counts its commits anew: the old number would say that some are lost.
            try lock.witness.note(0, 0)
            try lock.witness.synchronize()
            try Folder.link(journal.dataFile, as: kept)
            // LMDB makes it anew for whoever opens the file.
            try Folder.removeFile(journal.dataFile + "-lock")
            try Folder.synchronize(journal.path)
            try Folder.rename(folder.dataFile, to: journal.dataFile)
        } catch {
            throw JournalError(
                error.isFull ? .full : error.isReadOnly ? .readOnly : .system,
                "the new file of \(journal.path) could not be put in the place of the old one (\(error)); the old one is there as before: look after that, then try again",
                underlying: error
            )
        }
        do throws(SystemError) {
            try Folder.synchronize(journal.path)
            try Folder.removeAll(folder.path)
        } catch {
            throw JournalError(
                .system,
                "the new file of \(journal.path) is in its place and whole, and it is not certain that a loss of power leaves it there: \(error); look after the disk",
                underlying: error
            )
        }
    }

    /// Removes what was made of the new file.
    package func discard() {
        do throws(SystemError) {
            try clear()
        } catch {
            // Why it is given up says more; what is left the next one removes.
        }
    }

    /// A name for the old file that nothing has, in the journal's folder.
    /// - Parameter mark: what tells it from others, by convention a time.
    package func nameForOld(_ mark: String) throws(SystemError) -> String {
        var name = "\(Self.prefix)\(mark)\(Self.suffix)"
        var number = 1
        while try FileStatus.ofLink(journal.path + "/" + name) != nil {
            number += 1
            name = "\(Self.prefix)\(mark)-\(number)\(Self.suffix)"
        }
        return journal.path + "/" + name
    }

    private static let prefix = "damaged-"
    private static let suffix = ".mdb"
    static let folderName = "rewriting"

    /// Whether an old file may have the name.
    static func isNameOfOld(_ name: String) -> Bool {
        name.hasPrefix(prefix) && name.hasSuffix(suffix)
    }

    /// Removes the folder, and second names of the file that is in its place: whoever was killed between the
    /// naming and the exchange has left one.
    private func clear() throws(SystemError) {
        try Folder.removeAll(folder.path)
        guard let data = try FileStatus.of(journal.dataFile) else { return }
        for name in try Folder.names(in: journal.path)
        where Self.isNameOfOld(name) {
            let path = journal.path + "/" + name
            guard let other = try FileStatus.ofLink(path), other.device == data.device,
                other.inode == data.inode
            else { continue }
            try Folder.removeFile(path)
        }
    }
}

extension JournalFolder {
    /// Holds `open.lock` alone.
    fileprivate func lockAlone() throws -> HeldLock {
        try checkFileSystem()
        guard try FileStatus.of(dataFile) != nil else {
            throw JournalError(
                .notFound,
                "there is no journal at \(path); name one that is"
            )
        }
        while true {
            let file = try File.open(openLock, .readWrite, followsLink: false)
            guard try file.tryLock(.exclusive) else {
                throw JournalError(.locked, try inUse())
            }
            if try file.isStill(at: openLock) { return HeldLock(file) }
        }
    }

    /// The other processes that have the journal open, as far as they can be looked into.
    package func otherHolders() throws(SystemError) -> [FileHolder] {
        guard let lock = try FileStatus.of(openLock) else { return [] }
        return try FileHolder.all(of: lock).filter { $0.process != getpid() }
    }

    private func inUse() throws -> String {
        let names = try otherHolders().map(\.description).joined(separator: ", ")
        return
            "\(path) is open in \(names.isEmpty ? "this process, or in one that cannot be looked into" : names), and its file is replaced only while nobody has it open, so that no entry is lost; end what uses it, then try again"
    }
}
