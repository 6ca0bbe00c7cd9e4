import DaybookFormat
import DaybookSystem

/// What entries have changed that somebody may wait for.
struct News: Sendable {
    /// Executions that something has happened to which their code did not ask for, or that have
    /// ended.
    private(set) var executions: [UInt64] = []
    /// Something may be ready to be claimed, or have to be told to code that runs.
    private(set) var hasWork = false
    /// Other sessions may have been opened, or closed.
    private(set) var hasSessions = false
    /// A snapshot of the state is due.
    private(set) var isSnapshotDue = false

    mutating func noteSnapshotDue() { isSnapshotDue = true }

    mutating func note(_ entry: EntryView) {
        switch EventKind(rawValue: entry.event) {
        case .executionCompleted, .executionFailed, .executionParked, .executionTimedOut,
            .executionCancelled, .executionExpired, .executionContinued, .executionClosed,
            .executionPaused, .executionResumed, .attemptFailed, .timerFired, .signalDelivered,
            .executionReadied, .leaseLost, .leaseReleased, .executionReopened:
            executions.append(entry.header.execution)
            hasWork = true
        case .executionClaimed, .timerStarted, .signalAwaited, .operationRetried,
            .executionWaiting, .signalReceived:
            executions.append(entry.header.execution)
        case .sessionOpened: hasSessions = true
        default: break
        }
    }

    /// Both, in order.
    func adding(_ others: News) -> News {
        var all = self
        all.executions += others.executions
        all.hasWork = hasWork || others.hasWork
        all.hasSessions = hasSessions || others.hasSessions
        all.isSnapshotDue = isSnapshotDue || others.isSnapshotDue
        return all
    }
}

/// Where those wait who want to know when something has happened to an execution, or can be
/// claimed.
final class NewsBoard: Sendable {
    /// Stands for "something that ran here has ended": no execution has this number.
    static let idleness: UInt64 = 0

    private struct State {
        /// By what they wait for; without a continuation: they are about to look, and then to wait.
        var waiting: [UInt64: [Waiter]] = [:]
        var nextToken: UInt64 = 0
        var isClosed = false
        /// What the dispatcher has not looked at yet.
        var unseen: [UInt64] = []
        /// Sessions have been opened that the dispatcher has not looked at yet.
        var hasUnseenSessions = true
        /// Sessions whose process has ended.
        var ended: [UInt64] = []
        var isSnapshotDue = false
    }

    private struct Waiter {
        let token: UInt64
        var continuation: CheckedContinuation<Void, Never>?
    }

    private let state = Locked(State())
    /// Yields whenever there may be something to do.
    let wakeups: AsyncStream<Void>
    private let wakeup: AsyncStream<Void>.Continuation

    init() {
        (wakeups, wakeup) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Has whoever claims look again.
    func wakeDispatcher() { wakeup.yield() }

    /// Tells of executions that something has happened to.
    func publish(_ news: News) {
        if !news.executions.isEmpty {
            state.withLock { $0.unseen += news.executions }
            for number in news.executions { fire(number) }
        }
        if news.hasSessions { state.withLock { $0.hasUnseenSessions = true } }
        if news.isSnapshotDue { state.withLock { $0.isSnapshotDue = true } }
        if news.hasWork || news.hasSessions || news.isSnapshotDue { wakeup.yield() }
    }

    /// Whether a snapshot has become due since the last call.
    func takeSnapshotDue() -> Bool {
        state.withLock { state in
            defer { state.isSnapshotDue = false }
            return state.isSnapshotDue
        }
    }

    /// Has the dispatcher look at an execution.
    func announce(_ number: UInt64) {
        state.withLock { $0.unseen.append(number) }
        wakeup.yield()
    }

    /// The executions that were told of since the last call.
    func takeUnseen() -> [UInt64] {
        state.withLock { state in
            defer { state.unseen = [] }
            return state.unseen
        }
    }

    /// The process of a session has ended.
    func announce(endOfSession number: UInt64) {
        state.withLock { $0.ended.append(number) }
        wakeup.yield()
    }

    /// Whether sessions have been opened since the last call, and those whose process has ended.
    func takeSessions() -> (areNew: Bool, ended: [UInt64]) {
        state.withLock { state in
            defer { (state.hasUnseenSessions, state.ended) = (false, []) }
            return (state.hasUnseenSessions, state.ended)
        }
    }

    /// Has everybody who waits for something about an execution look again.
    func fire(_ number: UInt64) {
        let waiting = state.withLock { $0.waiting.removeValue(forKey: number) ?? [] }
        for waiter in waiting { waiter.continuation?.resume() }
    }

    /// Waits until something is told about `number`, unless `isDone` holds already. May return
    /// without a reason: the caller looks again.
    func wait(for number: UInt64, unless isDone: () throws -> Bool) async rethrows {
        // It is on the board before it looks, so that nothing that happens in between is missed.
        let token = state.withLock { state in
            state.nextToken += 1
            state.waiting[number, default: []].append(Waiter(token: state.nextToken))
            return state.nextToken
        }
        do {
            if try isDone() {
                withdraw(token, number)
                return
            }
        } catch {
            withdraw(token, number)
            throw error
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard !state.isClosed,
                        let index = state.waiting[number]?.firstIndex(where: { $0.token == token })
                    else { return false }
                    state.waiting[number]?[index].continuation = continuation
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            withdraw(token, number)?.resume()
        }
    }

    /// Takes a waiter off the board, if it is still there.
    @discardableResult
    private func withdraw(
        _ token: UInt64,
        _ number: UInt64
    ) -> CheckedContinuation<Void, Never>? {
        state.withLock { state in
            guard let index = state.waiting[number]?.firstIndex(where: { $0.token == token }) else {
                return nil
            }
            let waiter = state.waiting[number]?.remove(at: index)
            if state.waiting[number]?.isEmpty == true { state.waiting[number] = nil }
            return waiter?.continuation
        }
    }

    /// Lets everybody go.
    func close() {
        let all = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [:] }
            return state.waiting.values.flatMap { $0.compactMap(\.continuation) }
        }
        for continuation in all { continuation.resume() }
        wakeup.finish()
    }
}
