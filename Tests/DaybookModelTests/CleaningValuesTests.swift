import DaybookFormat
import Testing

@testable import DaybookModel

/// Operations on values that are recorded while a checkpoint is to be undone.
@Suite struct CleaningValuesTests {
    private func recordValue(
        _ harness: inout ModelHarness,
        _ lease: Lease,
        _ scope: [UInt32],
        _ session: UInt64
    ) throws {
        let value = try harness.sealed([.json([0x31])])
        let command = RecordOperation(
            lease,
            .op(.storeSet, 0, "key", in: scope),
            payloads: value
        )
        try harness.run(command, session: session)
    }

    /// A checkpoint that begins, fails without an effect, and begins again: what was put meanwhile is in a snapshot
    /// that was taken in between.
    @Test func theyAreInASnapshotAlsoWhileNothingIsToBeUndone() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.run(StartBranches(lease, .op(.map, 0), count: 2), session: session)
        let checkpoint = Operation.op(.checkpoint, 0, in: [0, 0])
        try harness.run(
            StartOperation(lease, checkpoint, compensates: true),
            session: session
        )
        try recordValue(&harness, lease, [0, 1], session)
        try harness.disappoint(lease, checkpoint, by: session)
        let cleaning = try #require(harness.state.execution(lease.execution)).rare.cleaning
        #expect(cleaning.registrations.isEmpty)
        #expect(cleaning.values == [OperationPath(scope: [0, 1], position: 0)])
        let back = try snapshot(of: harness.state).state()
        #expect(text(of: back) == text(of: harness.state))
    }

    /// Those of the branches that have lost are nobody's any more; all others stay, in the order of the code.
    @Test func theBranchesThatLoseTakeTheirsAlong() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.succeed(lease, .op(.checkpoint, 0), compensates: true, by: session)
        for position: UInt32 in 1...3 {
            let race = Operation.op(.race, position)
            try harness.run(StartBranches(lease, race, count: 3), session: session)
            for branch: UInt32 in [2, 0, 1] {
                try recordValue(&harness, lease, [position, branch], session)
            }
            try harness.run(
                SettleBranches(lease, race, branch: 1, failed: false),
                session: session
            )
        }
        let cleaning = try #require(harness.state.execution(lease.execution)).rare.cleaning
        let expected = [[1, 1], [2, 1], [3, 1]]
        #expect(cleaning.values.map { $0.scope.map(Int.init) } == expected)
    }
}
