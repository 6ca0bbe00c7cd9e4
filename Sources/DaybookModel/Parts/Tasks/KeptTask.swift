import DaybookFormat
import SwiftProtobuf

/// Whether a task is run once or again and again.
@nonexhaustive
public enum TaskPolicy: String, Sendable, CaseIterable, Codable {
    /// Once, and again only after a failure.
    case oneshot
    /// Again and again.
    case recurring

    init(_ proto: ProtoTaskPolicy) throws(WireError) {
        switch proto {
        case .oneshot: self = .oneshot
        case .recurring: self = .recurring
        case .unspecified: throw WireError("a task has no policy")
        case .UNRECOGNIZED(let number): throw .newer("policy of a task", number)
        }
    }

    var proto: ProtoTaskPolicy {
        switch self {
        case .oneshot: .oneshot
        case .recurring: .recurring
        }
    }
}

/// How much a task comes before others of its type that have a priority too, and are due at the same time.
@nonexhaustive
public enum TaskPriority: String, Sendable, CaseIterable, Codable {
    /// Last.
    case low
    /// In the middle.
    case normal
    /// First.
    case high

    /// - Returns: nil: it has none.
    static func read(_ proto: ProtoTaskPriority) throws(WireError) -> TaskPriority? {
        switch proto {
        case .none: nil
        case .low: .low
        case .normal: .normal
        case .high: .high
        case .UNRECOGNIZED(let number): throw .newer("priority of a task", number)
        }
    }

    var proto: ProtoTaskPriority {
        switch self {
        case .low: .low
        case .normal: .normal
        case .high: .high
        }
    }

    /// The least comes first.
    var rank: UInt8 {
        switch self {
        case .high: 0
        case .normal: 1
        case .low: 2
        }
    }
}

/// Where a task stands.
@nonexhaustive
public enum TaskStatus: String, Sendable, CaseIterable, Codable {
    /// It waits for the time of its next run.
    case nextRunNotScheduled = "next_run_not_scheduled"
    /// A run of it is under way.
    case nextRunScheduled = "next_run_scheduled"
    /// It has run, and was to run once.
    case completed
    /// It is not run until it is respawned.
    case disabled

    init(_ proto: ProtoTaskStatus) throws(WireError) {
        switch proto {
        case .nextRunNotScheduled: self = .nextRunNotScheduled
        case .nextRunScheduled: self = .nextRunScheduled
        case .completed: self = .completed
        case .disabled: self = .disabled
        case .unspecified: throw WireError("a task has no status")
        case .UNRECOGNIZED(let number): throw .newer("status of a task", number)
        }
    }

    var proto: ProtoTaskStatus {
        switch self {
        case .nextRunNotScheduled: .nextRunNotScheduled
        case .nextRunScheduled: .nextRunScheduled
        case .completed: .completed
        case .disabled: .disabled
        }
    }
}

/// How a run of a task has ended.
@nonexhaustive
public enum TaskRunStatus: String, Sendable, CaseIterable, Codable {
    /// Well, and it found something new.
    case eventful
    /// Well.
    case uneventful
    /// In an error that may not be there next time.
    case failed
    /// In an error that trying again does not help.
    case permfailed
    /// It is parked: a person must look.
    case lost
    /// Somebody ended it.
    case cancelled

    package init(_ proto: ProtoTaskRunStatus) throws(WireError) {
        switch proto {
        case .eventful: self = .eventful
        case .uneventful: self = .uneventful
        case .failed: self = .failed
        case .permfailed: self = .permfailed
        case .lost: self = .lost
        case .cancelled: self = .cancelled
        case .unspecified: throw WireError("the run of a task has no status")
        case .UNRECOGNIZED(let number): throw .newer("status of the run of a task", number)
        }
    }

    var proto: ProtoTaskRunStatus {
        switch self {
        case .eventful: .eventful
        case .uneventful: .uneventful
        case .failed: .failed
        case .permfailed: .permfailed
        case .lost: .lost
        case .cancelled: .cancelled
        }
    }
}

