#if CLI
import ArgumentParser
import Daybook
import DaybookModel
import DaybookRunbook
import DaybookSystem
import FoundationEssentials

/// A runbook and its inputs, as they are named on the command line.
struct RunbookSource: ParsableArguments {
    @Argument(help: ArgumentHelp("The runbook.", valueName: "RUNBOOK.yaml"))
    var runbook: String

    @Option(
        name: .long,
        help: ArgumentHelp("An input of the runbook; may be repeated.", valueName: "name=value")
    )
    var input: [String] = []

    /// Reads and checks the runbook.
    func parsed() throws -> (Runbook, text: String) { try Self.parsed(runbook) }

    /// Reads and checks a runbook.
    static func parsed(_ runbook: String) throws -> (Runbook, text: String) {
        let bytes = try contents(of: runbook)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw UsageError("the runbook \(runbook) is not UTF-8; save it as that")
        }
        return (try Runbook(parsing: text, file: runbook), text)
    }

    private static func contents(of runbook: String) throws -> [UInt8] {
        do throws(File.Unfit) {
            // One byte more than the parser takes, so that it is the one to say what is too large.
            let limit = Runbook.sizeLimit
            if let bytes = try File.contents(of: runbook, limit: limit, followsLink: true) {
                return bytes
            }
        } catch {
            switch error {
            case .notRegular:
                throw UsageError(
                    "the runbook \(runbook) cannot be read: it is no regular file; name one"
                )
            case .tooLarge(let limit):
                throw UsageError(
                    "the runbook \(runbook) has more than \(limit) bytes; call scripts of their own instead"
                )
            case .system(let error) where error.isShortage: throw error
            case .system(let error):
                throw UsageError("the runbook \(runbook) cannot be read: \(error)")
            }
        }
        throw UsageError("the runbook \(runbook) cannot be read: it is not there; look at the path")
    }

    func given() throws -> [String: String] { try Self.given(input) }

    /// The values of inputs that are given as `name=value`.
    static func given(_ input: [String]) throws -> [String: String] {
        var values: [String: String] = [:]
        for pair in input {
            // Among the bytes: a value may begin with a combining character.
            guard let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")),
                equals > pair.startIndex
            else {
                throw UsageError("the input \"\(pair)\" does not have the form name=value")
            }
            let name = String(pair[..<equals])
            guard
                values.updateValue(
                    String(decoding: pair.utf8[pair.utf8.index(after: equals)...], as: UTF8.self),
                    forKey: name
                ) == nil
            else { throw UsageError("the input \(name) is given twice") }
        }
        return values
    }
}

/// A runbook, its inputs and the id of its execution.
struct RunbookFile: ParsableArguments {
    @OptionGroup var source: RunbookSource

    @Option(name: .long, help: "The execution's id; a UUID version 7 when left out.")
    var id: String?

    /// Reads and checks everything, before anything is recorded.
    func request() throws -> (Runbook, RunbookRequest) {
        try checkID()
        let (parsed, text) = try source.parsed()
        let inputs = try parsed.resolveInputs(source.given())
        let environment = try RunbookRequest.environment(
            for: parsed,
            from: ProcessInfo.processInfo.environment
        )
        return (parsed, RunbookRequest(runbook: text, inputs: inputs, environment: environment))
    }

    /// The line that goes on with an execution, for a shell in this folder: the same runbook, inputs,
    /// journal and workspaces.
    func commandLine(
        id: String,
        journal: String,
        _ write: WriteOptions,
        _ submission: SubmitOptions,
        _ grace: GraceOptions
    ) -> String {
        var line = "daybook run" + shellOption("--journal", journal) + shellOption("--id", id)
        for pair in source.input { line += shellOption("--input", pair) }
        line += write.words + submission.words + grace.workspaceWords
        return line + " \(source.runbook.shellArgument)"
    }

    /// Makes sure that the id is one, before a session is opened for it.
    private func checkID() throws {
        if let id { try Names.check(id, "execution id") }
    }
}

