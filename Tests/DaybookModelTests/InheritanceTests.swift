import DaybookFormat
import Testing

@testable import DaybookModel

/// How it stands with what is to be undone, and who owes it: told by the execution itself.
@Suite struct InheritanceTests {
    private typealias Standing = ExecutionState.Compensation

    private let first = Operation.op(.checkpoint, 0, "book")
    private let second = Operation.op(.checkpoint, 1, "pay")
    private let third = Operation.op(.checkpoint, 2, "note")

    /// An execution `a` with two checkpoints that are to be undone and one that is not.
    private func withBooked(
        _ body: (inout ModelHarness, Lease, UInt64) throws -> Void
    ) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.succeed(lease, first, compensates: true, by: session)
        try harness.succeed(lease, second, compensates: true, by: session)
        try harness.succeed(lease, third, by: session)
        try body(&harness, lease, session)
    }

    private func state(_ id: Name, _ harness: ModelHarness) throws -> ExecutionState {
        let number = try harness.number(of: id)
        // An open one is the same, folded or kept.
        let folded = try harness.fold(number, before: .max)
        if let kept = harness.state.execution(number) {
            #expect(kept.compensations == folded.compensations)
            #expect(kept.heirs == folded.heirs)
        }
        return folded
    }

    private func standing(_ id: Name, _ harness: ModelHarness) throws -> [Standing?] {
        let all = try state(id, harness).compensations
        return [first, second, third].map { all[OperationPath($0)] }
    }

    private func heirs(_ id: Name, _ harness: ModelHarness) throws -> [UInt64?] {
        let all = try state(id, harness).heirs
        return [first, second, third].map { all[OperationPath($0)] }
    }

    /// - Parameter before: the first entry that the fork does not take over.
    private func fork(
        _ harness: inout ModelHarness,
        _ origin: Name,
        at operation: Operation,
        before: UInt64,
        as id: Name,
        by session: UInt64
    ) throws -> UInt64 {
        let number = try harness.number(of: origin)
        let command = Fork(
            origin,
            number,
            from: try state(origin, harness).forkPoint?.origin ?? number,
            at: operation,
            before: before,
            isOpen: harness.state.execution(number) != nil,
            as: id,
            input: try harness.sealed([.json(Array("1".utf8))])
        )
        return try harness.run(command, session: session).number
    }

    @Test func whatIsDoneIsRegisteredUntilItIsUndone() throws {
        try withBooked { harness, lease, session in
            #expect(try standing("a", harness) == [.registered, .registered, nil])
            try harness.fail(lease, by: session)
            #expect(try standing("a", harness) == [.registered, .registered, nil])
            let cleaning = try harness.claim(lease.execution, by: session)
            try harness.run(EndCleaning(cleaning, second), session: session)
            #expect(try standing("a", harness) == [.registered, .undone, nil])
            let failure = (ErrorFacts(code: "no"), try harness.sealed([.text("no")]))
            try harness.run(EndCleaning(cleaning, first, failure), session: session)
            #expect(try standing("a", harness) == [.failed, .undone, nil])
            #expect(try heirs("a", harness) == [nil, nil, nil])
        }
    }

    /// Of what has ended well nothing is undone, and nothing was left out.
    @Test func whatHasEndedWellLeavesNothingOut() throws {
        try withBooked { harness, lease, session in
            try harness.complete(lease, by: session)
            #expect(try standing("a", harness) == [.registered, .registered, nil])
        }
    }

    @Test func whatAPersonLeavesOutIsToldAsThat() throws {
        try withBooked { harness, lease, session in
            try harness.run(
                Cancel(try harness.intervention("a"), force: true),
                session: session
            )
            try harness.run(Release(lease), session: session)
            #expect(try standing("a", harness) == [.leftOut, .leftOut, nil])
            try harness.retry("a", by: session)
            #expect(try standing("a", harness) == [.registered, .registered, nil])
        }
    }

    /// A fork owes what was begun before it, and the origin what comes after.
    @Test func whatIsHandedOnNamesItsHeir() throws {
        try withBooked { harness, lease, session in
            let before = try #require(
                try state("a", harness).registration(by: OperationPath(second))
            )
            let fork = try fork(
                &harness,
                "a",
                at: second,
                before: before,
                as: "b",
                by: session
            )
            #expect(try standing("a", harness) == [.handedOn, .registered, nil])
            #expect(try heirs("a", harness) == [fork, nil, nil])
            #expect(try standing("b", harness) == [.registered, nil, nil])
            #expect(try heirs("b", harness) == [nil, nil, nil])
        }
    }

    /// Of a fork of a fork each names the next one only.
    @Test func whatIsHandedOnTwiceNamesEachHeir() throws {
        try withBooked { harness, lease, session in
            try harness.complete(lease, by: session)
            // What was recorded before the third checkpoint.
            let end = try #require(try state("a", harness).registration(by: OperationPath(second)))
            let one = try fork(
                &harness,
                "a",
                at: third,
                before: end + 1,
                as: "b",
                by: session
            )
            let next = try harness.claim(one, by: session)
            let noted = try harness.succeed(next, third, by: session)
            #expect(try standing("b", harness) == [.registered, .registered, nil])
            let number = try harness.number(of: "b")
            let command = Fork(
                "b",
                number,
                from: number,
                at: third,
                before: noted,
                isOpen: harness.state.execution(number) != nil,
                as: "c",
                input: try harness.sealed([.json(Array("1".utf8))])
            )
            let two = try harness.run(command, session: session).number
            #expect(try heirs("a", harness) == [one, one, nil])
            #expect(try heirs("b", harness) == [two, two, nil])
            #expect(try standing("b", harness) == [.handedOn, .handedOn, nil])
            #expect(try standing("c", harness) == [.registered, .registered, nil])
            let debts = StandingDebts(try state("a", harness))
            #expect(debts.heir(before: end + 1, except: nil) == one)
            #expect(debts.heir(before: 0, except: nil) == nil)
        }
    }
}
