#if CLI
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook
import DaybookSystem

/// Shows what a run does as it goes: a line for each job, and whether it ran or was taken from the
/// journal.
final class RunProgress: Sendable {
    enum Style {
        case text
        case lines
        case none
    }

    /// What became of a job.
    private struct JobEnding {
        let name: String
        let sequence: UInt64
        let how: String
        let isReplayed: Bool

        var hasFailed: Bool { how == "failed" }
    }

    private struct State {
        var block: String?
        var jobs: [JobEnding] = []
        /// The job whose line waits, on a terminal, for the outcome to take its place.
        var openLine: String?
        /// Those that run, and since when.
        var startedAt: [String: ContinuousClock.Instant] = [:]
    }

    /// The blocks of jobs, and of the signals that answer approvals.
    private let blocks: [String: String]
    private let signals: [String: String]
    /// The jobs that are undone, by the operations that do.
    private let undoings: [String: String]
    /// The answers that these signals approve with.
    private let accepted: [String: Acceptance]
    /// The jobs that run once for each element.
    private let repeated: Set<String>
    private let name: String
    private let common: CommonOptions
    private let style: Style
    private let state = Locked(State())

    init(_ runbook: Runbook, common: CommonOptions, style: Style) {
        name = runbook.name
        var blocks: [String: String] = [:]
        var signals: [String: String] = [:]
        var accepted: [String: Acceptance] = [:]
        var repeated: Set<String> = []
        var undoings: [String: String] = [:]
        for block in runbook.blocks {
            for job in block.jobs {
                blocks[job.name] = block.name
                if job.undo != nil { undoings["undo \(job.name)"] = job.name }
            }
            if let approval = block.approval {
                signals[approval.signal] = block.name
                accepted[approval.signal] = approval.accept
            }
            if block.each != nil { repeated.formUnion(block.jobs.map(\.name)) }
        }
        for job in runbook.onFailure { blocks[job.name] = RunbookOperations.onFailure }
        self.blocks = blocks
        self.undoings = undoings.filter { blocks[$0.key] == nil }
        self.signals = signals
        self.accepted = accepted
        self.repeated = repeated
        self.common = common
        self.style = style
    }

    func begin(_ id: String, _ answer: Submit.Answer) {
        switch style {
        case .none: break
        case .lines:
            line("submitted") { json in
                json.member("id", id)
                json.member("sequence", answer.number)
                json.member("existed", answer.existed)
            }
        case .text:
            let errors = common.errors
            let word = answer.existed ? "\(answer.status.rawValue) before" : "new"
            let title = errors.styled("\(name)", .bold)
            errors.line("\(title)  \(id: id)  \(errors.styled("\(word)", .dim))")
        }
    }

    func observe(_ event: EngineEvent) {
        switch event {
        case .started(_, let operation, let sequence):
            if let job = job(operation) { started(job, operation, sequence) }
        case .replayed(let lease, let operation, let sequence, let failed):
            // What is run once more to be undone has been told of.
            guard !lease.isRunOver(operation), let job = job(operation) else { return }
            let how = failed ? "failed" : "replayed"
            ended(job, operation, sequence, how, replayed: true, nil)
        case .recorded(_, let operation, let sequence, let source, let failure):
            guard let job = job(operation) else { return }
            let how = failure == nil ? source.word : "failed"
            ended(job, operation, sequence, how, replayed: false, failure)
        case .tookOver(let session, let readied, let parked, let processes):
            tookOver(session, readied.count, parked.count, processes)
        case .ended(_, let sequence, let failure):
            guard case .lines = style else { return }
            line(failure == nil ? "completed" : "failed") { $0.member("sequence", sequence) }
        case .attemptFailed(let lease, let sequence, let failure, let retryAt):
            attemptFailed(lease, sequence, failure, retryAt)
        // What it waits for is said by its record, in every process that shows it.
        case .activated, .cleaned, .closed, .snapshotTaken, .retrying, .waiting, .woke, .branched,
            .secretsUnopened:
            break
        }
    }

