#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook
import FoundationEssentials

struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an execution: status, operations, output or error."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Flag(help: "Show the numbers of operations, by which `daybook fork --at` takes them.")
    var positions = false

    @Argument(help: "The execution's id.")
    var id: String

    func run() async throws {
        try common.inspect { inspector in
            let record = try inspector.record(of: id)
            var interruptions = Interruptions(inspector)
            let isInterrupted = try interruptions.contains(record)
            let operations = try inspector.operations(of: record.number)
            let last = try inspector.ending(of: record)
            let given = try given(by: last, inspector)
            let sibling = try inspector.siblingMessage(of: record, last)
            let store = try inspector.store(of: record.number)
            let forks = try Forks(of: record, inspector)
            let workspace = try inspector.workspaces(of: record.number).last
            let signals = try signals(operations, of: record, inspector)
            let secrets = try inspector.secrets(ofRun: record)
            let now = try inspector.secretTime()
            let erasure = try inspector.erasure(of: record)
            let archive = try inspector.archive(of: record)
            if common.json {
                common.write("daybook.show/1") { json in
                    record.write(to: &json, isInterrupted: isInterrupted)
                    write(operations, signals, (last, given), store, to: &json)
                    json.member("siblingFailed", sibling)
                    forks.write(to: &json)
                    write(erasure, archive, to: &json)
                    if let workspace {
                        json.key("workspace")
                        json.object { json in
                            json.member("entry", workspace.sequence)
                            workspace.content.write(to: &json)
                            if workspace.isErased { json.member("erased", true) }
                        }
                    }
                    write(secrets, to: &json, by: now)
                }
            } else {
                var runbooks = RecordedRunbooks(inspector)
                let runbook = try runbooks.runbook(of: record)
                let rows = OperationRows.rows(
                    operations,
                    runbook,
                    signals: signals,
                    isEnded: record.status.isFinal,
                    settled: try forks.settled(inspector),
                    time: { time.text($0) }
                )
                writeHead(record, isInterrupted)
                forks.print(to: common.output)
                writeText(erasure, archive)
                if let workspace {
                    let at = "entry \(workspace.sequence)"
                    common.output.line("  workspace  \(workspace.words(in: record.number)), \(at)")
                }
                writeSecrets(secrets, of: record, by: now)
                writeText(record, runbook, rows, (last, given))
                if let sibling { common.output.line("  \(sibling)") }
                for doubt in record.doubts {
                    common.output.line("  \(doubt.advice(record.id, common))")
                }
                if !store.isEmpty {
                    common.output.line("")
                    common.output.line("store")
                    for (key, value) in store {
                        let text = value.map { String(decoding: $0, as: UTF8.self) }
                        common.output.line("  \(key) = \(text ?? "(erased)")")
                    }
                }
                for approval in try inspector.approvals(of: record) {
                    common.output.line("")
                    let id = record.id.shellArgument
                    let advice = WaitingApproval.advice(id, approval.approval.accept, common)
                    common.output.line("waits for \(approval.words)")
                    common.output.line("  \(advice)")
                }
            }
        }
    }

    /// What an execution gave that has completed; nil: it has not, or that is erased.
    private func given(by last: JournalEntry?, _ inspector: Inspector) throws -> [UInt8]? {
        guard let last, case .executionCompleted = last.entry.event,
            let payload = last.payloads.first, !payload.isErased
        else { return nil }
        do {
            return try inspector.value(of: payload, at: last.sequence)
        } catch is PayloadErased {
            return nil
        }
    }

    /// What was decided about its record.
    private func write(
        _ erasure: Erasure?,
        _ archive: ArchiveRecord?,
        to json: inout JSONWriter
    ) {
        if let erasure {
            json.key("erasure")
            json.object { erasure.write(to: &$0) }
        }
        if let archive {
            json.key("archive")
            json.object { archive.write(to: &$0) }
        }
    }

    // MARK: Text

    private func writeText(_ erasure: Erasure?, _ archive: ArchiveRecord?) {
        if let erasure { common.output.line("  payloads   \(erasure.words)") }
        if let archive {
            common.output.line("  archive    \(archive.name), \(archive.words)")
        }
    }

    /// What became of secrets that were kept when it ended; of what is open, those that cannot be opened.
    private func writeSecrets(_ secrets: RunSecrets, of record: ExecutionRecord, by now: Timestamp)
    {
        // Those of what has completed are wiped.
        guard record.status != .completed else { return }
        let told = secrets.records.filter {
            record.isClosed || $0.wiped == nil && $0.key != .held
        }
        for secret in told {
            common.output.line("  secret     \(secret.name), \(secret.fate(by: now, time))")
        }
        if !told.isEmpty, let fault = secrets.fault {
            common.output.line("  keys       \(fault)")
        }
        // To find those would be to read all runs.
        guard record.isClosed, record.continuedFrom != nil else { return }
        let line = "`daybook secret list\(common.journalWords) \(record.id.shellArgument)`"
        common.output.line("  secrets    those of earlier runs: \(line)")
    }

    private func writeHead(_ record: ExecutionRecord, _ isInterrupted: Bool) {
        let output = common.output
        let status = record.color(output, isInterrupted: isInterrupted)
        output.line("\(output.styled("\(id: record.id)", .bold))  \(record.type)  \(status)")
        if isInterrupted { output.line("  \(record.interruptionNotice(common))") }
    }

    private func writeText(
        _ record: ExecutionRecord,
        _ runbook: Runbook?,
        _ rows: [OperationRow],
        _ end: (entry: JournalEntry?, output: [UInt8]?)
    ) {
        let output = common.output
        if let runbook { output.line("  runbook    \(runbook.name)") }
        output.line("  number     \(record.number), \(record.entries) entries, last \(record.last)")
        let request = record.submittedBy
        let who = request.map { ", by \($0.who)" } ?? ""
        output.line("  submitted  \(time.text(record.submittedAt))\(who)")
        if let reason = request?.reason { output.line("  reason     \(reason)") }
        if !record.labels.isEmpty { output.line("  labels     \(record.labelsText)") }
        if let parent = record.parent {
            let role = record.isFinalizer ? ", of which it is the finalizer" : ""
            output.line("  parent     \(parent)\(role)")
        }
        if record.openChildren > 0 { output.line("  children   \(record.openChildren) not ended") }
        if let started = record.startedAt { output.line("  started    \(time.text(started))") }
        if let finished = record.finishedAt {
            let took = finished.since(record.startedAt ?? record.submittedAt).brief
            output.line("  finished   \(time.text(finished)), after \(took)")
        }
        let losses = record.losses == 0 ? "" : ", \(record.losses) leases lost in a row"
        output.line("  attempts   \(record.attempt)\(losses)")
        if let error = record.lastErrorText { output.line("  last error \(error)") }
        if let session = record.session { output.line("  session    \(session)") }
        if !record.cleaning.isEmpty {
            output.line("  to clean   \(record.cleaningWords.joined(separator: ", "))")
        }
        if record.isPinned {
            output.line("  revision   \(record.revision ?? "of its first claim")")
        }
        if !rows.isEmpty {
            output.line("")
            let header = OperationRow.header(positions: positions)
            var table = Table(header, flexible: OperationRow.flexible)
            for row in rows { table.add(row.cells(positions: positions)) }
            table.print(to: output)
        }
        guard let last = end.entry else { return }
        output.line("")
        let text = last.text(ofPayload: 0)
        switch last.entry.event {
        case .executionCompleted:
            let given = end.output.map { String(decoding: $0, as: UTF8.self) }
            output.line("output  \(given ?? last.erasedText)")
        case .executionFailed(let event):
            output.line("error   \(event.error.code): \(text ?? last.erasedText)")
        case .executionTimedOut(let event):
            output.line("error   \(event.error.code): \(text ?? last.erasedText)")
        case .executionExpired: output.line("expired  \(text ?? last.erasedText)")
        case .executionCancelled: output.line("cancelled \(last.summary)")
        case .executionParked: output.line("parked  \(text ?? last.erasedText)")
        default: break
        }
        if record.status.isFinal, let reason = record.parkingReason {
            output.line("cleaning up is parked: \(reason.text)")
        }
    }

    /// What the waits of an execution were given.
    private func signals(
        _ operations: [OperationRecord],
        of record: ExecutionRecord,
        _ inspector: Inspector
    ) throws -> [OperationPath: GivenSignal] {
        var given: [OperationPath: GivenSignal] = [:]
        guard operations.contains(where: { $0.operation.kind == .signal }) else { return given }
        try inspector.inheritedHistory(of: record.number) { entry in
            guard case .signalDelivered(let event) = entry.entry.event else { return true }
            let signal = try inspector.entry(event.signal)
            guard case .signalReceived = signal.entry.event else { return true }
            let path = OperationPath(
                scope: event.operation.scope,
                position: event.operation.position
            )
            given[path] = GivenSignal(
                by: signal.request.flatMap { $0.who.isEmpty ? nil : $0 },
                value: signal.text(ofPayload: 0)
            )
            return true
        }
        return given
    }

    // MARK: JSON

    private func write(_ secrets: RunSecrets, to json: inout JSONWriter, by now: Timestamp) {
        if secrets.records.isEmpty { return }
        json.key("secrets")
        json.array { json in
            for secret in secrets.records { json.object { secret.write(to: &$0, by: now) } }
        }
        json.member("secretsError", secrets.fault?.message)
    }

    private func write(
        _ operations: [OperationRecord],
        _ signals: [OperationPath: GivenSignal],
        _ end: (entry: JournalEntry?, output: [UInt8]?),
        _ store: [(key: String, value: [UInt8]?)],
        to json: inout JSONWriter
    ) {
        json.key("operations")
        json.array { json in
            for operation in operations {
                write(operation, signals[OperationPath(operation.operation)], to: &json)
            }
        }
        json.key("state")
        json.object { json in
            json.key("checkpoints")
            json.object { writeCheckpoints(operations, to: &$0) }
        }
        if !store.isEmpty {
            json.key("store")
            json.object { json in
                for (key, value) in store {
                    json.key(key)
                    json.raw(value ?? Array("null".utf8))
                }
            }
        }
        let last = end.entry
        switch last?.entry.event {
        case .executionCompleted:
            guard last?.payloads.first != nil else { break }
            json.key("output")
            json.raw(end.output ?? Array("null".utf8))
        case .executionFailed, .executionParked, .executionTimedOut, .executionCancelled,
            .executionExpired:
            json.member("error", last?.text(ofPayload: 0))
            if let request = last?.request {
                json.key("endedBy")
                json.object { request.write(to: &$0) }
            }
        default: break
        }
    }

    private func write(
        _ operation: OperationRecord,
        _ signal: GivenSignal?,
        to json: inout JSONWriter
    ) {
        json.object { json in
            json.member("sequence", operation.sequence)
            json.member("kind", operation.operation.kind.rawValue)
            json.member("name", operation.operation.name.text)
            json.key("scope")
            json.array { json in
                for part in operation.operation.scope { json.number(part) }
            }
            json.member("position", operation.operation.position)
            json.member("status", operation.status.rawValue)
            json.member("verified", operation.isVerified && !operation.isGiven)
            if operation.isGiven { json.member("given", true) }
            json.member("starts", operation.starts)
            json.member("tries", operation.tries == 0 ? nil : operation.tries)
            json.member("branches", operation.branches)
            json.member("deadline", operation.deadline?.description)
            json.member("startedAt", operation.startedAt?.description)
            json.member("endedAt", operation.endedAt?.description)
            json.member("logLines", operation.logLines)
            if operation.isCleaned { json.member("cleaned", true) }
            if operation.isOfEarlierEnd { json.member("beforeRetry", true) }
            if let compensation = operation.compensation {
                json.member("compensation", compensation.rawValue)
                operation.compensationCode.map { json.member("compensationCode", $0) }
                operation.compensationMessage.map { json.member("compensationMessage", $0) }
            }
            if let value = operation.value {
                json.key("result")
                json.raw(value)
            }
            json.member("childStatus", operation.childStatus?.rawValue)
            if let request = signal?.by {
                json.key("givenBy")
                json.object { request.write(to: &$0) }
            }
            if operation.status == .success, let value = signal?.value.map({ Array($0.utf8) }) {
                json.key("result")
                if JSONSyntax.isValid(value) { json.raw(value) } else { json.null() }
            }
            json.member("errorCode", operation.errorCode)
            let failure = operation.status == .failed ? signal?.value : nil
            json.member("error", operation.message ?? failure)
            if let input = operation.input {
                json.key("input")
                if JSONSyntax.isValid(input) { json.raw(input) } else { json.null() }
            }
            json.member("source", operation.operation.source?.description)
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
