import DaybookFormat

@testable import DaybookModel

/// What can be asked of an execution: every command, and that time passes.
enum Asked: String, CaseIterable {
    case submit, submitOther, execute, claim, claimFirst
    case start, succeed, disappoint, record, again, look, sleep, await, suspend, split, settle,
        gather
    case complete, fail, failFamily, goOn, release, park, doubt, child, spawn, join
    case register, withdraw, clean, cleanStep
    case startUndoable, succeedUndoable, failUndoable, againUndoable, endUndoing, undoingStep
    case cancel, force, pause, resume, retry, signal, failSignal, resolve, repin
    case wipe, erase, refresh
    case time, close, lose
}

extension Standing {
    /// Asks for it.
    /// - Throws: ``Refusal``.
    mutating func ask(_ asked: Asked) throws {
        switch asked {
        case .submit: try harness.submit(id, by: other)
        case .submitOther: try harness.submit(id, input: "9", by: other)
        case .execute: try harness.run(Execute(id: id), session: other)
        case .claim: try harness.run(Claim(.execution(lease.execution)), session: other)
        case .claimFirst: try harness.run(Claim(.first(of: ["copy"])), session: other)
        case .start, .succeed, .disappoint, .record, .again, .look, .split, .settle, .gather,
            .register, .withdraw, .clean, .cleanStep:
            try askOfOperation(asked)
        case .startUndoable, .succeedUndoable, .failUndoable, .againUndoable, .endUndoing,
            .undoingStep:
            try askOfCompensation(asked)
        case .sleep:
            let operation = Operation.op(.sleep, 1)
            try harness.sleep(lease, operation, for: .seconds(5), suspended: nil, by: holder)
        case .await:
            try harness.await(lease, .op(.signal, 1, "stop"), suspended: nil, by: holder)
        case .child:
            try harness.begin("new", of: lease, .op(.child, 1), suspended: nil, by: holder)
        case .spawn: try harness.spawn(["new"], of: lease, from: next, by: holder)
        case .join: try harness.join(lease, .op(.join, next), by: holder)
        case .failFamily: try harness.fail(lease, cause: .children, by: holder)
        case .suspend: try harness.run(Suspend(lease, suspended: 1), session: holder)
        case .complete: try harness.complete(lease, by: holder)
        case .fail: try harness.fail(lease, by: holder)
        case .goOn:
            let input = try harness.sealed([.json([0x33])])
            try harness.run(ContinueAsNew(lease, input: input), session: holder)
        case .release: try harness.run(Release(lease), session: holder)
        case .park: try harness.park(lease, by: holder)
        case .doubt: try harness.doubt(lease, [.op(.checkpoint, 1)], by: holder)
        case .cancel: try harness.cancel(id, by: other)
        case .force:
            let command = Cancel(try harness.intervention(id), force: true)
            try harness.run(command, session: other)
        case .pause: try harness.pause(id, by: other)
        case .resume: try harness.resume(id, by: other)
        case .retry: try harness.retry(id, by: other)
        case .wipe: try harness.run(WipeSecrets(try harness.intervention(id)), session: other)
        case .erase: try harness.run(ErasePayloads(try harness.intervention(id)), session: other)
        case .refresh:
            try harness.retry(id, secrets: try harness.secrets(["TOKEN", "KEY"]), by: other)
        case .signal: try harness.signal(id, "go", by: other)
        case .failSignal:
            let signal = Signal(
                id: id,
                name: "go",
                error: ErrorFacts(code: "no"),
                payloads: try harness.sealed([.text("no")])
            )
            try harness.run(signal, session: other)
        case .resolve:
            try harness.resolve(id, OperationPath(scope: [], position: 1), .notDone, by: other)
        case .repin: try harness.repin(id, to: "r2", by: other)
        case .time:
            guard let deadline = harness.state.nextDeadline else { return }
            harness.now = deadline
            _ = try harness.fire(limit: 1, by: other)
        case .close: try harness.run(CloseSession(), session: holder)
        case .lose: try harness.lose(holder, by: other)
        }
    }

    /// The position of the next operation of the handler, once branches have been settled.
    private var next: UInt32 {
        max(harness.state.execution(lease.execution)?.progress.next(in: []) ?? 1, 1)
    }

    private mutating func askOfCompensation(_ asked: Asked) throws {
        let operation = Operation.op(.checkpoint, 1, "undo")
        switch asked {
        case .startUndoable:
            let command = StartOperation(lease, operation, compensates: true)
            try harness.run(command, session: holder)
        case .succeedUndoable:
            try harness.succeed(lease, operation, compensates: true, by: holder)
        case .failUndoable:
            let command = RecordOutcome(
                lease,
                operation,
                .failure(ErrorFacts(code: "busy"), try harness.sealed([.text("busy")])),
                startedAt: harness.now,
                compensates: true
            )
            try harness.run(command, session: holder)
        case .againUndoable:
            let command = RetryOperation(
                lease,
                operation,
                ErrorFacts(code: "busy"),
                payloads: try harness.sealed([.text("busy")]),
                tries: 1,
                policy: RetryPolicy(maxAttempts: 3),
                compensates: true,
                suspended: nil
            )
            try harness.run(command, session: holder)
        case .endUndoing:
            try harness.run(EndCleaning(lease, operation), session: holder)
        default:
            // What undoes is not undone.
            let step = Operation.op(.checkpoint, 0, in: [1, 1 << 31])
            try harness.succeed(lease, step, compensates: true, by: holder)
        }
    }

    private mutating func askOfOperation(_ asked: Asked) throws {
        let operation = Operation.op(.checkpoint, 1)
        switch asked {
        case .start: try harness.run(StartOperation(lease, operation), session: holder)
        case .succeed: try harness.succeed(lease, operation, by: holder)
        case .disappoint: try harness.disappoint(lease, operation, by: holder)
        case .record:
            let command = RecordOperation(lease, .op(.storeDelete, 1, "key"))
            try harness.run(command, session: holder)
        case .register:
            try harness.run(RecordOperation(lease, .op(.onUnfinished, 1)), session: holder)
        case .withdraw: try harness.run(RecordOperation(lease, .op(.finished, 1)), session: holder)
        case .clean:
            try harness.run(EndCleaning(lease, .op(.onUnfinished, 1, "undo")), session: holder)
        case .cleanStep:
            try harness.succeed(lease, .op(.checkpoint, 0, in: [1, 1 << 31]), by: holder)
        case .again: try harness.again(lease, operation, suspended: nil, by: holder)
        case .split: try harness.run(StartBranches(lease, .op(.map, 1), count: 2), session: holder)
        case .look:
            let command = RetryOperation(
                lease,
                .op(.poll, 1),
                nil,
                payloads: try harness.sealed([.json([0x31])]),
                tries: 1,
                policy: RetryPolicy(maxAttempts: 3),
                suspended: nil
            )
            try harness.run(command, session: holder)
        default:
            let command = SettleBranches(
                lease,
                .op(.race, 0),
                branch: 1,
                failed: false,
                gathered: asked == .settle ? nil : .init(BranchSet([0b11]), failures: 1)
            )
            try harness.run(command, session: holder)
        }
    }
}
