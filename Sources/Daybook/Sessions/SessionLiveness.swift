import DaybookFormat
public import DaybookJournal
public import DaybookModel
import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// Whether the process of a session still lives.
public enum SessionLiveness: String, Sendable {
    /// It lives.
    case alive
    /// It lives, but is stopped, as by SIGSTOP: it does nothing, and keeps what it holds.
    case stopped
    /// It is gone: the lock that it held as long as it lived is free.
    case gone

    /// Looks at a session's lock and process.
    public static func of(
        _ session: State.Session,
        in folder: JournalFolder
    ) throws -> SessionLiveness {
        let path = SessionLock.lockPath(folder.sessions, session.uuid.description)
        guard try FileStatus.of(path) != nil else { return .gone }
        if try isFree(path) { return .gone }
        return try ProcessGroup.isStopped(process: Int32(session.pid)) ? .stopped : .alive
    }

    /// Whether nobody holds the lock. It is not taken to find out: whoever takes over would find it
    /// held.
    private static func isFree(_ path: String) throws(SystemError) -> Bool {
        try File.open(path, .read).isLockable(.exclusive)
    }

    /// Waits until nobody holds the lock of a session: it lives no more, and who takes over from it
    /// has done so.
    /// - Throws: `SystemError`.
    public static func waitForTakeover(
        from session: State.Session,
        in folder: JournalFolder
    ) throws {
        let path = SessionLock.lockPath(folder.sessions, session.uuid.description)
        do throws(SystemError) {
            try File.open(path, .read).lock(.shared)
        } catch {
            // Taken away with the last of the session.
            guard error.isNotFound else { throw error }
        }
    }

    /// Ends a session's process with SIGKILL and waits until its lock is free. Does nothing when it
    /// is gone: another process may have its number by now.
    /// - Throws: `SystemError` when it may not be ended.
    static func end(_ session: State.Session, in folder: JournalFolder) throws {
        let path = SessionLock.lockPath(folder.sessions, session.uuid.description)
        guard try FileStatus.of(path) != nil, try !isFree(path) else { return }
        guard kill(pid_t(session.pid), SIGKILL) == 0 || errno == ESRCH else {
            throw SystemError.current("kill of process \(session.pid)")
        }
        try File.open(path, .readWrite).lock(.exclusive)
    }
}
