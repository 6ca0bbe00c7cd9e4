#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import FoundationEssentials

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an execution: status, operations, output or error."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Argument(help: "The execution's id.")
    var id: String

    func run() async throws {
        try common.inspect { inspector in
            let record = try inspector.record(of: id)
            let operations = try inspector.operations(of: record.number)
            let last = try inspector.ending(of: record)
            if common.json {
                writeJSON(record, operations, last)
            } else {
                writeText(record, operations, last)
            }
        }
    }

    // MARK: Text

    private func writeText(
        _ record: ExecutionRecord,
        _ operations: [OperationRecord],
        _ last: JournalEntry?
    ) {
        let output = common.output
        output.line(
            "\(output.styled("\(id: record.id)", .bold))  \(record.type)  \(record.color(output))"
        )
        output.line("  number     \(record.number), \(record.entries) entries, last \(record.last)")
        output.line("  submitted  \(time.text(record.submittedAt))")
        if let started = record.startedAt { output.line("  started    \(time.text(started))") }
        if let finished = record.finishedAt {
            let took = finished.since(record.startedAt ?? record.submittedAt).brief
            output.line("  finished   \(time.text(finished)), after \(took)")
        }
        output.line("  attempts   \(record.attempt), \(record.losses) leases lost in a row")
        if let session = record.session { output.line("  session    \(session)") }
        if !operations.isEmpty {
            output.line("")
            var table = Table(
                ["ENTRY", "OPERATION", "STATUS", "STARTS", "TOOK", "LOG", "RESULT"],
                flexible: ["OPERATION", "STATUS", "RESULT"]
            )
            for operation in operations { table.add(row(operation)) }
            table.print(to: output)
        }
        guard let last else { return }
        output.line("")
        let text = last.text(ofPayload: 0)
        switch last.entry.event {
        case .executionCompleted: output.line("output  \(text ?? "(erased)")")
        case .executionFailed(let event):
            output.line("error   \(event.error.code): \(text ?? "(erased)")")
        case .executionTimedOut(let event):
            output.line("error   \(event.error.code): \(text ?? "(erased)")")
        case .executionExpired: output.line("expired  \(text ?? "(erased)")")
        case .executionCancelled(let event):
            output.line("cancelled by \(event.actor)\(text.map { ": \($0)" } ?? "")")
        case .executionParked: output.line("parked  \(text ?? "(erased)")")
        default: break
        }
    }

    private func row(_ operation: OperationRecord) -> [String] {
        var took = ""
        if let began = operation.startedAt, let ended = operation.endedAt {
            took = ended.since(began).brief
        }
        let result =
            switch operation.status {
            case .started where operation.branches != nil: "\(operation.branches ?? 0) branches"
            case .started: "no outcome recorded"
            case .waiting:
                operation.deadline.map { "until \(time.text($0))" } ?? "until it comes"
            case .success where operation.operation.kind == .checkpoint:
                operation.value.map { String(decoding: $0, as: UTF8.self) } ?? "(erased)"
            case .success: operation.value.map { String(decoding: $0, as: UTF8.self) } ?? ""
            case .failed where operation.branches != nil: "\(operation.branches ?? 0) branches"
            case .failed: "\(operation.errorCode ?? ""): \(operation.message ?? "(erased)")"
            }
        let status = operation.isVerified ? "success, found done" : operation.status.rawValue
        // What is in a branch stands below what split into it, with the branch's number.
        let scope = operation.operation.scope
        let indent = String(repeating: "  ", count: scope.count / 2)
        let branch = scope.last.map { "[\($0)] " } ?? ""
        return [
            "\(operation.sequence)", indent + branch + operation.operation.name, status,
            "\(operation.starts)", took,
            operation.logLines == 0 ? "" : "\(operation.logLines) lines", result,
        ]
    }

    // MARK: JSON

    private func writeJSON(
        _ record: ExecutionRecord,
        _ operations: [OperationRecord],
        _ last: JournalEntry?
    ) {
        common.write("daybook.show/1") { json in
            record.write(to: &json)
            json.key("operations")
            json.array { json in
                for operation in operations { write(operation, to: &json) }
            }
            json.key("state")
            json.object { json in
                json.key("checkpoints")
                json.object { writeCheckpoints(operations, to: &$0) }
            }
            switch last?.entry.event {
            case .executionCompleted:
                guard let payload = last?.payloads.first else { break }
                json.key("output")
                json.raw(payload.isErased ? Array("null".utf8) : payload.data)
            case .executionFailed, .executionParked, .executionTimedOut, .executionCancelled,
                .executionExpired:
                json.member("error", last?.text(ofPayload: 0))
            default: break
            }
        }
    }

    private func write(_ operation: OperationRecord, to json: inout JSONWriter) {
        json.object { json in
            json.member("sequence", operation.sequence)
            json.member("kind", operation.operation.kind.rawValue)
            json.member("name", operation.operation.name)
            json.key("scope")
            json.array { json in
                for part in operation.operation.scope { json.number(part) }
            }
            json.member("position", operation.operation.position)
            json.member("status", operation.status.rawValue)
            json.member("verified", operation.isVerified)
            json.member("starts", operation.starts)
            json.member("tries", operation.tries == 0 ? nil : operation.tries)
            json.member("branches", operation.branches)
            json.member("deadline", operation.deadline?.description)
            json.member("startedAt", operation.startedAt?.description)
            json.member("endedAt", operation.endedAt?.description)
            json.member("logLines", operation.logLines)
            if let value = operation.value {
                json.key("result")
                json.raw(value)
            }
            json.member("errorCode", operation.errorCode)
            json.member("error", operation.message)
        }
    }

    /// The form that the scaffolder's task state has.
    private func writeCheckpoints(_ operations: [OperationRecord], to json: inout JSONWriter) {
        let ended = operations.filter { operation in
            operation.operation.kind == .checkpoint
                && (operation.status == .success || operation.status == .failed)
        }
        for (label, operation) in zip(
            OperationRecord.labels(of: ended.map(\.operation)),
            ended
        ) {
            json.key(label)
            json.object { json in
                json.member("status", operation.status == .success ? "success" : "failed")
                if let value = operation.value {
                    json.key("result")
                    json.raw(value)
                }
                json.member("reason", operation.message)
            }
        }
    }
}
#endif
