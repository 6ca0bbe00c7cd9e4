import DaybookSystem

/// Lets transactions in, and lets whoever must change the map wait until none is inside.
struct TransactionGate: Sendable {
    private struct State {
        var inside = 0
        var isDraining = false
    }

    private let state = Locked(State())

    func enter() {
        state.wait(until: { !$0.isDraining }) { $0.inside += 1 }
    }

    func leave() {
        state.withLock { $0.inside -= 1 }
        state.wakeAll()
    }

    /// Runs `body` with nobody inside and nobody let in.
    func drain(_ body: () -> Void) {
        state.wait(until: { !$0.isDraining }) { $0.isDraining = true }
        state.wait(until: { $0.inside == 0 }) { _ in }
        body()
        state.withLock { $0.isDraining = false }
        state.wakeAll()
    }
}
