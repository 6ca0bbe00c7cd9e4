import Daybook
import DaybookFormat
import DaybookSystem

/// The clock of a test as its processes see it, one after the other: what a process that is gone wanted
/// to be told of is forgotten.
final class ProcessClock: WallClock {
    private let base: ManualClock
    private let wakes = Locked<[@Sendable () -> Void]>([])

    init(_ base: ManualClock) {
        self.base = base
        // The clock may outlive what it is told to.
        _ = base.onChange { [weak self] in self?.wakeAll() }
    }

    private func wakeAll() {
        for wake in wakes.withLock({ $0 }) { wake() }
    }

    /// The process is gone: nothing of it is woken any more.
    func forget() { wakes.withLock { $0 = [] } }

    func pass(_ duration: Duration) { base.pass(duration) }

    func now() -> Timestamp { base.now() }

    func onChange(_ wake: @escaping @Sendable () -> Void) -> Bool {
        wakes.withLock { $0.append(wake) }
        return true
    }
}
