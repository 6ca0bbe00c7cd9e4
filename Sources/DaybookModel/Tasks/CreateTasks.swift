import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// A task that is to be created.
public struct NewTask: Sendable, Hashable {
    /// The name of its type.
    public var type: String
    /// What it hands to what runs it.
    public var arguments: TaskArguments
    /// Whether it comes again.
    public var policy: TaskPolicy
    /// Whether it comes before others; nil: it has no priority.
    public var priority: TaskPriority?
    /// Its first run is begun then at the earliest; nil: at once.
    public var nextRun: Timestamp?

    /// A task that recurs, and is due at once, unless something else is said.
    public init(
        _ type: String,
        _ arguments: TaskArguments = TaskArguments(),
        policy: TaskPolicy = .recurring,
        priority: TaskPriority? = nil,
        nextRun: Timestamp? = nil
    ) {
        self.type = type
        self.arguments = arguments
        self.policy = policy
        self.priority = priority
        self.nextRun = nextRun
    }
}

/// What became of a task that was to be created.
public struct NewTaskAnswer: Equatable, Sendable {
    /// Its id.
    public let number: UInt64
    /// The same one was there already.
    public let existed: Bool
}

/// Creates tasks. One that is there already is found: the same type, arguments, policy and priority, and
/// of one that runs once the same time. All are created, or none is.
package struct CreateTasks: Command {
    /// The tasks, in order.
    package let tasks: [NewTask]
    /// Who asks, and why.
    package let request: Request

    /// So many may be created at once.
    package static var limit: Int { 10_000 }

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ tasks: [NewTask], by request: Request = .session) {
        self.tasks = tasks
        self.request = request
    }

    /// What became of each, in order.
    package typealias Answer = [NewTaskAnswer]

    /// Creates those that are not there.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try request.check()
        guard tasks.count <= Self.limit else {
            throw Refusal(
                .invalidArgument,
                "\(tasks.count) tasks were to be created at once, and at most \(Self.limit) are; create them in several calls"
            )
        }
        var checked: [(type: KeptTaskType, arguments: [UInt8])] = []
        for (place, task) in tasks.enumerated() {
            let found = try Refusal.at(place) { () throws(Refusal) in try check(task, tx) }
            checked.append(found)
        }
        var answers: [NewTaskAnswer] = []
        var request = request
        for (task, (type, arguments)) in zip(tasks, checked) {
            let nextRun = task.nextRun ?? tx.now
            let key = KeptTask.Key(
                type: type.number,
                arguments: arguments,
                policy: task.policy,
                priority: task.priority,
                askedFor: task.policy == .oneshot ? nextRun.rawValue : 0
            )
            if let number = tx.state.tasks.task(with: key) {
                answers.append(NewTaskAnswer(number: number, existed: true))
                continue
            }
            let event = ProtoEntry.OneOf_Event.taskCreated(
                .with {
                    $0.type = type.number
                    $0.arguments = Data(arguments)
                    $0.policy = task.policy.proto
                    $0.priority = task.priority?.proto ?? .none
                    $0.nextRun = nextRun.rawValue
                    $0.interval = type.definition.defaultInterval.wholeNanoseconds
                    $0.retriesLeft = UInt32(type.definition.retries)
                }
            )
            let number = try tx.append(event.encoded(), to: nil, by: request)
            answers.append(NewTaskAnswer(number: number, existed: false))
            // The reason stands with the first of them.
            request = request.withoutReason
        }
        return answers
    }

    private func check(
        _ task: NewTask,
        _ tx: borrowing Transaction
    ) throws(Refusal) -> (type: KeptTaskType, arguments: [UInt8]) {
        guard let type = tx.state.tasks.type(named: Name(task.type)) else {
            throw Refusal.unknownTaskType(task.type)
        }
        return (type, try task.arguments.checked())
    }
}

extension Refusal {
    /// There is no such type of tasks.
    package static func unknownTaskType(_ name: String) -> Refusal {
        Refusal(
            .notFound,
            "no task type has the name \(name); register it first, or look at the list of those that exist"
        )
    }

    /// There is no such task.
    package static func unknownTask(_ number: UInt64) -> Refusal {
        Refusal(
            .notFound,
            "no task has the id \(number), or it is archived; look at the list of those that exist"
        )
    }
}
