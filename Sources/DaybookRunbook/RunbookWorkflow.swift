#if CLI
public import Daybook
import DaybookSystem

/// Runs runbooks: a job is a checkpoint.
public struct RunbookWorkflow: Workflow {
    /// The name under which executions of runbooks are recorded.
    public static let name = "runbook"

    /// A runner of runbooks.
    public init() {}

    /// What a job's operation is compared by when a runbook runs again.
    private struct JobInput: Encodable {
        let block: String
        let run: String
        let verify: String?
    }

    /// Runs the blocks in order.
    public func run(
        _ request: RunbookRequest,
        _ context: WorkflowContext
    ) async throws -> RunbookResult {
        let runbook: Runbook
        do {
            runbook = try Runbook(parsing: request.runbook, file: "runbook")
        } catch {
            throw OperationError(
                code: "invalid-runbook",
                message: error.description,
                isRetryable: false
            )
        }
        let workspace = try context.workspace()
        var outputs: [String: [String: String]] = [:]
        for block in runbook.blocks {
            for job in block.jobs {
                let environment = JobEnvironment(
                    request: request,
                    outputs: outputs,
                    workspace: workspace,
                    id: context.id
                )
                let result = try await run(job, of: block, environment, context)
                outputs[job.name] = result.outputs
            }
        }
        return RunbookResult(outputs: outputs)
    }

    private func run(
        _ job: Runbook.Job,
        of block: Runbook.Block,
        _ environment: JobEnvironment,
        _ context: WorkflowContext
    ) async throws -> JobResult {
        var verify: (() async throws -> WorkflowContext.Verification<JobResult>)?
        if let script = job.verify {
            verify = {
                let run = JobRun(job: job, environment: environment)
                let ending = try await run.execute(script, note: { try context.note($0) }) {
                    line,
                    source in
                    // What it says on its error output tells why it does not find the work done.
                    if source == .standardError { context.log("verify: \(line)") }
                }
                guard ending == .exited(0) else { return .notDone }
                return .done(JobResult(exitStatus: nil, outputs: try run.outputs(written: [:])))
            }
        }
        return try await context.checkpoint(
            job.name,
            input: JobInput(block: block.name, run: job.run, verify: job.verify),
            recordsStart: true,
            verify: verify
        ) { operation in
            try await JobRun(job: job, environment: environment).run(operation)
        }
    }
}
#endif
