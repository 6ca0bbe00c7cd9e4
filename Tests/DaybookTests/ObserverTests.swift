import Daybook
import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// What observers are told.
@Suite struct ObserverTests {
    enum Mode: CaseIterable, Sendable {
        /// What waits stays in memory, is evicted, or is left to the next process.
        case resident, evicted, restarted
    }

    private static let code: Scripted.Code = { _, context in
        _ = try await context.map("all", [0, 1]) { scope, number in
            try await scope.checkpoint("a") { _ in number }
        }
        try await context.sleep(for: .seconds(60), "nap")
        // There is nothing to wait for.
        try await context.sleep(until: context.now, "no nap")
        let word: String = try await context.receive("go")
        let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(60))
        try await context.checkpoint("b", options: CheckpointOptions(retry: policy)) { operation in
            if operation.tries < 2 { throw OperationError(code: "boom", message: "no \(word)") }
        }
        return try await context.poll("ready", from: 1, every: .seconds(60)) { look, _ in
            look < 2 ? .again(look + 1) : .done("done")
        }
    }

    @Test(arguments: Mode.allCases)
    func triesWaitsAndBranchesAreTold(_ mode: Mode) async throws {
        let clocked = ClockedJournal()
        let told = Locked<[Told]>([])
        var lines: [String] = []
        try await withJournal(clocked.creation) { path in
            var options = clocked.options
            options.observers = [
                { event in
                    guard let line = Self.line(event) else { return }
                    told.withLock { $0.append(line) }
                }
            ]
            if mode == .evicted { options.maxResident = 0 }
            let steps: [@Sendable (Engine) async throws -> Void] = [
                { try await $0.start() },
                { _ in clocked.clock.pass(.seconds(61)) },
                { try await $0.signal("a", "go", "luck") },
                { _ in clocked.clock.pass(.seconds(61)) },
                { _ in clocked.clock.pass(.seconds(61)) },
            ]
            if mode == .restarted {
                for step in steps {
                    try await withEngine(path, options, code: Self.code) {
                        try await carryOut(step, $0)
                    }
                }
            } else {
                try await withEngine(path, options, code: Self.code) { daybook in
                    for step in steps { try await carryOut(step, daybook) }
                }
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            for line in told.withLock({ $0 }) {
                let entry = try line.sequence.map { try inspector.entry($0) }
                var words = [line.what, entry?.eventName ?? "nothing"] + line.more
                // From the time of the entry: the clock may have gone on before it was told.
                if let entry, let until = line.until { words.append("\(until.since(entry.time))") }
                lines.append(words.joined(separator: " "))
            }
        }
        #expect(
            lines == [
                "branched all branches_started 2",
                "waiting nap timer_started 60.0 seconds", "woke nap nothing",
                "waiting go signal_awaited", "woke go signal_received",
                "retrying b operation_retried 1 no luck 60.0 seconds", "woke b nothing",
                "waiting ready operation_retried 60.0 seconds", "woke ready nothing",
            ]
        )
    }

    /// Takes a step, and waits until the execution waits for something else, or has ended.
    private func carryOut(
        _ step: (Engine) async throws -> Void,
        _ daybook: Engine
    ) async throws {
        let before = try daybook.record(of: "a")?.waits.first?.sequence
        try await step(daybook)
        _ = try await daybook.wait(for: "a") { record in
            record.isClosed
                || record.status == .waiting && record.waits.first?.sequence != before
        }
    }

    /// What is told, the entry that it names, and what more is said.
    private struct Told: Sendable {
        let what: String
        let sequence: UInt64?
        var more: [String] = []
        var until: Timestamp?
    }

    /// - Returns: nil for what is not asked for.
    private static func line(_ event: EngineEvent) -> Told? {
        switch event {
        case .branched(_, let operation, let sequence, let branches):
            Told(what: "branched \(operation.name)", sequence: sequence, more: ["\(branches)"])
        case .waiting(_, let operation, let sequence, let until):
            Told(what: "waiting \(operation.name)", sequence: sequence, until: until)
        case .woke(_, let operation, let signal):
            Told(what: "woke \(operation.name)", sequence: signal)
        case .retrying(_, let operation, let sequence, let failure, let tries, let retryAt):
            Told(
                what: "retrying \(operation.name)",
                sequence: sequence,
                more: ["\(tries)", failure.message],
                until: retryAt
            )
        default: nil
        }
    }
}
