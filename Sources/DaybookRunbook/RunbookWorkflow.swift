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
            attempt: context.attempt
        )
        if runbook.blocks.contains(where: \.collects) {
            interpreter.collects = try await context.version(RunbookOperations.collecting)
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
            "leave the blocks and jobs before that as they are recorded: their names and order, `run`, `verify` and `each`; change what comes from the operation on"
    }
}
#endif
