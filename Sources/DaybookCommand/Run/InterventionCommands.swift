#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel

/// What commands take by which a person intervenes.
struct InterventionOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var consent: ConsentOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Argument(help: "The execution's id.")
    var id: String

    /// Who acts, and why.
    var requester: Requester { write.requester(reason) }

    /// Makes sure of what was given, before a session is opened for it.
    private func check() throws {
        try Names.check(id, "execution id")
        try write.check()
        if let reason {
            let limit = try common.inspect { try $0.payloadLimit() }
            let size = reason.utf8.count
            guard size <= limit else { throw PayloadTooLarge(size: size, limit: limit) }
        }
    }

    /// Asks, has it done, and says what became of it.
    /// - Parameters:
    ///   - verb: for example `cancel`.
    ///   - done: for example `cancelled`.
    ///   - word: what became of it, where that is another word.
    ///   - rehearsed: what would become of it, in sentences.
    ///   - more: written into the document besides.
    func run(
        _ verb: String,
        _ done: String,
        _ command: (Intervention) -> some Command,
        word: (InterventionAnswer) -> String? = { _ in nil },
        rehearsed: (ExecutionRecord, Inspector) throws -> [String] = { _, _ in [] },
        writing more: (inout JSONWriter) -> Void = { _ in },
        _ act: (Engine) async throws -> InterventionAnswer
    ) async throws {
        try check()
        if consent.dryRun {
            let reason = try reason.map { try SealedPayloads([.text($0)], limit: 1 << 16) }
            let intervention = Intervention(id: Name(id), by: Request(reason: reason))
            let lines = try common.inspect { try rehearsed(try $0.record(of: id), $0) }
            if try rehearse(verb, command(intervention), common), !common.json {
                for line in lines { common.errors.line("\(line)") }
            }
            return
        }
        try consent.ask("\(verb) the execution \(id: id)")
        let answer = try await withDaybook(common, write) { try await act($0) }
        if common.json {
            common.write("daybook.\(verb)/1") { json in
                json.member("id", id)
                json.member("number", answer.number)
                json.member("status", answer.status.rawValue)
                json.member("wasSo", answer.wasSo)
                more(&json)
            }
        } else {
            let words = answer.wasSo ? "is \(done) already" : word(answer) ?? done
            common.output.line("\(id: id) \(words)")
        }
    }
}

