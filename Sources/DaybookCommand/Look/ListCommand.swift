#if CLI
public import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
public import DaybookModel

extension ExecutionStatus: ExpressibleByArgument {}

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List executions, the newest first."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Option(help: "Only those with this status; may be repeated.")
    var status: [ExecutionStatus] = []

    @Option(help: "Only those of this workflow.")
    var type: String?

    @Option(
        help: ArgumentHelp(
            "Only those submitted since then: a time (2026-01-31T12:00:00Z), a day, or a span until now (30m, 12h, 7d).",
            valueName: "time"
        )
    )
    var since: PointInTime?

    @Option(help: "At most so many.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        var query = ExecutionQuery()
        if !status.isEmpty { query.statuses = Set(status) }
        query.types = type.map { [$0] }
        query.submittedSince = since?.timestamp(now: SystemClock().now())
        query.order = .newestFirst
        query.limit = limit
        try common.inspect { inspector in
            if common.json {
                try writeJSON(query, inspector)
            } else {
                try writeText(query, inspector)
            }
        }
    }

    private func writeJSON(_ query: ExecutionQuery, _ inspector: Inspector) throws {
        try common.write("daybook.list/1") { json in
            json.key("executions")
            try json.array { json in
                try inspector.executions(query) { record in
                    json.object { record.write(to: &$0) }
                    common.flush(&json)
                    return true
                }
            }
        }
    }

    private func writeText(_ query: ExecutionQuery, _ inspector: Inspector) throws {
        var table = Table(["NUMBER", "ID", "TYPE", "STATUS", "ATTEMPTS", "SUBMITTED", "TOOK"])
        try inspector.executions(query) { record in
            let took = record.finishedAt.map { end in
                end.since(record.startedAt ?? record.submittedAt).brief
            }
            table.add([
                "\(record.number)", record.id.shownAsID, record.type, record.statusText,
                "\(record.attempt)", time.text(record.submittedAt), took ?? "",
            ])
            table.flush(to: common.output)
            return true
        }
        table.print(to: common.output)
    }
}
#endif
