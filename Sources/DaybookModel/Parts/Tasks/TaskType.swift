import DaybookFormat
import SwiftProtobuf

/// A type of tasks: what runs them, how often, and how many at once.
public struct TaskType: Sendable, Hashable {
    /// Its name, 1 to 255 bytes, unique in a journal.
    public var name: String
    /// What it is for, in words.
    public var description: String
    /// The name of the workflow that runs its tasks, or `runbook:` and the name of a stored runbook.
    public var backend: String
    /// The interval of a new task.
    public var defaultInterval: Duration
    /// No interval becomes shorter.
    public var minInterval: Duration
    /// No interval becomes longer.
    public var maxInterval: Duration
    /// A run that finds something new divides the interval by it, any other multiplies it: at least 1.
    public var backoffFactor: Double
    /// So many runs of it may be under way at once; and as many of tasks that have a priority.
    public var maxQueueLength: Int
    /// So often a run that failed is followed by another one after ``retryDelay``.
    public var retries: Int
    /// How long after a failure the next run comes while retries are left; nil: an hour.
    public var retryDelay: Duration?

    /// - Parameters:
    ///   - minInterval: the default interval when left out.
    ///   - maxInterval: the default interval when left out.
    public init(
        _ name: String,
        backend: String,
        description: String = "",
        defaultInterval: Duration = .seconds(90 * 86_400),
        minInterval: Duration? = nil,
        maxInterval: Duration? = nil,
        backoffFactor: Double = 1,
        maxQueueLength: Int = 1_000,
        retries: Int = 0,
        retryDelay: Duration? = nil
    ) {
        self.name = name
        self.backend = backend
        self.description = description
        self.defaultInterval = defaultInterval
        self.minInterval = minInterval ?? defaultInterval
        self.maxInterval = maxInterval ?? defaultInterval
        self.backoffFactor = backoffFactor
        self.maxQueueLength = maxQueueLength
        self.retries = retries
        self.retryDelay = retryDelay
    }

    /// What a backend's name begins with that is a stored runbook.
    package static var runbookPrefix: String { "runbook:" }

    /// The name of the stored runbook that runs its tasks; nil: a workflow does.
    package var runbook: String? {
        backend.hasPrefix(Self.runbookPrefix)
            ? String(backend.dropFirst(Self.runbookPrefix.count)) : nil
    }

    /// The most runs that may be under way at once, and retries.
    package static var limits: (queue: Int, retries: Int, description: Int) {
        (1_000_000, 1_000_000, 4_096)
    }

    /// - Throws: ``Refusal/Code/invalidArgument``.
    func check() throws(Refusal) {
        try Names.check(name, "name of a task type")
        try Names.check(backend, "backend of the task type \(name)")
        if let runbook { try Names.check(runbook, "runbook of the task type \(name)") }
        guard description.utf8.count <= Self.limits.description else {
            throw refusal(
                "the description has \(description.utf8.count) bytes",
                "give at most \(Self.limits.description)"
            )
        }
        let (low, usual, high) = (minInterval, defaultInterval, maxInterval)
        guard low.wholeNanoseconds > 0, low <= usual, usual <= high else {
            throw refusal(
                "the intervals are \(DurationText(low).text), \(DurationText(usual).text) and \(DurationText(high).text)",
                "give a minimum above zero, a default that is not below it, and a maximum that is not below that"
            )
        }
        guard backoffFactor.isFinite, backoffFactor >= 1 else {
            throw refusal(
                "the backoff factor is \(backoffFactor)",
                "give a finite one of at least 1"
            )
        }
        guard (1...Self.limits.queue).contains(maxQueueLength) else {
            throw refusal(
                "the queue holds \(maxQueueLength) runs",
                "give 1 to \(Self.limits.queue)"
            )
        }
        guard (0...Self.limits.retries).contains(retries) else {
            throw refusal("there are \(retries) retries", "give 0 to \(Self.limits.retries)")
        }
        if let retryDelay, retryDelay.wholeNanoseconds == 0 {
            throw refusal(
                "the delay of a retry is \(DurationText(retryDelay).text)",
                "give one above zero, or none for an hour"
            )
        }
    }

    private func refusal(_ found: String, _ advice: String) -> Refusal {
        Refusal(.invalidArgument, "of the task type \(name) \(found); \(advice)")
    }

    var proto: ProtoTaskTypeRegistered {
        .with {
            $0.name = name
            $0.description_p = description
            $0.backend = backend
            $0.defaultInterval = defaultInterval.wholeNanoseconds
            $0.minInterval = minInterval.wholeNanoseconds
            $0.maxInterval = maxInterval.wholeNanoseconds
            $0.backoffFactor = backoffFactor
            $0.maxQueueLength = UInt64(maxQueueLength)
            $0.retries = UInt32(retries)
            $0.retryDelay = retryDelay?.wholeNanoseconds ?? 0
        }
    }

    init(_ proto: ProtoTaskTypeRegistered) {
        self.init(
            proto.name,
            backend: proto.backend,
            description: proto.description_p,
            defaultInterval: Duration(nanoseconds: proto.defaultInterval),
            minInterval: Duration(nanoseconds: proto.minInterval),
            maxInterval: Duration(nanoseconds: proto.maxInterval),
            backoffFactor: proto.backoffFactor,
            maxQueueLength: Int(clamping: proto.maxQueueLength),
            retries: Int(proto.retries),
            retryDelay: proto.retryDelay == 0 ? nil : Duration(nanoseconds: proto.retryDelay)
        )
    }
}

/// A type of tasks that is registered.
package struct KeptTaskType: Sendable {
    /// The entry that registered it.
    package let number: UInt64
    /// What it says.
    package let definition: TaskType
    /// Runs of its tasks that are under way.
    package internal(set) var length = 0
    /// The same of those that have a priority.
    package internal(set) var lengthPrioritised = 0

    /// How many more runs may be begun now: none unless more than a fifth of the queue is free.
    package func slots(prioritised: Bool) -> Int {
        let length = prioritised ? lengthPrioritised : length
        let free = definition.maxQueueLength - length
        return free * 5 > definition.maxQueueLength ? free : 0
    }
}