/// Consent to what changes the journal.
struct ConsentOptions: ParsableArguments {
    @Flag(name: .long, help: "Say what would be recorded, and record nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    /// Asks whoever sits at the terminal.
    /// - Throws: ``UsageError`` when nobody does; ``CommandEnd`` when the answer is no.
    func ask(_ what: TerminalText) throws {
        if yes { return }
        guard Terminal.standardError.isInteractive, Terminal.isInputInteractive else {
            throw UsageError(
                "\(what.raw)? standard input is not a terminal; use --yes to confirm"
            )
        }
        Terminal.standardError.write("\(what)? [y/N] ")
        guard let answer = readLine()?.lowercased(), ["y", "yes"].contains(answer) else {
            Terminal.standardError.line("nothing was done")
            throw CommandEnd(status: .failed)
        }
    }
}

/// Says what a command would record.
/// - Returns: whether it would record anything.
@discardableResult
func rehearse(
    _ verb: String,
    _ command: some Command,
    _ common: CommonOptions,
    check: () throws -> Void = {}
) throws -> Bool {
    let events = try common.inspect { try $0.rehearse(command, at: SystemClock().now()) }
    try check()
    if common.json {
        common.write("daybook.\(verb.replacing(" ", with: "-"))/1") { json in
            json.member("dryRun", true)
            json.key("events")
            json.array { json in for event in events { json.string(event) } }
        }
    } else {
        common.output.line(
            events.isEmpty
                ? "nothing would be recorded: it is so already"
                : "would be recorded: \(events.joined(separator: ", "))"
        )
    }
    return !events.isEmpty
}

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel an execution, at once.",
        discussion: """
            Code that runs is told to stop, and what it finishes before that is still recorded. \
            What it registered for an end from outside is run by a process that works on the journal. \
            Cancelling it again changes nothing; `daybook retry` opens it again.
            """
    )

    @OptionGroup var options: InterventionOptions

    @Flag(
        help:
            "What it registered for an end from outside does not run; also if it has ended and cleans up now."
    )
    var force = false

    func run() async throws {
        let undoing = try UnfinishedUndoing(of: options.id, options.common)
        try await undoing.explaining("be cancelled") {
            try await cancel()
        }
        guard force, !options.consent.dryRun, !options.common.json else { return }
        let lines = try options.common.inspect { inspector in
            try inspector.undoings(of: try inspector.record(of: options.id))
        }
        for line in lines { options.common.errors.line("  \(line)") }
    }

    private func cancel() async throws {
        try await options.run(
            "cancel",
            "cancelled",
            { Cancel($0, force: force) },
            // What has ended otherwise stays so.
            word: {
                $0.status == .cancelled
                    ? nil : "stays \($0.status.rawValue): what was not undone is left as it is"
            },
            rehearsed: { record, inspector in
                let names = try inspector.undoable(of: record).joined(separator: ", ")
                let end =
                    record.status.isFinal ? "would stay \(record.statusText)" : "would be cancelled"
                if names.isEmpty {
                    return ["\(record.id.shownAsID) \(end), and has nothing to undo"]
                }
                return force
                    ? [
                        "\(record.id.shownAsID) \(end), and leave as it is what it has done: \(names)"
                    ]
                    : ["\(record.id.shownAsID) \(end), and undo what it has done: \(names)"]
            }
        ) {
            try await $0.cancel(options.id, force: force, by: options.requester)
        }
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause an execution: nothing of it runs until it is resumed.",
        discussion: "Timers go on, and signals are kept."
    )

    @OptionGroup var options: InterventionOptions

    func run() async throws {
        try await options.run("pause", "paused", { Pause($0) }) {
            try await $0.pause(options.id, by: options.requester)
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Resume an execution that was paused."
    )

    @OptionGroup var options: InterventionOptions

    func run() async throws {
        try await options.run("resume", "resumed", { Resume($0) }) {
            try await $0.resume(options.id, by: options.requester)
        }
    }
}

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Retry an execution that failed, from what failed.",
        discussion: """
            Also one that timed out, expired, was cancelled or is parked. What succeeded is kept, unless it \
            was undone since: that runs again. A process \
            that serves its workflow runs it: for a runbook `daybook work`, or `daybook run` with the \
            same runbook, inputs and id. Secrets that are given take the place of those of the same \
            names; others that are kept stay.
            """
    )

    @OptionGroup var options: InterventionOptions
    @OptionGroup var secrets: SecretOptions

    func run() async throws {
        try checkSecrets()
        let isRehearsal = options.consent.dryRun
        if isRehearsal || secrets.names.isEmpty {
            try secrets.rehearse(options.write, options.common)
        }
        let fresh = isRehearsal ? [:] : try secrets.read()
        var owed: SecretError?
        let undoing = try UnfinishedUndoing(of: options.id, options.common)
        try await undoing.explaining("be retried") {
            try await options.run(
                "retry",
                "ready",
                { Retry($0) },
                rehearsed: { record, inspector in
                    try record.rerun(inspector).map {
                        ["\(record.id.shownAsID) would be opened again, and \($0)"]
                    } ?? []
                },
                writing: { $0.member("owed", owed?.message) },
                { engine in
                    let answer = try await engine.retry(
                        options.id,
                        secrets: fresh,
                        by: options.requester
                    )
                    // The retry stands: what its secrets take the place of is another matter.
                    if !fresh.isEmpty { owed = try await engine.owedKeys(of: options.id) }
                    return answer
                }
            )
        }
        if let owed, !options.common.json { options.common.errors.line("daybook: \(owed)") }
        guard !options.consent.dryRun, !options.common.json else { return }
        // A pause outlives the end, and its undoing.
        let record: ExecutionRecord
        let fault: SecretError?
        do {
            (record, fault) = try options.common.inspect { inspector in
                let record = try inspector.record(of: options.id)
                return (record, try SecretNeeds(inspector).fault(of: record.number))
            }
        } catch {
            // The retry stands: that it could not be looked at afterwards is not its failure.
            options.common.errors.line("whether it is paused cannot be looked up: \(error)")
            return
        }
        let worker = WorkerAdvice(
            record.type,
            options.common,
            fault,
            keyFile: options.write.keyFile
        )
        options.common.errors.line(
            record.isPaused ? record.pauseNotice(options.common) : "\(worker.toRun)"
        )
    }

    /// A runbook says which secrets it has. A name that it has not would be kept, and asked for by nobody;
    /// one that it lacks would have it fail again, after it has run.
    private func checkSecrets() throws {
        try Names.check(options.id, "execution id")
        let given = secrets.names
        try options.common.inspect { inspector in
            let record: ExecutionRecord
            do {
                record = try inspector.record(of: options.id)
            } catch let refusal as Refusal where refusal.code == .notFound && given.isEmpty {
                // Whoever decides says so.
                return
            }
            var runbooks = RecordedRunbooks(inspector)
            // What code asks for only its program knows.
            guard let runbook = try runbooks.runbook(of: record) else { return }
            if !given.isEmpty { try runbook.checkSecrets(given, isNew: false) }
            // What cannot be retried is refused for that.
            guard record.isParked || record.status.isFinal && record.status != .completed,
                try inspector.heir(of: record) == nil
            else { return }
            let lacking = try inspector.lackingSecrets(of: record).filter { !given.contains($0) }
            guard let first = lacking.first else { return }
            let (what, whose) =
                lacking.count == 1
                ? ("secret \(first)", "it") : ("secrets \(lacking.joined(separator: ", "))", "them")
            let line =
                "daybook retry\(options.common.journalWords) \(record.id.shellArgument)\(try inspector.missingSecrets(of: record))"
            throw UsageError(
                "the runbook needs the \(what), and nothing is kept of \(whose) that can be opened; `\(line)` gives \(whose) again"
            )
        }
    }
}
#endif
