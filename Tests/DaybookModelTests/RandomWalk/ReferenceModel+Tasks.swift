import DaybookFormat

@testable import DaybookModel

/// Tasks, plainly: which are due is looked for among all, and how many runs are under way is counted.
///
/// When a task comes next is taken from what the model came to, which its tests hold against the table of
/// endings; what may be dispatched, and how many entries that writes, is foretold.
extension ReferenceModel {
    struct TaskKind {
        let number: UInt64
        let name: String
        let backend: Name
        let limit: Int
    }

    struct Task {
        let number: UInt64
        let type: UInt64
        let key: String
        let rank: UInt8
        let isPrioritised: Bool
        var runs = 0
        /// The first run of the execution that is under way; 0: none is.
        var run: UInt64 = 0
        var nextRun: UInt64
        var status = TaskStatus.nextRunNotScheduled
    }

    mutating func registerType(_ name: String, backend: Name, limit: Int) -> Outcome<Bool> {
        if taskKinds.contains(where: { $0.name == name }) { return .granted(true) }
        let number = write()
        taskKinds.append(TaskKind(number: number, name: name, backend: backend, limit: limit))
        taskKinds.sort { $0.name < $1.name }
        return .granted(false)
    }

    mutating func createTasks(_ wanted: [NewTask]) -> Outcome<[NewTaskAnswer]> {
        var answers: [NewTaskAnswer] = []
        guard wanted.allSatisfy({ task in taskKinds.contains { $0.name == task.type } }) else {
            return .refused(.notFound)
        }
        for task in wanted {
            guard let kind = taskKinds.first(where: { $0.name == task.type }) else {
                return .refused(.notFound)
            }
            let time = (task.nextRun ?? now).rawValue
            let key =
                "\(task.type) \(task.arguments) \(task.policy) \(task.priority?.rawValue ?? "-")"
                + (task.policy == .oneshot ? " \(time)" : "")
            if let known = tasks.values.first(where: { $0.key == key }) {
                answers.append(NewTaskAnswer(number: known.number, existed: true))
                continue
            }
            let number = write()
            tasks[number] = Task(
                number: number,
                type: kind.number,
                key: key,
                rank: task.priority?.rank ?? 0,
                isPrioritised: task.priority != nil,
                nextRun: time
            )
            answers.append(NewTaskAnswer(number: number, existed: false))
        }
        return .granted(answers)
    }

    mutating func dispatch(limit: Int, _ types: [String]) -> Outcome<[UInt64]> {
        var begun: [UInt64] = []
        for kind in taskKinds {
            for isPrioritised in [true, false] {
                let all = tasks.values.filter {
                    $0.type == kind.number && $0.isPrioritised == isPrioritised
                }
                let free = kind.limit - all.filter { $0.run != 0 }.count
                let due = all.filter {
                    $0.run == 0 && $0.status == .nextRunNotScheduled && $0.nextRun <= now.rawValue
                }.sorted { ($0.nextRun, $0.rank, $0.number) < ($1.nextRun, $1.rank, $1.number) }
                for task in due.prefix(free * 5 > kind.limit ? free : 0) where begun.count < limit {
                    begun.append(begin(task, kind))
                }
            }
        }
        return .granted(begun)
    }

    private mutating func begin(_ task: Task, _ kind: TaskKind) -> UInt64 {
        let id = Name("task-\(task.number)-\(task.runs + 1)")
        let input = "input of \(id)"
        let number = writeSubmission(
            id,
            type: kind.backend,
            input: input,
            Submit.Terms(),
            [ContentTypes.json]
        )
        change(number) { $0.task = task.number }
        write()
        tasks[task.number]?.run = number
        tasks[task.number]?.runs += 1
        tasks[task.number]?.status = .nextRunScheduled
        if let known = executions[number] { ready(known) }
        return number
    }

    mutating func disableTasks(_ numbers: [UInt64]) -> Outcome<[UInt64]> {
        guard numbers.allSatisfy({ tasks[$0] != nil }) else { return .refused(.notFound) }
        var changed: [UInt64] = []
        for number in numbers where tasks[number]?.status != .disabled {
            write()
            tasks[number]?.status = .disabled
            changed.append(number)
        }
        return .granted(changed)
    }

    mutating func respawnTasks(_ numbers: [UInt64], at time: UInt64) -> Outcome<[UInt64]> {
        guard numbers.allSatisfy({ tasks[$0] != nil }) else { return .refused(.notFound) }
        guard numbers.allSatisfy({ tasks[$0]?.run == 0 }) else { return .refused(.wrongState) }
        for number in numbers {
            write()
            tasks[number]?.status = .nextRunNotScheduled
            tasks[number]?.nextRun = time
        }
        return .granted(numbers)
    }

    mutating func archiveTasks(_ numbers: [UInt64]) -> Outcome<[UInt64]> {
        guard numbers.allSatisfy({ tasks[$0] != nil }) else { return .refused(.notFound) }
        let mayGo = { (task: Task?) in
            task?.run == 0 && (task?.status == .disabled || task?.status == .completed)
        }
        guard numbers.allSatisfy({ mayGo(tasks[$0]) }) else { return .refused(.wrongState) }
        for number in numbers {
            write()
            tasks[number] = nil
        }
        return .granted(numbers)
    }

    mutating func storeRunbook(_ name: String, _ text: String) -> Outcome<StoredRunbookAnswer> {
        let before = runbooks[name]
        if let before, before.text == text {
            return .granted(StoredRunbookAnswer(version: before.version, existed: true))
        }
        let version = (before?.version ?? 0) + 1
        write(0, [ContentTypes.text])
        runbooks[name] = (version, text)
        return .granted(StoredRunbookAnswer(version: version, existed: false))
    }

    /// Tasks are told of runs that were closed, or parked.
    mutating func adaptTasks() {
        while !endedRuns.isEmpty {
            let (task, run) = endedRuns.removeFirst()
            guard tasks[task] != nil else { continue }
            write()
            if tasks[task]?.run == run { tasks[task]?.run = 0 }
        }
    }
}
