#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook

struct SignalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal",
        abstract: "Give an execution a signal.",
        discussion: """
            An operation that waits for a signal of this name goes on; otherwise the signal is kept \
            until one asks for it. With --fail the operation throws an error instead. An approval of a runbook is answered with `daybook approve` and \
            `daybook reject`.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Flag(name: .long, help: "Say what would be recorded, and record nothing.")
    var dryRun = false

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(name: .long, help: "Sending a signal of the same id again does nothing.")
    var signalID: String?

    @Option(
        name: .customLong("fail"),
        help: "Instead of a value: what is waited for has failed, with this message."
    )
    var failure: String?

    @Option(name: .long, help: "The stable word for that error. (default: failed)")
    var failCode: String?

    @Option(
        help:
            "The version of the value's type. (default: it is read as version 1 and, when it is no value of that, as the newest)"
    )
    var valueVersion: Int?

    @Argument(help: "The execution's id.")
    var id: String

    @Argument(help: "The signal's name.")
    var name: String

    @Argument(help: "Its value, as JSON. (default: null)")
    var value: String?

    func run() async throws {
        let data = Array((value ?? "null").utf8)
        if let value, !JSONSyntax.isValid(data) { throw UsageError.notJSON(value) }
        try Names.check(id, "execution id")
        try Names.check(name, "name of a signal")
        if let signalID { try Names.check(signalID, "signal id") }
        try write.check()
        if value == nil, failure == nil { try refuseSilence() }
        if let valueVersion, valueVersion < 1 {
            throw ValidationError("--value-version must be at least 1.")
        }
        let error = try givenFailure()
        let sending = SignalSending(
            id: id,
            name: name,
            signalID: signalID,
            data: data,
            reason: reason,
            error: error,
            version: valueVersion
        )
        if dryRun { return try sending.dryRun("signal", common, write) }
        let answer = try await sending.send(common, write)
        if common.json {
            common.write("daybook.signal/1") { json in
                json.member("id", id)
                json.member("name", name)
                json.member("sequence", answer.sequence)
                json.member("delivered", answer.isDelivered)
            }
        } else if answer.sequence == nil {
            common.output.line("\(id: id) has this signal already")
        } else {
            common.output.line(
                answer.isDelivered
                    ? "\(id: id) goes on"
                    : "\(id: id) keeps the signal \(name): nothing waits for it now"
            )
        }
    }

    /// The error that is sent in place of a value; nil: a value is.
    private func givenFailure() throws -> OperationError? {
        guard let failure else {
            if failCode == nil { return nil }
            throw UsageError("--fail-code is the word for an error; say --fail MESSAGE too")
        }
        if value != nil {
            throw UsageError("a signal has a value or an error; leave out the value, or --fail")
        }
        let code = failCode ?? "failed"
        try Names.check(code, "code of an error")
        return OperationError(code: code, message: failure)
    }

    /// Whoever gives the signal of an approval without a value means to approve: no value rejects.
    private func refuseSilence() throws {
        try common.inspect { inspector in
            var runbooks = RecordedRunbooks(inspector)
            let runbook = try runbooks.runbook(of: inspector.record(of: id))
            guard let block = runbook?.block(answeredBy: name),
                let accept = block.approval?.accept, !accept.approves(.null)
            else { return }
            throw UsageError(
                "the signal \(name) answers the approval of \(block.name), and no value would reject it; \(WaitingApproval.advice(id.shellArgument, accept, common)), or give a value"
            )
        }
    }
}

/// A signal that is about to be sent.
struct SignalSending {
    let id: String
    let name: String
    let signalID: String?
    /// Its value, as JSON.
    let data: [UInt8]
    var reason: String?
    /// What is sent in place of the value; nil: the value is.
    var error: OperationError?
    /// The version of the value's type; nil: nobody says.
    var version: Int?

    /// Says what would be recorded.
    func dryRun(_ verb: String, _ common: CommonOptions, _ write: WriteOptions) throws {
        let limit = try checkSize(common)
        try rehearse(
            verb,
            Signal(
                id: Name(id),
                name: Name(name),
                signalID: signalID.map { Name($0) },
                error: error?.facts,
                payloads: try SealedPayloads(
                    error.map { [.text($0.message), .json([])] } ?? [.json(data)],
                    limit: limit
                )
            ),
            common
        )
    }

    /// Sends it.
    func send(_ common: CommonOptions, _ write: WriteOptions) async throws -> Signal.Answer {
        _ = try checkSize(common)
        return try await withDaybook(common, write) {
            if let error {
                return try await $0.fail(
                    id,
                    signal: name,
                    with: error,
                    signalID: signalID,
                    by: write.requester(reason)
                )
            }
            return try await $0.signal(
                id,
                name,
                data: data,
                version: version,
                signalID: signalID,
                by: write.requester(reason)
            )
        }
    }

    /// - Returns: bytes that a value may have.
    private func checkSize(_ common: CommonOptions) throws -> Int {
        let limit = try common.inspect { try $0.payloadLimit() }
        let size = error?.message.utf8.count ?? data.count
        guard size <= limit else { throw PayloadTooLarge(size: size, limit: limit) }
        return limit
    }
}

extension UsageError {
    static func notJSON(_ value: String) -> UsageError {
        UsageError(
            "the value \(value) is not JSON; write a text in double quotes, as '\"\(value)\"'"
        )
    }
}
#endif
