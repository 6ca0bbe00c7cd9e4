package import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

/// A clock that shows what a test says.
package final class ManualClock: WallClock {
    private struct State {
        var time: UInt64
        var wakes: [@Sendable () -> Void] = []
    }

    private let state: Locked<State>

    package init(_ time: UInt64 = 1_767_225_600_000_000_000) { state = Locked(State(time: time)) }

    /// Lets the time pass.
    package func pass(_ duration: Duration) {
        let wakes = state.withLock { state in
            state.time += duration.wholeNanoseconds
            return state.wakes
        }
        for wake in wakes { wake() }
    }

    package func now() -> Timestamp { Timestamp(rawValue: state.withLock { $0.time }) }

    package func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { $0.wakes.append(wake) }
        return true
    }
}
