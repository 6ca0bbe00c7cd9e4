import DaybookFormat

@testable import DaybookModel

/// The end of a walk: nobody fails any more, so everything that was executed comes to its end.
extension RandomWalk {
    /// Each round does for each execution what its people, its process, its senders of signals and
    /// the clock would do next.
    mutating func comeToAnEnd() throws {
        for _ in 0..<200 {
            if reference.open.isEmpty { return }
            beginBatch()
            for execution in reference.open { try helpOn(execution) }
            try commitBatch()
            try letTimePass()
        }
        let left = reference.open.map { "\($0.id) is \($0.status) with \($0.waits)" }
        throw failure("not everything comes to its end: \(left)")
    }

    private mutating func helpOn(_ execution: ReferenceModel.Execution) throws {
        let (id, number) = (execution.id, execution.number)
        if execution.isPaused, !execution.status.isFinal || execution.owes {
            try runStep { try $0.intervene(.resume, id) }
        }
        if let operation = execution.doubts.first, execution.isParked {
            try runStep { try $0.resolve(id, OperationPath(operation)) }
        } else if execution.isParked {
            try runStep { try $0.intervene(.retry, id) }
        }
        for wait in execution.waits where wait.kind == .signal && wait.deadline == 0 {
            if execution.status.isFinal { break }
            try runStep { try $0.signal(id, wait.operation.name, nil) }
        }
        guard let known = reference.executions[number] else { return }
        if known.isClaimable { try claim(known) }
        guard let known = reference.executions[number], let lease = known.lease,
            reference.isHeld(known)
        else { return }
        switch known.status {
        case .running where known.waits.isEmpty:
            try runStep { try $0.perform(.complete(["t/1"], logs: []), lease, by: known.holder) }
        case .running:
            let count = known.waits.count
            try runStep { try $0.perform(.suspend(count), lease, by: known.holder) }
        case .waiting: break
        case _ where known.isForCleaning && known.owes:
            let name = known.nextToClean?.name ?? "none"
            try runStep { try $0.perform(.clean(name, []), lease, by: known.holder) }
        default:
            // It was ended from outside, and its code ends now.
            try runStep { try $0.perform(.release(logs: []), lease, by: known.holder) }
        }
    }

    /// By a session that may, or else by one that it is pinned to now.
    private mutating func claim(_ known: ReferenceModel.Execution) throws {
        let number = known.number
        if let session = reference.sessions.first(where: { reference.mayRun(known, in: $0) }) {
            return try runStep { try $0.claim(number, by: session) }
        }
        let revisions = reference.sessions.compactMap { reference.revisions[$0] }
        guard let revision = revisions.first(where: { $0 != "" }) else {
            return try runStep { try $0.openSession() }
        }
        try runStep { try $0.repin(known.id, to: revision) }
    }

    private mutating func letTimePass() throws {
        guard let next = reference.deadlines.first else { return }
        harness.now = max(harness.now, Timestamp(rawValue: next.time))
        while let due = reference.deadlines.first, due.time <= harness.now.rawValue {
            beginBatch()
            try runStep { try $0.fire() }
            try commitBatch()
            try check(reference.deadlines.first != due, "\(due) came and is still there")
        }
    }
}
