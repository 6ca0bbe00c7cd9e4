import DaybookFormat
import DaybookModel
import DaybookSystem
import DaybookView

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
        do {
            try activation.checkCodecOfFamily()
            return try await finishFamily(workflow, output)
        } catch let error as OperationError {
            return RunEnd(.failure(error))
        } catch let error as PayloadErased {
            // It would be so again.
            var failure = OperationError(recording: error)
            failure.facts.isRetryable = false
            return RunEnd(.failure(failure))
        }
    }

    private func finishFamily(
        _ workflow: RegisteredWorkflow,
        _ output: [UInt8]
    ) async throws -> RunEnd {
        let join = try next(.join, "children", at: Self.nowhere)
        let run = try await awaitChildren(join, workflow, output)
        let family = try activation.familyEnd()
        guard family.members.allSatisfy({ $0.error == nil }) else {
            return RunEnd(.failure(try activation.failure(of: family, join)), run: run, .children)
        }
        let manifest = FamilyManifest(
            input: workflow.finalizer == nil ? nil : activation.lease.execution,
            output: run.sequence,
            children: family.members.map(\.end)
        )
        if let finalizer = workflow.finalizer {
            return try await finalize(finalizer, run, manifest)
        }
        var end = RunEnd(.success(manifest.encoded), run: run)
        end.contentType = FamilyManifest.contentType
        return end
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
                output: try activation.seal(
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

    /// Runs the finalizer as a child.
    private func finalize(
        _ finalizer: any Workflow.Type,
        _ run: (output: [UInt8], sequence: UInt64),
        _ manifest: FamilyManifest
    ) async throws -> RunEnd {
        let operation = try next(.finalize, finalizer.name, at: Self.nowhere)
        do {
            let ended = try await childEnd(operation, at: Self.nowhere) {
                try self.child(finalizing: finalizer, operation, manifest)
            }
            guard let facts = ended.failure else {
                let output = try activation.value(at: ended.sequence)
                var end = RunEnd(.success(output.data), run: run)
                end.contentType = activation.host.contentType(output.contentType)
                return end
            }
            var error = try activation.error(facts, at: ended.sequence)
            error.facts = ErrorFacts(code: error.code, isRetryable: false)
            error.message =
                "Finalize task with id \(activation.idempotencyKey(operation)) \(ended.words)"
                + (error.message.isEmpty ? "" : ": \(error.message)")
            return RunEnd(.failure(error.from(operation)), run: run, .finalizer)
        } catch let error as OperationError {
            return RunEnd(.failure(error.from(operation)), run: run, .finalizer)
        }
    }

    /// What it is given stands for the values of the family, and is put together to be looked at.
    private func child<F: Workflow>(
        finalizing finalizer: F.Type,
        _ operation: Operation,
        _ manifest: FamilyManifest
    ) throws -> Submit {
        if activation.host.hasEffects {
            try F.validate(activation.decode(F.Input.self, from: manifest))
        }
        return try child(
            finalizer,
            activation.idempotencyKey(operation),
            RegisteredWorkflow.terms(of: finalizer),
            manifest.encoded,
            as: FamilyManifest.contentType
        )
    }
}
