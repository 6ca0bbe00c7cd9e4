import DaybookFormat
package import DaybookJournal
package import DaybookModel
package import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// Whether the process of a session still lives.
package enum SessionLiveness: String, Sendable {
    /// It lives.
    case alive
    /// It lives, but is stopped, as by SIGSTOP: it does nothing, and keeps what it holds.
    case stopped
    /// It is gone: the lock that it held as long as it lived is free.
    case gone

    /// Looks at a session's lock and process.
    package static func of(
        _ session: State.Session,
        in folder: JournalFolder
    ) throws -> SessionLiveness {
        guard try isAlive(session, in: folder) else { return .gone }
        // What its number means here is another process, or none.
        guard try session.isOfThisNamespace() else { return .alive }
        // What cannot be a process is not looked at; that the lock is held says that it lives.
        guard let process = session.process else { return .alive }
        return try ProcessGroup.isStopped(process: process) ? .stopped : .alive
    }

    /// The process that an entry says it is.
    /// - Returns: nil for what no process of its own can have as its number: 0 and what would be
    ///   negative stand for groups of processes, 1 is the first of all.
    static func process(_ pid: UInt32) -> Int32? {
        guard let process = Int32(exactly: pid), process > 1 else { return nil }
        return process
    }

    /// Whether it holds its lock, or has lost the file and lives nevertheless.
    private static func isAlive(
        _ session: State.Session,
        in folder: JournalFolder
    ) throws -> Bool {
        let path = SessionLock.lockPath(folder.sessions, session.uuid.description)
        if try FileStatus.of(path) != nil { return try !isFree(path) }
        return try livesWithoutLock(session, in: folder)
    }

    /// Whether a session whose lock file is not there may have the journal open. Somebody has removed the
    /// file then: a process that is gone leaves it, and one that closes in good order ends its session
    /// first. The number of its process may be another one's by now, and that one has no such file open. A
    /// process of another user cannot be looked into, and may live; one of another namespace cannot be found.
    static func livesWithoutLock(
        _ session: State.Session,
        in folder: JournalFolder
    ) throws -> Bool {
        guard try session.isOfThisNamespace(), let process = session.process,
            process != getpid()
        else { return false }
        // The lock stays open also where the journal has gone on in another data file.
        return try [folder.dataFile, folder.openLock].contains { path in
            try FileStatus.of(path).map { try ProcessGroup.mayHaveOpen($0, process: process) }
                ?? false
        }
    }

    /// Whether nobody holds the lock. It is not taken to find out: whoever takes over would find it
    /// held.
    private static func isFree(_ path: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            return try File.open(path, .read, followsLink: false).isLockable(.exclusive)
        } catch {
            // Somebody has taken over from it meanwhile.
            guard error.isNotFound else { throw error }
            return true
        }
    }

    /// Waits until nobody holds the lock of a session: it lives no more, and who takes over from it
    /// has done so.
    /// - Throws: `SystemError`.
    package static func waitForTakeover(
        from session: State.Session,
        in folder: JournalFolder
    ) throws {
        let path = SessionLock.lockPath(folder.sessions, session.uuid.description)
        do throws(SystemError) {
            try File.open(path, .read, followsLink: false).lock(.shared)
        } catch {
            // Taken away with the last of the session.
            guard error.isNotFound else { throw error }
        }
    }

    /// Ends a session's process with SIGKILL and waits until its lock is free. Does nothing when it
    /// is gone: another process may have its number by now.
    /// - Throws: `SystemError` when it may not be ended; ``JournalError/Code/integrity`` when the
    ///   journal names no process that it could be, and nothing is ended; ``Refusal/Code/conflict``
    ///   when its number is one of another namespace, or that of the first process of all.
    static func end(_ session: State.Session, in folder: JournalFolder) throws {
        guard try isAlive(session, in: folder) else { return }
        let path = SessionLock.lockPath(folder.sessions, session.uuid.description)
        guard try FileStatus.of(path) != nil else {
            throw Refusal(
                .conflict,
                "the lock file of session \(session.number) has been removed, and without it nobody can tell for certain that process \(session.pid) is still its; end that process yourself, then try again"
            )
        }
        guard try session.isOfThisNamespace() else {
            throw Refusal(
                .conflict,
                "the process \(session.pid) of session \(session.number) runs in another namespace of processes, as another container has, where this number means another process; end it there"
            )
        }
        guard session.pid != 1 else {
            throw Refusal(
                .conflict,
                "the process of session \(session.number) is number 1, the first of its namespace, which is not ended from inside; stop the container, or end the process from outside"
            )
        }
        guard let process = session.process else {
            throw JournalError(
                .integrity,
                "the session \(session.number) is to be ended, and the journal says that its process is \(session.pid), which is not the number of a process: nothing was ended; verify the journal",
                sequence: session.number
            )
        }
        guard kill(process, SIGKILL) == 0 || errno == ESRCH else {
            throw SystemError.current("kill of process \(process)")
        }
        try File.open(path, .readWrite, followsLink: false).lock(.exclusive)
    }
}

extension ProcessWatch {
    /// Watches the process of a session; what is told is the session's number.
    /// - Returns: false when there is no such process any more, none that it could be, or one of
    ///   another namespace.
    package func add(_ session: State.Session) throws(SystemError) -> Bool {
        guard try session.isOfThisNamespace(), let process = session.process else { return false }
        return try add(process: process, tag: session.number)
    }
}

extension State.Session {
    /// Its process, if the journal names one that there can be.
    var process: Int32? { SessionLiveness.process(pid) }

    /// Whether the number of its process means the same process here.
    func isOfThisNamespace() throws(SystemError) -> Bool {
        let own = try CodeIdentity.pidNamespace()
        return pidNamespace == 0 || own == 0 || pidNamespace == own
    }
}
