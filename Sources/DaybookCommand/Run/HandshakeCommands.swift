#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookModel
import DaybookRunbook

struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Submit a runbook; nothing runs until it is executed."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var submission: SubmitOptions
    @OptionGroup var file: RunbookFile

    func run() async throws {
        let (runbook, request) = try file.request()
        try write.check()
        let options = try submission.options()
        let (id, answer) = try await withDaybook(common, write) {
            try await RunbookSubmission.submit(
                file,
                runbook,
                request,
                to: $0,
                options,
                by: write.requester(submission.reason)
            )
        }
        if common.json {
            common.write("daybook.submit/1") { json in
                json.member("id", id)
                json.member("number", answer.number)
                json.member("existed", answer.existed)
                json.member("status", answer.status.rawValue)
            }
        } else {
            common.output.line("\(id: id)")
        }
    }
}

struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Execute what was submitted; safe to repeat.",
        discussion: "A process that serves its workflow runs it: for a runbook `daybook work`."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Argument(help: "The execution's id.")
    var id: String

    func run() async throws {
        // As for the commands that look: such an id is a mistake of who asks, found at once.
        try Names.check(id, "execution id")
        try write.check()
        let answer = try await withDaybook(common, write) {
            try await $0.execute(id, by: write.requester(reason))
        }
        if common.json {
            common.write("daybook.exec/1") { json in
                json.member("id", id)
                json.member("number", answer.number)
                json.member("status", answer.status.rawValue)
                json.member("parked", answer.isParked)
            }
        } else {
            common.output.line("\(answer.status.rawValue)")
        }
    }
}

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the status of an execution.",
        discussion: """
            A word, and what there is to say besides: "running, paused", or "running (interrupted)" \
            when the process is gone that runs it and nobody has taken over yet. A script that wants \
            the word alone takes "status" of --json; "interrupted" is beside it.
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "The execution's id.")
    var id: String

    func run() async throws {
        let (record, isInterrupted) = try common.inspect { inspector in
            let record = try inspector.record(of: id)
            var interruptions = Interruptions(inspector)
            return (record, try interruptions.contains(record))
        }
        if common.json {
            common.write("daybook.status/1") {
                record.write(to: &$0, isInterrupted: isInterrupted)
            }
        } else {
            common.output.line("\(record.statusText(isInterrupted: isInterrupted))")
        }
    }
}

/// Opens the journal for one command that records something and runs nothing.
func withDaybook<Result: Sendable>(
    _ common: CommonOptions,
    _ write: WriteOptions,
    workflows: [any Workflow] = [],
    workspaces: String? = nil,
    _ body: (Engine) async throws -> Result
) async throws -> Result {
    var options = write.options(common)
    options.claims = .nothing
    options.workspaces = workspaces
    let daybook = try await Engine.open(
        at: try common.journalPath(),
        options,
        workflows: workflows
    )
    ClockLag(daybook).warn(common)
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(try await body(daybook))
    } catch {
        result = .failure(error)
    }
    do {
        try await daybook.close()
    } catch {
        // What was asked for is recorded: doing it again would do it twice.
        guard case .success = result else { throw error }
        common.errors.line(
            "it is done and recorded; the end of this process's session could not be: \("\(error)")"
        )
    }
    return try result.get()
}
#endif