    /// What an operation is called: the name of its job, with the element's place if there are
    /// several. Nil: it is no job.
    private func job(_ operation: Operation) -> String? {
        guard operation.kind == .checkpoint else { return nil }
        if let undone = undoings[operation.name.text] {
            // It runs in a scope of its own, inside the place of what it undoes.
            guard repeated.contains(undone), let index = operation.scope.dropLast(2).last else {
                return operation.name.text
            }
            return "\(operation.name.text)[\(index)]"
        }
        guard blocks[operation.name.text] != nil else { return nil }
        guard repeated.contains(operation.name.text), let index = operation.scope.last else {
            return operation.name.text
        }
        return "\(operation.name.text)[\(index)]"
    }

    /// Says what an execution waits for.
    func waits(_ wait: Wait, in id: String) {
        let what: String
        switch wait.kind {
        case .timer, .child, .children: return
        case .signal:
            let signal = wait.operation.name.text
            let advice = WaitingApproval.advice(
                id.shellArgument,
                accepted[signal] ?? .anythingButNo,
                common
            )
            what = "\(signals[signal] ?? signal)  waits for approval; \(advice)"
        case .retry:
            what = "\(job(wait.operation) ?? wait.operation.name.text)  failed, and is tried again"
        }
        switch style {
        case .none: break
        case .lines:
            line("waiting") { json in
                json.member("kind", wait.kind.rawValue)
                json.member("name", wait.operation.name.text)
                json.member("sequence", wait.sequence)
                json.member("until", wait.deadline?.description)
            }
        case .text:
            state.withLock { state in
                let errors = common.errors
                eraseLine(&state)
                if let job = job(wait.operation) { state.startedAt[job] = nil }
                let words = wait.kind == .signal ? "; until " : " at "
                let until = wait.deadline.map { words + $0.milliseconds } ?? ""
                errors.line("  \(errors.styled("…", .yellow)) \(what)\(until)")
                state.openLine = nil
            }
        }
    }

    /// Says that nothing runs until somebody resumes it, or that somebody has.
    func paused(_ record: ExecutionRecord) {
        if case .lines = style {
            line(record.isPaused ? "paused" : "resumed") { $0.member("id", record.id) }
            return
        }
        if case .text = style { leaveLine() }
        common.errors.line(record.pauseNotice(common))
    }

    /// Ends a line that waits for an outcome that does not come.
    private func leaveLine() {
        state.withLock { state in
            eraseLine(&state)
            state.openLine = nil
            state.startedAt = [:]
        }
    }

    private func attemptFailed(
        _ lease: Lease,
        _ sequence: UInt64,
        _ failure: OperationError,
        _ retryAt: Timestamp
    ) {
        switch style {
        case .none: break
        case .lines:
            line("attempt failed") { json in
                json.member("sequence", sequence)
                json.member("attempt", lease.attempt)
                json.member("error", failure.message)
                json.member("retryAt", retryAt.description)
            }
        case .text:
            leaveLine()
            common.errors.line(
                "  attempt \(lease.attempt) failed: \(failure.message); the next one begins at \(retryAt.milliseconds)"
            )
        }
    }

    private func tookOver(_ session: UInt64, _ readied: Int, _ parked: Int, _ processes: Int) {
        switch style {
        case .none: break
        case .lines:
            line("took over") { json in
                json.member("session", session)
                json.member("endedProcesses", processes)
            }
        case .text:
            leaveLine()
            common.errors.line(
                "took over from session \(session), whose process is gone: \(readied) to resume, \(parked) parked, \(processes) left-over \(processes == 1 ? "job" : "jobs") ended"
            )
        }
    }

    private func started(_ job: String, _ operation: Operation, _ sequence: UInt64?) {
        switch style {
        case .none: break
        case .lines:
            line("started") { json in
                json.member("job", job)
                json.member("sequence", sequence)
            }
        case .text:
            state.withLock { state in
                eraseLine(&state)
                openBlock(of: operation.name.text, &state)
                state.startedAt[job] = .now
                openLine(of: job, &state)
            }
        }
    }

    /// On a terminal the outcome takes this line's place.
    private func openLine(of job: String, _ state: inout State) {
        let errors = common.errors
        let text: TerminalText = "  \(errors.styled("…", .cyan)) \(job)  running"
        errors.write(errors.isInteractive ? text : text + "\n")
        if errors.isInteractive { state.openLine = job }
    }

