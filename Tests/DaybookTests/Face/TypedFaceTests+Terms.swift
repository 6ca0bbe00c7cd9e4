import Daybook
import DaybookTestKit
import Testing

extension TypedFaceTests {
    private struct Timed: Workflow {
        static let name = "timed"
        static var retry: RetryPolicy { RetryPolicy(maxAttempts: 3, baseDelay: .seconds(7)) }
        static var timeout: Duration? { .seconds(600) }
        static var delay: Duration { .seconds(60) }

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Int { input }
    }

    /// Which terms a submission gives.
    enum Given: CaseIterable, Sendable {
        case nothing, retry, timeout, delay
    }

    @Test(arguments: Given.allCases)
    func whatASubmissionLeavesOutIsAsTheWorkflowSays(_ given: Given) async throws {
        let retry = RetryPolicy(maxAttempts: 2, baseDelay: .seconds(9))
        var terms = ExecutionOptions()
        switch given {
        case .nothing: break
        case .retry: terms.retry = retry
        case .timeout: terms.timeout = .seconds(1_200)
        case .delay: terms.delay = .seconds(3_600)
        }
        try await withJournal { path in
            var options = EngineOptions()
            options.claims = .nothing
            try await Engine.withOpen(at: path, options, workflows: [Timed()]) { daybook in
                let handle = try await daybook.start(Timed.self, id: "t", options: terms, input: 1)
                let record = try handle.record()
                #expect(record.retry == (given == .retry ? retry : Timed.retry))
                #expect(record.timeout == .seconds(given == .timeout ? 1_200 : 600))
                #expect(record.delay == .seconds(given == .delay ? 3_600 : 60))
                #expect(record.isDelayed)
            }
            // They are the submission's, not those of the process that looks.
            try await Engine.withOpen(at: path, options) { daybook in
                let record = try #require(try daybook.record(of: "t"))
                #expect(record.retry == (given == .retry ? retry : Timed.retry))
                #expect(record.timeout == .seconds(given == .timeout ? 1_200 : 600))
                #expect(record.delay == .seconds(given == .delay ? 3_600 : 60))
            }
        }
    }
}
