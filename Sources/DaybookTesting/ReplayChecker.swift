import Daybook
import DaybookModel
import DaybookSystem

/// A handler asked for something else, or ended otherwise, when it was replayed over what it had just
/// recorded: it depends on something that is not in its history.
public struct HiddenState: Error, CustomStringConvertible {
    /// The execution's id.
    public let id: String
    /// The name of its workflow.
    public let workflow: String
    /// How many entries its history had.
    public let entries: Int
    /// What the replay did otherwise, in words.
    public let reason: String

    /// What was found, and what to do.
    public var description: String {
        "\(id) (\(workflow)), replayed over its first \(entries) entries, does not do what it did: \(reason). Its handler depends on something outside its history: a clock, a random number, an order, a variable that outlives a run of the code. Take it from the context, or from what a checkpoint returns"
    }
}

/// Replays each history as it grows, and compares.
final class ReplayChecker: Sendable {
    private let replayer: Replayer
    private let patience: Duration

    init(_ workflows: [any Workflow], _ codec: any PayloadCodec, _ patience: Duration) {
        replayer = Replayer(workflows: workflows, codec: codec)
        self.patience = patience
    }

    /// Replays what these entries have been added to.
    /// - Throws: ``HiddenState``; ``JournalError``.
    func check(_ driver: EngineDriver, _ entries: Range<UInt64>) throws {
        for history in try driver.histories(of: entries) {
            let state = try history.state()
            func hidden(_ reason: String) -> HiddenState {
                HiddenState(
                    id: history.id,
                    workflow: state.type.text,
                    entries: history.count,
                    reason: reason
                )
            }
            guard let report = try replay(history) else {
                throw hidden("it waits for something that is not the context's")
            }
            switch report.outcome {
            case .agrees, .agreesSoFar, .erased: break
            case .diverged(let divergence): throw hidden("\(divergence)")
            case .endsOtherwise(let recorded, let now):
                throw hidden("it ended with \(recorded), and now with \(now)")
            }
        }
    }

    /// Runs a replay to its end, while nothing else of the process runs.
    /// - Returns: nil when it waits for something.
    private func replay(_ history: RecordedHistory) throws -> Replayer.Report? {
        let executor = StepExecutor()
        let result = Locked<Result<Replayer.Report, any Error>?>(nil)
        let replayer = replayer
        let task = Task(executorPreference: executor) {
            do {
                let report = try await replayer.replay(history)
                result.withLock { $0 = .success(report) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
        }
        while true {
            if let result = result.withLock({ $0 }) { return try result.get() }
            if executor.ready > 0 {
                executor.run(0)
            } else if !isGoingOn(executor) {
                task.cancel()
                return nil
            }
        }
    }

    /// Waits until something of a replay can go on: it may be on its way, as through the main actor.
    private func isGoingOn(_ executor: StepExecutor) -> Bool {
        for _ in 0..<TestEngine.Options.longest.elsewhere where executor.waitForJob(patience) {
            return true
        }
        return false
    }
}
