/// How many open executions stand where.
public struct OpenTally: Sendable {
    /// All of them.
    public internal(set) var open = 0
    /// Those that nobody has asked to run.
    public internal(set) var submitted = 0
    /// Those that somebody may claim.
    public internal(set) var ready = 0
    /// Those with the status `running`.
    public internal(set) var running = 0
    /// Those with the status `waiting`.
    public internal(set) var waiting = 0
    /// Those that are parked.
    public internal(set) var parked = 0
    /// Those that are paused.
    public internal(set) var paused = 0
    /// The entry by which the first of those that may be claimed became ready.
    public internal(set) var oldestReady = UInt64.max

    /// Nothing is counted yet.
    public init() {}

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
    public func tally(from place: Int, upTo limit: Int, _ tally: inout OpenTally) -> Int? {
        executions.visit(from: place, upTo: limit) { tally.count($0) }
    }
}
