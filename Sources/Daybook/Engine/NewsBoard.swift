import DaybookFormat
import DaybookModel
import DaybookSystem

/// What entries have changed that somebody may wait for.
struct News: Sendable {
    /// Executions that something has happened to which somebody may wait for.
    private(set) var executions: [UInt64] = []
    /// Those of them to which something has happened that their code did not ask for.
    private(set) var fromOutside: [UInt64] = []
    /// Those of them that have ended, or may be ready: not those whose code only goes on.
    private(set) var mayHaveEnded: [UInt64] = []
    /// Children that were begun, or are opened again, with those who began them; nil: the state knows
    /// who did.
    private(set) var children: [(parent: UInt64?, child: UInt64)] = []
    /// Something may be ready to be claimed.
    private(set) var hasWork = false
    /// Other sessions may have been opened, or closed.
    private(set) var hasSessions = false
    /// A snapshot of the state is due.
    private(set) var isSnapshotDue = false
    /// What has ended.
    private(set) var endings = EndingCounts()

    mutating func noteSnapshotDue() { isSnapshotDue = true }

    /// What was open has ended, and by which entry is not known: it is pruned.
    mutating func note(endOf number: UInt64) {
        executions.append(number)
        fromOutside.append(number)
        mayHaveEnded.append(number)
        hasWork = true
    }

    /// - Parameter isOwn: the entry is by a command of this process.
    mutating func note(_ entry: EntryView, isOwn: Bool = false) {
        let number = entry.header.stream.rawValue
        let kind = EventKind(rawValue: entry.event)
        endings.note(kind)
        if kind == .childStarted || kind == .childEnded, let child = entry.child {
            children.append((number, child))
        }
        // A spawned child is opened again by no entry of its parent. Its entry names the first run of the
        // root of its family, and not who began it.
        if kind == .executionReopened, entry.header.correlation != 0 {
            children.append((nil, number))
        }
        switch kind {
        case .executionCompleted where isOwn:
            executions.append(number)
        case .executionCompleted, .executionFailed, .executionParked, .executionTimedOut,
            .executionCancelled, .executionExpired, .executionContinued, .executionClosed,
            .executionPaused, .executionResumed, .attemptFailed, .executionReadied, .leaseLost,
            .leaseReleased, .executionReopened, .operationResolved, .executionRepinned,
            .cleaningSkipped, .childrenSettled:
            executions.append(number)
            fromOutside.append(number)
            mayHaveEnded.append(number)
            hasWork = true
        case .timerFired, .signalDelivered:
            executions.append(number)
            fromOutside.append(number)
            if entry.readies { mayHaveEnded.append(number) }
            hasWork = true
        case .executionClaimed, .timerStarted, .signalAwaited, .operationRetried,
            .executionWaiting, .signalReceived, .cleaningEnded, .childStarted, .childrenAwaited:
            executions.append(number)
        case .childEnded:
            executions.append(number)
            // What was spawned is waited for all together: of one that ends no code is told.
            hasWork = true
            if !entry.isOfSpawned { fromOutside.append(number) }
            if entry.readies { mayHaveEnded.append(number) }
        case .sessionOpened, .sessionClosed, .sessionLost: hasSessions = true
        case .runbookStored, .taskCreated, .taskRunEnded, .taskRespawned: hasWork = true
        default: break
        }
    }

    /// Both, in order.
    func adding(_ others: News) -> News {
        var all = self
        all.executions += others.executions
        all.fromOutside += others.fromOutside
        all.mayHaveEnded += others.mayHaveEnded
        all.children += others.children
        all.hasWork = hasWork || others.hasWork
        all.hasSessions = hasSessions || others.hasSessions
        all.isSnapshotDue = isSnapshotDue || others.isSnapshotDue
        all.endings.add(others.endings)
        return all
    }
}

extension EntryView {
    /// Whether the child that is closed was spawned.
    fileprivate var isOfSpawned: Bool { says(Wire.ChildEnded.spawned) }

    /// Whether what its execution waited for has come while nobody ran it.
    fileprivate var readies: Bool {
        switch EventKind(rawValue: event) {
        case .childEnded: says(Wire.ChildEnded.readies)
        case .timerFired: says(Wire.TimerFired.readies)
        case .signalDelivered: says(Wire.SignalDelivered.readies)
        default: false
        }
    }

    /// Whether a flag is set. The state has taken in the entry before.
    private func says(_ flag: WireField) -> Bool {
        do throws(WireError) {
            var reader = WireReader(eventBytes)
            while let field = try reader.field() {
                if field == flag { return try reader.varint() != 0 }
                try reader.skip(field)
            }
        } catch {
            // The state has refused such an entry before.
        }
        return false
    }

    /// The child that an operation begins, or that is closed.
    fileprivate var child: UInt64? {
        var reader = WireReader(eventBytes)
        do throws(WireError) {
            while let field = try reader.field() {
                let isChild =
                    field
                    == (event == EventKind.childStarted.rawValue
                        ? Wire.ChildStarted.child : Wire.ChildEnded.child)
                if isChild { return try reader.varint() }
                try reader.skip(field)
            }
        } catch {
            // The state has refused such an entry before.
        }
        return nil
    }
}

