import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

extension StatePart {
    /// Types of tasks, tasks, and the runbooks that they may run: each has a stream of its own.
    static let tasks = StatePart(
        name: "tasks",
        schema: 1,
        kinds: [
            .taskTypeRegistered, .taskCreated, .taskDispatched, .taskRunEnded, .taskDisabled,
            .taskRespawned, .taskArchived, .runbookStored,
        ],
        apply: { state, kind, entry, _ in
            try state.checkIsOfNoExecution(kind, entry)
            switch kind {
            case .taskTypeRegistered: try state.registerTaskType(entry)
            case .taskCreated: try state.createTask(entry)
            case .runbookStored: try state.storeRunbook(entry)
            default: try state.changeTask(kind, entry)
            }
            return false
        },
        items: { $0.tasks.items },
        write: { state, number, writer, _ in
            guard let item = state.tasks.item(number) else { return }
            item.encoded().withUnsafeBytes { writer.raw($0) }
        },
        read: { state, bytes throws(WireError) in
            try state.tasks.read(try ProtoTaskItem(wire: bytes))
        }
    )
}

// MARK: Folding

extension State {
    /// - Throws: `WireError` unless an entry begins its stream.
    private func checkBegins(_ entry: EntryView) throws(WireError) {
        guard entry.header.stream.rawValue == entry.header.sequence else {
            throw WireError("it begins a stream, and says that that is \(entry.header.stream)")
        }
        try entry.header.check(follows: 0, of: 0)
    }

    fileprivate mutating func registerTaskType(_ entry: EntryView) throws(WireError) {
        try checkBegins(entry)
        let event = try ProtoTaskTypeRegistered(decoding: entry)
        try tasks.add(
            KeptTaskType(number: entry.header.sequence, definition: try TaskType(checking: event))
        )
        if batch.isOpen { batch.tasks.newTypes.append(entry.header.sequence) }
    }

    fileprivate mutating func createTask(_ entry: EntryView) throws(WireError) {
        try checkBegins(entry)
        let number = entry.header.sequence
        let event = try ProtoTaskCreated(decoding: entry)
        guard tasks.type(event.type) != nil else {
            throw WireError("its type \(event.type) is not registered")
        }
        let task = try KeptTask(
            number,
            event,
            createdAt: entry.header.time,
            askedFor: Timestamp(rawValue: event.nextRun)
        )
        put(task, nil, at: number)
    }

    /// Puts a task in the place of what it was.
    private mutating func put(_ task: KeptTask?, _ before: KeptTask?, at number: UInt64) {
        if batch.isOpen, batch.tasks.tasks[number] == nil {
            batch.tasks.tasks[number] = .some(before)
        }
        tasks.put(task, at: number)
        followDue(before, task)
    }

    fileprivate mutating func changeTask(
        _ kind: EventKind,
        _ entry: EntryView
    ) throws(WireError) {
        let number = entry.header.stream.rawValue
        guard let before = tasks[number] else {
            throw WireError("the task \(number) that it is about is not there")
        }
        try entry.header.check(follows: before.last, of: before.entries)
        var task = before
        task.entries += 1
        task.last = entry.header.sequence
        switch kind {
        case .taskDispatched: try dispatch(&task, entry)
        case .taskRunEnded: try task.endRun(entry)
        case .taskDisabled:
            guard task.status != .disabled else { throw WireError("it is disabled already") }
            task.status = .disabled
        case .taskRespawned:
            guard task.run == nil else { throw WireError("it is respawned while it runs") }
            task.status = .nextRunNotScheduled
            task.nextRun = try entry.time(Wire.TaskRespawned.nextRun)
        default:
            guard task.isArchivable else { throw WireError("it is archived before its end") }
            return put(nil, before, at: number)
        }
        put(task, before, at: number)
    }

    private func dispatch(_ task: inout KeptTask, _ entry: EntryView) throws(WireError) {
        guard task.isWaiting, task.nextRun <= entry.header.time else {
            throw WireError("it dispatches a task that is not due")
        }
        let number = try entry.number(Wire.TaskDispatched.execution)
        guard executions.contains(number), executions[known: number].task == task.number else {
            throw WireError("the execution \(number) is no run of the task")
        }
        task.status = .nextRunScheduled
        task.runs += 1
        task.run = KeptTask.Run(
            execution: number,
            id: executions[known: number].id,
            scheduledAt: entry.header.time
        )
    }

