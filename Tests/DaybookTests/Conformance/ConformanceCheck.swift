import Daybook
import Testing

extension ConformanceRun {
    /// Runs a case in a mode, and checks what came of it: the outcome, the bodies that ran, the
    /// lines, and that its whole history and each beginning of it agree with its code.
    @discardableResult
    static func check(
        _ program: ConformanceCase,
        _ mode: ConformanceMode,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> ConformanceRun {
        let run = try await of(program, mode)
        let label: Comment = "\(program.name), \(mode.rawValue): \(run.history)"
        #expect(run.outcome == program.outcome, label, sourceLocation: sourceLocation)
        if let runs = program.runs {
            let same = program.isOrdered ? run.runs == runs : run.runs.sorted() == runs.sorted()
            #expect(same, "ran \(run.runs), not \(runs); \(label)", sourceLocation: sourceLocation)
        }
        if let logs = program.logs {
            #expect(run.logs.sorted() == logs.sorted(), label, sourceLocation: sourceLocation)
        }
        if let history = program.history {
            #expect(run.operations == history, label, sourceLocation: sourceLocation)
        }
        for finding in run.disagreements + (try await run.replayed(program)) {
            Issue.record("\(finding); \(label)", sourceLocation: sourceLocation)
        }
        return run
    }

    /// What the history says between its beginning and its end.
    var operations: [String] {
        history.filter { !$0.hasPrefix("execution_submitted") && !$0.hasPrefix("execution_ready") }
            .filter { $0 != "execution_readied" }
    }

    /// Replays the histories and all their beginnings without effects.
    /// - Returns: what should not have been.
    func replayed(_ program: ConformanceCase) async throws -> [String] {
        let silent = ConformanceBodies()
        let replayer = Replayer(workflows: [
            ConformanceWorkflow(bodies: silent, code: program.code)
        ])
        var findings: [String] = []
        for history in recorded {
            for length in 1...history.count {
                let report = try await replayer.replay(history.prefix(length))
                switch report.outcome {
                case .agrees, .agreesSoFar: break
                default: findings.append("\(length) of \(history.count): \(report.outcome)")
                }
            }
        }
        if !silent.names.isEmpty { findings.append("bodies ran in a replay: \(silent.names)") }
        return findings
    }
}
