import DaybookFormat
import Testing

@testable import DaybookModel

/// What tests of tasks need, in a line each.
extension ModelHarness {
    /// Registers a type of tasks that the workflow `copy` runs.
    @discardableResult
    mutating func register(
        _ name: String,
        interval: Duration = .seconds(8),
        in limits: ClosedRange<Duration> = .seconds(1)...(.seconds(64)),
        factor: Double = 2,
        length: Int = 1_000,
        retries: Int = 0,
        retryDelay: Duration? = nil,
        by session: UInt64
    ) throws -> UInt64 {
        let type = TaskType(
            name,
            backend: "copy",
            description: "copies",
            defaultInterval: interval,
            minInterval: limits.lowerBound,
            maxInterval: limits.upperBound,
            backoffFactor: factor,
            maxQueueLength: length,
            retries: retries,
            retryDelay: retryDelay
        )
        return try run(RegisterTaskTypes([type]), session: session)[0].number
    }

    /// Creates a task.
    /// - Returns: its id.
    @discardableResult
    mutating func create(
        _ type: String,
        _ argument: String = "a",
        policy: TaskPolicy = .recurring,
        priority: TaskPriority? = nil,
        at nextRun: Timestamp? = nil,
        by session: UInt64
    ) throws -> UInt64 {
        let task = NewTask(
            type,
            TaskArguments([.string(argument)]),
            policy: policy,
            priority: priority,
            nextRun: nextRun
        )
        return try run(CreateTasks([task]), session: session)[0].number
    }

    /// Dispatches what is due of all types, or of some.
    @discardableResult
    mutating func dispatch(
        limit: Int = DispatchDue.limit,
        only types: Set<String>? = nil,
        by session: UInt64
    ) throws -> [UInt64] {
        try run(Self.dispatchDue(limit: limit, only: types), session: session)
    }

    /// A command that runs each task by the workflow that its type names.
    static func dispatchDue(limit: Int, only types: Set<String>? = nil) -> DispatchDue {
        DispatchDue(
            limit: limit,
            serves: { type, _ in types?.contains(type.definition.name) ?? true },
            offer: { task, type, id in
                let payload = Payload(task.arguments, contentType: ContentTypes.json)
                return .run(
                    Submit(
                        id: id,
                        type: Name(type.definition.backend),
                        input: task.arguments,
                        payloads: try SealedPayloads([payload], limit: 1 << 20) {
                            Salt(task.number, task.runs)
                        }
                    )
                )
            }
        )
    }

    /// A task.
    func task(_ number: UInt64) throws -> KeptTask { try #require(state.tasks[number]) }

    /// Ends a run well.
    mutating func complete(
        _ run: UInt64,
        eventful: Bool,
        by session: UInt64
    ) throws {
        let lease = try claim(run, by: session)
        let output = try sealed([.json(Array("2".utf8))])
        try self.run(
            Complete(lease, output: output, operations: 0, isEventful: eventful),
            session: session
        )
    }

    /// Ends a run with an error.
    mutating func fail(_ run: UInt64, isRetryable: Bool, by session: UInt64) throws {
        let lease = try claim(run, by: session)
        let payloads = try sealed([.text("it went wrong")])
        let error = ErrorFacts(code: "no-luck", isRetryable: isRetryable)
        try self.run(Fail(lease, error, payloads: payloads), session: session)
    }
}
