#if CLI
import Daybook
import DaybookModel
import DaybookSystem

/// An attempt, as a value that is recorded: what a fork has from its origin is of no attempt of its own.
struct AttemptMark: Codable, Equatable, Sendable {
    /// The number of the execution.
    let execution: UInt64
    /// Which of its attempts, from 1.
    let attempt: UInt32
}

/// Runs a runbook in one activation of its execution.
struct RunbookInterpreter: Sendable {
    let runbook: Runbook
    let request: RunbookRequest
    let workspace: String
    let id: String
    let attempt: AttemptMark
    /// The other jobs and elements of a block that has failed still run. Not in executions that
    /// began when they did not.
    var collects = true
    /// What those jobs see that run because it has ended badly.
    let course = RunbookCourse()

    /// Outputs by job and key.
    typealias Outputs = [String: [String: String]]

    /// How a row of blocks ended.
    private struct Ending: Sendable {
        var outputs: Outputs = [:]
        var failed: [String] = []
        var failure: OperationError?
    }

    /// Runs the blocks; before them, what runs should it end badly is registered.
    func run(_ context: WorkflowContext) async throws -> RunbookResult {
        if !runbook.onFailure.isEmpty {
            try await context.onBadEnd(
                RunbookOperations.onFailure,
                file: source,
                line: runbook.onFailureLine
            ) { scope in
                try await runOnFailure(scope)
            }
        }
        do {
            return try await runBlocks(context)
        } catch let error as OperationError {
            course.end(error)
            throw error
        }
    }

    /// Runs the jobs for a run that has ended badly: each of them, whatever becomes of those before it.
    private func runOnFailure(_ context: WorkflowContext) async throws {
        var first: OperationError?
        for job in runbook.onFailure {
            var environment = environment(course.outputs)
            environment.failure = course.failure(context.endedAs)
            do {
                _ = try await run(job, of: RunbookOperations.onFailure, environment, context)
            } catch let error as OperationError {
                first = first ?? error
            }
        }
        if let first { throw first }
    }

    private func runBlocks(_ context: WorkflowContext) async throws -> RunbookResult {
        let ordinary = runbook.blocks.filter { !$0.isAlways }
        let always = runbook.blocks.filter(\.isAlways)
        var ending: Ending
        if always.isEmpty {
            ending = Ending()
            try await run(ordinary, context, &ending)
        } else {
            // In scopes of their own: a failure after which something is recorded in the same scope
            // has been dealt with, and is not tried again. That of an ordinary block has not been,
            // whatever runs always after it.
            let ended = Locked(Ending())
            let endings = try await context.map(
                RunbookOperations.blocks,
                [false, true],
                maxConcurrent: 1,
                file: source,
                line: always[0].line
            ) { scope, isAlways in
                let before = ended.withLock { $0 }
                let ending =
                    isAlways
                    ? try await clean(always, scope, before.outputs)
                    : try await catching(ordinary, scope)
                ended.withLock { $0 = ending }
                return ending
            }
            ending = endings[1]
            ending.failed = endings.flatMap(\.failed)
            ending.failure = endings[0].failure ?? endings[1].failure
        }
        if let failure = ending.failure { throw failure }
        return RunbookResult(outputs: ending.outputs, failedBlocks: ending.failed)
    }

    /// Runs blocks, and keeps the error that ends them.
    private func catching(_ blocks: [Runbook.Block], _ context: WorkflowContext) async throws
        -> Ending
    {
        var ending = Ending()
        do {
            try await run(blocks, context, &ending)
        } catch let error as OperationError {
            ending.failure = error
        }
        return ending
    }

    private func run(
        _ blocks: [Runbook.Block],
        _ context: WorkflowContext,
        _ ending: inout Ending
    ) async throws {
        for block in blocks {
            do {
                try await run(block, context, &ending.outputs)
            } catch let error as OperationError where block.continuesOnError && !error.isFatal {
                ending.failed.append(block.name)
            }
        }
    }

    /// What the blocks that run always begin with.
    private struct Round: Codable {
        let attempt: AttemptMark
        let outputs: Outputs
    }