    fileprivate mutating func storeRunbook(_ entry: EntryView) throws(WireError) {
        let event = try ProtoRunbookStored(decoding: entry)
        let number = entry.header.stream.rawValue
        let before = tasks.runbook(at: number)
        guard try entry.commitments().count >= 1 else { throw WireError("it has no text") }
        var runbook: KeptRunbook
        if let before {
            guard Name(event.name) == before.name, event.version == before.version + 1 else {
                throw WireError("it is no next version of the runbook \(before.name)")
            }
            try entry.header.check(follows: before.last, of: before.version)
            runbook = before
        } else {
            try checkBegins(entry)
            guard event.version == 1, tasks.runbook(named: Name(event.name)) == nil else {
                throw WireError("the runbook \(event.name) is there already")
            }
            runbook = KeptRunbook(
                number: number,
                name: Name(event.name),
                version: 0,
                digest: [],
                last: number
            )
        }
        runbook.version = event.version
        runbook.digest = Array(event.digest)
        runbook.last = entry.header.sequence
        if batch.isOpen, batch.tasks.runbooks[number] == nil {
            batch.tasks.runbooks[number] = .some(before)
        }
        tasks.putRunbook(runbook, at: number)
    }
}

extension KeptTask {
    /// Whether nothing comes of it by itself any more.
    package var isArchivable: Bool {
        run == nil && (status == .disabled || status == .completed)
    }

    fileprivate mutating func endRun(_ entry: EntryView) throws(WireError) {
        let event = try ProtoTaskRunEnded(decoding: entry)
        _ = try TaskRunStatus(event.status)
        if event.again {
            guard event.execution != 0, run?.execution != event.execution else {
                throw WireError("a run that is under way ends, and is said to have ended before")
            }
            return
        }
        if event.execution == 0 {
            guard isWaiting else { throw WireError("it has no run, and is not due") }
        } else {
            guard run?.execution == event.execution else {
                throw WireError("the run \(event.execution) that ends is not under way")
            }
        }
        let next = try TaskStatus(event.taskStatus)
        guard next != .nextRunScheduled, status != .disabled || next == .disabled else {
            throw WireError("the task is \(next.rawValue) after a run")
        }
        run = nil
        status = next
        nextRun = Timestamp(rawValue: event.nextRun)
        interval = event.interval
        retriesLeft = event.retriesLeft
    }
}

extension TaskType {
    /// Reads what an entry says.
    fileprivate init(checking event: ProtoTaskTypeRegistered) throws(WireError) {
        self.init(event)
        do throws(Refusal) { try check() } catch { throw WireError(error.message) }
    }
}

// MARK: In a snapshot

extension Tasks {
    fileprivate func item(_ number: UInt64) -> ProtoTaskItem? {
        if let task = self[number] {
            return .with {
                $0.number = number
                $0.task = task.open
            }
        }
        if let type = type(number) {
            return .with {
                $0.number = number
                $0.type = type.definition.proto
            }
        }
        guard let runbook = runbook(at: number) else { return nil }
        return .with {
            $0.number = number
            $0.runbook.newest.name = runbook.name.text
            $0.runbook.newest.version = runbook.version
            $0.runbook.newest.digest = Data(runbook.digest)
            $0.runbook.last = runbook.last
        }
    }

    /// A type comes before its tasks, as it was registered before.
    fileprivate mutating func read(_ item: ProtoTaskItem) throws(WireError) {
        switch item.item {
        case .type(let type):
            try add(KeptTaskType(number: item.number, definition: TaskType(type)))
        case .task(let open): put(try KeptTask(item.number, open), at: item.number)
        case .runbook(let kept):
            let runbook = KeptRunbook(
                number: item.number,
                name: Name(kept.newest.name),
                version: kept.newest.version,
                digest: Array(kept.newest.digest),
                last: kept.last
            )
            putRunbook(runbook, at: item.number)
        case nil: throw WireError("an item of the tasks is empty")
        }
    }
}

extension KeptTask {
    fileprivate var open: ProtoOpenTask {
        .with {
            $0.task.type = type
            $0.task.arguments = Data(arguments)
            $0.task.policy = policy.proto
            $0.task.priority = priority?.proto ?? .none
            $0.task.nextRun = nextRun.rawValue
            $0.task.interval = interval
            $0.task.retriesLeft = retriesLeft
            $0.createdAt = createdAt.rawValue
            $0.status = status.proto
            $0.run = run?.execution ?? 0
            $0.runID = run?.id.text ?? ""
            $0.scheduledAt = run?.scheduledAt.rawValue ?? 0
            $0.runs = runs
            $0.entries = entries
            $0.last = last
            $0.askedFor = askedFor.rawValue
        }
    }

    fileprivate init(_ number: UInt64, _ open: ProtoOpenTask) throws(WireError) {
        try self.init(
            number,
            open.task,
            createdAt: Timestamp(rawValue: open.createdAt),
            askedFor: Timestamp(rawValue: open.askedFor)
        )
        status = try TaskStatus(open.status)
        if open.run != 0 {
            run = Run(
                execution: open.run,
                id: Name(open.runID),
                scheduledAt: Timestamp(rawValue: open.scheduledAt)
            )
        }
        runs = open.runs
        entries = open.entries
        last = open.last
    }
}
