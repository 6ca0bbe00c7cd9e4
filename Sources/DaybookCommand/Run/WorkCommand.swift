#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookModel
import DaybookRunbook

struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Run the runbooks that are ready, until Ctrl-C."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Flag(name: .long, help: "Stop when nothing is ready or running any more.")
    var untilIdle = false

    @Option(name: .long, help: "Executions that run at once.")
    var concurrency = 4

    func validate() throws {
        guard concurrency > 0 else { throw ValidationError("--concurrency must be at least 1.") }
    }

    func run() async throws {
        var options = write.options(common)
        options.claims = .registered
        options.maxConcurrent = concurrency
        let reporter = WorkReporter(common: common)
        options.observer = { reporter.observe($0) }
        let interrupts = try Interrupts.stream()
        let daybook = try await Daybook.open(
            at: try common.journalPath(),
            options,
            workflows: [RunbookWorkflow()]
        )
        try await withThrowingTaskGroup { group in
            group.addTask { for await _ in interrupts { return } }
            if untilIdle { group.addTask { try await daybook.waitUntilIdle() } }
            try await group.next()
            group.cancelAll()
        }
        try await daybook.close()
    }
}

/// A line for each execution that begins or ends.
private struct WorkReporter {
    let common: CommonOptions

    func observe(_ event: EngineEvent) {
        switch event {
        case .activated(let lease, let resumed): line(lease, resumed ? "resumed" : "started", nil)
        case .ended(let lease, _, let failure):
            line(lease, failure == nil ? "completed" : "failed", failure?.message)
        case .closed(let lease, let reason):
            line(lease, "left", reason.description)
        case .tookOver(let session, let readied, _, let processes):
            common.errors.line(
                "took over from session \(session): \(readied.count) executions, \(processes) left-over jobs ended"
            )
        case .replayed, .started, .recorded: break
        }
    }

    private func line(_ lease: Lease, _ event: String, _ message: String?) {
        if common.json {
            var json = JSONWriter()
            json.object { json in
                json.member("schema", "daybook.work/1")
                json.member("event", event)
                json.member("id", lease.id)
                json.member("number", lease.execution)
                json.member("message", message)
            }
            common.output.write(json.bytes + [UInt8(ascii: "\n")])
        } else {
            common.output.line("\(lease.id) \(event)" + (message.map { ": \($0)" } ?? ""))
        }
    }
}
#endif
