import DaybookFormat
import SeededRandom
import Testing

@testable import DaybookModel

/// What an operation records that gathers what its branches come to.
@Suite struct GatheringTests {
    private typealias Gathered = SettleBranches.Gathered

    /// An execution whose first operation has split into nine branches.
    private func split(_ harness: inout ModelHarness) throws -> (lease: Lease, session: UInt64) {
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.run(StartBranches(lease, .op(.map, 0), count: 9), session: session)
        return (lease, session)
    }

    private func settle(
        _ lease: Lease,
        branch: UInt32,
        failed: Bool = false,
        _ branches: [UInt32],
        failures: UInt32 = 0
    ) -> SettleBranches {
        var set = BranchSet()
        for branch in branches { set.insert(branch) }
        return SettleBranches(
            lease,
            .op(.map, 0),
            branch: branch,
            failed: failed,
            gathered: Gathered(set, failures: failures)
        )
    }

    @Test func aSetHasWhatWasPutIntoIt() {
        var set = BranchSet()
        #expect(set.isEmpty && set.last == nil && set.branches.isEmpty)
        for branch in [9, 0, 7, 8, 9] as [UInt32] { set.insert(branch) }
        #expect(set.bytes == [0b1000_0001, 0b11])
        #expect(set.branches == [0, 7, 8, 9])
        #expect(set.count == 4 && set.last == 9)
        #expect(set.contains(7) && !set.contains(6) && !set.contains(1_000_000))
    }

    @Test func aSetIsReadAsItWasWritten() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            var set = BranchSet()
            for _ in 0..<Int.random(in: 0...40, using: &generator) {
                set.insert(UInt32.random(in: 0...300, using: &generator))
            }
            #expect(BranchSet(set.bytes) == set)
            #expect(BranchSet(set.bytes + [0, 0]) == set)
        }
    }

    @Test func theEntryNamesWhatCounts() throws {
        var harness = try ModelHarness()
        let (lease, session) = try split(&harness)
        let sequence = try harness.run(
            settle(lease, branch: 8, [0, 3, 8], failures: 1),
            session: session
        )
        let entry = try withEntry(harness.bytes(sequence)) { try Replay.wake($0) }
        guard case (_, .settled(let settlement))? = entry else {
            Issue.record("no settlement: \(String(describing: entry))")
            return
        }
        #expect(settlement.counted.branches == [0, 3, 8])
        #expect(settlement.gathered?.failures == 1)
        #expect(settlement.branch == 8 && !settlement.failed)
    }

    @Test(
        arguments: [
            ("the one that decides is not among them", 8, [0, 3], 0),
            ("there is no such branch", 8, [8, 9], 0),
            ("more failed than count", 8, [8], 2),
        ] as [(String, UInt32, [UInt32], UInt32)]
    )
    func whatCannotBeIsRefused(
        _ what: String,
        _ branch: UInt32,
        _ branches: [UInt32],
        _ failures: UInt32
    ) throws {
        var harness = try ModelHarness()
        let (lease, session) = try split(&harness)
        let before = harness.next
        let refusal = #expect(throws: Refusal.self, "\(what)") {
            try harness.run(
                settle(lease, branch: branch, branches, failures: failures),
                session: session
            )
        }
        expect(refusal, .invalidArgument, says: "of the 9 branches")
        #expect(harness.next == before)
    }

    /// A decision that went well stands: the next attempt does not run again what failed in it.
    @Test func aDecisionThatWentWellHasDealtWithItsFailures() throws {
        for failed in [false, true] {
            var harness = try ModelHarness()
            let session = try harness.open()
            var terms = Submit.Terms()
            terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
            let number = try harness.ready("a", terms, by: session)
            let lease = try harness.claim(number, by: session)
            try harness.run(StartBranches(lease, .op(.map, 0), count: 9), session: session)
            let inner = Operation.op(.checkpoint, 0, in: [0, 3])
            try harness.disappoint(lease, inner, by: session)
            try harness.run(
                settle(lease, branch: 3, failed: failed, [0, 3], failures: 1),
                session: session
            )
            try harness.fail(lease, by: session)
            let progress = try harness.execution(number).progress
            #expect(progress.next(in: [0, 3]) == (failed ? 0 : 1))
            #expect(progress.isUndecided(.op(.map, 0), branch: 0) == failed)
        }
    }
}
