#if canImport(Glibc)
import Glibc

/// Tells when a file's contents change, without polling (inotify).
public final class FileWatch: Sendable {
    private let notifications: Int32
    private let watch: Int32
    private let isStopped = Locked(false)
    /// What the last change brought cannot be seen yet: so one more look is owed.
    private let owesLook = Locked(false)
    /// Milliseconds after which it is asked again whether it can be seen: from the first, and twice
    /// as many each time, to the last.
    private static let patience: ClosedRange<Int32> = 1...256

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
    ///
    /// Whoever looks right after a change may look too early, where it is written first and told
    /// later. So after each change, before the look, `isBehind` is asked whether there is more than
    /// can be seen: then the change is told once more when it can be.
    /// - Returns: false once ``stop()`` has been called, or the file is gone.
    /// - Throws: ``SystemError``; what `isBehind` throws.
    public func wait(whileBehind isBehind: () throws -> Bool = { false }) throws -> Bool {
        if isStopped.withLock({ $0 }) { return false }
        if owesLook.withLock({ $0 }) {
            var patience = Self.patience.lowerBound
            while try !isChanged(within: patience) {
                if try !isBehind() {
                    owesLook.withLock { $0 = false }
                    return true
                }
                patience = min(2 * patience, Self.patience.upperBound)
            }
        }
        guard try takeChange() else { return false }
        let isBehind = try isBehind()
        owesLook.withLock { $0 = isBehind }
        return true
    }

    private func isChanged(within milliseconds: Int32) throws(SystemError) -> Bool {
        var waiting = [pollfd(fd: notifications, events: Int16(POLLIN), revents: 0)]
        let count = retryingInterrupts { poll(&waiting, 1, milliseconds) }
        guard count >= 0 else { throw .current("poll of inotify") }
        return count > 0
    }

    /// Waits for a change.
    /// - Returns: false when there will be none any more.
    private func takeChange() throws(SystemError) -> Bool {
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