/// Where the writer leaves what has changed, for the dispatcher and for those who wait for it.
final class NewsBoard: Sendable {
    /// What a waiter is told.
    enum Told: Sendable {
        /// Something has happened: look.
        case look
        /// The encoded output that it waits for.
        case output([UInt8])
        /// It waits in vain.
        case failed(any Error)
    }

    typealias Subject = Waiters<CheckedContinuation<Told, Never>>.Subject

    /// What the dispatcher has not looked at yet.
    struct Mail: Sendable {
        /// Executions to look at.
        var executions: [UInt64] = []
        /// See ``News/children``.
        var children: [(parent: UInt64?, child: UInt64)] = []
        /// Leases that were granted.
        var leases: [Lease] = []
        /// Sessions have been opened or have ended in the journal.
        var hasSessions = false
        /// Sessions whose process has ended.
        var endedSessions: [UInt64] = []
        /// A snapshot has become due.
        var isSnapshotDue = false
    }

    private struct State {
        var waiters = Waiters<CheckedContinuation<Told, Never>>()
        var mail = Mail()
        /// What has ended since the board was set up.
        var endings = EndingCounts()
    }

    private let state: Locked<State>
    /// Yields whenever there may be something to do.
    let wakeups: AsyncStream<Void>
    private let wakeup: AsyncStream<Void>.Continuation

    init() {
        (wakeups, wakeup) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Locked(State())
    }

    // MARK: The dispatcher

    /// What has ended since the journal was opened, in whatever process.
    var endings: EndingCounts { state.withLock { $0.endings } }

    /// Has the dispatcher look again.
    func wakeDispatcher() { wakeup.yield() }

    /// Tells what has changed on the disk.
    /// - Parameter leases: granted to this process; each has a turn reserved.
    func publish(_ news: News, leases: [Lease] = []) {
        let told = state.withLock { state in
            state.endings.add(news.endings)
            state.mail.executions += news.fromOutside
            state.mail.children += news.children
            state.mail.leases += leases
            if news.hasSessions { state.mail.hasSessions = true }
            if news.isSnapshotDue { state.mail.isSnapshotDue = true }
            return Self.tell(news, &state.waiters)
        }
        for continuation in told { continuation.resume(returning: .look) }
        if news.hasWork || news.hasSessions || news.isSnapshotDue || !leases.isEmpty {
            wakeup.yield()
        }
    }

    private static func tell(
        _ news: News,
        _ waiters: inout Waiters<CheckedContinuation<Told, Never>>
    ) -> [CheckedContinuation<Told, Never>] {
        var told = waiters.tell(.entries)
        for number in news.executions { told += waiters.tell(.execution(number)) }
        for number in news.mayHaveEnded { told += waiters.tell(.output(number)) }
        return told
    }

    /// Has the dispatcher look at an execution.
    func announce(_ number: UInt64) {
        state.withLock { $0.mail.executions.append(number) }
        wakeup.yield()
    }

    /// The process of a session has ended.
    func announce(endOfSession number: UInt64) {
        state.withLock { $0.mail.endedSessions.append(number) }
        wakeup.yield()
    }

    /// Takes what has come since the last call.
    func takeMail() -> Mail {
        state.withLock { state in
            defer { state.mail = Mail() }
            return state.mail
        }
    }

    /// Takes the leases that were granted since the last call.
    func takeLeases() -> [Lease] {
        state.withLock { state in
            defer { state.mail.leases = [] }
            return state.mail.leases
        }
    }

    // MARK: Waiting

    /// Whether anybody waits for something.
    func isAwaited(_ subject: Subject) -> Bool { state.withLock { $0.waiters.isAwaited(subject) } }

    /// Whether anybody waits for anything.
    var hasWaiters: Bool { state.withLock { $0.waiters.count > 0 } }

    /// Tells those who wait for something.
    func tell(_ subject: Subject, _ told: Told = .look) {
        let waiting = state.withLock { $0.waiters.tell(subject) }
        for continuation in waiting { continuation.resume(returning: told) }
    }

    /// Tells those who wait for an execution, or for its output, to look.
    func tellAll(of number: UInt64) {
        tell(.execution(number))
        tell(.output(number))
    }

    /// Waits until something is told, unless `isDone` holds already.
    /// - Parameter isDone: looked at once, after which nothing that happens is missed.
    /// - Returns: what was told; ``Told/look`` also when `isDone` holds, when the task is cancelled,
    ///   and when the board is closed.
    @discardableResult
    func wait(for subject: Subject, unless isDone: () throws -> Bool) async rethrows -> Told {
        let token = state.withLock { $0.waiters.enter(subject) }
        do {
            if try isDone() {
                state.withLock { _ = $0.waiters.leave(token) }
                return .look
            }
        } catch {
            state.withLock { _ = $0.waiters.leave(token) }
            throw error
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { $0.waiters.wait(token, continuation) }
                if !waits { continuation.resume(returning: .look) }
            }
        } onCancel: {
            state.withLock { $0.waiters.leave(token) }?.resume(returning: .look)
        }
    }

    /// Lets everybody go.
    func close() {
        for continuation in state.withLock({ $0.waiters.close() }) {
            continuation.resume(returning: .look)
        }
        wakeup.finish()
    }
}
