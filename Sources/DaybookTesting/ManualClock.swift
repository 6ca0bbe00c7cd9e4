public import Daybook
import DaybookFormat
import DaybookSystem

/// A clock that shows what a test says. Nobody who waits by it waits for real time to pass.
///
/// A ``TestEngine`` has one, and sets it on by itself whenever everything waits.
public final class ManualClock: WallClock {
    private struct State {
        var time: UInt64
        var wakes: [@Sendable () -> Void] = []
    }

    private let state: Locked<State>

    /// A clock that stands still.
    /// - Parameter time: nanoseconds since 1970 UTC; by default those of 2026-01-01.
    public init(_ time: UInt64 = 1_767_225_600_000_000_000) { state = Locked(State(time: time)) }

    /// Lets the time pass. What is due then happens on the caller's thread, as far as it does not run
    /// workflow code.
    /// - Parameter duration: zero or more.
    public func pass(_ duration: Duration) {
        let wakes = state.withLock { state in
            state.time += duration.wholeNanoseconds
            return state.wakes
        }
        for wake in wakes { wake() }
    }

    /// What it shows.
    public func now() -> Timestamp { Timestamp(rawValue: state.withLock { $0.time }) }

    /// Has `wake` called each time that it is set.
    /// - Returns: true.
    public func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { $0.wakes.append(wake) }
        return true
    }
}
