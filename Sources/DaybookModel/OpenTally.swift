/// How many open executions stand where.
package struct OpenTally: Sendable {
    /// All of them.
    package internal(set) var open = 0
    /// Those that nobody has asked to run.
    package internal(set) var submitted = 0
    /// Those that somebody may claim.
    package internal(set) var ready = 0
    /// Those with the status `running`.
    package internal(set) var running = 0
    /// Those with the status `waiting`.
    package internal(set) var waiting = 0
    /// Those that are parked.
    package internal(set) var parked = 0
    /// Those that are paused.
    package internal(set) var paused = 0
    /// The entry by which the first of those that may be claimed became ready.
    package internal(set) var oldestReady = UInt64.max

    /// Nothing is counted yet.
    package init() {}

    mutating func count(_ state: borrowing ExecutionState) {
        open += 1
        switch state.status {
        case .submitted: submitted += 1
        case .running: running += 1
        case .waiting: waiting += 1
        default: break
        }
        if state.isParked { parked += 1 }
        if state.isPaused { paused += 1 }
        if state.isClaimable {
            ready += 1
            oldestReady = min(oldestReady, state.readySequence)
        }
    }
}

extension State {
    /// Counts open executions, a few at a time, as the batch under way leaves them.
    /// - Parameters:
    ///   - place: 0, or what the call before gave.
    ///   - limit: places of the table that are looked at.
    /// - Returns: where to go on; nil: all are counted.
    package func tally(from place: Int, upTo limit: Int, _ tally: inout OpenTally) -> Int? {
        executions.visit(from: place, upTo: limit) { tally.count($0) }
    }
}
