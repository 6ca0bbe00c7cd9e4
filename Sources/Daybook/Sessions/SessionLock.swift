import DaybookFormat
import DaybookJournal
import DaybookSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The lock file of a session, its note of child processes, and the folder in which it hands files over to
/// them.
///
/// The lock belongs to the open file description: the kernel drops it when the process ends,
/// however it ends. So whoever gets the lock of a session knows that its process is gone.
final class SessionLock: Sendable {
    /// Names the files.
    let uuid: Identifier
    /// The folder of all sessions' files.
    let folder: String
    /// Nil: it is abandoned.
    private let files: Locked<Files?>

    private struct Files: ~Copyable {
        let lock: File
        let children: File
    }

    private init(uuid: Identifier, folder: String, lock: consuming File, children: consuming File) {
        self.uuid = uuid
        self.folder = folder
        files = Locked(Files(lock: lock, children: children))
    }

    static func lockPath(_ folder: String, _ uuid: String) -> String { "\(folder)/\(uuid).lock" }
    static func childrenPath(_ folder: String, _ uuid: String) -> String {
        "\(folder)/\(uuid).children"
    }

    static func evictionPath(_ folder: String, _ uuid: String) -> String {
        "\(folder)/\(uuid).eviction"
    }

    /// What lies there may be secret, and is removed with the session, also by whoever takes over from it.
    static func exchangePath(_ folder: String, _ uuid: String) -> String {
        "\(folder)/\(uuid).exchange"
    }

    /// Makes the files of a new session and takes its lock.
    static func create(in folder: String, _ uuid: Identifier) throws(SystemError) -> SessionLock {
        let path = lockPath(folder, uuid.description)
        while true {
            let file = try File.open(path, .readWrite, followsLink: false)
            let isLocked = try file.tryLock(.exclusive)
            let isSame = try FileStatus.of(path) == file.status()
            // Somebody who cleans up may have taken the file for an orphan between the two calls.
            guard isLocked, isSame else { continue }
            let note = childrenPath(folder, uuid.description)
            let children = try File.open(note, .readWrite, followsLink: false)
            return SessionLock(uuid: uuid, folder: folder, lock: file, children: children)
        }
    }

    /// Whether no other session has a lock file, be its process alive or not.
    func isAlone() throws(SystemError) -> Bool {
        let own = "\(uuid).lock"
        return try !Folder.names(in: folder).contains { $0.hasSuffix(".lock") && $0 != own }
    }

    /// Notes that a process group belongs to this session, before it does anything: whoever takes
    /// over ends it.
    func note(_ group: ProcessGroup) throws(SystemError) {
        let line = Array((group.note + "\n").utf8)
        try files.withLock { files throws(SystemError) in
            guard try files?.children.append(line) != nil else {
                throw SystemError(
                    number: EBADF,
                    operation: "write",
                    path: Self.childrenPath(folder, uuid.description)
                )
            }
        }
    }

    /// The folder for files that are handed over to child processes, made if it is not there.
    func exchangeFolder() throws(SystemError) -> String {
        let path = Self.exchangePath(folder, uuid.description)
        _ = try Folder.make(path)
        // What is told to a process that runs in another folder than this one.
        return try Folder.resolved(path)
    }

    /// Gives the files back as the end of the process would, of a process that is played and whose objects
    /// may live for ever; and removes them.
    func abandon() throws(SystemError) {
        files.withLock { $0 = nil }
        try remove()
    }

    /// Removes the files: the session has ended in good order.
    func remove() throws(SystemError) {
        try Folder.removeAll(Self.exchangePath(folder, uuid.description))
        try Folder.removeFile(Self.childrenPath(folder, uuid.description))
        try Folder.removeFile(Self.lockPath(folder, uuid.description))
    }
}
