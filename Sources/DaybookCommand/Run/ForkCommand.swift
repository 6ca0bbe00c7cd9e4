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
            its own too, and does not run again. The runbook, and the inputs, may be others: what comes \
            before the operation must agree with them, else nothing is forked and the difference is said. \
            The execution itself stays as it is recorded; if it is open, it is cancelled, without what it \
            registered for its end.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var consent: ConsentOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "The operation: its name, or its numbers as `daybook show --json` has them (0/1/2).",
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
        if let with { try JobResult.check(with) }
        try consent.ask("fork \(id: id) at \(at)")
        let answer = try await withDaybook(
            common,
            write,
            workflows: [RunbookWorkflow()]
        ) { engine in
            var options = ForkOptions(id: newID)
            options.encodedInput = try request(engine, record)
            options.encodedResult = with.map { Array($0.utf8) }
            do {
                return try await engine.fork(
                    id,
                    at: try operation(engine, record),
                    options,
                    by: write.requester(reason)
                )
            } catch let refusal as Refusal where refusal.code == .conflict {
                throw try explained(refusal, options.encodedInput, engine)
            }
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
        if !answer.originSecrets.isEmpty {
            let names = answer.originSecrets.joined(separator: ", ")
            common.errors.line(
                "\(id: id) keeps its secrets (\(names)), and \(id: answer.id) has none of them: a job that needs one fails by its name, and `daybook retry \(id: answer.id) --secret` gives it; `daybook secret wipe \(id: id)` wipes those of \(id: id) once it is closed"
            )
        }
        common.errors.line("\(WorkerAdvice(record.type, common).toRun)")
    }

    /// A conflict with a fork that is there, with the lines in which they differ.
    private func explained(
        _ refusal: Refusal,
        _ input: [UInt8]?,
        _ engine: Engine
    ) throws -> Refusal {
        let codec = JSONPayloadCodec()
        guard let newID, let input,
            let recorded = try RunbookSubmission.recordedRequest(newID, engine, codec)
        else { return refusal }
        let given = try codec.decode(RunbookRequest.self, from: input)
        return Difference.explaining(refusal, recorded, given)
    }

    /// The operation's name: an approval is known by that of its block, and waits for a signal.
    private func operation(_ engine: Engine, _ record: ExecutionRecord) throws -> String {
        let request = try JSONPayloadCodec().decode(
            RunbookRequest.self,
            from: engine.input(of: record)
        )
        let recorded = try Runbook(parsing: request.runbook, file: "runbook")
        return recorded.blocks.first { $0.name == at }?.approval?.signal ?? at
    }

    /// The fork's input: what is recorded, with what is given in its place.
    /// - Returns: nil: nothing is.
    private func request(_ engine: Engine, _ record: ExecutionRecord) throws -> [UInt8]? {
        if runbook == nil, input.isEmpty { return nil }
        let codec = JSONPayloadCodec()
        var request = try codec.decode(RunbookRequest.self, from: engine.input(of: record))
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
        return try codec.encode(request)
    }
}

extension JobResult {
    private static let fields: Set = ["exitStatus", "outputs", "stored", "removed"]

    /// Makes sure that a text is what a job gives.
    /// - Throws: ``UsageError``. It does not repeat the text, which may have something secret.
    static func check(_ text: String) throws(UsageError) {
        let advice =
            "write '{\"outputs\":{\"KEY\":\"VALUE\"}}', or '{\"outputs\":{}}' for none"
        let value: JSONValue
        do {
            value = try JSONValue(parsing: Array(text.utf8))
            _ = try JSONPayloadCodec().decode(JobResult.self, from: Array(text.utf8))
        } catch {
            throw UsageError(
                "a job of a runbook gives its outputs, and what was given is something else; \(advice)"
            )
        }
        guard case .object(let members) = value,
            let unknown = members.keys.filter({ !fields.contains($0) }).min()
        else { return }
        throw UsageError("a job of a runbook gives no field \"\(unknown)\"; \(advice)")
    }
}
#endif
