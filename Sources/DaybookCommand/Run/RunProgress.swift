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
    }

    private struct State {
        var block: String?
        var jobs: [JobEnding] = []
        var isLineOpen = false
        var startedAt: ContinuousClock.Instant?
    }

    private let blocks: [String: String]
    private let name: String
    private let common: CommonOptions
    private let style: Style
    private let state = Locked(State())

    init(_ runbook: Runbook, common: CommonOptions, style: Style) {
        name = runbook.name
        var blocks: [String: String] = [:]
        for block in runbook.blocks {
            for job in block.jobs { blocks[job.name] = block.name }
        }
        self.blocks = blocks
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
            errors.line("\(errors.styled(name, .bold))  \(id)  \(errors.styled(word, .dim))")
        }
    }

    func observe(_ event: EngineEvent) {
        switch event {
        case .started(_, let operation, let sequence): started(operation.name, sequence)
        case .replayed(_, let operation, let sequence, let failed):
            let how = failed ? "failed" : "replayed"
            ended(operation.name, sequence, how, "from the journal, entry \(sequence)", nil)
        case .recorded(_, let operation, let sequence, let verified, let failure):
            let how = failure != nil ? "failed" : verified ? "verified" : "ran"
            let words =
                failure != nil ? "failed" : verified ? "found done already" : "ran"
            ended(operation.name, sequence, how, words, failure)
        case .tookOver(let session, let readied, let parked, let processes):
            tookOver(session, readied.count, parked.count, processes)
        case .ended(_, let sequence, let failure):
            guard case .lines = style else { return }
            line(failure == nil ? "completed" : "failed") { $0.member("sequence", sequence) }
        case .attemptFailed(let lease, let sequence, let failure, let retryAt):
            attemptFailed(lease, sequence, failure, retryAt)
        case .activated, .closed, .snapshotTaken: break
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
            common.errors.line(
                "took over from session \(session), whose process is gone: \(readied) to resume, \(parked) parked, \(processes) left-over jobs ended"
            )
        }
    }

    private func started(_ job: String, _ sequence: UInt64?) {
        switch style {
        case .none: break
        case .lines:
            line("started") { json in
                json.member("job", job)
                json.member("sequence", sequence)
            }
        case .text:
            state.withLock { state in
                openBlock(of: job, &state)
                state.startedAt = .now
                let errors = common.errors
                let text = "  \(errors.styled("…", .cyan)) \(job)  running"
                // On a terminal the outcome takes this line's place.
                errors.write(errors.isInteractive ? text : text + "\n")
                state.isLineOpen = errors.isInteractive
            }
        }
    }

    private func ended(
        _ job: String,
        _ sequence: UInt64,
        _ how: String,
        _ words: String,
        _ failure: OperationError?
    ) {
        state.withLock { state in
            state.jobs.append(JobEnding(name: job, sequence: sequence, how: how))
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
                openBlock(of: job, &state)
                let errors = common.errors
                if state.isLineOpen { errors.write("\r\u{1B}[K") }
                state.isLineOpen = false
                let mark =
                    switch how {
                    case "failed": errors.styled("✗", .red)
                    case "replayed": errors.styled("↺", .cyan)
                    default: errors.styled("✓", .green)
                    }
                let elapsed = state.startedAt.map { ", \(($0.duration(to: .now)).brief)" } ?? ""
                state.startedAt = nil
                errors.line("  \(mark) \(job)  \(errors.styled(words + elapsed, .dim))")
            }
        }
    }

    private func openBlock(of job: String, _ state: inout State) {
        guard let block = blocks[job], block != state.block else { return }
        state.block = block
        common.errors.line("  \(common.errors.styled(block, .bold))")
    }

    func finish(_ record: ExecutionRecord) {
        let (ran, replayed) = state.withLock { state in
            (
                state.jobs.count { $0.how != "replayed" },
                state.jobs.count { $0.how == "replayed" }
            )
        }
        let errors = common.errors
        errors.line(
            "\(record.color(errors))  \(ran) jobs done now, \(replayed) taken from the journal"
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
#endif
