import Foundation
import Synchronization

/// Counts down from a number that a variable of the environment has; without it, for ever.
final class Countdown: Sendable {
    private let left: Mutex<Int>

    init(_ variable: String) {
        left = Mutex(ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? .max)
    }

    /// Counts. True once: when the number is reached.
    func isOver() -> Bool {
        left.withLock { left in
            left -= 1
            return left == 0
        }
    }
}