/// Submits a runbook, or finds it submitted before.
enum RunbookSubmission {
    /// - Returns: id and answer.
    static func submit(
        _ file: RunbookFile,
        _ runbook: Runbook,
        _ request: RunbookRequest,
        to daybook: Engine,
        _ options: ExecutionOptions,
        by requester: Requester
    ) async throws -> (id: String, answer: Submit.Answer) {
        let codec = JSONPayloadCodec()
        var data = try codec.encode(request)
        let recorded = try file.id.flatMap { try recordedRequest($0, daybook, codec) }
        try runbook.checkSecrets(options.secrets.keys, isNew: recorded == nil)
        if let id = file.id, recorded != nil { try checkKept(options.secrets, by: id, daybook) }
        if let recorded {
            // The environment of the first submission stays: another terminal is no conflict.
            var same = request
            same.environment = recorded.environment
            // By its bytes: another input may only look the same.
            let old = try codec.encode(recorded)
            if try codec.encode(same) == old { data = old }
        }
        do {
            return try await daybook.submit(
                type: RunbookWorkflow.name,
                id: file.id,
                options: options,
                by: requester,
                data: data
            )
        } catch let refusal as Refusal where refusal.code == .conflict {
            guard let id = file.id, let recorded = try recordedRequest(id, daybook, codec) else {
                throw refusal
            }
            throw Difference.explaining(refusal, recorded, request)
        }
    }

    /// What is there already is not given secrets by being run: who gives others would take them for used.
    /// - Throws: ``Refusal/Code/conflict``.
    static func checkKept(
        _ given: [String: Secret],
        by id: String,
        _ daybook: Engine
    ) throws {
        // What has completed needs none, and keeps none.
        guard !given.isEmpty, let record = try daybook.record(of: id), record.status != .completed
        else { return }
        let names = try daybook.unkept(given, by: id)
        if !names.isEmpty { throw notKept(names, by: record) }
    }

    /// Why secrets cannot be given to what is there already.
    static func notKept(_ names: [String], by record: ExecutionRecord) -> Refusal {
        let given = names.map { " --secret \($0)=@FILE" }.joined()
        let when = record.status.isFinal ? "" : ", once it has failed or was cancelled"
        return Refusal(
            .conflict,
            "\(record.id) is there already, and keeps no such value of \(names.joined(separator: ", ")); `daybook retry \(record.id.shellArgument)\(given)` gives it\(when); then run it again without --secret"
        )
    }

    /// What an execution of a runbook was submitted with; nil: there is none of that id.
    static func recordedRequest(
        _ id: String,
        _ daybook: Engine,
        _ codec: JSONPayloadCodec
    ) throws -> RunbookRequest? {
        guard let record = try daybook.record(of: id) else {
            // Were its row damaged, all its work would be done a second time.
            try daybook.journal.store.read { try ExecutionReader.checkNeighbours(of: id, $0) }
            return nil
        }
        guard record.type == RunbookWorkflow.name else { return nil }
        do {
            return try codec.decode(RunbookRequest.self, from: daybook.input(of: record))
        } catch is PayloadErased {
            throw Refusal(
                .erased,
                "the id \(id) exists, and its input has been erased, so that it cannot be compared; choose another id"
            )
        }
    }
}

/// Where two requests differ, line by line.
enum Difference {
    /// A conflict with the lines in which what is recorded and what was given differ.
    static func explaining(
        _ refusal: Refusal,
        _ recorded: RunbookRequest,
        _ given: RunbookRequest
    ) -> Refusal {
        let difference = text(recorded, given)
        if difference.isEmpty { return refusal }
        return Refusal(
            refusal.code,
            "\(refusal.message)\nrecorded (-) and given (+):\n\(difference)"
        )
    }

    static func text(_ old: RunbookRequest, _ new: RunbookRequest) -> String {
        let before = lines(old)
        let after = lines(new)
        var output: [String] = []
        for change in after.difference(from: before) {
            switch change {
            case .remove(_, let line, _): output.append("- \(line)")
            case .insert(_, let line, _): output.append("+ \(line)")
            }
        }
        return output.joined(separator: "\n")
    }

    private static func lines(_ request: RunbookRequest) -> [String] {
        request.runbook.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            + request.inputs.keys.sorted().map { "input \($0)=\(request.inputs[$0] ?? "")" }
    }
}
#endif
