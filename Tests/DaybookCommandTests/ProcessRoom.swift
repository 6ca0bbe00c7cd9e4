import DaybookSystem
import FoundationEssentials

/// Room for tests that start processes: the suite runs all tests at once, and hundreds of processes
/// at once keep each other, and everything else on the machine, from getting anywhere.
///
/// A test has its room for as long as it lasts, however many processes it starts: they wait for each
/// other, and must not wait for those of other tests.
enum ProcessRoom {
    private struct State {
        var free = max(4, 2 * ProcessInfo.processInfo.activeProcessorCount)
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private static let state = Locked(State())
    /// Whether this task has room already, or is waited for by those that have.
    @TaskLocal private static var isInside = false

    /// Runs `body` when there is room for it.
    static func with<Result>(_ body: () async throws -> Result) async throws -> Result {
        if isInside { return try await body() }
        await enter()
        defer { leave() }
        return try await withoutWaiting(body)
    }

    /// Runs `body` at once: what others wait for that have room.
    static func withoutWaiting<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await $isInside.withValue(true) { try await body() }
    }

    private static func enter() async {
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

    private static func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
