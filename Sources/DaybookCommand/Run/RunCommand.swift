#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookRunbook
import DaybookSystem

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Submit and execute a runbook, show its progress, resume it if interrupted.",
        discussion: """
            With an --id that exists already, the execution goes on from where it was: jobs whose \
            outcome is in the journal are not run again. Ctrl-C detaches: the running job may end, \
            and no other one begins; a second Ctrl-C ends it, and it runs again at the next start.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var submission: SubmitOptions
    @OptionGroup var file: RunbookFile
    @OptionGroup var grace: GraceOptions

    @Flag(name: .long, help: "Write a line of JSON for each thing that is on the disk.")
    var jsonl = false

    func validate() throws {
        if jsonl, common.json { throw ValidationError("Use either --json or --jsonl.") }
    }

    func run() async throws {
        Terminal.outlivesReaders.withLock { $0 = true }
        try common.adoptOrphans()
        let (runbook, request) = try file.request()
        try write.check()
        let submitted = try submission.options()
        let path = try common.journalPath()
        let progress = RunProgress(
            runbook,
            common: common,
            style: jsonl ? .lines : common.json ? .none : .text
        )
        var options = write.options(common)
        options.claims = .named
        options.observers = [{ progress.observe($0) }]
        grace.apply(to: &options)
        let interrupts = try Interrupts(2)
        let daybook = try await Engine.open(at: path, options, workflows: [RunbookWorkflow()])
        ClockLag(daybook).warn(common)
        let end: Detachable
        do {
            let (id, answer) = try await RunbookSubmission.submit(
                file,
                runbook,
                request,
                to: daybook,
                submitted,
                by: write.requester(submission.reason)
            )
            progress.begin(id, answer)
            try await daybook.execute(id)
            end = try await Detachable.wait(
                id,
                daybook,
                interrupts,
                isWaiting: { progress.waits($0, in: id) },
                isPaused: { progress.paused($0) }
            )
        } catch {
            // Nobody has interrupted it.
            try await grace.close(daybook, interrupts, common, isAsked: false)
            throw error
        }
        switch end {
        case .ended(let record):
            let outcome = record.isClosed ? try daybook.outcome(of: record) : nil
            let reason = record.parkingReason?.message
            try await grace.close(daybook, interrupts, common, isAsked: false)
            if !jsonl, let reason { common.errors.line("  \(reason)") }
            for doubt in jsonl ? [] : record.doubts {
                let advice = doubt.advice(record.id, common)
                common.errors.line("  \(doubt.name(runbook)): \(advice)")
            }
            try report(record, outcome, progress)
        case .detached(let id):
            try await grace.close(daybook, interrupts, seen: 1, common)
            progress.detach()
            let line = file.commandLine(id: id, journal: path, write, submission, grace)
            common.errors.line("detached; go on with:\n  \(line)")
            throw CommandEnd(status: .interrupted)
        }
    }

    private func report(
        _ record: ExecutionRecord,
        _ outcome: Result<[UInt8], OperationError>?,
        _ progress: RunProgress
    ) throws {
        if common.json {
            common.write("daybook.run/1") { json in
                record.write(to: &json)
                json.key("jobs")
                json.array { progress.writeJobs(to: &$0) }
                switch outcome {
                case .success(let output):
                    json.key("output")
                    json.raw(output)
                case .failure(let error): json.member("error", error.message)
                case nil: break
                }
            }
        } else if !jsonl {
            progress.finish(record)
            if case .failure(let error) = outcome { common.errors.line("  \(error.message)") }
            let (undoings, advice) = try common.inspect { inspector in
                (
                    try inspector.undoings(of: record),
                    record.isClosed ? try record.advice(common, inspector) : nil
                )
            }
            for line in undoings { common.errors.line("  \(line)") }
            if let advice {
                common.errors.line("  \(advice)")
            }
            if case .success(let output) = outcome, let failed = try failedBlocks(output) {
                common.errors.line("  with errors in \(failed.joined(separator: ", "))")
            }
            common.output.line("\(id: record.id) \(record.statusText)")
        }
        if let status = record.exitStatus { throw CommandEnd(status: status) }
    }

    /// Blocks that failed and did not end the run.
    private func failedBlocks(_ output: [UInt8]) throws -> [String]? {
        try JSONPayloadCodec().decode(RunbookResult.self, from: output).failedBlocks
    }
}

/// How waiting for an execution ended.
enum Detachable {
    case ended(ExecutionRecord)
    case detached(id: String)

    /// Waits for the end of an execution or for Ctrl-C, whichever comes first.
    /// - Parameters:
    ///   - isWaiting: told of each wait that an operation of it begins.
    ///   - isPaused: told when it is paused, and when it is so no more.
    static func wait(
        _ id: String,
        _ daybook: Engine,
        _ interrupts: Interrupts,
        isWaiting: @escaping @Sendable (Wait) -> Void,
        isPaused: @escaping @Sendable (ExecutionRecord) -> Void
    ) async throws -> Detachable {
        return try await withThrowingTaskGroup(of: Detachable.self) { group in
            group.addTask {
                var seen: Set<UInt64> = []
                var wasPaused = false
                while true {
                    let record = try await daybook.wait(for: id) { record in
                        record.isClosed || record.isParked || record.isPaused != wasPaused
                            || record.waits.contains { !seen.contains($0.sequence) }
                    }
                    if record.isClosed || record.isParked { return .ended(record) }
                    if record.isPaused != wasPaused {
                        wasPaused = record.isPaused
                        isPaused(record)
                    }
                    for wait in record.waits where seen.insert(wait.sequence).inserted {
                        isWaiting(wait)
                    }
                }
            }
            group.addTask {
                guard await interrupts.wait() else { throw CancellationError() }
                return .detached(id: id)
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { return .detached(id: id) }
            return first
        }
    }
}
#endif
