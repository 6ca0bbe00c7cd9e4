import DaybookFormat
import SwiftProtobuf

/// A run of a task that has ended, and of which its task is to be told.
struct EndedRun: Sendable {
    let task: UInt64
    /// The number of the execution's first run.
    let run: UInt64
    let status: TaskRunStatus
    let startedAt: Timestamp
    let endedAt: Timestamp
    let errorCode: String
    /// The entry by which it has.
    let end: UInt64

    /// One that is closed.
    init(_ state: borrowing ExecutionState, by end: UInt64) {
        let ended: TaskRunStatus =
            switch state.status {
            case .completed: state.rare.lineage.isEventful ? .eventful : .uneventful
            case .cancelled: .cancelled
            case .failed: state.rare.lineage.isPermanent ? .permfailed : .failed
            default: .failed
            }
        self.init(state, ended, at: state.finishedAt, by: end)
    }

    init(
        _ state: borrowing ExecutionState,
        _ status: TaskRunStatus,
        at time: Timestamp,
        by end: UInt64
    ) {
        task = state.rare.lineage.task
        run = state.firstRun
        self.status = status
        startedAt = state.startedAt
        endedAt = time
        errorCode = state.errorCode
        self.end = end
    }
}

extension State {
    /// A run that is parked counts as lost: the task goes on without it.
    mutating func noteParkedRun(_ number: UInt64, _ header: EntryHeader) {
        guard executions.contains(number), executions[known: number].task != nil else { return }
        let ended = EndedRun(executions[known: number], .lost, at: header.time, by: header.sequence)
        guard tasks[ended.task]?.run?.execution == ended.run else { return }
        batch.endedRuns.append(ended)
    }
}

extension Transaction {
    /// Adapts the tasks whose runs have ended.
    mutating func adaptTasks() throws {
        while !state.batch.endedRuns.isEmpty {
            try adaptTask(to: state.batch.endedRuns.removeFirst())
        }
    }

    /// Of a run that had ended before, and that somebody has opened again, only the end is recorded.
    private mutating func adaptTask(to end: EndedRun) throws {
        guard let task = state.tasks[end.task], let type = state.tasks.type(task.type) else {
            // It is archived.
            return
        }
        let isAgain = task.run?.execution != end.run
        let next = task.adapted(by: end.status, at: end.endedAt, type.definition)
        try append(
            .taskRunEnded(
                .with {
                    $0.execution = end.run
                    $0.status = end.status.proto
                    $0.startedAt = end.startedAt.rawValue
                    $0.endedAt = end.endedAt.rawValue
                    $0.errorCode = end.errorCode
                    $0.again = isAgain
                    if isAgain { return }
                    $0.taskStatus = next.status.proto
                    $0.nextRun = next.nextRun.rawValue
                    $0.interval = next.interval
                    $0.retriesLeft = next.retriesLeft
                }
            ),
            to: StreamID(task.number),
            causation: end.end
        )
    }
}
