#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookRunbook
import DaybookView

struct TaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task",
        abstract:
            "Create, list, respawn and archive tasks, which `daybook work` runs when they are due.",
        subcommands: [
            AddTaskCommand.self, ScheduleTasksCommand.self, ListTasksCommand.self,
            ListPendingTasksCommand.self, RespawnTasksCommand.self, DisableTasksCommand.self,
            ArchiveTasksCommand.self,
        ]
    )
}

/// Creates tasks, and shows them.
private func create(
    _ tasks: [NewTask],
    lines: [Int]? = nil,
    _ common: CommonOptions,
    _ write: WriteOptions,
    _ reason: String?
) async throws {
    let created = try await withDaybook(common, write, workflows: [RunbookWorkflow()]) { daybook in
        let answers: [NewTaskAnswer]
        do {
            answers = try await daybook.createTasks(tasks, by: write.requester(reason))
        } catch let refusal as Refusal {
            guard let lines, let place = refusal.place, lines.indices.contains(place) else {
                throw refusal
            }
            throw Refusal(refusal.code, "line \(lines[place]): \(refusal.message)")
        }
        var query = TaskQuery()
        query.numbers = Set(answers.map(\.number))
        return try daybook.tasks(query)
    }
    common.show(created, "Created \(created.count) tasks", "daybook.task-add/1")
    try common.tellOfMissingRunbooks(tasks.map(\.type))
}

struct AddTaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Create a task. The same one that is there already is shown.",
        discussion: """
            An argument is JSON where it reads as that, and a text otherwise: 3, true, [1,2], \
            https://example.org. Of a runbook, named arguments are inputs by name, others in the order of \
            declaration.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(name: .shortAndLong, help: "oneshot or recurring.")
    var policy = TaskPolicy.recurring

    @Option(name: [.customShort("P"), .long], help: "low, normal or high; none when left out.")
    var priority: TaskPriority?

    @Option(
        name: .shortAndLong,
        help: "Its first run is begun then at the earliest: a time, or a span from now (4h)."
    )
    var nextRun: ComingTime?

    @Argument(help: "The type.")
    var type: String

    @Argument(help: ArgumentHelp("What it hands to what runs it.", valueName: "ARG|key=value"))
    var arguments: [String] = []

    func run() async throws {
        try write.check()
        let task = NewTask(
            type,
            try TaskInput.arguments(arguments),
            policy: policy,
            priority: priority,
            nextRun: nextRun?.timestamp(now: SystemClock().now())
        )
        try await create([task], common, write, reason)
    }
}

struct ScheduleTasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Create the tasks of a table: all of them, or none.",
        discussion: """
            A line each, without a header. The cells of args and kwargs are JSON: an array, an object. \
            A cell that has the delimiter is put into double quotes, and quotes in it are doubled.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(
        name: .shortAndLong,
        help:
            "The columns, with commas between them: type, args, kwargs, policy, priority, next_run."
    )
    var columns = "type,args,kwargs,next_run"

    @Option(name: .shortAndLong, help: "What stands between two cells: one character.")
    var delimiter = ","

    @Argument(help: "The table; - is standard input.")
    var file: String

    func run() async throws {
        try write.check()
        guard let character = delimiter.first, delimiter.count == 1, character != "\"",
            !character.isNewline
        else {
            throw UsageError(
                "the delimiter \"\(delimiter)\" is not one character that may stand between cells"
            )
        }
        let (tasks, lines) = try TaskInput.tasks(
            try TaskInput.contents(of: file),
            columns: columns.split(separator: ",").map(String.init),
            delimiter: character,
            now: SystemClock().now()
        )
        try await create(tasks, lines: lines, common, write, reason)
    }
}

struct ListTasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List tasks, in the order of their ids.",
        discussion: "Without ids and statuses, those that still come to something."
    )

    @OptionGroup var common: CommonOptions

    @Option(
        name: [.customShort("i"), .customLong("task-id")],
        help: "Only the task of this id; may be repeated."
    )
    var ids: [UInt64] = []

    @Option(
        name: [.customShort("t"), .customLong("task-type")],
        help: "Only tasks of this type; may be repeated."
    )
    var types: [String] = []

    @Option(
        name: [.customShort("s"), .customLong("status")],
        help: "Only tasks that stand so; may be repeated."
    )
    var statuses: [TaskStatus] = []

    @Option(name: .shortAndLong, help: "Only tasks with this policy.")
    var policy: TaskPolicy?

    @Option(
        name: [.customShort("P"), .customLong("priority")],
        help: "Only tasks with this priority; may be repeated."
    )
    var priorities: [TaskPriority] = []

    @Option(
        name: .shortAndLong,
        help: "Only tasks whose next run is before then: a time, or a span from now."
    )
    var before: ComingTime?

    @Option(name: .shortAndLong, help: "Only tasks whose next run is then or later.")
    var after: ComingTime?

    @Option(name: .shortAndLong, help: "So many at most.")
    var limit: Int?

    @Flag(name: [.customShort("r"), .customLong("list-runs")], help: "With their runs.")
    var listRuns = false

    func run() throws {
        let now = SystemClock().now()
        var query = TaskQuery()
        if !ids.isEmpty { query.numbers = Set(ids) }
        if !types.isEmpty { query.types = Set(types) }
        if !statuses.isEmpty {
            query.statuses = Set(statuses)
        } else if ids.isEmpty {
            query.statuses = [.nextRunNotScheduled, .nextRunScheduled]
        }
        if !priorities.isEmpty { query.priorities = Set(priorities) }
        query.policy = policy
        query.before = before?.timestamp(now: now)
        query.after = after?.timestamp(now: now)
        query.limit = limit
        let (tasks, runs) = try common.inspect { inspector in
            let tasks = try inspector.state().tasks(query)
            guard listRuns else { return (tasks, nil as [UInt64: [TaskRun]]?) }
            var runs: [UInt64: [TaskRun]] = [:]
            for task in tasks {
                runs[task.number] = try TaskReader.runs(of: task.number, inspector.store)
            }
            return (tasks, runs)
        }
        common.show(tasks, "Found \(tasks.count) tasks", "daybook.tasks/1", runs: runs)
    }
}

