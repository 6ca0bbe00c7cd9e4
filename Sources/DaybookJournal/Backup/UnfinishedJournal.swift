import DaybookSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The folder of a journal that is being made: it has its own name only once it is whole.
///
/// It is made beside its place, as `NAME.unfinished`, and renamed at the end: whoever is killed before
/// leaves nothing under the name. Its `open.lock` is held alone until then, and past the renaming:
/// nobody takes it for left over, and nobody opens half of it.
package final class UnfinishedJournal: Sendable {
    /// Where it is meanwhile.
    package let folder: JournalFolder
    /// Where it is to be.
    package let path: String
    private let lock: HeldLock

    private init(_ folder: JournalFolder, _ path: String, _ lock: HeldLock) {
        self.folder = folder
        self.path = path
        self.lock = lock
    }

    private static let suffix = ".unfinished"
    /// What may lie in one that was left.
    private static let own: Set<String> = [
        "journal.mdb", "journal.mdb-lock", "open.lock", "keys", "sessions", "snapshots",
        "archive",
    ]

    /// Begins one. What a process that was killed has left of another one for the same place is removed.
    /// - Parameter source: the journal that it is a copy of.
    /// - Throws: ``JournalError``: ``JournalError/Code/exists``, ``JournalError/Code/badPlace``,
    ///   ``JournalError/Code/locked`` when another process is making it, ``JournalError/Code/full``.
    package static func begin(
        at path: String,
        beside source: JournalFolder
    ) throws -> UnfinishedJournal {
        var place = path
        while place.count > 1, place.last == "/" { place.removeLast() }
        do {
            try check(place, beside: source)
            let folder = JournalFolder(place + suffix)
            let lock = try lockAlone(folder.path)
            let unfinished = UnfinishedJournal(folder, place, lock)
            try unfinished.clear()
            return unfinished
        } catch {
            throw JournalError.unmade(place, error)
        }
    }

    /// Makes sure that a journal can be made there.
    private static func check(_ path: String, beside source: JournalFolder) throws {
        guard try FileStatus.ofLink(path) == nil else { throw exists(path) }
        let parent = Folder.parent(of: path)
        guard try FileStatus.of(parent)?.isFolder == true else {
            throw JournalError(
                .badPlace,
                "\(path) cannot be made: there is no folder \(parent); make it, or name another place"
            )
        }
        let around = try Folder.resolved(parent)
        let own = try Folder.resolved(source.path)
        guard around != own, !around.hasPrefix(own + "/") else {
            throw JournalError(
                .badPlace,
                "\(path) cannot be made: it would lie in the journal \(source.path) itself; name a place outside of it"
            )
        }
        try JournalFolder.checkFileSystem(of: parent, for: path)
    }

    private static func exists(_ path: String) -> JournalError {
        JournalError(
            .exists,
            "\(path) is there already, and is not written over; name another place"
        )
    }

    private static func lockAlone(_ path: String) throws -> HeldLock {
        while true {
            try Folder.create(path)
            let names = Set(try Folder.names(in: path))
            guard names.isSubset(of: own) else {
                throw JournalError(
                    .exists,
                    "\(path) is there already, and holds what is not of an unfinished copy (\(names.subtracting(own).sorted().joined(separator: ", "))); move it away, or name another place"
                )
            }
            let file: File
            do throws(SystemError) {
                file = try File.open(path + "/open.lock", .readWrite, followsLink: false)
            } catch {
                // Whoever made it has finished, or given it up.
                if error.isNotFound { continue }
                throw error
            }
            guard try file.tryLock(.exclusive) else {
                throw JournalError(
                    .locked,
                    "\(path) is being made by another process; wait until it has finished, or name another place"
                )
            }
            if try file.isStill(at: path + "/open.lock") { return HeldLock(file) }
        }
    }

    /// Removes what is in it but the lock.
    private func clear() throws(SystemError) {
        for name in try Folder.names(in: folder.path) where name != "open.lock" {
            try Folder.removeAll(folder.path + "/" + name)
        }
    }

    /// Syncs the folder and gives it its name. The files in it have been synced before.
    /// - Throws: ``JournalError``, ``JournalError/Code/exists`` when somebody else has taken the place.
    package func publish() throws {
        do throws(SystemError) {
            // LMDB makes it anew for whoever opens the file.
            try Folder.removeFile(folder.dataFile + "-lock")
            try Folder.synchronize(folder.path)
            try Folder.renameNew(folder.path, to: path)
        } catch {
            if [EEXIST, ENOTEMPTY].contains(error.number) { throw Self.exists(path) }
            throw JournalError.unmade(path, error)
        }
        do throws(SystemError) {
            try Folder.synchronize(Folder.parent(of: path))
        } catch {
            throw JournalError(
                .system,
                "\(path) is made and whole, and it is not certain that a loss of power leaves it its name: \(error); look after the disk",
                underlying: error
            )
        }
    }

    /// Removes it.
    package func discard() {
        do throws(SystemError) {
            try Folder.removeAll(folder.path)
        } catch {
            // Why it is given up says more; what is left the next one for this place removes.
        }
    }
}
