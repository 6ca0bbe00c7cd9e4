public import DaybookFormat
package import DaybookJournal
public import DaybookModel

/// A task as it stands.
public struct ScheduledTask: Sendable, Hashable {
    /// Its id: the sequence of the entry that created it.
    public let number: UInt64
    /// The name of its type.
    public let type: String
    /// What it hands to what runs it.
    public let arguments: TaskArguments
    /// Whether it comes again.
    public let policy: TaskPolicy
    /// Whether it comes before others; nil: it has no priority.
    public let priority: TaskPriority?
    /// Where it stands.
    public let status: TaskStatus
    /// Its next run is begun then at the earliest.
    public let nextRun: Timestamp
    /// The time between two runs.
    public let interval: Duration
    /// So often it may fail before it is given up, or waits for its interval.
    public let retriesLeft: Int
    /// When it was created.
    public let createdAt: Timestamp
    /// The id of the execution that is its run; nil: none is under way.
    public let run: String?

    /// - Throws: ``JournalError/Code/integrity`` for arguments that cannot be read.
    init(_ task: KeptTask, _ type: String) throws(JournalError) {
        number = task.number
        self.type = type
        do throws(WireError) {
            arguments = try TaskArguments(canonical: task.arguments)
        } catch {
            throw JournalError(.integrity, error.reason, sequence: task.number)
        }
        policy = task.policy
        priority = task.priority
        status = task.status
        nextRun = task.nextRun
        interval = Duration(nanoseconds: task.interval)
        retriesLeft = Int(task.retriesLeft)
        createdAt = task.createdAt
        run = task.run?.id.text
    }
}

/// A run of a task.
public struct TaskRun: Sendable, Hashable {
    /// The id of its task.
    public let task: UInt64
    /// The number of its execution; nil: none was begun, because the task does not fit what runs it.
    public let execution: UInt64?
    /// The id of its execution.
    public internal(set) var id: String?
    /// When it was dispatched; nil: it was not.
    public let scheduledAt: Timestamp?
    /// When it was first claimed; nil: it was not, or its end is not recorded.
    public internal(set) var startedAt: Timestamp?
    /// When it ended; nil: it has not.
    public internal(set) var endedAt: Timestamp?
    /// How it has ended; nil: it has not.
    public internal(set) var status: TaskRunStatus?
    /// What else is known of its end: the code of its `error`, and that it was `reopened` after it had ended
    /// before.
    public internal(set) var metadata: [String: String] = [:]
}

/// Which tasks are meant.
public struct TaskQuery: Sendable {
    /// Those with these ids; nil: all.
    public var numbers: Set<UInt64>?
    /// Those of these types; nil: of all.
    public var types: Set<String>?
    /// Those that stand so; nil: however they stand.
    public var statuses: Set<TaskStatus>?
    /// Those with one of these priorities; nil: with any, or none.
    public var priorities: Set<TaskPriority>?
    /// Only those without a priority.
    public var withoutPriority = false
    /// Those with this policy; nil: with any.
    public var policy: TaskPolicy?
    /// Those whose next run is before then.
    public var before: Timestamp?
    /// Those whose next run is then or later.
    public var after: Timestamp?
    /// So many at most.
    public var limit: Int?
    /// In the order of their next runs, and not of their ids.
    public var isByNextRun = false

    /// All tasks.
    public init() {}

    func contains(_ task: KeptTask, _ type: String) -> Bool {
        (numbers?.contains(task.number) ?? true) && (types?.contains(type) ?? true)
            && (statuses?.contains(task.status) ?? true)
            && (priorities.map { all in task.priority.map { all.contains($0) } ?? false } ?? true)
            && (!withoutPriority || task.priority == nil)
            && (policy.map { $0 == task.policy } ?? true)
            && (before.map { task.nextRun < $0 } ?? true)
            && (after.map { task.nextRun >= $0 } ?? true)
    }
}

extension State {
    /// The tasks that a query asks for.
    /// - Throws: ``JournalError/Code/integrity``.
    package func tasks(_ query: TaskQuery) throws(JournalError) -> [ScheduledTask] {
        var found: [(task: KeptTask, type: String)] = []
        let numbers = query.numbers.map { $0.sorted() } ?? tasks.numbers
        for number in numbers {
            guard let task = tasks[number], let type = tasks.type(task.type)?.definition.name,
                query.contains(task, type)
            else { continue }
            found.append((task, type))
            if !query.isByNextRun, found.count == query.limit { break }
        }
        if query.isByNextRun {
            found.sort { ($0.task.nextRun, $0.task.number) < ($1.task.nextRun, $1.task.number) }
        }
        var records: [ScheduledTask] = []
        for (task, type) in found.prefix(query.limit ?? .max) {
            records.append(try ScheduledTask(task, type))
        }
        return records
    }

    /// All types of tasks, in the order of their names.
    package var taskTypes: [TaskType] { tasks.typesInOrder.map(\.definition) }
}

/// Reads the runs of tasks from their histories.
package enum TaskReader {
    /// The runs of a task, in order.
    /// - Throws: ``JournalError``.
    package static func runs(
        of task: UInt64,
        _ store: any JournalStore
    ) throws -> [TaskRun] {
        try store.read { reader in
            var runs: [TaskRun] = []
            try reader.scanHistory(of: task, from: task) { sequence in
                let read: Void? = try reader.withView(of: sequence) { entry in
                    try note(entry, of: task, in: &runs, reader)
                }
                guard read != nil else { throw JournalError.missing(sequence, ofHistory: task) }
                return true
            }
            return runs
        }
    }

    private static func note(
        _ entry: EntryView,
        of task: UInt64,
        in runs: inout [TaskRun],
        _ reader: any StoreReader
    ) throws {
        switch EventKind(rawValue: entry.event) {
        case .taskDispatched:
            let number = try ProtoTaskDispatched(decoding: entry).execution
            let id = try reader.withView(of: number) {
                try ProtoExecutionSubmitted(decoding: $0).id
            }
            runs.append(
                TaskRun(task: task, execution: number, id: id, scheduledAt: entry.header.time)
            )
        case .taskRunEnded:
            let event = try ProtoTaskRunEnded(decoding: entry)
            let number = event.execution == 0 ? nil : event.execution
            let known = runs.lastIndex { $0.execution != nil && $0.execution == number }
            if known == nil {
                runs.append(TaskRun(task: task, execution: number, scheduledAt: nil))
            }
            let place = known ?? runs.count - 1
            runs[place].startedAt =
                event.startedAt == 0 ? nil : Timestamp(rawValue: event.startedAt)
            runs[place].endedAt = Timestamp(rawValue: event.endedAt)
            runs[place].status = try TaskRunStatus(event.status)
            runs[place].metadata["error"] = event.errorCode.isEmpty ? nil : event.errorCode
            if event.again { runs[place].metadata["reopened"] = "true" }
        default: break
        }
    }
}
