import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import FoundationEssentials

/// Lines that bodies have written, in order.
final class CallLog: Sendable {
    private let state = Locked<[String]>([])

    func add(_ line: String) { state.withLock { $0.append(line) } }
    var lines: [String] { state.withLock { $0 } }
}

/// Runs `body` with an empty journal that is removed afterwards.
func withJournal<Result>(
    _ options: CreationOptions = CreationOptions(),
    _ body: (String) async throws -> Result
) async throws -> Result {
    let path = FileManager.default.temporaryDirectory.path + "/test-\(UUID()).daybook"
    try Daybook.create(at: path, options)
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(try await body(path))
    } catch {
        result = .failure(error)
    }
    try FileManager.default.removeItem(atPath: path)
    return try result.get()
}

/// A clock that shows what a test says.
final class ManualClock: WallClock {
    private struct State {
        var time: UInt64
        var wakes: [@Sendable () -> Void] = []
    }

    private let state: Locked<State>

    init(_ time: UInt64 = 1_767_225_600_000_000_000) { state = Locked(State(time: time)) }

    /// Lets the time pass.
    func pass(_ duration: Duration) {
        let wakes = state.withLock { state in
            state.time += duration.wholeNanoseconds
            return state.wakes
        }
        for wake in wakes { wake() }
    }

    func now() -> Timestamp { Timestamp(rawValue: state.withLock { $0.time }) }

    func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { $0.wakes.append(wake) }
        return true
    }
}
