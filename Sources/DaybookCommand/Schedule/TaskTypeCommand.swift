#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookRunbook
import DaybookSystem
import FoundationEssentials

struct TaskTypeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task-type",
        abstract: "List the types of tasks, or register one.",
        subcommands: [
            ListTaskTypesCommand.self, AddTaskTypeCommand.self, RegisterTaskTypesCommand.self,
        ]
    )
}

struct ListTaskTypesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the types of tasks, in the order of their names."
    )

    @OptionGroup var common: CommonOptions

    @Flag(name: [.customShort("v"), .customLong("long")], help: "Say all that is known of each.")
    var long = false

    @Option(
        name: [.customShort("t"), .customLong("type")],
        help: "Only the type of this name; may be repeated."
    )
    var types: [String] = []

    @Option(
        name: [.customShort("n"), .customLong("backend")],
        help: "Only types with this backend; may be repeated."
    )
    var backends: [String] = []

    func run() throws {
        let all = try common.inspect { try $0.state() }.taskTypes
        let found = all.filter { type in
            (types.isEmpty || types.contains(type.name))
                && (backends.isEmpty || backends.contains(type.backend))
        }
        if common.json {
            return common.write("daybook.task-types/1") { json in
                json.key("types")
                json.array { json in for type in found { json.object { type.write(to: &$0) } } }
            }
        }
        let lines =
            ["Known task types:"] + found.flatMap { $0.lines(isLong: long || common.verbose) }
        common.output.line(TerminalText(lines: lines.joined(separator: "\n")))
    }
}

struct AddTaskTypeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Register a type of tasks. One of that name that is there stays as it is."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(help: "The interval of a new task (30s, 12h, 64d).")
    var defaultInterval = Span(seconds: 90 * 86_400)

    @Option(help: "No interval becomes shorter; the default interval when left out.")
    var minInterval: Span?

    @Option(help: "No interval becomes longer; the default interval when left out.")
    var maxInterval: Span?

    @Option(
        help: "A run that finds something new divides the interval by it, any other multiplies it."
    )
    var backoffFactor = 1.0

    @Option(help: "So many runs may be under way at once.")
    var maxQueueLength = 1_000

    @Option(help: "So often a run that failed is followed by another one after the delay.")
    var numRetries = 0

    @Option(help: "How long after a failure that is; an hour when left out.")
    var retryDelay: Span?

    @Argument(help: "The name of the type.")
    var type: String

    @Argument(help: "The workflow that runs its tasks, or runbook:NAME.")
    var backend: String

    @Argument(help: "What it is for, in words.")
    var description: String = ""

    func run() async throws {
        try write.check()
        let type = TaskType(
            type,
            backend: backend,
            description: description,
            defaultInterval: defaultInterval.duration,
            minInterval: minInterval?.duration,
            maxInterval: maxInterval?.duration,
            backoffFactor: backoffFactor,
            maxQueueLength: maxQueueLength,
            retries: numRetries,
            retryDelay: retryDelay?.duration
        )
        try await register([type], common, write, reason)
    }
}

struct RegisterTaskTypesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Register the types of tasks that a file describes.",
        discussion: """
            The file is JSON: an array of objects with the keys type and backend, and those of \
            description, default_interval, min_interval, max_interval, backoff_factor, \
            max_queue_length, num_retries and retry_delay that are not as usual. Spans are texts \
            like "64d".
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Argument(help: "The file.")
    var file: String

    func run() async throws {
        try write.check()
        try await register(try TaskTypeFile.types(in: file), common, write, reason)
    }
}

/// A file that describes types of tasks.
enum TaskTypeFile {
    private struct Described: Decodable {
        let type: String
        let backend: String
        let description: String?
        let defaultInterval: String?
        let minInterval: String?
        let maxInterval: String?
        let backoffFactor: Double?
        let maxQueueLength: Int?
        let retries: Int?
        let retryDelay: String?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case type, backend, description
            case defaultInterval = "default_interval"
            case minInterval = "min_interval"
            case maxInterval = "max_interval"
            case backoffFactor = "backoff_factor"
            case maxQueueLength = "max_queue_length"
            case retries = "num_retries"
            case retryDelay = "retry_delay"
        }
    }

    private static let keys = Set(Described.CodingKeys.allCases.map(\.rawValue))

    static func types(in file: String) throws -> [TaskType] {
        let bytes = try TaskInput.contents(of: file)
        do {
            let raw = try JSONDecoder().decode([[String: TaskValue]].self, from: Data(bytes))
            for (place, object) in raw.enumerated() {
                if let key = object.keys.sorted().first(where: { !keys.contains($0) }) {
                    throw UsageError(
                        "type \(place + 1) of \(file) has the key \(key), which is not known; use \(keys.sorted().joined(separator: ", "))"
                    )
                }
            }
            let all = try JSONDecoder().decode([Described].self, from: Data(bytes))
            return try all.enumerated().map { try type($1, "type \($0 + 1) of \(file)") }
        } catch let error as DecodingError {
            throw UsageError(
                "the file \(file) does not describe types of tasks: \(error); see `daybook task-type register --help`"
            )
        }
    }

    private static func type(_ described: Described, _ place: String) throws -> TaskType {
        let usual = try span(described.defaultInterval, place) ?? .seconds(90 * 86_400)
        return TaskType(
            described.type,
            backend: described.backend,
            description: described.description ?? "",
            defaultInterval: usual,
            minInterval: try span(described.minInterval, place),
            maxInterval: try span(described.maxInterval, place),
            backoffFactor: described.backoffFactor ?? 1,
            maxQueueLength: described.maxQueueLength ?? 1_000,
            retries: described.retries ?? 0,
            retryDelay: try span(described.retryDelay, place)
        )
    }

    private static func span(_ text: String?, _ place: String) throws -> Duration? {
        guard let text else { return nil }
        guard let span = Span(argument: text) else {
            throw UsageError(
                "\(place) has the span \"\(text)\"; write a whole number with a unit (ms, s, m, h, d or w)"
            )
        }
        return span.duration
    }
}

/// Registers types, and says what became of each.
private func register(
    _ types: [TaskType],
    _ common: CommonOptions,
    _ write: WriteOptions,
    _ reason: String?
) async throws {
    let answers = try await withDaybook(common, write) {
        try await $0.registerTaskTypes(types, by: write.requester(reason))
    }
    for (type, answer) in zip(types, answers) where answer.differs {
        common.errors.line(
            "daybook: the task type \(type.name) is registered already, and is another one: it stays as it is"
        )
    }
    if common.json {
        common.write("daybook.task-type-register/1") { json in
            json.key("types")
            json.array { json in
                for (type, answer) in zip(types, answers) {
                    json.object { json in
                        json.member("name", type.name)
                        json.member("number", answer.number)
                        json.member("existed", answer.existed)
                        json.member("differs", answer.differs)
                    }
                }
            }
        }
    } else {
        common.output.line("OK")
    }
    try common.tellOfMissingRunbooks(types.map(\.name))
}
#endif
