#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook

struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve what an execution of a runbook waits for.",
        discussion: """
            The answer is {"approved": true}, with the reason if there is one. Whoever acts is \
            recorded with it. The first answer counts.
            """
    )

    @OptionGroup var options: ApprovalOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "Another answer: an object, whose fields are added, or any other value.",
            valueName: "json"
        )
    )
    var value: String?

    func run() async throws {
        let data = try ApprovalAnswer.approving(value, reason: reason)
        try await options.run("approve", "approved", data, isApproval: true)
    }
}

struct RejectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject",
        abstract: "Reject what an execution of a runbook waits for: its block fails.",
        discussion: """
            The answer is {"approved": false} with the reason. Whoever acts is recorded with it. \
            The first answer counts; `daybook retry` asks again.
            """
    )

    @OptionGroup var options: ApprovalOptions

    @Option(help: "The reason, in words, for the record and for the error of the block.")
    var reason: String

    func validate() throws {
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--reason must say something.")
        }
    }

    func run() async throws {
        let data = ApprovalAnswer.rejecting(reason)
        try await options.run("reject", "rejected", data, isApproval: false)
    }
}

/// What is sent as an answer to an approval.
enum ApprovalAnswer {
    static func rejecting(_ reason: String) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member(Acceptance.verdict, false)
            json.member(Acceptance.reason, reason)
        }
        return json.bytes
    }

    /// - Parameter value: JSON in place of the usual answer. To an object are added what it does not
    ///   say itself: that it approves, and the reason. Everything else stays as it is written.
    static func approving(_ value: String?, reason: String?) throws -> [UInt8] {
        guard let value else { return object(reason: reason) }
        let bytes = Array(value.utf8)
        let parsed = try parse(bytes, value)
        guard case .object(let fields) = parsed else {
            guard reason == nil else {
                throw UsageError(
                    "the value \(value) has no place for a reason; give an object, or leave --reason out"
                )
            }
            return bytes
        }
        for name in [Acceptance.verdict, Acceptance.reason] where parsed[name] != nil {
            throw UsageError(
                "the value \(value) has the field \"\(name)\", which the command adds; leave it out"
            )
        }
        let start = bytes.prefix { $0 != UInt8(ascii: "{") }.count
        let rest = bytes[(start + 1)...]
        return object(reason: reason).dropLast()
            + (fields.isEmpty ? [] : [UInt8(ascii: ",")]) + rest
    }

    private static func object(reason: String?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member(Acceptance.verdict, true)
            json.member(Acceptance.reason, reason)
        }
        return json.bytes
    }

    private static func parse(_ bytes: [UInt8], _ value: String) throws -> JSONValue {
        guard JSONSyntax.isValid(bytes) else { throw UsageError.notJSON(value) }
        return try JSONValue(parsing: bytes)
    }
}

/// What both answers take.
struct ApprovalOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(
        help: ArgumentHelp("Which approval, where it waits for several.", valueName: "name")
    )
    var signal: String?

    @Flag(name: .long, help: "Say what would be recorded, and record nothing.")
    var dryRun = false

    @Argument(help: "The execution's id.")
    var id: String

    /// Answers the approval that the execution waits for.
    /// - Parameters:
    ///   - verb: for example `approve`.
    ///   - done: for example `approved`.
    func run(_ verb: String, _ done: String, _ data: [UInt8], isApproval: Bool) async throws {
        try Names.check(id, "execution id")
        if let signal { try Names.check(signal, "name of a signal") }
        try write.check()
        let waiting = try common.inspect { inspector in
            let approvals = try inspector.approvals(of: inspector.record(of: id))
            return try Self.choice(of: approvals, named: signal, in: id, common.journalWords)
        }
        let value = try JSONValue(parsing: data)
        guard waiting.approval.accept.approves(value) == isApproval else {
            throw UsageError(
                "the approval of \(waiting.block) does not accept \(value.json); it accepts \(waiting.approval.accept.words): give it with --value"
            )
        }
        let sending = SignalSending(
            id: id,
            name: waiting.approval.signal,
            // Of two who answer at the same time one comes first, and is the one that counts.
            signalID: "approval-\(waiting.sequence)",
            data: data
        )
        if dryRun { return try sending.dryRun(verb, common, write) }
        let answer = try await sending.send(common, write)
        guard answer.sequence != nil else {
            throw Refusal(
                .conflict,
                "somebody else has answered the approval of \(waiting.block) already; `daybook show\(common.journalWords) \(id.shellArgument)` says how"
            )
        }
        report(verb, done, waiting, answer)
    }

    private func report(
        _ verb: String,
        _ done: String,
        _ waiting: WaitingApproval,
        _ answer: Signal.Answer
    ) {
        if common.json {
            common.write("daybook.\(verb)/1") { json in
                json.member("id", id)
                json.member("block", waiting.block)
                json.member("signal", waiting.approval.signal)
                json.member("sequence", answer.sequence)
                json.member("delivered", answer.isDelivered)
            }
        } else {
            common.output.line(
                answer.isDelivered
                    ? "\(id: id): \(waiting.block) is \(done)"
                    : "\(id: id) keeps the answer: \(waiting.block) is not waited for now"
            )
        }
    }

    /// The approval that is meant.
    /// - Parameter journal: the words that name the journal in a command line.
    static func choice(
        of approvals: [WaitingApproval],
        named signal: String?,
        in id: String,
        _ journal: String
    ) throws -> WaitingApproval {
        let meant = approvals.filter { approval in
            signal.map { approval.approval.signal.utf8.elementsEqual($0.utf8) } ?? true
        }
        guard let first = meant.first else {
            let which = signal.map { " with the signal \($0)" } ?? ""
            throw Refusal(
                .wrongState,
                "the execution \(id.shownAsID) waits for no approval\(which); `daybook why\(journal) \(id.shellArgument)` says what it waits for"
            )
        }
        guard meant.count == 1 else {
            let words = meant.map { "\($0.approval.signal) (\($0.block))" }
            throw UsageError(
                "the execution \(id.shownAsID) waits for several approvals; name one with --signal: \(words.joined(separator: ", "))"
            )
        }
        return first
    }
}
#endif