    /// Runs the blocks that run always: each of them, whatever becomes of those before it, and all
    /// of them again in each attempt that comes so far, because there is something new to clean up.
    ///
    /// A round is run to its end by a later attempt, with the outputs that it began with, and then
    /// another one is run: which operations come next must not depend on what has changed since. So does a fork
    /// with the round in which it begins, and runs no other one then.
    private func clean(
        _ blocks: [Runbook.Block],
        _ context: WorkflowContext,
        _ outputs: Outputs
    ) async throws -> Ending {
        let now = Round(attempt: attempt, outputs: outputs)
        let line = blocks[0].line
        while true {
            let round = try await context.checkpoint(
                RunbookOperations.cleaning,
                file: source,
                line: line
            ) { _ in now }
            var ending = Ending(outputs: round.outputs)
            for block in blocks {
                do {
                    try await run(block, context, &ending.outputs)
                } catch let error as OperationError {
                    // No job of the block tells of it.
                    if error.code == Self.invalidEach { context.log("\(error.message)") }
                    // The round is not run again: another one is.
                    ending.failure = ending.failure ?? error.handled
                }
            }
            // With this behind it no failure of the round is tried again.
            let attempt = attempt
            let ended = try await context.checkpoint(
                RunbookOperations.cleaned,
                file: source,
                line: line
            ) { _ in attempt }
            let isNew = round.attempt == attempt || round.attempt.execution != attempt.execution
            if ended == attempt, isNew { return ending }
        }
    }

    // MARK: Blocks

    private func run(
        _ block: Runbook.Block,
        _ context: WorkflowContext,
        _ outputs: inout Outputs
    ) async throws {
        if let approval = block.approval {
            let value = try await wait(for: approval, of: block, context)
            outputs[block.name] = [Runbook.Approval.key: value]
        } else if let each = block.each {
            try await run(block, forEach: try elements(each, outputs, block), context, &outputs)
        } else if block.limit > 1 || collects && block.collects {
            try await runInBranches(block, context, &outputs)
        } else {
            for job in block.jobs {
                let result = try await run(job, of: block.name, environment(outputs), context)
                outputs[job.name] = result.outputs
            }
        }
    }

    /// Runs each job of a block in a branch of its own, so that one that fails is run again by a
    /// retry, and those that ran after it are not.
    private func runInBranches(
        _ block: Runbook.Block,
        _ context: WorkflowContext,
        _ outputs: inout Outputs
    ) async throws {
        // One after the other they see what those before them gave.
        let given = Locked(outputs)
        let results = try await context.map(
            block.name,
            block.jobs,
            maxConcurrent: block.limit,
            file: source,
            line: block.line
        ) { scope, job in
            let environment = environment(given.withLock { $0 })
            return try await ending(of: block) {
                let result = try await run(job, of: block.name, environment, scope)
                if block.limit == 1 { given.withLock { $0[job.name] = result.outputs } }
                return result.outputs
            }
        }
        for (job, result) in zip(block.jobs, results) {
            if case .success(let own) = result { outputs[job.name] = own }
        }
        for result in results { _ = try result.get() }
    }

    /// Runs a part of a block. Its failure is a result where the other parts are to run, unless it is
    /// to end the run.
    private func ending<Value>(
        of block: Runbook.Block,
        _ body: () async throws -> Value
    ) async throws -> Result<Value, OperationError> {
        do {
            return .success(try await body())
        } catch let error as OperationError where collects && block.collects && !error.isFatal {
            return .failure(error)
        }
    }

    /// What operations name as the file that asks for them, with lines of the runbook's own text.
    var source: String { "runbook \(runbook.name)" }

    private func environment(_ outputs: Outputs, _ each: EachElement? = nil) -> JobEnvironment {
        JobEnvironment(
            request: request,
            outputs: outputs,
            workspace: workspace,
            id: id,
            each: each
        )
    }

    /// Runs the jobs of a block for each element. Later blocks see an output of such a job as a JSON
    /// array, in the order of the elements; of one for which that job did not end well they see an empty text.
    private func run(
        _ block: Runbook.Block,
        forEach elements: [String],
        _ context: WorkflowContext,
        _ outputs: inout Outputs
    ) async throws {
        let before = outputs
        let all = elements.enumerated().map { EachElement(item: $1, index: $0) }
        // Also of an element for which a later job fails: what cleans up needs what was made.
        let given = Locked([Outputs](repeating: Outputs(), count: elements.count))
        let endings = try await context.map(
            block.name,
            all,
            maxConcurrent: block.limit,
            file: source,
            line: block.line
        ) { scope, element in
            try await ending(of: block) {
                var own = before
                for job in block.jobs {
                    let environment = environment(own, element)
                    let outputs = try await run(job, of: block.name, environment, scope).outputs
                    own[job.name] = outputs
                    given.withLock { $0[element.index][job.name] = outputs }
                }
            }
        }
        let results = given.withLock { $0 }
        for job in block.jobs {
            var keys = Set(results.flatMap { $0[job.name].map { Array($0.keys) } ?? [] })
            keys.formUnion(job.output.map(\.name))
            var values: [String: String] = [:]
            for key in keys.sorted() {
                values[key] = TextList.json(results.map { $0[job.name]?[key] ?? "" })
            }
            outputs[job.name] = values
        }
        for ending in endings { _ = try ending.get() }
    }

