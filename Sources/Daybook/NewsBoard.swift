import DaybookSystem

/// Where those wait who want to know when an execution has ended or can be claimed.
final class NewsBoard: Sendable {
    /// Stands for "something that ran here has ended": no execution has this number.
    static let idleness: UInt64 = 0

    private struct State {
        var waiting: [UInt64: [(token: UInt64, CheckedContinuation<Void, Never>)]] = [:]
        var nextToken: UInt64 = 0
        var cancelled: Set<UInt64> = []
        var isClosed = false
    }

    private let state = Locked(State())
    /// Yields whenever something may be ready to be claimed.
    let wakeups: AsyncStream<Void>
    private let wakeup: AsyncStream<Void>.Continuation

    init() {
        (wakeups, wakeup) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Has whoever claims look again.
    func wakeClaimer() { wakeup.yield() }

    func publish(ended: [UInt64], readied: Bool) {
        if readied { wakeup.yield() }
        guard !ended.isEmpty else { return }
        for number in ended { fire(number) }
    }

    private func fire(_ number: UInt64) {
        let waiting = state.withLock { $0.waiting.removeValue(forKey: number) ?? [] }
        for (_, continuation) in waiting { continuation.resume() }
    }

    /// Waits until something is told about `number`, unless `isDone` holds already. May return
    /// without a reason: the caller looks again.
    func wait(for number: UInt64, unless isDone: () throws -> Bool) async rethrows {
        let token = state.withLock { state in
            state.nextToken += 1
            return state.nextToken
        }
        let isDone = try isDone()
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waits = state.withLock { state in
                    guard !isDone, !state.isClosed, state.cancelled.remove(token) == nil else {
                        return false
                    }
                    state.waiting[number, default: []].append((token, continuation))
                    return true
                }
                if !waits { continuation.resume() }
            }
        } onCancel: {
            let found = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard
                    let index = state.waiting[number]?.firstIndex(where: { $0.token == token })
                else {
                    state.cancelled.insert(token)
                    return nil
                }
                return state.waiting[number]?.remove(at: index).1
            }
            found?.resume()
        }
        state.withLock { _ = $0.cancelled.remove(token) }
    }

    /// Lets everybody go.
    func close() {
        let all = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [:] }
            return state.waiting.values.flatMap { $0.map(\.1) }
        }
        for continuation in all { continuation.resume() }
        wakeup.finish()
    }
}
