#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook

struct ResolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Say whether an operation happened that may have happened.",
        discussion: """
            An execution is parked in doubt when its process died while an operation ran that asks a \
            person (`onDoubt: .askPerson`). Look in the world whether it did its work, then say so: \
            the answer is recorded with who gave it, and the execution goes on. `daybook why` names \
            the operation.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var consent: ConsentOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(help: ArgumentHelp("It happened, and gave this value.", valueName: "json"))
    var done: String?

    @Flag(name: .long, help: "It did not happen: it runs again.")
    var notDone = false

    @Option(help: ArgumentHelp("It failed: what with, in words.", valueName: "message"))
    var failed: String?

    @Option(help: "With --failed: the code of the error.")
    var code: String = "failed"

    @Argument(help: "The execution's id.")
    var id: String

    @Argument(help: "The operation: its name, or its numbers as `daybook why` has them (0/1/2).")
    var operation: String

    func validate() throws {
        guard [done != nil, notDone, failed != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("Give one of --done JSON, --not-done and --failed MESSAGE.")
        }
    }

    private func resolution() throws -> (Resolution, words: String) {
        if let done {
            let data = Array(done.utf8)
            guard JSONSyntax.isValid(data) else { throw UsageError.notJSON(done) }
            return (.doneEncoded(data), "done")
        }
        if let failed {
            try Names.check(code, "code of the error")
            return (.failed(OperationError(code: code, message: failed)), "failed")
        }
        return (.notDone, "not done")
    }

    func run() async throws {
        try Names.check(id, "execution id")
        try write.check()
        let (resolution, words) = try resolution()
        let (place, type) = try common.inspect { inspector in
            let record = try inspector.record(of: id)
            let isRunbook = record.type == RunbookWorkflow.name
            if isRunbook { try checkJobResult() }
            let place = try self.place(in: record)
            if isRunbook { try checkOutputs(of: place, record, inspector) }
            return (place, record.type)
        }
        if consent.dryRun {
            let command = ResolveOperation(
                id: Name(id),
                place,
                .notDone,
                payloads: nil
            )
            try rehearse("resolve", command, common)
            return
        }
        try consent.ask("say that the operation \(operation) of \(id: id) is \(words)")
        let answer = try await withDaybook(common, write) {
            try await $0.resolve(id, place, resolution, by: write.requester(reason))
        }
        if common.json {
            common.write("daybook.resolve/1") { json in
                json.member("id", id)
                json.member("number", answer.number)
                json.member("sequence", answer.sequence)
                json.key("doubts")
                json.array { json in
                    for doubt in answer.left { json.object { doubt.write(to: &$0) } }
                }
            }
            return
        }
        common.output.line("\(operation) of \(id: id) is \(words)")
        for doubt in answer.left { common.errors.line("\(doubt.advice(id, common))") }
        if answer.left.isEmpty {
            let fault = try common.inspect { try SecretNeeds($0).fault(of: answer.number) }
            let worker = WorkerAdvice(type, common, fault, keyFile: write.keyFile)
            common.errors.line("\(worker.toRun)")
        }
    }

    /// A job of a runbook gives its outputs: it would ask again for anything else.
    private func checkJobResult() throws {
        guard let done else { return }
        _ = try GivenResult(done).outputs()
    }

    /// An output that the job does not declare may be one that is misspelt: what the runbook declares would
    /// stand in its place.
    private func checkOutputs(
        of place: OperationPath,
        _ record: ExecutionRecord,
        _ inspector: Inspector
    ) throws {
        let operation = record.doubts.map(\.operation).first { OperationPath($0) == place }
        var runbooks = RecordedRunbooks(inspector)
        guard let done, let name = operation?.name.text,
            let runbook = try runbooks.runbook(of: record)
        else { return }
        let approve = "`daybook approve\(common.journalWords) \(id.shellArgument)`"
        try GivenResult(done).check(for: name, runbook, approve)
    }

    /// The operation that is meant: by its numbers, or by its name if only one has it.
    private func place(in record: ExecutionRecord) throws -> OperationPath {
        if let path = OperationPath(text: operation) { return path }
        let named = record.doubts.map(\.operation).filter { $0.name == Name(operation) }
        if let only = named.first, named.count == 1 { return OperationPath(only) }
        let paths = named.map { OperationPath($0).description }
        let others = record.doubts.map { "\($0.operation.name) (\(OperationPath($0.operation)))" }
        throw Refusal(
            .conflict,
            named.isEmpty
                ? "no operation \(operation) of \(id) is in doubt; \(others.isEmpty ? "none of it is" : "these are: \(others.joined(separator: ", "))")"
                : "several operations \(operation) of \(id) are in doubt: \(paths.joined(separator: ", ")); name one by its numbers"
        )
    }
}

struct RepinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repin",
        abstract: "Have a pinned execution run by code of another revision.",
        discussion: """
            From its next claim on only processes of that revision run it. Whoever runs it now goes on. \
            `daybook session list --json` shows the revisions of open processes.
            """
    )

    @OptionGroup var options: InterventionOptions

    @Option(help: "The revision, as those processes have it.")
    var revision: String

    func run() async throws {
        try Names.check(revision, "revision")
        let revision = Name(revision)
        try await options.run("repin", "pinned to \(revision)", { Repin($0, to: revision) }) {
            try await $0.repin(options.id, to: revision.text, by: options.requester)
        }
    }
}
#endif
