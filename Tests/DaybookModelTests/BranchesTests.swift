import DaybookFormat
import Testing

@testable import DaybookModel

/// What has split into branches, and which of them decides.
@Suite struct BranchesTests {
    private func settle(
        _ lease: Lease,
        _ operation: Operation,
        _ branch: UInt32,
        _ harness: inout ModelHarness,
        by session: UInt64
    ) throws {
        let command = SettleBranches(lease, operation, branch: branch, failed: false)
        try harness.run(command, session: session)
    }

    @Test func whatHasNotSplitIsNotSettled() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.succeed(lease, .op(.checkpoint, 0), by: session)
        let before = harness.next
        let refusal = #expect(throws: Refusal.self) {
            try settle(lease, .op(.checkpoint, 0), 0, &harness, by: session)
        }
        expect(refusal, .conflict, says: "not under way")
        #expect(harness.next == before)
    }

    @Test func oneBranchDecides() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.run(StartBranches(lease, .op(.race, 0), count: 2), session: session)
        try settle(lease, .op(.race, 0), 0, &harness, by: session)
        let refusal = #expect(throws: Refusal.self) {
            try settle(lease, .op(.race, 0), 1, &harness, by: session)
        }
        expect(refusal, .conflict, says: "settled once")
    }

    @Test func onlyABranchThatIsThereDecides() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.run(StartBranches(lease, .op(.race, 0), count: 2), session: session)
        let refusal = #expect(throws: Refusal.self) {
            try settle(lease, .op(.race, 0), 7, &harness, by: session)
        }
        expect(refusal, .conflict, says: "branch 7 is none of them")
    }

    @Test func whatTheOtherBranchesWaitForNoLongerCounts() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.run(StartBranches(lease, .op(.race, 0), count: 2), session: session)
        // The last scope is of no branch at all: nobody writes it, and it must not bring down
        // whoever reads it.
        for (index, scope) in ([[0, 0], [0, 1], [0]] as [[UInt32]]).enumerated() {
            let operation = Operation.op(.signal, 0, "go", in: scope)
            try harness.await(lease, operation, suspended: index + 1, by: session)
        }
        #expect(try harness.execution(lease.execution).status == .waiting)
        try settle(lease, .op(.race, 0), 1, &harness, by: session)
        let execution = try harness.execution(lease.execution)
        #expect(execution.waits.map(\.operation.scope) == [[0, 1]])
        // Its code has just said so: it runs. Were it to wait for nothing, nothing would wake it.
        #expect(execution.status == .running)
    }

    /// A map in a branch of a race that another branch has won, and a race of its own in it.
    @Test func whatWasDecidedAroundIsNotSettled() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.run(StartBranches(lease, .op(.race, 0), count: 2), session: session)
        let inner = Operation.op(.map, 0, "inner", in: [0, 1])
        try harness.run(StartBranches(lease, inner, count: 2), session: session)
        let innermost = Operation.op(.race, 0, "innermost", in: [0, 1, 0, 0])
        try harness.run(StartBranches(lease, innermost, count: 2), session: session)
        try settle(lease, .op(.race, 0), 0, &harness, by: session)
        let before = harness.next
        for operation in [inner, innermost] {
            let refusal = #expect(throws: Refusal.self) {
                try settle(lease, operation, 0, &harness, by: session)
            }
            expect(refusal, .conflict, says: "no longer count")
        }
        #expect(harness.next == before)
    }

    /// A race in a branch of a race. The branch of the inner one is written with it.
    @Test(arguments: [0, 1] as [UInt32], [0, 1] as [UInt32])
    func onlyABranchThatHasNotLostGoesOnAsANewRun(_ outer: UInt32, _ inner: UInt32) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        let race = Operation.op(.race, 0)
        try harness.run(StartBranches(lease, race, count: 2), session: session)
        let within = Operation.op(.race, 0, "inner", in: [0, 1])
        try harness.run(StartBranches(lease, within, count: 2), session: session)
        try settle(lease, within, inner, &harness, by: session)
        try settle(lease, race, outer, &harness, by: session)
        harness.continueFrom(try snapshot(of: harness.state).state())
        let input = try harness.sealed([.text("next")])
        let before = harness.next
        let command = ContinueAsNew(lease, input: input, in: [0, 1, 0, 0])
        guard (outer, inner) == (1, 0) else {
            let refusal = #expect(throws: Refusal.self) {
                try harness.run(command, session: session)
            }
            expect(refusal, .conflict, says: "another branch has decided")
            #expect(harness.next == before)
            return
        }
        let next = try harness.run(command, session: session)
        #expect(try harness.execution(next).continuedFrom == lease.execution)
    }

    @Test func whatStartsRuns() throws {
        for asked in [Asked.start, .split, .settle, .succeed] {
            var standing = try Standing(.waitingForTimer)
            try standing.ask(asked)
            let status = try standing.harness.execution(standing.lease.execution).status
            #expect(status == .running, "\(asked)")
        }
    }
}
