#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A lock on a folder (flock(2)), held until the last reference is gone. It needs no file, and no right to write.
package final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock, and waits for it.
    /// - Throws: ``SystemError``.
    package init(_ path: String, _ mode: File.LockMode) throws(SystemError) {
        descriptor = try Self.open(path)
        let operation = mode == .shared ? LOCK_SH : LOCK_EX
        guard retryingInterrupts({ [descriptor] in flock(descriptor, operation) }) == 0 else {
            throw .current("flock", path: path)
        }
    }

    /// Takes the lock alone, without waiting.
    /// - Returns: nil when somebody else's lock stands in the way.
    package init?(immediately path: String) throws(SystemError) {
        descriptor = try Self.open(path)
        guard retryingInterrupts({ [descriptor] in flock(descriptor, LOCK_EX | LOCK_NB) }) == 0
        else {
            if errno == EWOULDBLOCK { return nil }
            throw .current("flock", path: path)
        }
    }

    private static func open(_ path: String) throws(SystemError) -> Int32 {
        let descriptor = retryingInterrupts { openFolder(path) }
        guard descriptor >= 0 else { throw .current("open", path: path) }
        return descriptor
    }

    /// Runs `body` with a lock on a folder.
    package static func hold<Result>(
        _ path: String,
        _ mode: File.LockMode,
        _ body: () throws -> Result
    ) throws -> Result {
        let lock = try FolderLock(path, mode)
        return try withExtendedLifetime(lock, body)
    }

    /// Whether the path still leads to the folder that is locked.
    package func isStill(at path: String) throws(SystemError) -> Bool {
        guard let there = try FileStatus.of(path) else { return false }
        let own = try FileStatus.of(descriptor: descriptor, path)
        return there.device == own.device && there.inode == own.inode
    }

    deinit { close(descriptor) }
}

private func openFolder(_ path: String) -> Int32 {
    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
}
