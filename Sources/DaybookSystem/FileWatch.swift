#if canImport(Glibc)
import Glibc

/// Tells when a file's contents change, without polling (inotify).
///
/// All watches of a process share one inotify instance: a user may have only 128 of them.
public final class FileWatch: Sendable {
    /// What has been told of the file.
    struct News: Sendable {
        var hasChanged = false
        /// There will be no more changes.
        var isEnded = false
    }

    private let news = Locked(News())
    private let hub: InotifyHub
    private let watch: Int32
    /// What the last change brought cannot be seen yet: so one more look is owed.
    private let owesLook = Locked(false)
    /// Milliseconds after which it is asked again whether it can be seen: from the first, and twice
    /// as many each time, to the last.
    private static let patience: ClosedRange<UInt64> = 1...256

    /// Watches `path`.
    /// - Throws: ``SystemError``.
    public init(_ path: String) throws(SystemError) {
        hub = try InotifyHub.shared()
        watch = try hub.add(path, news)
    }

    deinit { hub.remove(watch, news) }

    /// Waits for the next change; several changes may be told as one.
    ///
    /// Whoever looks right after a change may look too early, where it is written first and told
    /// later. So after each change, before the look, `isBehind` is asked whether there is more than
    /// can be seen: then the change is told once more when it can be.
    /// - Returns: false once ``stop()`` has been called, or the file is gone.
    /// - Throws: what `isBehind` throws.
    public func wait(whileBehind isBehind: () throws -> Bool = { false }) throws -> Bool {
        if news.withLock({ $0.isEnded }) { return false }
        if owesLook.withLock({ $0 }) {
            var patience = Self.patience.lowerBound
            while !isChanged(within: patience) {
                if try !isBehind() {
                    owesLook.withLock { $0 = false }
                    return true
                }
                patience = min(2 * patience, Self.patience.upperBound)
            }
        }
        guard takeChange() else { return false }
        let isBehind = try isBehind()
        owesLook.withLock { $0 = isBehind }
        return true
    }

    private func isChanged(within milliseconds: UInt64) -> Bool {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        return news.wait(
            until: { $0.hasChanged || $0.isEnded },
            orAt: now + milliseconds * 1_000_000
        ) { $0.hasChanged || $0.isEnded }
    }

    /// Waits for a change.
    /// - Returns: false when there will be none any more.
    private func takeChange() -> Bool {
        news.wait(until: { $0.hasChanged || $0.isEnded }) { news in
            defer { news.hasChanged = false }
            return !news.isEnded
        }
    }

    /// Ends the waiting, now and for ever.
    public func stop() {
        news.withLock { $0.isEnded = true }
        news.wakeAll()
    }
}

/// The inotify instance of this process, and the thread that reads it.
final class InotifyHub: Sendable {
    private struct State {
        /// Who is told, by watch. Watches of one file are one to inotify.
        var watching: [Int32: [Locked<FileWatch.News>]] = [:]
    }

    private static let instance = Locked<InotifyHub?>(nil)

    private let notifications: Int32
    private let state = Locked(State())

    /// The one of this process; made when it is first asked for.
    /// - Throws: ``SystemError``, also when the user has too many of them; asking again may help.
    static func shared() throws(SystemError) -> InotifyHub {
        try instance.withLock { instance throws(SystemError) in
            if let hub = instance { return hub }
            let hub = try InotifyHub()
            // It lives as long as the process.
            _ = try SystemThread.start { hub.run() }
            instance = hub
            return hub
        }
    }

    private init() throws(SystemError) {
        notifications = inotify_init1(Int32(IN_CLOEXEC))
        guard notifications >= 0 else { throw .current("inotify_init1") }
    }

    deinit { close(notifications) }

    /// Has `news` told of changes of a file.
    /// - Returns: what to ``remove(_:_:)`` it by.
    func add(_ path: String, _ news: Locked<FileWatch.News>) throws(SystemError) -> Int32 {
        // With the lock held: nothing is told of the watch before it is in the table.
        try state.withLock { state throws(SystemError) in
            let watch = inotify_add_watch(notifications, path, UInt32(IN_MODIFY))
            guard watch >= 0 else { throw .current("inotify_add_watch", path: path) }
            state.watching[watch, default: []].append(news)
            return watch
        }
    }

    /// Tells `news` no more.
    func remove(_ watch: Int32, _ news: Locked<FileWatch.News>) {
        state.withLock { state in
            guard var all = state.watching[watch] else { return }
            all.removeAll { $0 === news }
            if all.isEmpty {
                state.watching[watch] = nil
                inotify_rm_watch(notifications, watch)
            } else {
                state.watching[watch] = all
            }
        }
    }

    private func run() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = retryingInterrupts { read(notifications, &buffer, buffer.count) }
            // Only a descriptor that is none, or memory that is none, could be the cause.
            guard count > 0 else { fatalError("inotify cannot be read: errno \(errno)") }
            var offset = 0
            while offset + Self.headerSize <= count {
                let (watch, mask, length) = buffer.withUnsafeBytes { bytes in
                    (
                        bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self),
                        bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self),
                        bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
                    )
                }
                tell(watch, mask)
                offset += Self.headerSize + Int(length)
            }
        }
    }

    private func tell(_ watch: Int32, _ mask: UInt32) {
        let isGone = mask & UInt32(IN_IGNORED) != 0
        let told = state.withLock { state in
            // More than the queue holds: any of them may have changed.
            if mask & UInt32(IN_Q_OVERFLOW) != 0 { return state.watching.values.flatMap { $0 } }
            let told = state.watching[watch] ?? []
            if isGone { state.watching[watch] = nil }
            return told
        }
        for news in told {
            news.withLock { news in
                news.hasChanged = true
                if isGone { news.isEnded = true }
            }
            news.wakeAll()
        }
    }

    /// Watch, mask, cookie and length, four bytes each (inotify(7)).
    private static let headerSize = 16
}
#endif
