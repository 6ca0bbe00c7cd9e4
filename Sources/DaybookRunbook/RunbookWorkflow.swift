#if CLI
package import Daybook
package import DaybookModel
import DaybookSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs runbooks: a job is a checkpoint.
package struct RunbookWorkflow: Workflow {
    /// The name under which executions of runbooks are recorded.
    package static let name = "runbook"

    /// A runner of runbooks.
    package init() {}

    /// Runs the blocks in order.
    package func run(
        _ request: RunbookRequest,
        _ context: WorkflowContext
    ) async throws -> RunbookResult {
        let runbook: Runbook
        do {
            runbook = try Runbook(parsing: request.runbook, file: "runbook")
        } catch {
            // What the machine has too little of is nobody's failure.
            if error.isShortage {
                throw SystemError(number: ENOMEM, operation: "parsing of the runbook")
            }
            throw OperationError(
                code: "invalid-runbook",
                message: error.description,
                isRetryable: false
            )
        }
        var interpreter = RunbookInterpreter(
            runbook: runbook,
            request: request,
            workspace: try await context.workspace(),
            id: context.id,
            attempt: AttemptMark(execution: context.number, attempt: context.attempt)
        )
        if let collecting = runbook.blocks.first(where: \.collects) {
            interpreter.collects = try await context.version(
                RunbookOperations.collecting,
                file: interpreter.source,
                line: collecting.line
            )
        }
        return try await interpreter.run(context)
    }
}

extension RunbookWorkflow: DivergenceAdvising {
    /// Whoever writes YAML has no code to change: a runbook that is corrected comes with a fork, and one
    /// that is recorded is read by this program.
    package static func correction(of divergence: Divergence, isFork: Bool) -> String? {
        if case .otherCodec = divergence.origin { return nil }
        guard isFork, divergence.cause != .value else {
            return
                "the runbook is recorded with its execution, so this version of daybook takes it otherwise than the one that began it: go on with that version"
        }
        return
            "leave the blocks and jobs before that as they are recorded: their names and order, `run`, `verify` and `each`, and whether there is an `on_failure`; change what comes from the operation on"
    }

    /// Names the script of the job that is another one, or says that it is `on_failure`.
    package static func difference(
        _ divergence: Divergence,
        recorded: [UInt8],
        given: [UInt8]
    ) -> String? {
        guard let old = runbook(of: recorded), let new = runbook(of: given) else { return nil }
        if divergence.cause == .operation, old.onFailure.isEmpty != new.onFailure.isEmpty,
            divergence.isOfOnFailure
        {
            return new.onFailure.isEmpty
                ? "the execution has an `on_failure` (runbook \(old.name):\(old.onFailureLine)), and the runbook has none now"
                : "the runbook has an `on_failure` now (runbook \(new.name):\(new.onFailureLine)), and the execution has none"
        }
        guard divergence.cause == .input, let name = divergence.attempted.map({ "\($0.name)" }),
            let before = old.place(ofJob: name), let after = new.place(ofJob: name)
        else { return nil }
        let job = "\(name) (runbook \(new.name):\(after.job.line))"
        if before.job.run != after.job.run {
            return "the script `run` of \(job) is another one now"
        }
        if before.job.verify != after.job.verify {
            return switch (before.job.verify, after.job.verify) {
            case (_, nil): "the script `verify` of \(job) is gone"
            case (nil, _): "\(job) has a script `verify` now, and had none"
            default: "the script `verify` of \(job) is another one now"
            }
        }
        guard before.block != after.block else { return nil }
        return "\(job) is in the block \(after.block) now, and was in \(before.block)"
    }

    /// Names the job and its line.
    package static func lack(ofUndoing operation: String, given: [UInt8]) -> String? {
        guard let runbook = runbook(of: given),
            let job = runbook.place(ofJob: operation)?.job
        else { return nil }
        return
            "the job \(job.name) (runbook \(runbook.name):\(job.line)) has no `undo` now: give it one, which may be another than it had"
    }

    /// The runbook in the input of an execution; nil: there is none that this version can read.
    private static func runbook(of input: [UInt8]) -> Runbook? {
        do {
            let request = try JSONPayloadCodec().decode(RunbookRequest.self, from: input)
            return try Runbook(parsing: request.runbook, file: "runbook")
        } catch {
            // What is wrong with it is said where it is run: here it only words a refusal.
            return nil
        }
    }
}

extension Divergence {
    /// Whether that is asked for, or is recorded, by which `on_failure` begins.
    fileprivate var isOfOnFailure: Bool {
        [recorded, attempted].contains {
            guard let operation = $0 else { return false }
            return operation.scope.isEmpty && "\(operation.name)" == RunbookOperations.onFailure
        }
    }
}

extension Runbook {
    /// A job of a block.
    fileprivate func place(ofJob name: String) -> (job: Job, block: String)? {
        for block in blocks {
            if let job = block.jobs.first(where: { $0.name == name }) { return (job, block.name) }
        }
        return nil
    }
}
#endif
