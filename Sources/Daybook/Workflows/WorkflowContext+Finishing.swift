import DaybookFormat
import DaybookModel
import DaybookSystem

extension WorkflowContext {
    /// What follows once the handler has returned: what it has spawned is waited for, and the finalizer
    /// runs. These are operations after its own, recorded and replayed as they are.
    /// - Returns: what the execution comes to.
    /// - Throws: `CancellationError` when the activation is over.
    func finish(_ workflow: RegisteredWorkflow, _ output: [UInt8]) async throws -> RunEnd {
        let hasSpawned = activation.state.withLock { !$0.spawned.isEmpty }
        guard hasSpawned || workflow.finalizer != nil else { return RunEnd(.success(output)) }
        guard output.count <= activation.host.payloadLimit else {
            return RunEnd(.failure(.tooLarge(output.count, activation.host.payloadLimit)))
        }
        let join = try next(.join, "children", at: Self.nowhere)
        let run = try await awaitChildren(join, workflow, output)
        let family = try activation.familyEnd()
        guard family.failed.isEmpty, family.members.allSatisfy({ $0.error == nil }) else {
            return RunEnd(.failure(try activation.failure(of: family, join)), run: run, .children)
        }
        do {
            let children = try composed(family)
            guard let finalizer = workflow.finalizer else {
                let all = Array("{\"output\":".utf8) + run.output + Array(",\"children\":".utf8)
                return RunEnd(.success(all + children + Array("}".utf8)), run: run)
            }
            return try await finalize(finalizer, run, children)
        } catch let error as OperationError {
            return RunEnd(.failure(error), run: run)
        }
    }

    /// These operations stand nowhere in the handler's code.
    private static let nowhere = CodeLocation("", 0)

    /// Records what the handler returned, and waits until nothing that it has spawned is open.
    private func awaitChildren(
        _ join: Operation,
        _ workflow: RegisteredWorkflow,
        _ output: [UInt8]
    ) async throws -> (output: [UInt8], sequence: UInt64) {
        if let record = try replay(join, at: Self.nowhere) {
            if case .fired(let time) = try await recordedWait(join) { consumed(at: time) }
            return (try activation.value(at: record.sequence).data, record.sequence)
        }
        try activation.checkMayBegin()
        activation.noteOperation()
        let host = activation.host
        let (recorded, wake) = try await activation.wait(join, group) {
            AwaitChildren(
                activation.lease,
                join,
                output: try host.seal(
                    output,
                    as: host.codec.contentType(of: workflow.types.output)
                ),
                isAllSettled: workflow.isAllSettled,
                suspended: nil,
                logs: try activation.takeLogs(in: scope)
            )
        }
        if case .fired(let time) = wake {
            consumed(at: time)
        } else {
            consumed(recorded.sequence)
        }
        return (output, recorded.sequence)
    }

    /// What the children gave, as JSON.
    /// - Throws: ``OperationError``.
    private func composed(_ family: FamilyEnd) throws -> [UInt8] {
        guard activation.host.codec.contentType == ContentTypes.json else {
            throw OperationError(
                code: "family-needs-json",
                message:
                    "the outputs of a family are put together as JSON, and the codec writes \(activation.host.codec.contentType); use one that writes JSON, or await children by run",
                isRetryable: false
            )
        }
        return try activation.outputs(of: family)
    }

    /// Runs the finalizer as a child.
    private func finalize(
        _ finalizer: any Workflow.Type,
        _ run: (output: [UInt8], sequence: UInt64),
        _ children: [UInt8]
    ) async throws -> RunEnd {
        let operation = try next(.finalize, finalizer.name, at: Self.nowhere)
        let input =
            try Array("{\"input\":".utf8) + activation.value(at: activation.lease.execution).data
            + Array(",\"output\":".utf8) + run.output + Array(",\"children\":".utf8) + children
            + Array("}".utf8)
        do {
            let end = try await childEnd(operation, at: Self.nowhere) {
                try self.child(finalizing: finalizer, operation, input)
            }
            guard let facts = end.failure else {
                return RunEnd(.success(try activation.value(at: end.sequence).data), run: run)
            }
            var error = try activation.error(facts, at: end.sequence)
            error.facts = ErrorFacts(code: error.code, isRetryable: false)
            error.message =
                "Finalize task with id \(activation.idempotencyKey(operation)) \(end.words)"
                + (error.message.isEmpty ? "" : ": \(error.message)")
            return RunEnd(.failure(error.from(operation)), run: run, .finalizer)
        } catch let error as OperationError {
            return RunEnd(.failure(error.from(operation)), run: run, .finalizer)
        }
    }

    private func child<F: Workflow>(
        finalizing finalizer: F.Type,
        _ operation: Operation,
        _ input: [UInt8]
    ) throws -> Submit {
        try F.validate(activation.decode(F.Input.self, from: EncodedValue(data: input)))
        let terms = RegisteredWorkflow.terms(of: finalizer)
        return try child(finalizer, activation.idempotencyKey(operation), terms, input)
    }
}
