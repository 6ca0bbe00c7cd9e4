#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

#if canImport(Glibc)
import Glibc
#endif

extension Terminal.ColorChoice: ExpressibleByArgument {}

enum TimeStyle: String, ExpressibleByArgument, CaseIterable {
    case utc, local, relative
}

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(
        name: [.customShort("j"), .long],
        help: ArgumentHelp("The journal's folder.", valueName: "path")
    )
    var journal: String?

    @Flag(name: .long, help: "Write one JSON document to standard output.")
    var json = false

    @Option(name: .long, help: "Colour: auto, always or never.")
    var color = Terminal.ColorChoice.auto

    @Flag(name: .long, help: "Say more about what fails.")
    var verbose = false

    /// What is advised from here on names the same journal.
    func validate() throws { Advice.note(journal: journal) }

    var output: Terminal { Terminal(descriptor: 1, choice: color) }
    var errors: Terminal { Terminal(descriptor: 2, choice: color) }

    /// The journal as named, else by the environment.
    func namedJournal() throws -> String? {
        if let journal { return journal }
        guard let variable = getenv("DAYBOOK_JOURNAL") else { return nil }
        guard let path = String(validatingCString: variable) else {
            throw UsageError("DAYBOOK_JOURNAL is not UTF-8; name the journal by a path that is")
        }
        return path
    }

    /// The journal: as named, else by the environment, else the only one in this folder.
    func journalPath() throws -> String {
        if let named = try namedJournal() { return named }
        let found = try Folder.names(in: ".").filter { $0.hasSuffix(".daybook") }
        switch found.count {
        case 1: return found[0]
        case 0:
            throw UsageError(
                "no journal was named, and this folder has no *.daybook; name one with --journal, or create one with `daybook init NAME.daybook`"
            )
        default:
            throw UsageError(
                "no journal was named, and this folder has several (\(found.joined(separator: ", "))); name one with --journal"
            )
        }
    }

    /// The words that name the journal in a command line, if it was named so here.
    var journalWords: String { journal.map { shellOption("--journal", $0) } ?? "" }

    /// Opens the journal for looking.
    func inspect<Result>(_ body: (Inspector) throws -> Result) throws -> Result {
        var inspector = try Inspector(path: try journalPath())
        defer { inspector.close() }
        inspector.damagedSnapshot = SnapshotNotice.tell
        return try body(inspector)
    }

    /// Writes what there is of a document, when it is much.
    func flush(_ json: inout JSONWriter) {
        if json.bytes.count >= 1 << 16 { output.write(json.take()) }
    }

    /// Writes one JSON document with its schema.
    func write(_ schema: String, _ body: (inout JSONWriter) throws -> Void) rethrows {
        var json = JSONWriter()
        try json.object { json in
            json.member("schema", schema)
            try body(&json)
        }
        output.write(json.bytes + [UInt8(ascii: "\n")])
    }
}

/// What commands take that submit something.
struct SubmitOptions: ParsableArguments {
    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A label by which it is found; may be repeated.",
            valueName: "name=value"
        )
    )
    var label: [LabelArgument] = []

    @OptionGroup var terms: TermOptions
    @OptionGroup var secrets: SecretOptions

    /// What differs from what the runbook says.
    /// - Throws: ``UsageError`` for a label that is given twice.
    func options() throws -> ExecutionOptions {
        var labels: [String: String] = [:]
        for label in label {
            guard labels.updateValue(label.value, forKey: label.name) == nil else {
                throw UsageError("the label \(label.name) is given twice; give each name once")
            }
        }
        var options = ExecutionOptions(
            retry: terms.retry?.policy,
            timeout: terms.timeout?.duration,
            delay: terms.delay?.duration,
            labels: labels
        )
        options.secrets = try secrets.read()
        return options
    }

    /// The words that say the same in another command line.
    var words: String {
        label.map { shellOption("--label", "\($0.name)=\($0.value)") }.joined()
            + (reason.map { shellOption("--reason", $0) } ?? "") + terms.words
    }
}

/// A label as it is named on the command line: `name=value`.
struct LabelArgument: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        // Among the bytes: a value may begin with a combining character.
        guard let equals = argument.utf8.firstIndex(of: UInt8(ascii: "=")),
            equals > argument.startIndex
        else { return nil }
        name = String(argument[..<equals])
        value = String(
            decoding: argument.utf8[argument.utf8.index(after: equals)...],
            as: UTF8.self
        )
    }
}

/// What commands take that change the journal.
struct WriteOptions: ParsableArguments {
    @Option(name: .long, help: "Who acts, for the record. By default the user of the system.")
    var actor: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The file of the key that secrets are kept under; else DAYBOOK_KEY_FILE, else DAYBOOK_KEY.",
            valueName: "path"
        )
    )
    var keyFile: String?

    /// What is advised from here on names the same key.
    func validate() throws { Advice.note(keyFile: keyFile) }

    /// Makes sure of what was given, before a session is opened for it.
    func check() throws {
        if let actor { try Names.check(actor, "actor") }
    }

    /// The words that name actor and key in another command line.
    var words: String {
        (actor.map { shellOption("--actor", $0) } ?? "")
            + (keyFile.map { shellOption("--key-file", $0) } ?? "")
    }

    /// Who acts is the actor of the session that the command opens: so only the reason is said.
    func requester(_ reason: String?) -> Requester { Requester(reason: reason) }

    func options(_ common: CommonOptions) -> EngineOptions {
        var options = EngineOptions()
        options.actor = actor
        options.program = "daybook"
        if let keyFile { options.journalKey = .file(keyFile) }
        var logger = Logger(label: "daybook") { _ in StandardErrorLog() }
        logger.logLevel = common.verbose ? .debug : .critical
        options.logger = logger
        options.damagedSnapshot = SnapshotNotice.tell
        return options
    }
}

struct TimeOptions: ParsableArguments {
    @Option(name: .long, help: "Times: utc, local or relative.")
    var time = TimeStyle.utc

    func text(_ time: Timestamp) -> String {
        switch self.time {
        case .utc: time.milliseconds
        case .local: Self.local(time)
        case .relative: Self.relative(time, to: SystemClock().now())
        }
    }

    private static func relative(_ time: Timestamp, to now: Timestamp) -> String {
        time > now ? "in \(time.since(now).brief)" : "\(now.since(time).brief) ago"
    }

    private static func local(_ time: Timestamp) -> String {
        var seconds = time_t(time.rawValue / 1_000_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S%z", &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
#endif
