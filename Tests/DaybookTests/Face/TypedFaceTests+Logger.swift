import Daybook
import DaybookTestKit
import Logging
import Testing

extension TypedFaceTests {
    @Test func theLoggerIsSilentInAReplayAndSaysWhoLogs() async throws {
        try await withJournal { path in
            let log = CallLog()
            var options = EngineOptions()
            options.logger = Logger(label: "test") { _ in RecordingHandler(log) }
            let code: Scripted.Code = { _, context in
                context.logger.notice("before")
                try await context.checkpoint("one") { _ in }
                context.logger.notice("after", metadata: ["more": "1"])
                return ""
            }
            _ = try await interrupting(path, options, running: code, then: code)
            let lines = log.lines.filter { $0.contains("execution=a") }
            #expect(lines.filter { $0.contains("before") }.count == 1, "\(lines)")
            // Nothing is recorded behind it, so that it may be said again.
            #expect(lines.contains { $0.contains("after") && $0.contains("more=1") }, "\(lines)")
            #expect(lines.allSatisfy { $0.contains("workflow=scripted") }, "\(lines)")
        }
    }

    /// What was logged there is not logged again, however often the handler runs.
    @Test func theLoggerIsSilentInABranchThatHasEndedAndBeforeATryThatWaits() async throws {
        let clocked = ClockedJournal()
        let log = CallLog()
        let asked = CallLog()
        let runs = CallLog()
        var options = clocked.options
        options.logger = Logger(label: "test") { _ in RecordingHandler(log) }
        // Whatever waits is evicted, and runs again from the beginning.
        options.maxResident = 0
        let code: Scripted.Code = { _, context in
            runs.add("run")
            // One that is kept goes by where the scope is by then.
            let logger = context.logger
            _ = try await context.map("all", [0, 1]) { scope, number in
                let own = scope.logger
                try await scope.checkpoint("a") { _ in own.notice("in branch \(number)") }
                own.notice("branch \(number)")
                scope.logger.notice("still branch \(number)")
                if !scope.isReplaying { asked.add("branch \(number)") }
                return number
            }
            logger.notice("between")
            try await context.sleep(for: .seconds(60))
            logger.notice("before the try")
            context.logger.notice("just before the try")
            if !context.isReplaying { asked.add("try") }
            let policy = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(60))
            try await context.checkpoint("b", options: CheckpointOptions(retry: policy)) {
                operation in
                logger.notice("try \(operation.tries)")
                if operation.tries < 2 { throw OperationError(code: "boom", message: "boom") }
            }
            logger.notice("after the try")
            return ""
        }
        try await withJournal(clocked.creation) { path in
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try await daybook.waitUntilIdle()
                clocked.clock.pass(.seconds(61))
                _ = try await daybook.wait(for: "a") { record in
                    record.status == .waiting && record.waits.contains { $0.kind == .retry }
                }
                try await daybook.waitUntilIdle()
                clocked.clock.pass(.seconds(61))
                _ = try await daybook.result()
            }
        }
        #expect(runs.lines.count == 3)
        let lines = log.lines.filter { $0.contains("execution=a") }.map { line in
            String(line[..<(line.firstRange(of: " attempt=")?.lowerBound ?? line.endIndex)])
        }
        let once = [
            "in branch 0", "branch 0", "still branch 0", "in branch 1", "branch 1",
            "still branch 1",
            "between", "before the try", "just before the try", "try 1", "try 2", "after the try",
        ]
        #expect(lines.sorted() == once.sorted())
        #expect(asked.lines.sorted() == ["branch 0", "branch 1", "try"])
    }
}

/// Keeps what is logged, with its metadata.
struct RecordingHandler: LogHandler {
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]
    private let log: CallLog

    init(_ log: CallLog) { self.log = log }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let words = all.map { "\($0)=\($1)" }.sorted().joined(separator: " ")
        log.add("\(event.message) \(words)")
    }
}
