#if canImport(Glibc)
import Glibc

/// Tells when a file's contents change, without polling (inotify).
public final class FileWatch: Sendable {
    private let notifications: Int32
    private let watch: Int32
    private let isStopped = Locked(false)

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

    /// Waits for the next change; several changes may be told as one.
    /// - Returns: false once ``stop()`` has been called, or the file is gone.
    public func wait() throws(SystemError) -> Bool {
        if isStopped.withLock({ $0 }) { return false }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = retryingInterrupts { read(notifications, &buffer, buffer.count) }
        guard count >= 0 else { throw .current("read of inotify") }
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