    /// The code of a block's failure that has no list to run for.
    private static let invalidEach = "invalid-each"

    private func elements(
        _ each: Runbook.Each,
        _ outputs: Outputs,
        _ block: Runbook.Block
    ) throws -> [String] {
        let found: [String]?
        switch each {
        case .elements(let elements): return elements
        case .input(let name): found = request.inputs[name].map(TextList.lines)
        case .output(let job, let key):
            found = outputs[job]?[key].flatMap { TextList.elements(ofOutput: $0) }
        }
        guard let found else {
            throw OperationError(
                code: Self.invalidEach,
                message:
                    "the block \(block.name) runs for each element of a list, and what it was given is none; give a JSON array of texts, or one to a line",
                isRetryable: false
            )
        }
        return found
    }

    // MARK: Jobs

    /// So long the undoing of a job may take that has no timeout.
    private static let undoTime = Duration.seconds(600)

    /// What a job's operation is compared by when a runbook runs again.
    private struct JobInput: Encodable {
        let block: String
        let run: String
        let verify: String?
    }

    private func run(
        _ job: Runbook.Job,
        of block: String,
        _ environment: JobEnvironment,
        _ context: WorkflowContext
    ) async throws -> JobResult {
        do {
            let result = try await checkpoint(job, of: block, environment, context)
            if environment.each == nil { course.note(result.outputs, of: job.name) }
            // Said again whenever it is replayed, as what it comes from is recorded.
            if result.outputs["eventful"] == "true" { context.eventful() }
            return result
        } catch let error as OperationError {
            course.note(error, of: job.name)
            throw error
        }
    }

    private func checkpoint(
        _ job: Runbook.Job,
        of block: String,
        _ environment: JobEnvironment,
        _ context: WorkflowContext
    ) async throws -> JobResult {
        var verify: ((OperationContext) async throws -> WorkflowContext.Verification<JobResult>)?
        if let script = job.verify {
            verify = { operation in
                let run = JobRun(job: job, environment: environment)
                let isDone = try await run.verify(
                    script,
                    operation,
                    note: { try context.note($0) },
                    log: { context.log("verify: \($0)") }
                )
                guard isDone else { return .notDone }
                return .done(JobResult(exitStatus: nil, outputs: try run.declaredOutputs()))
            }
        }
        var undo: (@Sendable (JobResult?, OperationContext) async throws -> Void)?
        if let script = job.undo {
            undo = { result, operation in
                var own = environment
                own.outputs[job.name] = result?.outputs
                try await JobRun(job: job, environment: own)
                    .undo(script, isKnown: result != nil, operation)
            }
        }
        let result = try await context.checkpoint(
            job.name,
            input: JobInput(block: block, run: job.run, verify: job.verify),
            options: CheckpointOptions(
                retry: job.retry,
                timeout: job.timeout,
                recordsStart: true,
                onDoubt: job.onDoubt,
                compensation: CompensationOptions(
                    retry: job.retry,
                    timeout: job.timeout ?? Self.undoTime
                )
            ),
            verify: verify,
            compensate: undo,
            completing: { given in
                // What a person gives goes before what the runbook declares, as what a script writes does.
                var result = given
                let declared = try JobRun(job: job, environment: environment).declaredOutputs()
                result.outputs = declared.merging(given.outputs) { _, given in given }
                return result
            },
            storing: { result, codec in
                try StoredValues(
                    (result.stored ?? [:]).mapValues { try codec.encode($0) },
                    removed: result.removed ?? []
                )
            },
            file: source,
            line: job.line
        ) { operation in
            try await JobRun(job: job, environment: environment).run(operation)
        }
        return result
    }
}

extension OperationError {
    /// A job has exited with a status that ends the run.
    fileprivate var isFatal: Bool { code == JobRun.fatalCode }
}
#endif
