#if canImport(Glibc)
import Glibc

/// Tells when a file's contents change, without polling (inotify).
///
/// All watches of a process share one inotify instance: a user may have only 128 of them.
package final class FileWatch: Sendable {
    /// What has been told of the file.
    struct News: Sendable {
        var hasChanged = false
        /// There will be no more changes.
        var isEnded = false
        /// Nor of the file that had the path when it was watched.
        var isGone = false
        /// Nor of the second file that had the path then.
        var isSecondGone = false
        /// Why nothing more is told, when the system has failed.
        var failure: SystemError?
    }

    private let news = Locked(News())
    private let hub: InotifyHub
    /// Nil while it rests.
    private let watch = Locked<Int32?>(nil)
    private let path: String
    private let changes: Changes
    /// What the last change brought cannot be seen yet: so one more look is owed.
    private let owesLook = Locked(false)
    private let stopped = Locked(false)
    /// The watch of a second file, and which file it is.
    private let second = Locked<(watch: Int32, file: FileStatus?)?>(nil)
    /// Milliseconds after which it is asked again whether it can be seen: from the first, and twice
    /// as many each time, to the last.
    private static let patience: ClosedRange<UInt64> = 1...256

    /// What of a file is told.
    package enum Changes: Sendable {
        /// What is written, and what becomes of its names and its place.
        case all
        /// What becomes of its names and its place.
        case place
        /// What is put into a folder, and what is taken out.
        case members

        fileprivate var mask: UInt32 {
            let place = UInt32(IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
            return switch self {
            case .all: place | UInt32(IN_MODIFY)
            case .place: place
            case .members: UInt32(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
            }
        }
    }

    /// Watches `path`.
    /// - Throws: ``SystemError``.
    package init(_ path: String, _ changes: Changes = .all) throws(SystemError) {
        hub = try InotifyHub.shared()
        self.path = path
        self.changes = changes
        let added = try hub.add(path, changes.mask, news)
        watch.withLock { $0 = added }
    }

    deinit {
        unfollow()
        unwatch()
    }

    private func unwatch() {
        watch.withLock { watch in
            if let added = watch { hub.remove(added, news) }
            watch = nil
        }
    }

    /// Is told of nothing for a while, or until ``stop()``; then there is a change to look at. Who follows a
    /// file that is written all the time costs its writer a wake-up for each write otherwise.
    /// - Throws: ``SystemError`` when the system can tell nothing any more.
    package func rest(for span: Duration) throws(SystemError) {
        unwatch()
        news.wait(until: { $0.isEnded || $0.isGone }, orAfter: span) { _ in }
        guard try !isEnded() else { return }
        do throws(SystemError) {
            let added = try hub.add(path, changes.mask, news)
            watch.withLock { $0 = added }
        } catch {
            // That it is gone is what whoever looks finds.
            guard error.isNotFound else { throw error }
        }
        touch()
    }

    /// Watches the file that has the path now, in the place of the one that had it.
    /// - Throws: ``SystemError``.
    package func renew() throws(SystemError) {
        unwatch()
        news.withLock { $0.isGone = false }
        let added = try hub.add(path, changes.mask, news)
        watch.withLock { $0 = added }
    }

    /// Tells of changes of a second file too, until ``unfollow()``. When another file has its path by now, of that one.
    /// That the second one is gone ends nothing.
    /// - Throws: ``SystemError``.
    package func follow(_ path: String, _ changes: Changes = .all) throws(SystemError) {
        try second.withLock { second throws(SystemError) in
            let file = try FileStatus.of(path)
            if let known = second {
                // The number of a file that is gone may be another one's.
                let isGone = news.withLock { $0.isSecondGone }
                if !isGone, known.file?.inode == file?.inode, known.file?.device == file?.device {
                    return
                }
                hub.remove(known.watch, news)
                second = nil
            }
            news.withLock { $0.isSecondGone = false }
            let watch = try hub.add(path, changes.mask, news, isSecond: true)
            second = (watch, file)
        }
    }

    /// Tells of the second file no more.
    package func unfollow() {
        second.withLock { second in
            if let known = second { hub.remove(known.watch, news) }
            second = nil
        }
    }

    /// Whether changes of a second file are told.
    package var isFollowing: Bool { second.withLock { $0 != nil } }

    /// Waits for the next change; several changes may be told as one.
    ///
    /// Whoever looks right after a change may look too early, where it is written first and told
    /// later. So after each change, before the look, `isBehind` is asked whether there is more than
    /// can be seen: then the change is told once more when it can be.
    /// That the file gets or loses a name, or another place, is a change too.
    /// - Returns: false once ``stop()`` has been called, or the file is gone.
    /// - Throws: what `isBehind` throws; ``SystemError`` when the system can tell nothing any more.
    package func wait(whileBehind isBehind: () throws -> Bool = { false }) throws -> Bool {
        if try isEnded() { return false }
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
        guard takeChange() else {
            _ = try isEnded()
            return false
        }
        let isBehind = try isBehind()
        owesLook.withLock { $0 = isBehind }
        return true
    }

    private func isEnded() throws(SystemError) -> Bool {
        try news.withLock { news throws(SystemError) in
            if let failure = news.failure { throw failure }
            return news.isEnded || news.isGone
        }
    }

    private func isChanged(within milliseconds: UInt64) -> Bool {
        news.wait(
            until: { $0.hasChanged || $0.isEnded || $0.isGone },
            orAfter: .milliseconds(milliseconds)
        ) { $0.hasChanged || $0.isEnded || $0.isGone }
    }

    /// Waits for a change.
    /// - Returns: false when there will be none any more.
    private func takeChange() -> Bool {
        news.wait(until: { $0.hasChanged || $0.isEnded || $0.isGone }) { news in
            defer { news.hasChanged = false }
            return !news.isEnded && !news.isGone
        }
    }

    /// Has whoever waits look, as after a change.
    package func touch() {
        news.withLock { $0.hasChanged = true }
        news.wakeAll()
    }

    /// Ends the waiting, now and for ever.
    package func stop() {
        stopped.withLock { $0 = true }
        news.withLock { $0.isEnded = true }
        news.wakeAll()
    }

    /// Whether ``stop()`` has been called.
    package var isStopped: Bool { stopped.withLock { $0 } }
}

/// The inotify instance of this process, and the thread that reads it.
final class InotifyHub: Sendable {
    private struct Listener {
        let news: Locked<FileWatch.News>
        /// Whether it listens beside another file: then that this one is gone is a change.
        let isSecond: Bool
    }

    private struct State {
        /// Who is told, by watch. Watches of one file are one to inotify.
        var watching: [Int32: [Listener]] = [:]
        /// Why nothing more is told.
        var failure: SystemError?
    }

    private static let instance = Locked<InotifyHub?>(nil)

    private let notifications: Int32
    private let state = Locked(State())

    /// The one of this process; made when it is first asked for.
    /// - Throws: ``SystemError``, also when the user has too many of them; asking again may help.
    static func shared() throws(SystemError) -> InotifyHub {
        try instance.withLock { instance throws(SystemError) in
            if let hub = instance, !hub.hasFailed { return hub }
            let hub = try InotifyHub()
            // It lives as long as the process.
            _ = try SystemThread.start { hub.run() }
            instance = hub
            return hub
        }
    }

    private var hasFailed: Bool { state.withLock { $0.failure != nil } }

    private init() throws(SystemError) {
        notifications = inotify_init1(Int32(IN_CLOEXEC))
        guard notifications >= 0 else { throw .current("inotify_init1") }
    }

    deinit { close(notifications) }

    /// Has `news` told of changes of a file.
    /// - Returns: what to ``remove(_:_:)`` it by.
    func add(
        _ path: String,
        _ mask: UInt32,
        _ news: Locked<FileWatch.News>,
        isSecond: Bool = false
    ) throws(SystemError) -> Int32 {
        // With the lock held: nothing is told of the watch before it is in the table.
        try state.withLock { state throws(SystemError) in
            if let failure = state.failure { throw failure }
            let watch = inotify_add_watch(notifications, path, mask | UInt32(IN_MASK_ADD))
            guard watch >= 0 else { throw .current("inotify_add_watch", path: path) }
            state.watching[watch, default: []].append(Listener(news: news, isSecond: isSecond))
            return watch
        }
    }

    /// Tells `news` no more.
    func remove(_ watch: Int32, _ news: Locked<FileWatch.News>) {
        state.withLock { state in
            guard var all = state.watching[watch] else { return }
            all.removeAll { $0.news === news }
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
            guard count > 0 else {
                fail(.current("read of inotify"))
                return
            }
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

    /// Tells all that there is nothing more to be told. Whoever watches anew gets another instance.
    private func fail(_ error: SystemError) {
        let told = state.withLock { state in
            state.failure = error
            defer { state.watching = [:] }
            return state.watching.values.flatMap { $0 }
        }
        for listener in told {
            listener.news.withLock { news in
                news.failure = error
                news.isEnded = true
            }
            listener.news.wakeAll()
        }
    }

    private func tell(_ watch: Int32, _ mask: UInt32) {
        // The end of the file is no change of it: that the watch has ended is told after that.
        let isGone = mask & UInt32(IN_IGNORED | IN_DELETE_SELF) != 0
        let told = state.withLock { state in
            // More than the queue holds: any of them may have changed.
            if mask & UInt32(IN_Q_OVERFLOW) != 0 { return state.watching.values.flatMap { $0 } }
            let told = state.watching[watch] ?? []
            if isGone { state.watching[watch] = nil }
            return told
        }
        for listener in told {
            listener.news.withLock { news in
                news.hasChanged = true
                guard isGone else { return }
                if listener.isSecond { news.isSecondGone = true } else { news.isGone = true }
            }
            listener.news.wakeAll()
        }
    }

    /// Watch, mask, cookie and length, four bytes each (inotify(7)).
    private static let headerSize = 16
}
#endif
