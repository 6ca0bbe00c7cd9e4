import DaybookFormat
import SwiftProtobuf

/// Begins runs of the tasks that are due. Asked by whoever keeps an eye on the clock.
///
/// Of each type as many as its queue has room for, and only when more than a fifth of that is free: the
/// one whose next run was to come first, and of several the oldest one. Which they are follows from the
/// state as the commit finds it, so that of several processes one dispatches a task that is due.
package struct DispatchDue: Command {
    /// What is done about a task that is due.
    package enum Offer: Sendable {
        /// This is submitted and executed.
        case run(Submit)
        /// It does not fit what runs it, by the code of an error: it is disabled.
        case unfit(code: String)
        /// What runs it is not known yet: its type is left for now.
        case unready
    }

    /// Whether tasks of a type are dispatched, with a priority or without.
    let serves: @Sendable (KeptTaskType, _ prioritised: Bool) -> Bool
    /// How a task is run, under an id that is free.
    let offer: @Sendable (KeptTask, KeptTaskType, _ id: Name) throws -> Offer
    /// So many are dispatched at once.
    let limit: Int

    /// So many by default.
    package static var limit: Int { 1_000 }

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        limit: Int = Self.limit,
        serves: @escaping @Sendable (KeptTaskType, _ prioritised: Bool) -> Bool,
        offer: @escaping @Sendable (KeptTask, KeptTaskType, _ id: Name) throws -> Offer
    ) {
        self.limit = limit
        self.serves = serves
        self.offer = offer
    }

    /// The numbers of the runs that were begun.
    package typealias Answer = [UInt64]

    /// Dispatches what is due, as far as there is room.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        var begun: [UInt64] = []
        var left = limit
        for type in tx.state.tasks.typesInOrder {
            for isPrioritised in [true, false] where serves(type, isPrioritised) {
                let kind = DueTasks.Kind(type: type.number, isPrioritised: isPrioritised)
                var slots = min(type.slots(prioritised: isPrioritised), left)
                while slots > 0, let number = tx.state.removeDueTask(kind, by: tx.now) {
                    guard let task = tx.state.tasks[number] else { continue }
                    let id = try tx.freeID(ofRun: task)
                    switch try offer(task, type, id) {
                    case .unready:
                        tx.state.putBackDueTask(number)
                        slots = 0
                    case .unfit(let code):
                        try tx.disable(task, becauseOf: code)
                        left -= 1
                    case .run(let submission):
                        left -= 1
                        if let refusal = submission.refusalOfForm {
                            try tx.disable(task, becauseOf: refusal.code.rawValue)
                        } else {
                            begun.append(try tx.dispatch(task, submission))
                            slots -= 1
                        }
                    }
                    if left == 0 { return begun }
                }
            }
        }
        return begun
    }
}

extension Submit {
    /// Why it is not of the form that is asked for; nil: it is.
    fileprivate var refusalOfForm: Refusal? {
        do throws(Refusal) {
            try checkForm()
            return nil
        } catch {
            return error
        }
    }
}

extension Transaction {
    /// The id of the next run of a task: the first of its kind that nobody has taken.
    fileprivate func freeID(ofRun task: KeptTask) throws -> Name {
        var count = task.runs + 1
        while true {
            let id = Name("task-\(task.number)-\(count)")
            if try row(of: id) == nil { return id }
            count += 1
        }
    }

    /// Submits and executes a run.
    fileprivate mutating func dispatch(_ task: KeptTask, _ submission: Submit) throws -> UInt64 {
        let number = try submission.record(&self, runOf: task.number)
        try append(
            .taskDispatched(.with { $0.execution = number }),
            to: StreamID(task.number),
            causation: number
        )
        try ready(number, by: .session)
        return number
    }

    /// A task that cannot be run as it is.
    fileprivate mutating func disable(_ task: KeptTask, becauseOf code: String) throws {
        let time = now.rawValue
        try append(
            .taskRunEnded(
                .with {
                    $0.status = .permfailed
                    $0.endedAt = time
                    $0.errorCode = code
                    $0.taskStatus = .disabled
                    $0.nextRun = task.nextRun.rawValue
                    $0.interval = task.interval
                    $0.retriesLeft = task.retriesLeft
                }
            ),
            to: StreamID(task.number)
        )
    }
}
