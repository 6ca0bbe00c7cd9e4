import DaybookFormat
import DaybookModel

/// What `map`, `parallel`, `race` and `scope` have in common.
extension WorkflowContext {
    /// An operation that splits into branches.
    struct Split: Sendable {
        let kind: Operation.Kind
        let name: String
        let count: Int
        /// So many run at once.
        var limit = Int.max
        var rule = BranchRule.firstFailure

        /// - Throws: ``OperationError`` with the code `invalid-argument` or `too-many-branches`.
        func check() throws(OperationError) {
            guard limit >= 1 else {
                throw OperationError(
                    code: "invalid-argument",
                    message:
                        "\(name) may run \(limit) branches at once, so that none can; give at least 1",
                    isRetryable: false
                )
            }
            var most = Int(UInt32.max)
            if case .gather(let completion) = rule {
                try completion.check(name)
                // The entry that decides names them.
                if completion.canStop { most = BranchSet.limit }
            }
            guard count <= most else {
                throw OperationError(
                    code: "too-many-branches",
                    message: "\(name) has \(count) branches, and may have \(most)",
                    isRetryable: false
                )
            }
        }
    }

    /// Records that an operation splits, or answers it from the record.
    /// - Returns: what runs its branches, and how one of them has decided it; nil: none has yet.
    func begin(
        _ split: Split,
        at location: CodeLocation
    ) async throws -> (runner: BranchRunner, settled: Replay.Settlement?) {
        let operation = try next(split.kind, split.name, at: location)
        try split.check()
        let count = UInt32(split.count)
        var settled: Replay.Settlement?
        var isResumed = false
        if let record = try replay(operation, at: location) {
            isResumed = true
            guard case .branches(count) = record.outcome else {
                throw activation.diverge(
                    Divergence(
                        sequence: record.sequence,
                        recorded: record.operation,
                        attempted: operation,
                        location: "\(location) with \(count) branches",
                        cause: .branches
                    )
                )
            }
            if case .settled(let settlement) = try activation.wake(of: operation) {
                activation.replayLog.decide(operation, by: settlement.counted)
                settled = settlement
            }
        } else {
            activation.noteOperation()
            let sequence = try await activation.perform {
                StartBranches(
                    activation.lease,
                    operation,
                    count: count,
                    logs: try activation.takeLogs(in: scope)
                )
            }
            consumed(sequence)
            activation.host.observe(
                .branched(activation.lease, operation, sequence: sequence, branches: count)
            )
        }
        let runner = BranchRunner(
            activation: activation,
            operation: operation,
            group: BranchGroup(group, of: operation, split),
            rule: split.rule,
            isResumed: isResumed,
            time: now
        )
        return (runner, settled)
    }

    /// Runs the branches of an operation, or those of them that count by the record.
    /// - Throws: what decided the operation, if that is an error.
    func run<Value: Sendable>(
        _ split: Split,
        at location: CodeLocation,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> (BranchRunner, BranchRunner.Ending<Value>) {
        let (runner, settled) = try await begin(split, at: location)
        if let settled {
            return (runner, try await replay(settled, runner, split.count, location, body))
        }
        let ending = try await runner.run(split.count, split.limit, body)
        consumed(ending.decision, at: ending.time)
        if let decision = ending.decision, let failure = decision.failure {
            throw Self.told(failure, runner.operation, branch: decision.branch)
        }
        return (runner, ending)
    }

    /// The scope has consumed the entry by which a branch decided an operation, or the last one of
    /// all of them.
    func consumed(_ decision: BranchRunner.Decision?, at time: Timestamp) {
        if let sequence = decision?.sequence {
            consumed(sequence)
        } else {
            consumed(at: time)
        }
    }

    /// What a handler is told of the error of a branch: the same whether it came from a body or
    /// from the branch itself. What says that the activation is over stays what it is.
    /// - Parameter branch: its number; nil: the operation has only one.
    static func told(
        _ error: any Error,
        _ operation: Operation,
        branch: Int?
    ) -> any Error {
        switch error {
        case is CancellationError, is PayloadErased, is RecordingFailed:
            return error
        default:
            var told = OperationError(recording: error).from(operation)
            if let branch { told.branch.insert(branch, at: 0) }
            return told
        }
    }

    /// Runs only the branches that count.
    private func replay<Value: Sendable>(
        _ settled: Replay.Settlement,
        _ runner: BranchRunner,
        _ count: Int,
        _ location: CodeLocation,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> BranchRunner.Ending<Value> {
        var ending = BranchRunner.Ending<Value>(
            results: [Result<Value, any Error>?](repeating: nil, count: count),
            time: settled.time
        )
        let branch = Int(settled.branch)
        if activation.isCollecting {
            // What branches registered that have lost counts all the same.
            let counted = Set(settled.counted.branches.map { Int($0) })
            for other in 0..<count where !counted.contains(other) {
                _ = await runner.branch(other, body)
            }
        }
        var failure: (any Error)?
        var failures = 0
        for number in settled.counted.branches where number < count {
            let outcome = await runner.branch(Int(number), body)
            runner.endLogs(of: outcome.index, counts: true)
            try activation.checkOpen()
            try runner.group.checkParentOpen()
            ending.results[outcome.index] = outcome.result
            guard let error = outcome.failure else { continue }
            failures += 1
            if outcome.index == branch { failure = error }
            // Nothing that a branch has come to.
            if error is PayloadErased, runner.rule.gathers { throw error }
        }
        consumed(at: settled.time)
        let agrees =
            if let gathered = settled.gathered {
                runner.rule.gathers && failures == gathered.failures
            } else {
                !runner.rule.gathers && (failure != nil) == settled.failed && branch < count
            }
        guard agrees else { throw diverge(from: settled, runner.operation, location) }
        if settled.gathered == nil, let failure {
            throw Self.told(failure, runner.operation, branch: branch)
        }
        ending.decision = BranchRunner.Decision(
            branch: branch,
            sequence: settled.sequence,
            reason: settled.failed ? .toleranceExceeded : .minSuccesses
        )
        return ending
    }

    /// Branches come to something else than they came to.
    func diverge(
        from settled: Replay.Settlement,
        _ operation: Operation,
        _ location: CodeLocation
    ) -> CancellationError {
        let what =
            if let gathered = settled.gathered {
                "where other than \(gathered.failures) of \(gathered.branches.count) branches failed"
            } else {
                "where branch \(settled.branch) ended \(settled.failed ? "well, and not with an error" : "with an error")"
            }
        return activation.diverge(
            Divergence(
                sequence: settled.sequence,
                recorded: operation,
                attempted: operation,
                location: "\(location), \(what)",
                cause: .ending
            )
        )
    }
}
