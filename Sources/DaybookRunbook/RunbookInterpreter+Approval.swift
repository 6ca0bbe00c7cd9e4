#if CLI
import Daybook
import DaybookModel

/// Waiting for somebody's answer.
extension RunbookInterpreter {
    private typealias Answer = WorkflowContext.GivenSignal<JSONValue>

    /// Waits for an answer that approves. After one that does not, or after none in time, the block
    /// has failed; an attempt that comes later asks again.
    /// - Returns: the answer: a text as it is, anything else as JSON.
    /// - Throws: `OperationError` with the code `rejected`, which no policy tries again, or
    ///   `approval-timed-out`.
    func wait(
        for approval: Runbook.Approval,
        of block: Runbook.Block,
        _ context: WorkflowContext
    ) async throws -> String {
        while true {
            var asked: AttemptMark?
            if approval.timeout != nil {
                // In which attempt it was asked: one that comes later asks again.
                asked = try await note(RunbookOperations.requested(block.name), block, context)
            }
            let answer = try await context.receiveGiven(
                approval.signal,
                as: JSONValue.self,
                timeout: approval.timeout,
                file: source,
                line: block.line
            )
            guard let answer else {
                try await timeOut(approval, of: block, asked: asked, context)
                continue
            }
            if approval.accept.approves(answer.value) { return answer.value.text }
            try await reject(block, answer, context)
        }
    }

    /// Records in which attempt something happens.
    private func note(
        _ name: String,
        _ block: Runbook.Block,
        _ context: WorkflowContext
    ) async throws -> AttemptMark {
        let attempt = attempt
        return try await context.checkpoint(name, file: source, line: block.line) { _ in attempt }
    }

    /// Fails in the attempt `first`, and goes on in every other one.
    ///
    /// Recorded, so that whoever deals with the failure deals with it whenever the code runs again;
    /// and so that it is open again in an attempt in which nobody has.
    private func fail(
        _ name: String,
        _ block: Runbook.Block,
        in first: AttemptMark?,
        with failure: OperationError,
        _ context: WorkflowContext
    ) async throws {
        let attempt = attempt
        _ = try await context.checkpoint(name, file: source, line: block.line) { _ in
            guard first != attempt else { throw failure }
            return attempt
        }
    }

    private func timeOut(
        _ approval: Runbook.Approval,
        of block: Runbook.Block,
        asked: AttemptMark?,
        _ context: WorkflowContext
    ) async throws {
        let failure = OperationError(
            code: "approval-timed-out",
            message:
                "nobody gave the signal \(approval.signal), for which the block \(block.name) waits, in time"
        )
        let name = RunbookOperations.timedOut(block.name)
        try await fail(name, block, in: asked, with: failure, context)
    }

    private func reject(
        _ block: Runbook.Block,
        _ answer: Answer,
        _ context: WorkflowContext
    ) async throws {
        // Not that in which it was asked: a wait outlives the attempt that began it.
        let answered = try await note(RunbookOperations.answered(block.name), block, context)
        let failure = OperationError(
            code: "rejected",
            message: answer.value.rejection(of: block.name, by: answer.actor),
            isRetryable: false
        )
        let name = RunbookOperations.rejected(block.name)
        try await fail(name, block, in: answered, with: failure, context)
    }
}
#endif
