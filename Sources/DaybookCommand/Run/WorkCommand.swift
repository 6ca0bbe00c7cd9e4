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
        let (idle, idleSignal) = AsyncStream.makeStream(of: Void.self)
        options.observer = { event in
            reporter.observe(event)
            switch event {
            case .ended, .closed: idleSignal.yield()
            default: break
            }
        }
        let interrupts = try Interrupts.stream()
        let daybook = try await Daybook.open(
            at: try common.journalPath(),
            options,
            workflows: [RunbookWorkflow()]
        )
        await withTaskGroup { group in
            group.addTask { for await _ in interrupts { return } }
            if untilIdle { group.addTask { await daybook.waitUntilIdle(idle) } }
            await group.next()
            group.cancelAll()
        }
        try await daybook.close()
    }
}

extension Daybook {
    /// Waits until nothing is ready or running. `changes` yields when something may have ended.
    fileprivate func waitUntilIdle(_ changes: AsyncStream<Void>) async {
        if !hasWork { return }
        for await _ in changes {
            if !hasWork { return }
        }
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
