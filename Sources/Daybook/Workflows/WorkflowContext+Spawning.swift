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
    /// - Parameter plans: at most 1,000, with inputs of at most 64 MiB together.
    /// - Throws: ``OperationError``: `spawn-in-branch` anywhere but in the handler itself;
    ///   `too-many-children`, also of the whole family (<doc:Limits>); `spawn-too-large`;
    ///   `family-needs-json` with a codec that does not write JSON; `circular-family`, `family-too-deep` and `conflict` as
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
                let left = Array(plans[index...])
                return try await spawned + begin(left, from: operation, at: location)
            }
            if case .failure(let error) = try activation.outcome(of: record) {
                throw error.from(operation)
            }
            spawned.append(note(plan, operation, record.sequence))
        }
        return spawned
    }

    /// Begins children of which nothing is recorded.
    /// - Parameter first: the operation of the first.
    private func begin(
        _ plans: [ChildPlan],
        from first: Operation,
        at location: CodeLocation
    ) async throws -> [SpawnedChild] {
        var list = SpawnList(plans, first, location)
        do {
            try activation.checkMayBegin()
            try activation.checkMaySpawn(plans.count)
            try list.encode(in: self)
            let sequence = try await activation.perform(bytes: list.bytes) {
                SpawnChildren(
                    activation.lease,
                    list.children,
                    logs: try activation.takeLogs(in: scope)
                )
            }
            consumed(sequence)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw try await refused(first, error) { failure in
                guard plans.count > 1, let place = list.place(of: error) else { return }
                name(plans[place], at: place, first, &failure)
            }
        }
        advance(by: plans.count - 1)
        return zip(plans, list.children).map { plan, child in
            activation.noteOperation()
            return note(plan, child.operation)
        }
    }

    /// Says which child of a list is refused: the operation that records that is the first one's.
    private func name(
        _ plan: ChildPlan,
        at place: Int,
        _ first: Operation,
        _ failure: inout OperationError
    ) {
        let operation = first.following(place, plan, nil)
        let child = SpawnedChild(
            index: activation.state.withLock { $0.spawned.count } + place,
            type: plan.type.text,
            id: plan.id ?? activation.idempotencyKey(operation)
        )
        failure.message = "\(child.words) is not spawned: \(failure.message)"
        if failure.details == nil { failure.details = child.json + Array("}".utf8) }
    }

    /// - Parameter record: the entry that began it, if an earlier run did.
    private func note(
        _ plan: ChildPlan,
        _ operation: Operation,
        _ record: UInt64? = nil
    ) -> SpawnedChild {
        let id = plan.id ?? activation.idempotencyKey(operation, recordedBy: record)
        return activation.state.withLock { state in
            let child = SpawnedChild(index: state.spawned.count, type: plan.type.text, id: id)
            state.spawned.append((operation.position, child))
            return child
        }
    }
}

/// The children of one call, encoded and sealed.
private struct SpawnList {
    private let plans: [ChildPlan]
    private let first: Operation
    private let location: CodeLocation
    private(set) var children: [(operation: Operation, child: Submit)] = []
    /// Bytes of their inputs.
    private(set) var bytes = 0
    /// Which one is being looked at; nil: all are encoded.
    private var current: Int?

    init(_ plans: [ChildPlan], _ first: Operation, _ location: CodeLocation) {
        self.plans = plans
        self.first = first
        self.location = location
    }

    /// - Throws: what one of them is refused for.
    mutating func encode(in context: WorkflowContext) throws {
        for (place, plan) in plans.enumerated() {
            current = place
            let declared = try context.activation.declare(plan.input)
            bytes += declared?.data.count ?? 0
            // Before so much lies in memory twice.
            try SpawnChildren.check(bytes: bytes, of: context.activation.lease.id)
            let operation = first.following(place, plan, declared?.digest, location.source)
            let id = plan.id ?? context.activation.idempotencyKey(operation)
            children.append((operation, try plan.submit(context, id, declared?.data ?? [])))
        }
        current = nil
    }

    /// Which one an error is about; nil: all of them.
    func place(of error: any Error) -> Int? {
        guard let refusal = error as? Refusal, refusal.code == .spawnTooLarge else {
            return current ?? (error as? Refusal)?.place
        }
        return nil
    }
}

extension Operation {
    /// The operation of a child of a list.
    /// - Parameter place: its place there; this one is the first's.
    fileprivate func following(
        _ place: Int,
        _ plan: ChildPlan,
        _ digest: [UInt8]?,
        _ source: SourceLine? = nil
    ) -> Operation {
        Operation(
            scope: scope,
            position: position + UInt32(place),
            kind: .spawn,
            name: Name(plan.name),
            inputDigest: digest ?? [],
            source: source
        )
    }
}
