import DaybookFormat

/// Where an execution stands, and when it came there.
struct Lifecycle: Sendable {
    var status = ExecutionStatus.submitted
    /// The entry by which it is parked; zero: it is not.
    var parkedBy: UInt64 = 0
    var isPaused = false
    var isDelayed = false
    /// When it was asked to start; zero before.
    var startAt = Timestamp(rawValue: 0)
    /// When it was first claimed; zero before.
    var startedAt = Timestamp(rawValue: 0)
    /// When it reached a final status; zero before.
    var finishedAt = Timestamp(rawValue: 0)
    /// See ``ExecutionState/deadline``.
    var deadline = Timestamp(rawValue: 0)
    /// The entry by which it last became ready: its place in the queue.
    var readySequence: UInt64 = 0
}

extension ExecutionState {
    /// Where it stands.
    package var status: ExecutionStatus { lifecycle.status }
    /// Nothing runs until a person has looked.
    package var isParked: Bool { lifecycle.parkedBy != 0 }
    /// The entry by which it is parked; zero: it is not.
    package var parkedBy: UInt64 { lifecycle.parkedBy }
    /// Nothing runs until it is resumed.
    package var isPaused: Bool { lifecycle.isPaused }
    /// It is held back: ``deadline`` is the time until which it is.
    package var isDelayed: Bool { lifecycle.isDelayed }
    /// When it was asked to start; zero before.
    package var startAt: Timestamp { lifecycle.startAt }
    /// When it was first claimed; zero before.
    package var startedAt: Timestamp { lifecycle.startedAt }
    /// When it reached a final status; zero before.
    package var finishedAt: Timestamp { lifecycle.finishedAt }
    /// The next time at which something happens to it by itself; zero: none. Before it is executed
    /// it expires then, while it is held back it becomes ready, else its attempt times out.
    package var deadline: Timestamp { lifecycle.deadline }
    /// The entry by which it last became ready: its place in the queue.
    package var readySequence: UInt64 { lifecycle.readySequence }
    /// The code of the error that it ended with; empty: it has not.
    package var errorCode: String { rare.errorCode }

    /// It has ended, and waits for its code to end too.
    package var isCleaning: Bool { status.isFinal }

    /// Whether somebody may claim it, for its handler or for what is to be cleaned up.
    package var isClaimable: Bool {
        guard session == nil, !isParked, !isPaused, !isDelayed else { return false }
        // Those that it began come to their end before what it registered runs.
        return status == .ready || owesCleaning && !hasOpenChildren
    }

    /// Its own deadline, in the heap of all of them.
    var ownTimer: TimerItem? {
        deadline.rawValue == 0 ? nil : TimerItem(deadline: deadline, execution: number, wait: 0)
    }
}