struct ListPendingTasksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list-pending",
        abstract: "List the tasks without a priority that are due, the oldest next run first."
    )

    @OptionGroup var common: CommonOptions

    @Option(name: .shortAndLong, help: "So many of each type at most.")
    var limit: Int?

    @Option(
        name: .shortAndLong,
        help: "Those whose next run is before then, and not before now: a time, or a span from now."
    )
    var before: ComingTime?

    @Argument(help: "The types.")
    var types: [String]

    func run() throws {
        let now = SystemClock().now()
        let state = try common.inspect { try $0.state() }
        for type in types where state.tasks.type(named: Name(type)) == nil {
            throw Refusal.unknownTaskType(type)
        }
        var all: [ScheduledTask] = []
        for (place, type) in types.enumerated() {
            var query = TaskQuery()
            query.types = [type]
            query.statuses = [.nextRunNotScheduled]
            query.withoutPriority = true
            query.before = (before?.timestamp(now: now) ?? now).adding(1)
            query.limit = limit
            query.isByNextRun = true
            let tasks = try state.tasks(query)
            all += tasks
            if common.json { continue }
            if place > 0 { common.output.line("") }
            let head = "Found \(tasks.count) \(type) tasks"
            common.show(tasks, head, "daybook.tasks/1", isFull: false)
        }
        if common.json { common.show(all, "", "daybook.tasks/1") }
    }
}

struct RespawnTasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "respawn",
        abstract: "Have tasks run again, whatever has become of them: all of them, or none."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(
        name: .shortAndLong,
        help: "Then at the earliest: a time, or a span from now; at once when left out."
    )
    var nextRun: ComingTime?

    @Argument(help: "Their ids.")
    var ids: [UInt64]

    func run() async throws {
        try write.check()
        let time = nextRun?.timestamp(now: SystemClock().now())
        let done = try await withDaybook(common, write) {
            try await $0.respawnTasks(ids, nextRun: time, by: write.requester(reason))
        }
        common.tell("Respawn tasks", done, "daybook.task-respawn/1")
    }
}

struct DisableTasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Run tasks no more until they are respawned. A run that is under way goes on."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Argument(help: "Their ids.")
    var ids: [UInt64]

    func run() async throws {
        try write.check()
        let done = try await withDaybook(common, write) {
            try await $0.disableTasks(ids, by: write.requester(reason))
        }
        common.tell("Disable tasks", done, "daybook.task-disable/1")
    }
}

struct ArchiveTasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Keep tasks that have come to their end in mind no more. Their entries stay.",
        discussion: "Those that are completed or disabled, and of which no run is under way."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(
        name: [.customShort("t"), .customLong("task-type")],
        help: "Only tasks of this type; may be repeated."
    )
    var types: [String] = []

    @Option(
        name: .shortAndLong,
        help: "Only tasks whose next run is before then: a time, or a span from now."
    )
    var before: ComingTime?

    @Option(name: .shortAndLong, help: "Only tasks whose next run is then or later.")
    var after: ComingTime?

    @Option(name: .shortAndLong, help: "So many at most.")
    var limit: Int = 1_000

    @Flag(name: .long, help: "Only say which.")
    var dryRun = false

    func run() async throws {
        try write.check()
        let now = SystemClock().now()
        var query = TaskQuery()
        query.statuses = [.completed, .disabled]
        if !types.isEmpty { query.types = Set(types) }
        query.before = before?.timestamp(now: now)
        query.after = after?.timestamp(now: now)
        let found = try common.inspect { try $0.state() }.tasks(query)
        let ids = found.filter { $0.run == nil }.map(\.number).prefix(limit)
        if dryRun || ids.isEmpty {
            return common.tell("Would archive tasks", Array(ids), "daybook.task-archive/1")
        }
        let done = try await withDaybook(common, write) {
            try await $0.archiveTasks(Array(ids), by: write.requester(reason))
        }
        common.tell("Archive tasks", done, "daybook.task-archive/1")
    }
}

extension CommonOptions {
    /// Says what was done to which tasks.
    fileprivate func tell(_ what: String, _ ids: [UInt64], _ schema: String) {
        if json {
            return write(schema) { json in
                json.key("tasks")
                json.array { json in for id in ids { json.number(id) } }
            }
        }
        output.line(
            TerminalText(lines: "\(what) [\(ids.map(String.init).joined(separator: ", "))]")
        )
    }
}
#endif
