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
            until one asks for it. An approval of a runbook is answered with `daybook approve` and \
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
        if value == nil { try refuseSilence() }
        let sending = SignalSending(
            id: id,
            name: name,
            signalID: signalID,
            data: data,
            reason: reason
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

    /// Whoever gives the signal of an approval without a value means to approve: no value rejects.
    private func refuseSilence() throws {
        try common.inspect { inspector in
            var runbooks = RecordedRunbooks(inspector)
            let runbook = try runbooks.runbook(of: inspector.record(of: id))
            guard let block = runbook?.block(answeredBy: name),
                block.approval?.accept.approves(.null) == false
            else { return }
            throw UsageError(
                "the signal \(name) answers the approval of \(block.name), and no value would reject it; \(WaitingApproval.advice(id.shellArgument, common)), or give a value"
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

    /// Says what would be recorded.
    func dryRun(_ verb: String, _ common: CommonOptions, _ write: WriteOptions) throws {
        let limit = try checkSize(common)
        try rehearse(
            verb,
            Signal(
                id: Name(id),
                name: Name(name),
                signalID: signalID.map { Name($0) },
                payloads: try SealedPayloads([.json(data)], limit: limit)
            ),
            common
        )
    }

    /// Sends it.
    func send(_ common: CommonOptions, _ write: WriteOptions) async throws -> Signal.Answer {
        _ = try checkSize(common)
        return try await withDaybook(common, write) {
            try await $0.signal(
                id,
                name,
                data: data,
                signalID: signalID,
                by: write.requester(reason)
            )
        }
    }

    /// - Returns: bytes that a value may have.
    private func checkSize(_ common: CommonOptions) throws -> Int {
        let limit = try common.inspect { try $0.payloadLimit() }
        guard data.count <= limit else { throw PayloadTooLarge(size: data.count, limit: limit) }
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