    private func eraseLine(_ state: inout State) {
        if state.openLine != nil { common.errors.write("\r\u{1B}[K") }
    }

    private func ended(
        _ job: String,
        _ operation: Operation,
        _ sequence: UInt64,
        _ how: String,
        replayed isReplayed: Bool,
        _ failure: OperationError?
    ) {
        // What undoes a job is none: what became of it is said by itself.
        if undoings[operation.name.text] == nil {
            state.withLock { state in
                state.jobs.append(
                    JobEnding(name: job, sequence: sequence, how: how, isReplayed: isReplayed)
                )
            }
        }
        switch style {
        case .none: break
        case .lines:
            line(how) { json in
                json.member("job", job)
                json.member("sequence", sequence)
                json.member("error", failure?.message)
            }
        case .text:
            state.withLock { state in
                let errors = common.errors
                eraseLine(&state)
                openBlock(of: operation.name.text, &state)
                let mark =
                    switch how {
                    case "failed": errors.styled("✗", .red)
                    case "replayed": errors.styled("↺", .cyan)
                    default: errors.styled("✓", .green)
                    }
                let words =
                    if isReplayed {
                        "from the journal, entry \(sequence)"
                    } else {
                        switch how {
                        case "verified": "found done already"
                        case "given": "given by a person, did not run"
                        default: how
                        }
                    }
                let started = state.startedAt.removeValue(forKey: job)
                let elapsed = started.map { ", \(($0.duration(to: .now)).brief)" } ?? ""
                errors.line("  \(mark) \(job)  \(errors.styled("\(words)\(elapsed)", .dim))")
                // Others may run side by side: the one that has run for the longest is shown.
                let open = state.openLine
                state.openLine = nil
                guard open != nil, let next = state.startedAt.min(by: { $0.value < $1.value })
                else { return }
                openLine(of: next.key, &state)
            }
        }
    }

    private func openBlock(of job: String, _ state: inout State) {
        let undoing = undoings[job].map { _ in "undoing" }
        guard let block = undoing ?? blocks[job], block != state.block else { return }
        state.block = block
        // Those of the block before that were stopped have no outcome.
        state.startedAt = [:]
        common.errors.line("  \(common.errors.styled("\(block)", .bold))")
    }

    /// Before anything else is written.
    func detach() { if case .text = style { leaveLine() } }

    func finish(_ record: ExecutionRecord) {
        detach()
        let (ran, failed, replayed) = state.withLock { state in
            (
                state.jobs.count { !$0.isReplayed && !$0.hasFailed },
                state.jobs.count { !$0.isReplayed && $0.hasFailed },
                state.jobs.count { $0.isReplayed }
            )
        }
        let errors = common.errors
        let failures = failed == 0 ? "" : ", \(failed) failed"
        errors.line(
            "\(record.color(errors))  \(ran) \(ran == 1 ? "job" : "jobs") done now\(failures), \(replayed) taken from the journal"
        )
    }

    func writeJobs(to json: inout JSONWriter) {
        let jobs = state.withLock { $0.jobs }
        for job in jobs {
            json.object { json in
                json.member("name", job.name)
                json.member("how", job.how)
                json.member("sequence", job.sequence)
            }
        }
    }

    private func line(_ event: String, _ body: (inout JSONWriter) -> Void) {
        var json = JSONWriter()
        json.object { json in
            json.member("schema", "daybook.progress/1")
            json.member("event", event)
            body(&json)
        }
        common.output.write(json.bytes + [UInt8(ascii: "\n")])
    }
}

extension Lease {
    /// Whether an operation is come by only to learn how it is undone.
    fileprivate func isRunOver(_ operation: Operation) -> Bool {
        !cleaning.isEmpty && !cleaning.contains { operation.scope.starts(with: $0.scope) }
    }
}

extension EngineEvent.OutcomeSource {
    /// The word for it in lines for programs.
    fileprivate var word: String {
        switch self {
        case .body: "ran"
        case .verification: "verified"
        case .person: "given"
        }
    }
}
#endif
