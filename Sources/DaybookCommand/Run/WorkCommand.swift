#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookRunbook
import DaybookSystem

struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Run the runbooks that are ready, and tasks when they are due, until Ctrl-C.",
        discussion: """
            Tasks are run whose types have a stored runbook as their backend (`daybook runbook add`). Of several \
            processes each task that is due is dispatched by one.

            What has secrets is left to others where these cannot be opened, for example without the journal \
            key. With --until-idle such work that is left ready is no success: the exit status is that \
            which `daybook run` has there, 64 without the right key, and 5 where the file of keys is damaged.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var grace: GraceOptions

    @Flag(name: .long, help: "Stop when nothing is ready or running any more.")
    var untilIdle = false

    @Flag(name: .long, help: "Write a line of JSON for each execution that begins or ends.")
    var jsonl = false

    @Option(name: .long, help: "The most executions to run at the same time.")
    var concurrency = 4

    @Option(
        name: .customLong("task-type"),
        help: "Dispatch only tasks of this type; may be repeated."
    )
    var taskTypes: [String] = []

    @Flag(name: .long, help: "Dispatch only tasks that have a priority.")
    var withPriority = false

    @Flag(name: .long, help: "Dispatch no tasks.")
    var noSchedules = false

    func validate() throws {
        if noSchedules, withPriority || !taskTypes.isEmpty {
            throw ValidationError(
                "--no-schedules goes with neither --task-type nor --with-priority."
            )
        }
        if jsonl, common.json { throw ValidationError("Use either --json or --jsonl.") }
        guard concurrency > 0 else { throw ValidationError("--concurrency must be at least 1.") }
    }

    func run() async throws {
        Terminal.outlivesReaders.withLock { $0 = true }
        try common.adoptOrphans()
        try write.check()
        var options = write.options(common)
        options.claims = .registered
        options.maxConcurrent = concurrency
        options.schedules =
            noSchedules
            ? nil
            : ScheduleOptions(
                types: taskTypes.isEmpty ? nil : taskTypes,
                onlyPrioritised: withPriority
            )
        grace.apply(to: &options)
        let reporter = WorkReporter(common: common, isJSONL: jsonl)
        options.observers = [{ reporter.observe($0) }]
        let interrupts = try Interrupts(2)
        let daybook = try await Engine.open(
            at: try common.journalPath(),
            options,
            workflows: [RunbookWorkflow()]
        )
        ClockLag(daybook).warn(common)
        // Whether it was interrupted.
        let end: Result<Bool, any Error>
        var left: (ids: [String], refusal: SecretError)?
        do {
            let isInterrupted = try await wait(daybook, interrupts)
            if untilIdle, !isInterrupted { left = daybook.leftForSecrets() }
            end = .success(isInterrupted)
        } catch {
            end = .failure(error)
        }
        do {
            let isInterrupted = if case .success(true) = end { true } else { false }
            try await grace.close(
                daybook,
                interrupts,
                seen: isInterrupted ? 1 : 0,
                common,
                isAsked: isInterrupted
            )
        } catch {
            // Why it ended says more than that the end could not be recorded.
            _ = try end.get()
            throw error
        }
        try reporter.finish(ready: left?.ids ?? [])
        _ = try end.get()
        if let left { throw Self.error(left.ids, left.refusal) }
    }

    /// Why it is no success that nothing is left to do here. What helps was said when it was found.
    private static func error(_ ids: [String], _ refusal: SecretError) -> SecretError {
        let shown = ids.prefix(10).joined(separator: ", ")
        let more = ids.count > 10 ? " and \(ids.count - 10) more" : ""
        return SecretError(
            refusal.code,
            "\(shown)\(more) \(ids.count == 1 ? "is" : "are") left ready: secrets cannot be opened here"
        )
    }

    /// - Returns: whether an interrupt ended it.
    private func wait(_ daybook: Engine, _ interrupts: Interrupts) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { await interrupts.wait() }
            group.addTask {
                try await daybook.waitForFailure()
                return false
            }
            if untilIdle {
                group.addTask {
                    try await daybook.waitUntilIdle()
                    return false
                }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
    }
}

/// Says which executions begin and end: a line each, or all in one document at the end.
private final class WorkReporter: Sendable {
    /// One thing that happened.
    private struct Event {
        let name: String
        let id: String
        let number: UInt64
        let message: String?

        func write(to json: inout JSONWriter) {
            json.member("event", name)
            json.member("id", id)
            json.member("number", number)
            json.member("message", message)
        }
    }

    private let common: CommonOptions
    private let isJSONL: Bool
    private let events = Locked<[Event]>([])
    /// What was left because the process ends: what it waits for is looked up once the journal is closed.
    private let left = Locked<[Lease]>([])

    init(common: CommonOptions, isJSONL: Bool) {
        self.common = common
        self.isJSONL = isJSONL
    }

    func observe(_ event: EngineEvent) {
        switch event {
        case .activated(let lease, let resumed): note(lease, resumed ? "resumed" : "started", nil)
        case .ended(let lease, _, let failure):
            note(lease, failure == nil ? "completed" : "failed", failure?.message)
        case .cleaned(let lease, _): note(lease, "cleaned up", nil)
        case .closed(let lease, .stopping): left.withLock { $0.append(lease) }
        case .closed(let lease, let reason): note(lease, "left", reason.description)
        case .tookOver(let session, let readied, _, let processes):
            common.errors.line(
                "took over from session \(session): \(readied.count) \(readied.count == 1 ? "execution" : "executions"), \(processes) left-over \(processes == 1 ? "job" : "jobs") ended"
            )
        case .secretsUnopened(let refusal):
            common.errors.line(
                "executions that have secrets are left to others: \(refusal); then start this again"
            )
        case .attemptFailed(let lease, _, let failure, let retryAt):
            note(
                lease,
                "attempt failed",
                "\(failure.message); the next one begins at \(retryAt.milliseconds)"
            )
        case .replayed, .started, .recorded, .snapshotTaken, .retrying, .waiting, .woke, .branched:
            break
        }
    }

    private func note(_ lease: Lease, _ name: String, _ message: String?) {
        let event = Event(name: name, id: lease.id.text, number: lease.execution, message: message)
        if isJSONL {
            var json = JSONWriter()
            json.object { json in
                json.member("schema", "daybook.work.event/1")
                event.write(to: &json)
            }
            common.output.write(json.bytes + [UInt8(ascii: "\n")])
        } else if common.json {
            events.withLock { $0.append(event) }
        } else {
            let suffix = message.map { ": \($0)" } ?? ""
            common.output.line("\(id: lease.id.text) \(name)\(suffix)")
        }
    }

    /// What an execution waits for, and what helps; nil: it waits for nothing.
    private func waits(of lease: Lease, _ inspector: Inspector) throws -> String? {
        let record = try inspector.record(of: lease.id.text)
        guard record.number == lease.execution, record.status == .waiting,
            let state = try inspector.openState(of: record)
        else { return nil }
        var runbooks = RecordedRunbooks(inspector)
        var words: [String] = []
        for wait in try inspector.waits(of: state) {
            let approval = try runbooks.approval(wait)
            let advice: String? =
                if let accept = approval?.approval.accept {
                    WaitingApproval.advice(wait.id.shellArgument, accept, common)
                } else {
                    try wait.advice(common, record, inspector)
                }
            let what = "it waits for \(approval?.words ?? wait.words)"
            words.append(advice.map { "\(what); \($0)" } ?? what)
        }
        return words.isEmpty ? nil : words.joined(separator: "; ")
    }

    /// - Parameter ready: the ids of what is ready and was not run.
    /// - Throws: `JournalError` when what is left cannot be looked at.
    func finish(ready: [String]) throws {
        for lease in left.withLock({ $0 }) {
            let waits: String? = try common.inspect { try self.waits(of: lease, $0) }
            note(lease, "left", waits ?? ActivationEnd.stopping.description)
        }
        guard common.json else { return }
        let events = events.withLock { $0 }
        common.write("daybook.work/1") { json in
            json.key("events")
            json.array { json in
                for event in events { json.object { event.write(to: &$0) } }
            }
            json.key("left")
            json.array { json in for id in ready { json.string(id) } }
        }
    }
}
#endif
