import DaybookFormat
import DaybookModel
import DaybookSystem

/// The branches of one operation: whether they still count.
final class BranchGroup: Sendable {
    private let parent: BranchGroup?
    private let isClosed = Locked(false)

    init(_ parent: BranchGroup?) { self.parent = parent }

    /// One of them has decided: what the others do no longer counts.
    func close() { isClosed.withLock { $0 = true } }

    /// - Throws: `CancellationError` once a branch has decided an operation around these.
    func checkParentOpen() throws(CancellationError) { try parent?.checkOpen() }

    /// Whether these are branches of a branch.
    var isNested: Bool { parent != nil }

    /// - Throws: `CancellationError` once another branch has decided.
    func checkOpen() throws(CancellationError) {
        if isClosed.withLock({ $0 }) { throw CancellationError() }
        try parent?.checkOpen()
    }
}

/// Runs the branches of one operation.
struct BranchRunner: Sendable {
    let activation: Activation
    let operation: Operation
    let group: BranchGroup
    let isRace: Bool
    /// The time that the branches begin with.
    let time: Timestamp

    struct Outcome<Value: Sendable>: Sendable {
        let index: Int
        let result: Result<Value, any Error>
        let time: Timestamp
    }

    func branch<Value: Sendable>(
        _ index: Int,
        _ body: @Sendable (WorkflowContext, Int) async throws -> Value
    ) async -> Outcome<Value> {
        let scope = operation.scope + [operation.position, UInt32(index)]
        let context = WorkflowContext(activation, scope: scope, group, time)
        do {
            let value = try await body(context, index)
            return Outcome(index: index, result: .success(value), time: context.now)
        } catch {
            return Outcome(index: index, result: .failure(error), time: context.now)
        }
    }

    /// What the branches came to.
    struct Ending<Value: Sendable>: Sendable {
        var values: [Value?]
        /// The time of the last entry of all of them.
        var time: Timestamp
        /// The entry by which one of them decided; nil: none did.
        var sequence: UInt64?
        /// With what error, if it was one.
        var failure: (any Error)?
    }

    func run<Value: Sendable>(
        _ count: Int,
        _ limit: Int,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> Ending<Value> {
        var ending = Ending<Value>(values: [Value?](repeating: nil, count: count), time: time)
        guard count > 0 else { return ending }
        try await withThrowingTaskGroup(of: Outcome<Value>.self) { tasks in
            var started = min(limit, count)
            var running = started
            // The first one takes the place of the scope around it, which waits for them all.
            activation.beginBranches(started - 1)
            for index in 0..<started { tasks.addTask { await branch(index, body) } }
            var isDecided = false
            while let outcome = try await tasks.next() {
                running -= 1
                endLogs(of: outcome.index, counts: !isDecided)
                if isDecided {
                    try await activation.endBranch()
                    continue
                }
                ending.time = max(ending.time, outcome.time)
                if case .success(let value) = outcome.result {
                    ending.values[outcome.index] = value
                }
                if let decision = try await decided(outcome) {
                    isDecided = true
                    (ending.sequence, ending.failure) = (decision.sequence, decision.failure)
                    // It stands for the scope around them until the others have unwound: they are
                    // told to, and nothing waits meanwhile.
                    group.close()
                    tasks.cancelAll()
                } else if started < count {
                    let index = started
                    started += 1
                    running += 1
                    tasks.addTask { await branch(index, body) }
                } else if running > 0 {
                    try await activation.endBranch()
                }
            }
        }
        return ending
    }

    /// Lines that a branch has logged after its last operation belong to the scope around it; those
    /// of a branch that was stopped belong to nothing.
    func endLogs(of branch: Int, counts: Bool) {
        let scope = operation.scope + [operation.position, UInt32(branch)]
        activation.endLogs(of: scope, into: counts ? operation.scope : nil)
    }

    /// How a branch decided the operation.
    private struct Decision {
        /// The entry that says so; nil: it is not recorded, because the activation is over.
        var sequence: UInt64?
        var failure: (any Error)?
    }

    /// Whether an outcome decides the operation, and how; recorded if so.
    private func decided<Value>(_ outcome: Outcome<Value>) async throws -> Decision? {
        var failure: (any Error)?
        if case .failure(let error) = outcome.result { failure = error }
        guard isRace || failure != nil else { return nil }
        // An activation that is over decides nothing.
        if let reason = activation.latched {
            return Decision(failure: ContextClosed(reason: reason))
        }
        if failure is ContextClosed { return Decision(failure: failure) }
        do {
            // Nor do branches that were stopped with the branch that they belong to.
            try group.checkParentOpen()
            let branch = UInt32(outcome.index)
            let sequence = try await activation.perform {
                SettleBranches(
                    activation.lease,
                    operation,
                    branch: branch,
                    failed: failure != nil
                )
            }
            // What the others have recorded, and not asked for again yet, no longer counts.
            activation.replayLog.decide(operation, by: branch)
            return Decision(sequence: sequence, failure: failure)
        } catch let refusal as Refusal where refusal.code == .conflict && group.isNested {
            // A branch around these decided at the same moment.
            return Decision(failure: CancellationError())
        } catch {
            return Decision(failure: error)
        }
    }
}
