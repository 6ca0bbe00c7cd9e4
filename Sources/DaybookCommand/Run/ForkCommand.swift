#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook
import DaybookSystem
import FoundationEssentials

struct ForkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fork",
        abstract: "Begin a new execution of a runbook from one of another's operations.",
        discussion: """
            The fork goes on as the execution was before the operation: what is recorded up to there is \
            its own too, and does not run again. Jobs that run beside the operation, in a block with a \
            limit, run again if they had not ended before it. The runbook, and the inputs, may be others: of what comes \
            before the operation the order, and the names, blocks and scripts (run, verify) of its jobs must \
            agree, and whether there is an on_failure, else nothing is forked and the difference is said. \
            A job before the operation that is to be undone keeps an undo: it may be another one, and \
            that is the one that runs. Inputs are not compared: a job \
            that has run with another value is named. The name of the runbook may be another. \
            The execution itself stays as it is recorded; if it is open, it is cancelled, and undoes what it \
            has begun from there on. What was done before, the fork owes. It needs the secrets that the \
            runbook names: it has none of the execution's.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var consent: ConsentOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "The operation: its name, or its numbers as `daybook show ID --positions` shows them (0/1/2).",
            valueName: "operation"
        )
    )
    var at: String

    @Option(
        help: ArgumentHelp(
            "What the operation gives, by hand: it does not run. A job gives {\"outputs\":{\"KEY\":\"VALUE\"}}.",
            valueName: "json"
        )
    )
    var with: String?

    @Option(
        help: ArgumentHelp(
            "The corrected runbook. (default: as recorded)",
            valueName: "RUNBOOK.yaml"
        )
    )
    var runbook: String?

    @Option(
        help: ArgumentHelp(
            "An input that is another one in the fork; may be repeated.",
            valueName: "name=value"
        )
    )
    var input: [String] = []

    @Option(name: .customLong("id"), help: "The fork's id; a UUID version 7 when left out.")
    var newID: String?

    @OptionGroup var secrets: SecretOptions

    @Argument(help: "The id of the execution to fork.")
    var id: String

    func run() async throws {
        try Names.check(id, "execution id")
        if let newID { try Names.check(newID, "execution id") }
        try write.check()
        let record = try common.inspect { try $0.record(of: id) }
        guard record.type == RunbookWorkflow.name else {
            throw Refusal(
                .invalidArgument,
                "\(id) is of the workflow \(record.type), whose code is not here; call `Engine.fork` in the program that has it"
            )
        }
        let recorded = try recordedRequest(of: record)
        if let with {
            try GivenResult(with).check(
                for: try operationName(of: record),
                try Runbook(parsing: try request(recorded).runbook, file: runbook ?? "runbook"),
                "`daybook approve\(common.journalWords) \((newID ?? "FORK").shellArgument)`"
            )
        }
        try checkSecrets(recorded)
        let undoing = try UnfinishedUndoing(of: id, common)
        if consent.dryRun {
            try secrets.rehearse(write, common)
            return try await undoing.explaining("be forked") { try await dryRun(record, recorded) }
        }
        let given = try secrets.read()
        try consent.ask(question(record))
        var options = try options(recorded)
        options.secrets = given
        let answer = try await undoing.explaining("be forked") { [options] in
            try await explaining(options) { try await fork(recorded, options) }
        }
        let place = OperationPath(answer.operation)
        if common.json {
            common.write("daybook.fork/1") { json in
                json.member("id", answer.id)
                json.member("number", answer.number)
                json.member("origin", id)
                json.member("operation", place.description)
                json.member("name", answer.operation.name.text)
                json.member("before", answer.before)
                json.member("existed", answer.existed)
                json.key("originSecrets")
                json.array { json in for name in answer.originSecrets { json.string(name) } }
            }
            return
        }
        common.output.line("\(id: answer.id)")
        common.errors.line("it goes on at \(answer.operation.name) (\(place)) of \(id: id)")
        for line in try notices(recorded, of: answer.number, before: answer.before) {
            common.errors.line("\(line)")
        }
        if !record.isClosed, !answer.existed {
            common.errors.line(
                "\(id: id) is cancelled, and undoes what it has begun from there on; then \(id: answer.id) begins"
            )
        }
        if !answer.originSecrets.isEmpty {
            let names = answer.originSecrets.joined(separator: ", ")
            common.errors.line(
                "\(id: id) keeps its secrets (\(names)), and \(id: answer.id) has its own; `daybook secret wipe\(common.journalWords) \(id: id)` wipes those of \(id: id) once it is closed"
            )
        }
        let fault = try common.inspect { try SecretNeeds($0).fault(of: answer.number) }
        let worker = WorkerAdvice(record.type, common, fault, keyFile: write.keyFile)
        common.errors.line("\(worker.toRun)")
    }

    private func fork(
        _ recorded: RunbookRequest,
        _ options: ForkOptions
    ) async throws -> ForkAnswer {
        try await withDaybook(common, write, workflows: [RunbookWorkflow()]) { engine in
            let answer = try await engine.fork(
                id,
                at: try operation(recorded),
                options,
                by: write.requester(reason)
            )
            if answer.existed {
                try RunbookSubmission.checkKept(options.secrets, by: answer.id, engine)
            }
            return answer
        }
    }

    /// Does something, and adds to a conflict with a fork that is there the lines in which they differ.
    private func explaining<Result>(
        _ options: ForkOptions,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let refusal as Refusal where refusal.code == .conflict {
            guard let input = options.encodedInput, let there = try existing(),
                there.type == RunbookWorkflow.name
            else { throw refusal }
            let given = try JSONPayloadCodec().decode(RunbookRequest.self, from: input)
            throw Difference.explaining(refusal, try recordedRequest(of: there), given)
        }
    }

    /// What whoever forks may take for otherwise than it is.
    /// - Parameters:
    ///   - number: the run whose operations before the entry `before` the fork takes over.
    private func notices(
        _ recorded: RunbookRequest,
        of number: UInt64,
        before: UInt64
    ) throws -> [TerminalText] {
        let taken = try common.inspect { try $0.operations(of: number) }
            .filter { $0.sequence < before }
        return try ForkNotices(
            old: recorded,
            new: try request(recorded),
            given: Set(RunbookSource.given(input).keys),
            taken: taken
        ).lines
    }

    /// What is asked before anything is recorded.
    private func question(_ record: ExecutionRecord) -> TerminalText {
        record.isClosed
            ? "fork \(id: id) at \(at)"
            : "fork \(id: id) at \(at), cancel \(id: id), and undo what that has begun from there on"
    }

    /// Says what would be recorded, after the checks that a fork makes.
    private func dryRun(_ record: ExecutionRecord, _ recorded: RunbookRequest) async throws {
        let options = try options(recorded)
        let command = try await explaining(options) { try await planned(record, recorded, options) }
        let there = try existing()
        try rehearse("fork", command, common) { try checkKept(by: there) }
        if there != nil || common.json { return }
        common.errors.line(
            "it would go on at \(command.operation.name) (\(OperationPath(command.operation))) of \(id: id)"
        )
        for line in try notices(recorded, of: command.number, before: command.before) {
            common.errors.line("\(line)")
        }
        guard !record.isClosed else { return }
        let undone = try common.inspect { inspector in
            try inspector.undoable(
                of: record,
                forkedBefore: command.before,
                given: with == nil ? nil : OperationPath(command.operation)
            )
        }
        common.errors.line(
            undone.isEmpty
                ? "\(id: id) would be cancelled, and has nothing to undo from there on"
                : "\(id: id) would be cancelled, and undo what it has begun from there on: \(undone.joined(separator: ", "))"
        )
    }

    /// What would be decided.
    private func planned(
        _ record: ExecutionRecord,
        _ recorded: RunbookRequest,
        _ options: ForkOptions
    ) async throws -> Fork {
        let inspector = try Inspector(path: try common.journalPath())
        defer { inspector.close() }
        return try await ForkPlanner(looking: inspector.store, [RunbookWorkflow()]).command(
            of: record,
            at: try operation(recorded),
            options,
            limit: try inspector.payloadLimit()
        )
    }

    /// Makes sure that a fork which is there keeps secrets of the given names. Their values are opened
    /// by who writes.
    private func checkKept(by there: ExecutionRecord?) throws {
        guard let there, there.status != .completed, !secrets.names.isEmpty else { return }
        let kept = try common.inspect { inspector in
            try inspector.secrets(of: there.id).filter { $0.wiped == nil }.map(\.name)
        }
        let missing = secrets.names.sorted().filter { !kept.contains($0) }
        if !missing.isEmpty { throw RunbookSubmission.notKept(missing, by: there) }
        let names = secrets.names.sorted().joined(separator: ", ")
        common.errors.line(
            "whether \(id: there.id) keeps these values of \(names) is not looked at: that needs the journal key"
        )
    }

    /// A new fork needs the secrets of its runbook, as every new execution does; one that is there has been
    /// given them.
    private func checkSecrets(_ recorded: RunbookRequest) throws {
        let text = try request(recorded).runbook
        let parsed = try Runbook(parsing: text, file: runbook ?? "runbook")
        try parsed.checkSecrets(secrets.names, isNew: try existing() == nil)
    }

    /// The execution that has the id that the fork is to have; nil: there is none.
    private func existing() throws -> ExecutionRecord? {
        guard let newID else { return nil }
        do {
            return try common.inspect { try $0.record(of: newID) }
        } catch let refusal as Refusal where refusal.code == .notFound {
            return nil
        }
    }

    /// What the execution to fork was submitted with.
    private func recordedRequest(of record: ExecutionRecord) throws -> RunbookRequest {
        let payload = try common.inspect { try $0.entry(record.number).payloads.first }
        guard let payload, !payload.isErased else {
            throw Refusal(
                .erased,
                "the input of \(id) is erased, and a fork would begin with it; submit a new execution"
            )
        }
        return try JSONPayloadCodec().decode(RunbookRequest.self, from: payload.data)
    }

    private func options(_ recorded: RunbookRequest) throws -> ForkOptions {
        var options = ForkOptions(id: newID)
        if runbook != nil || !input.isEmpty {
            options.encodedInput = try JSONPayloadCodec().encode(try request(recorded))
        }
        // A job may have that name.
        if try !Runbook(parsing: recorded.runbook, file: "runbook").onFailure.isEmpty {
            options.harmless = RunbookOperations.onFailure
        }
        options.encodedResult = with.map { Array($0.utf8) }
        return options
    }

    /// The name of the operation that was named by its numbers, else what was named.
    private func operationName(of record: ExecutionRecord) throws -> String {
        guard let path = OperationPath(text: at) else { return at }
        let operations = try common.inspect { try $0.operations(of: record.number) }
        return operations.first { OperationPath($0.operation) == path }?.operation.name.text ?? at
    }

    /// The operation's name: a block is known by its own, also where it is recorded as something else.
    private func operation(_ recorded: RunbookRequest) throws -> String {
        let runbook = try Runbook(parsing: recorded.runbook, file: "runbook")
        guard !runbook.jobs.contains(where: { $0.name == at }) else { return at }
        return runbook.blocks.first { $0.name == at }?.operationName ?? at
    }

    /// The fork's input: what is recorded, with what is given in its place.
    private func request(_ recorded: RunbookRequest) throws -> RunbookRequest {
        if runbook == nil, input.isEmpty { return recorded }
        var request = recorded
        var values = request.inputs
        for (name, value) in try RunbookSource.given(input) { values[name] = value }
        let parsed: Runbook
        if let runbook {
            (parsed, request.runbook) = try RunbookSource.parsed(runbook)
            request.environment = try RunbookRequest.environment(
                for: parsed,
                from: ProcessInfo.processInfo.environment
            ).merging(request.environment) { _, recorded in recorded }
        } else {
            parsed = try Runbook(parsing: request.runbook, file: "runbook")
        }
        request.inputs = try parsed.resolveInputs(values)
        return request
    }
}

#endif
