import DaybookFormat
import DaybookModel
import DaybookSystem

extension WorkflowContext {
    /// Whether this execution is the finalizer of its parent.
    public var isFinalizer: Bool { activation.lease.isFinalizer }

    /// Begins another workflow as a child of this execution, and goes on: it is waited for once this
    /// handler has returned.
    /// - Parameters:
    ///   - workflow: what runs.
    ///   - name: names the operation; nil: the workflow's name.
    ///   - id: the child's id; nil: one that follows from this execution and the operation.
    ///   - options: what is not to be as the workflow says.
    ///   - input: its encoding is compared when this code runs again.
    /// - Throws: as ``spawn(_:file:line:)``.
    @discardableResult
    public func spawn<W: Workflow>(
        _ workflow: W.Type,
        _ name: String? = nil,
        id: String? = nil,
        options: ExecutionOptions = ExecutionOptions(),
        input: W.Input,
        file: String = #fileID,
        line: Int = #line
    ) async throws -> SpawnedChild {
        let plan = ChildPlan(workflow, name, id: id, options: options, input: input)
        return try await spawn([plan], file: file, line: line)[0]
    }

    /// Begins several workflows as children of this execution, and goes on: they are waited for once
    /// this handler has returned.
    ///
    /// All of them are checked before the first is recorded, and all are recorded by one batch. Once the
    /// handler has returned, what it returned is recorded, and the execution waits until each child is
    /// closed. The first that fails has the others cancelled, unless ``Workflow/childFailures`` says
    /// otherwise, and the execution ends as `children_tasks_failed`. When all have completed, it
    /// completes with what ``FamilyOutput`` describes, or with what its ``Workflow/finalizer`` gives.
    ///
    /// An attempt that is followed by another one leaves its children alone; the next one opens those
    /// again that have failed. When the execution ends before, open children are cancelled.
    /// - Parameter plans: at most 1,000.
    /// - Throws: ``OperationError``: `spawn-in-branch` anywhere but in the handler itself;
    ///   `too-many-children`; `circular-family`, `family-too-deep` and `conflict` as
    ///   ``run(_:_:id:options:input:file:line:)`` does; what ``Workflow/validate(_:)`` throws.
    ///   `CancellationError` when the activation is over.
    @discardableResult
    public func spawn(
        _ plans: [ChildPlan],
        file: String = #fileID,
        line: Int = #line
    ) async throws -> [SpawnedChild] {
        let location = CodeLocation(file, line)
        try checkIsHandler("spawn")
        guard scope.isEmpty else {
            throw OperationError(
                code: "spawn-in-branch",
                message: "a child is spawned in a branch; spawn it by the handler itself",
                isRetryable: false
            )
        }
        var spawned: [SpawnedChild] = []
        for (index, plan) in plans.enumerated() {
            let declared = try activation.declare(plan.input)
            let operation = try next(.spawn, plan.name, at: location, declared?.digest ?? [])
            guard let record = try replay(operation, at: location) else {
                return try await spawned + begin(plans[index...], from: operation, at: location)
            }
            if case .failure(let error) = try activation.outcome(of: record) {
                throw error.from(operation)
            }
            spawned.append(note(plan, operation))
        }
        return spawned
    }

    /// Begins children of which nothing is recorded.
    /// - Parameter first: the operation of the first.
    private func begin(
        _ plans: ArraySlice<ChildPlan>,
        from first: Operation,
        at location: CodeLocation
    ) async throws -> [SpawnedChild] {
        let children: [(operation: Operation, child: Submit)]
        do {
            try activation.checkMayBegin()
            children = try plans.enumerated().map { index, plan in
                let declared = try activation.declare(plan.input)
                let operation = Operation(
                    scope: first.scope,
                    position: first.position + UInt32(index),
                    kind: .spawn,
                    name: Name(plan.name),
                    inputDigest: declared?.digest ?? [],
                    source: location.source
                )
                let id = plan.id ?? activation.idempotencyKey(operation)
                return (operation, try plan.submit(self, id, declared?.data ?? []))
            }
            let sequence = try await activation.perform {
                SpawnChildren(
                    activation.lease,
                    children,
                    logs: try activation.takeLogs(in: scope)
                )
            }
            consumed(sequence)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw try await refused(first, error)
        }
        advance(by: children.count - 1)
        return zip(plans, children).map { plan, child in
            activation.noteOperation()
            return note(plan, child.operation)
        }
    }

    private func note(_ plan: ChildPlan, _ operation: Operation) -> SpawnedChild {
        let id = plan.id ?? activation.idempotencyKey(operation)
        return activation.state.withLock { state in
            let child = SpawnedChild(index: state.spawned.count, type: plan.type.text, id: id)
            state.spawned.append((operation.position, child))
            return child
        }
    }
}
