import DaybookFormat
import DaybookModel
import DaybookSystem

/// The branches of one operation: whether they still count.
final class BranchGroup: Sendable {
    private let parent: BranchGroup?
    private let operation: Operation
    private let split: WorkflowContext.Split
    private let isClosed = Locked(false)

    init(_ parent: BranchGroup?, of operation: Operation, _ split: WorkflowContext.Split) {
        self.parent = parent
        self.operation = operation
        self.split = split
    }

    /// The operations that a scope is a branch of, the innermost first.
    func operations(around scope: [UInt32]) -> [BranchOfOperation] {
        var all: [BranchOfOperation] = []
        var group: BranchGroup? = self
        while let around = group {
            let branch = scope[around.operation.scope.count + 1]
            all.append(BranchOfOperation(around.operation, branch, around.split))
            group = around.parent
        }
        return all
    }

    /// One of them has decided: what the others do no longer counts.
    func close() { isClosed.withLock { $0 = true } }

    /// - Throws: `CancellationError` once a branch has decided an operation around these.
    func checkParentOpen() throws(CancellationError) { try parent?.checkOpen() }

    /// Whether these are branches of a branch.
    var isNested: Bool { parent != nil }

    /// Whether another branch has decided.
    var isOver: Bool { isClosed.withLock { $0 } || parent?.isOver == true }

    /// - Throws: `CancellationError` once another branch has decided.
    func checkOpen() throws(CancellationError) {
        if isClosed.withLock({ $0 }) { throw CancellationError() }
        try parent?.checkOpen()
    }
}

/// The scope in which a handler goes on as a new run.
struct ContinuingBranch: Sendable {
    /// Empty: it is no branch.
    var scope: [UInt32] = []
    /// The operations that it is a branch of, the innermost first.
    var operations: [BranchOfOperation] = []
}

/// A branch, and the operation that it is one of.
struct BranchOfOperation: Sendable {
    let operation: Operation
    let branch: UInt32
    /// That it counts alone, and has failed, where the operation gathers what its branches come to; nil: that
    /// says itself.
    let gathered: SettleBranches.Gathered?

    init(_ operation: Operation, _ branch: UInt32, _ split: WorkflowContext.Split) {
        self.operation = operation
        self.branch = branch
        guard split.rule.gathers, split.count <= BranchSet.limit else {
            gathered = nil
            return
        }
        var branches = BranchSet()
        branches.insert(branch)
        gathered = SettleBranches.Gathered(branches, failures: 1)
    }
}

/// Runs the branches of one operation.
struct BranchRunner: Sendable {
    let activation: Activation
    let operation: Operation
    let group: BranchGroup
    let rule: BranchRule
    /// The operation split before this activation began.
    let isResumed: Bool
    /// The time that the branches begin with.
    let time: Timestamp

    struct Outcome<Value: Sendable>: Sendable {
        let index: Int
        let result: Result<Value, any Error>
        let time: Timestamp

        var failure: (any Error)? {
            if case .failure(let error) = result { error } else { nil }
        }
    }

    /// The scope of a branch.
    func context(of branch: Int) -> WorkflowContext {
        WorkflowContext(
            activation,
            scope: operation.scope + [operation.position, UInt32(branch)],
            group,
            time
        )
    }

    func branch<Value: Sendable>(
        _ index: Int,
        _ body: @Sendable (WorkflowContext, Int) async throws -> Value
    ) async -> Outcome<Value> {
        let context = context(of: index)
        do {
            let value = try await body(context, index)
            return Outcome(index: index, result: .success(value), time: context.now)
        } catch {
            return Outcome(index: index, result: .failure(error), time: context.now)
        }
    }

    /// What the branches came to.
    struct Ending<Value: Sendable>: Sendable {
        var results: [Result<Value, any Error>?]
        /// The time of the last entry of all of them.
        var time: Timestamp
        /// What one of them decided; nil: none did.
        var decision: Decision?
    }