/// A task that is kept in mind.
package struct KeptTask: Sendable {
    /// A run that is under way.
    package struct Run: Sendable, Hashable {
        /// The number of the execution's first run.
        package let execution: UInt64
        /// The execution's id.
        package let id: Name
        /// When it was dispatched.
        package let scheduledAt: Timestamp
    }

    /// Its id: the entry that created it.
    package let number: UInt64
    /// The number of its type.
    package let type: UInt64
    /// Its arguments as they are recorded.
    package let arguments: [UInt8]
    /// Whether it comes again.
    package let policy: TaskPolicy
    /// Whether it comes before others.
    package let priority: TaskPriority?
    /// When it was created.
    package let createdAt: Timestamp
    /// The time of its first run, as it was asked for.
    let askedFor: Timestamp
    /// Its next run is begun then at the earliest.
    package internal(set) var nextRun: Timestamp
    /// Nanoseconds between two runs.
    package internal(set) var interval: UInt64
    /// So often it may fail before it is given up, or waits for its interval.
    package internal(set) var retriesLeft: UInt32
    /// Where it stands.
    package internal(set) var status = TaskStatus.nextRunNotScheduled
    /// The run that is under way; nil: none is.
    package internal(set) var run: Run?
    /// How often it was dispatched.
    package internal(set) var runs: UInt64 = 0
    /// How many entries its stream has.
    var entries: UInt64 = 1
    /// The last of them.
    var last: UInt64

    /// Whether it is dispatched once its time has come.
    package var isWaiting: Bool { status == .nextRunNotScheduled && run == nil }

    /// Its place among those that wait.
    var dueItem: DueItem {
        DueItem(time: nextRun, rank: priority?.rank ?? 0, task: number)
    }

    init(
        _ number: UInt64,
        _ event: ProtoTaskCreated,
        createdAt: Timestamp,
        askedFor: Timestamp
    ) throws(WireError) {
        self.number = number
        type = event.type
        arguments = Array(event.arguments)
        policy = try TaskPolicy(event.policy)
        priority = try TaskPriority.read(event.priority)
        self.createdAt = createdAt
        self.askedFor = askedFor
        nextRun = Timestamp(rawValue: event.nextRun)
        interval = event.interval
        retriesLeft = event.retriesLeft
        last = number
    }

    /// What makes two tasks the same.
    struct Key: Hashable, Sendable {
        let type: UInt64
        let arguments: [UInt8]
        let policy: TaskPolicy
        let priority: TaskPriority?
        /// When it was to run, if that is once.
        let askedFor: UInt64
    }

    /// What makes another task the same: what was asked for, whatever has become of it.
    var key: Key {
        Key(
            type: type,
            arguments: arguments,
            policy: policy,
            priority: priority,
            askedFor: policy == .oneshot ? askedFor.rawValue : 0
        )
    }
}

extension KeptTask {
    /// The task after a run: the table of endings.
    ///
    /// Disabling survives the end of a run.
    func adapted(
        by end: TaskRunStatus,
        at time: Timestamp,
        _ type: TaskType
    ) -> (status: TaskStatus, nextRun: Timestamp, interval: UInt64, retriesLeft: UInt32) {
        guard status != .disabled else { return (.disabled, nextRun, interval, retriesLeft) }
        let retries = UInt32(type.retries)
        let isOnce = policy == .oneshot
        switch end {
        case .permfailed: return (.disabled, nextRun, interval, retriesLeft)
        case .eventful, .uneventful:
            if isOnce { return (.completed, nextRun, interval, retries) }
            let interval = next(interval, after: end, type)
            return (.nextRunNotScheduled, time.adding(interval), interval, retries)
        case .failed, .lost:
            if retriesLeft > 0 {
                let delay = (type.retryDelay ?? .seconds(3_600)).wholeNanoseconds
                return (.nextRunNotScheduled, time.adding(delay), interval, retriesLeft - 1)
            }
            if isOnce { return (.disabled, nextRun, interval, retriesLeft) }
            return (.nextRunNotScheduled, time.adding(interval), interval, retries)
        case .cancelled:
            if isOnce { return (.disabled, nextRun, interval, retriesLeft) }
            return (.nextRunNotScheduled, time.adding(interval), interval, retriesLeft)
        }
    }

    /// The interval after a run that went well.
    private func next(_ interval: UInt64, after end: TaskRunStatus, _ type: TaskType) -> UInt64 {
        let factor = type.backoffFactor
        let wanted = end == .eventful ? Double(interval) / factor : Double(interval) * factor
        let low = type.minInterval.wholeNanoseconds
        let high = type.maxInterval.wholeNanoseconds
        if wanted <= Double(low) { return low }
        if wanted >= Double(high) { return high }
        return min(max(UInt64(wanted.rounded()), low), high)
    }
}
