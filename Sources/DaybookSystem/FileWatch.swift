#if canImport(Glibc)
import Glibc

/// Tells when a file's contents change, without polling (inotify).
public final class FileWatch: Sendable {
    private let notifications: Int32
    private let watch: Int32
    private let isStopped = Locked(false)
    /// Whoever looks right after a change may look too early: LMDB tells readers of a commit only
    /// after it has written the file. So one more look is owed when the file has settled.
    private let owesSecondLook = Locked(false)
    /// Milliseconds without a change after which a file has settled.
    private static let settling: Int32 = 20

    /// Watches `path`.
    /// - Throws: ``SystemError``.
    public init(_ path: String) throws(SystemError) {
        notifications = inotify_init1(Int32(IN_CLOEXEC))
        guard notifications >= 0 else { throw .current("inotify_init1") }
        watch = inotify_add_watch(notifications, path, UInt32(IN_MODIFY))
        guard watch >= 0 else {
            let error = SystemError.current("inotify_add_watch", path: path)
            close(notifications)
            throw error
        }
    }

    deinit { close(notifications) }

    /// Waits for the next change; several changes may be told as one, and the last of them is told
    /// once more when the file has settled.
    /// - Returns: false once ``stop()`` has been called, or the file is gone.
    public func wait() throws(SystemError) -> Bool {
        if isStopped.withLock({ $0 }) { return false }
        if owesSecondLook.withLock({ $0 }) {
            var waiting = [pollfd(fd: notifications, events: Int16(POLLIN), revents: 0)]
            let count = retryingInterrupts { poll(&waiting, 1, Self.settling) }
            guard count >= 0 else { throw .current("poll of inotify") }
            if count == 0 {
                owesSecondLook.withLock { $0 = false }
                return true
            }
        }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = retryingInterrupts { read(notifications, &buffer, buffer.count) }
        guard count >= 0 else { throw .current("read of inotify") }
        owesSecondLook.withLock { $0 = true }
        var offset = 0
        while offset + Self.headerSize <= count {
            let (mask, length) = buffer.withUnsafeBytes { bytes in
                (
                    bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self),
                    bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
                )
            }
            if mask & UInt32(IN_IGNORED) != 0 {
                isStopped.withLock { $0 = true }
                return false
            }
            offset += Self.headerSize + Int(length)
        }
        return true
    }

    /// Watch, mask, cookie and length, four bytes each (inotify(7)).
    private static let headerSize = 16

    /// Ends the waiting, now and for ever.
    public func stop() {
        isStopped.withLock { $0 = true }
        // The kernel answers with IN_IGNORED, which wakes the waiting thread.
        inotify_rm_watch(notifications, watch)
    }
}
#endif
