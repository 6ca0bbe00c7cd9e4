#if CLI
public import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
public import DaybookModel
import DaybookRunbook

extension ExecutionStatus: ExpressibleByArgument {}

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List executions, the newest first.",
        discussion: """
            Ids are never cut. A terminal that is too narrow leaves out columns: numbers and times first. \
            Elsewhere, and with --json, everything is there.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Option(help: "Only those with this status; may be repeated.")
    var status: [ExecutionStatus] = []

    @Option(help: "Only those of this workflow; \"runbook\" for all runbooks.")
    var type: String?

    @Option(help: "Only those of the runbook with this name.")
    var runbook: String?

    @Flag(help: "Only those that are paused, until somebody resumes them.")
    var paused = false

    @Flag(help: "Only those that are parked, until a person retries or cancels them.")
    var parked = false

    @Flag(help: "Only those that are not closed: something of them can still happen by itself.")
    var open = false

    @Flag(help: "Only those that are closed: they have ended, and nothing of them runs.")
    var closed = false

    @Option(
        help: ArgumentHelp(
            "Only those asked to start before then: a time, a day, or a span until now, as for --since.",
            valueName: "time"
        )
    )
    var startBefore: PointInTime?

    @Option(
        help: ArgumentHelp(
            "Only those submitted since then: a time (2026-01-31T12:00:00Z), a day, or a span until now (30m, 12h, 7d).",
            valueName: "time"
        )
    )
    var since: PointInTime?

    @Option(
        help: ArgumentHelp(
            "Only those with this label; may be repeated, and then all are asked for.",
            valueName: "name=value"
        )
    )
    var label: [LabelArgument] = []

    @Option(help: "Only those that this actor submitted.")
    var actor: String?

    @Option(help: ArgumentHelp("Only the children of this execution.", valueName: "id"))
    var parent: String?

    @Option(
        help: ArgumentHelp("Only the forks of the last run of this execution.", valueName: "id")
    )
    var forkOf: String?

    @Option(help: "The most executions to list.")
    var limit = 50

    @Flag(help: "All executions, however many there are.")
    var all = false

    func validate() throws {
        if runbook != nil, let type, type != RunbookWorkflow.name {
            throw ValidationError("--runbook excludes a --type other than runbook.")
        }
        if closed, open || paused || parked {
            throw ValidationError("--closed excludes --open, --paused and --parked.")
        }
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        var query = ExecutionQuery()
        if !status.isEmpty { query.statuses = Set(status) }
        query.types = (runbook.map { _ in RunbookWorkflow.name } ?? type).map { [$0] }
        // What is closed is neither paused nor parked.
        if open || paused || parked { query.isClosed = false }
        if closed { query.isClosed = true }
        let now = SystemClock().now()
        query.submittedSince = since?.timestamp(now: now)
        query.startBefore = startBefore?.timestamp(now: now)
        if paused != parked {
            if paused { query.isPaused = true } else { query.isParked = true }
        }
        query.actors = actor.map { [$0] }
        for label in label {
            guard query.labels.updateValue(label.value, forKey: label.name) == nil else {
                throw UsageError("the label \(label.name) is given twice; give each name once")
            }
        }
        query.order = .newestFirst
        try common.inspect { inspector in
            if let parent { query.parent = try inspector.record(of: parent).number }
            if let forkOf { query.forksOf = try inspector.record(of: forkOf).number }
            if common.json {
                try writeJSON(query, inspector)
            } else {
                try writeText(query, inspector)
            }
        }
    }

    /// Runs `body` on the executions that are asked for, up to the limit.
    private func visit(
        _ query: ExecutionQuery,
        _ inspector: Inspector,
        _ body: (ExecutionRecord, _ runbook: String?, _ isInterrupted: Bool) throws -> Void
    ) throws {
        var runbooks = RecordedRunbooks(inspector)
        var interruptions = Interruptions(inspector)
        var count = 0
        var query = query
        if runbook == nil, !(paused && parked), !all {
            query.limit = limit == .max ? limit : limit + 1
        }
        var hasMore = false
        try inspector.executions(query) { record in
            if paused || parked {
                guard paused && record.isPaused || parked && record.isParked else { return true }
            }
            let name = try runbooks.name(of: record)
            if let runbook, name != runbook { return true }
            guard all || count < limit else {
                hasMore = true
                return false
            }
            try body(record, name, interruptions.contains(record))
            count += 1
            return true
        }
        if hasMore {
            common.errors.line("the newest \(count) are listed; --limit N or --all lists more")
        }
    }

    private func writeJSON(_ query: ExecutionQuery, _ inspector: Inspector) throws {
        try common.write("daybook.list/1") { json in
            json.key("executions")
            try json.array { json in
                try visit(query, inspector) { record, runbook, isInterrupted in
                    try json.object { json in
                        record.write(to: &json, isInterrupted: isInterrupted)
                        json.member("runbook", runbook)
                        json.member("forkedFromID", try Forks.originID(of: record, inspector))
                    }
                    common.flush(&json)
                }
            }
        }
    }

    private func writeText(_ query: ExecutionQuery, _ inspector: Inspector) throws {
        var table = Table(
            ["NUMBER", "ID", "TYPE", "STATUS", "ATTEMPTS", "SUBMITTED", "TOOK", "RUNBOOK"],
            flexible: ["TYPE", "RUNBOOK"],
            spare: ["NUMBER", "ATTEMPTS", "TOOK", "SUBMITTED"]
        )
        try visit(query, inspector) { record, runbook, isInterrupted in
            let origin = try Forks.originID(of: record, inspector)
            let took = record.finishedAt.map { end in
                end.since(record.startedAt ?? record.submittedAt).brief
            }
            table.add([
                "\(record.number)", record.id.shownAsID, record.type,
                record.statusText(isInterrupted: isInterrupted), "\(record.attempt)",
                time.text(record.submittedAt), took ?? "",
                [runbook, origin.map { "fork of \($0.shownAsID)" }].compactMap { $0 }
                    .joined(separator: ", "),
            ])
            table.flush(to: common.output)
        }
        table.print(to: common.output)
    }
}
#endif
