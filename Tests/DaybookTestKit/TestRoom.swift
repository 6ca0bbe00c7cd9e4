import DaybookSystem
import FoundationEssentials

/// Room for tests that take much of the machine: the suite begins all of its tests at once, and a
/// thousand engines, or hundreds of processes, keep each other from getting anywhere.
///
/// A test has its room for as long as it lasts, whatever it starts meanwhile: its parts wait for each
/// other, and must not wait for other tests.
package final class TestRoom: Sendable {
    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// For tests that start processes.
    package static let processes = TestRoom(
        max(4, 2 * ProcessInfo.processInfo.activeProcessorCount)
    )
    /// For tests with an engine: each has threads of its own. Most of them wait most of the time.
    package static let engines = TestRoom(64)

    /// Whether this task has room already, or is waited for by those that have.
    @TaskLocal private static var isInside = false

    private let state: Locked<State>

    private init(_ count: Int) { state = Locked(State(free: count)) }

    /// Runs `body` when there is room for it.
    package func with<Result>(_ body: () async throws -> Result) async throws -> Result {
        if Self.isInside { return try await body() }
        await enter()
        defer { leave() }
        return try await Self.withoutWaiting(body)
    }

    /// Runs `body` at once: what others wait for that have room.
    package static func withoutWaiting<Result>(
        _ body: () async throws -> Result
    ) async throws -> Result {
        try await $isInside.withValue(true) { try await body() }
    }

    /// Runs what blocks on a thread of its own: the threads of tasks are as few as processors.
    package static func onThread<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await SystemThread.run(body)
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