    func run<Value: Sendable>(
        _ count: Int,
        _ limit: Int,
        _ body: @escaping @Sendable (WorkflowContext, Int) async throws -> Value
    ) async throws -> Ending<Value> {
        var ending = Ending<Value>(
            results: [Result<Value, any Error>?](repeating: nil, count: count),
            time: time
        )
        guard count > 0 else { return ending }
        try await withThrowingTaskGroup(of: Outcome<Value>.self) { tasks in
            var tally = BranchTally(rule, of: count)
            var order = BranchOrder<Value>()
            var started = min(limit, count)
            var running = started
            for index in 0..<started { try note(index, in: &order) }
            // The first one takes the place of the scope around it, which waits for them all.
            activation.beginBranches(started - 1)
            for index in 0..<started { tasks.addTask { await branch(index, body) } }
            while let outcome = try await tasks.next() {
                running -= 1
                guard ending.decision == nil else {
                    endLogs(of: outcome.index, counts: false)
                    try await activation.endBranch()
                    continue
                }
                let ends = try ends(after: outcome, &order, tally)
                // Where there are several, the place of the branch that has ended is kept for the scope
                // around it until all are looked at; else the next branch takes it.
                var isTaken = false
                for outcome in ends {
                    endLogs(of: outcome.index, counts: ending.decision == nil)
                    guard ending.decision == nil else { continue }
                    ending.time = max(ending.time, outcome.time)
                    ending.results[outcome.index] = outcome.result
                    if let decision = try await decided(outcome.index, outcome.failure, &tally) {
                        ending.decision = decision
                        // It stands for the scope around them until the others have unwound: they
                        // are told to, and nothing waits meanwhile.
                        group.close()
                        if !activation.isDraining { tasks.cancelAll() }
                    } else if started < count {
                        let index = started
                        started += 1
                        running += 1
                        try note(index, in: &order)
                        isTaken = ends.count == 1
                        if !isTaken { activation.beginBranches(1) }
                        tasks.addTask { await branch(index, body) }
                    }
                }
                if ending.decision == nil, !isTaken, running > 0 {
                    try await activation.endBranch()
                }
            }
        }
        // None of them is recorded to have decided: it goes on only if all have ended by themselves.
        let isOpen = ending.results.contains { result in
            guard case .success = result else {
                return !rule.gathers || result?.isCancellation ?? true
            }
            return false
        }
        try activation.checkMayBegin(after: isOpen || operation.kind == .race)
        return ending
    }

    /// The ends of branches that count now, in order.
    private func ends<Value: Sendable>(
        after outcome: Outcome<Value>,
        _ order: inout BranchOrder<Value>,
        _ tally: BranchTally
    ) throws -> [Outcome<Value>] {
        // What is over decides nothing.
        guard hasOrder, activation.latched == nil else { return order.all(and: outcome) }
        return try order.ends(after: outcome, tally) {
            try activation.reading { try activation.replayLog.branchesAtRest(of: operation) }
        }
    }

    /// Whether the order in which branches end makes a difference, and some may have ended before.
    private var hasOrder: Bool {
        guard case .gather(let completion) = rule, isResumed else { return false }
        return completion.canStop && !activation.isCollecting
    }

    /// A branch is about to begin.
    private func note<Value: Sendable>(
        _ branch: Int,
        in order: inout BranchOrder<Value>
    ) throws {
        guard hasOrder else { return }
        let scope = operation.scope + [operation.position, UInt32(branch)]
        order.begin(branch, first: try activation.peek(in: scope)?.sequence)
    }

    /// Lines that a branch has logged after its last operation belong to the scope around it; those
    /// of a branch that was stopped belong to nothing.
    func endLogs(of branch: Int, counts: Bool) {
        let scope = operation.scope + [operation.position, UInt32(branch)]
        activation.endLogs(of: scope, into: counts ? operation.scope : nil)
    }

    /// How a branch decided the operation.
    struct Decision: Sendable {
        /// The branch.
        var branch: Int
        /// The entry that says so; nil: it is not recorded, because the activation is over.
        var sequence: UInt64?
        /// The error that the operation ends with.
        var failure: (any Error)?
        /// Why an operation that gathers waits no longer.
        var reason = CompletionReason.all
    }

    /// Whether the end of a branch decides the operation, and how; recorded if so.
    func decided(
        _ index: Int,
        _ failure: (any Error)?,
        _ tally: inout BranchTally
    ) async throws -> Decision? {
        // Where the record ends, each branch is run to the end of its own.
        if activation.isCollecting { return nil }
        let verdict = tally.end(UInt32(index), failed: failure != nil)
        guard verdict != nil || failure != nil else { return nil }
        // An activation that is over decides nothing.
        if activation.latched != nil {
            return Decision(branch: index, failure: CancellationError())
        }
        if let failure, isOver(failure) { return Decision(branch: index, failure: failure) }
        do {
            // Nor do branches that were stopped with the branch that they belong to.
            try group.checkParentOpen()
            guard let verdict else { return nil }
            let sequence = try await activation.perform {
                SettleBranches(
                    activation.lease,
                    operation,
                    branch: UInt32(index),
                    failed: verdict.failed,
                    gathered: verdict.gathered
                )
            }
            // What the others have recorded, and not asked for again yet, no longer counts.
            activation.replayLog.decide(
                operation,
                by: verdict.gathered.map { .several($0.branches) } ?? .one(UInt32(index))
            )
            return Decision(
                branch: index,
                sequence: sequence,
                failure: rule.gathers ? nil : failure,
                reason: verdict.reason
            )
        } catch let refusal as Refusal where refusal.code == .conflict && group.isNested {
            // A branch around these decided at the same moment.
            return Decision(branch: index, failure: CancellationError())
        } catch {
            return Decision(branch: index, failure: error)
        }
    }

    /// Whether an error is nothing that a branch has come to.
    private func isOver(_ error: any Error) -> Bool {
        switch error {
        // What is gathered are the errors of operations and of branches.
        case is PayloadErased, is RecordingFailed: rule.gathers
        default: false
        }
    }
}

extension Result {
    /// Whether it is the end of a record that is only read.
    fileprivate var isCancellation: Bool {
        if case .failure(let error) = self { error is CancellationError } else { false }
    }
}
