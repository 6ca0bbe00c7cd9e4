import DaybookFormat
import Testing

@testable import DaybookModel

/// A command under a lease, by its name in the record of a refusal.
enum LeasedAction: String, CaseIterable, CustomTestStringConvertible {
    case start = "start operation"
    case record = "record outcome"
    case complete
    case fail
    case release
    case park

    var testDescription: String { rawValue }

    func run(_ lease: Lease, _ harness: inout ModelHarness, by session: UInt64) throws {
        switch self {
        case .start: try harness.run(StartOperation(lease, .step(0)), session: session)
        case .record: try harness.succeed(lease, .step(0), by: session)
        case .complete: try harness.complete(lease, by: session)
        case .fail: try harness.fail(lease, by: session)
        case .release: try harness.run(Release(lease), session: session)
        case .park: try harness.park(lease, by: session)
        }
    }
}

@Suite struct LeasedCommandTests {
    private func expectStale(
        _ action: LeasedAction,
        _ lease: Lease,
        _ harness: inout ModelHarness,
        by session: UInt64,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let refusal = #expect(throws: Refusal.self, sourceLocation: sourceLocation) {
            try action.run(lease, &harness, by: session)
        }
        expect(
            refusal,
            .staleLease,
            says: "the lease of \(lease.id) with epoch \(lease.epoch) is no longer valid",
            "taken over or has ended",
            "stop working on it",
            sourceLocation: sourceLocation
        )
    }

    @Test(arguments: LeasedAction.allCases)
    func aValidLeaseIsGranted(_ action: LeasedAction) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try action.run(lease, &harness, by: session)
        #expect(harness.drafts.count == 1)
    }

    @Test(arguments: LeasedAction.allCases)
    func aLeaseThatWasTakenOverIsRefusedAndThatIsRecordedOnce(_ action: LeasedAction) throws {
        var harness = try ModelHarness()
        let zombie = try harness.open("zombie")
        let session = try harness.open()
        let old = try harness.lease("a", by: zombie)
        try harness.lose(zombie, by: session)
        let new = try harness.claim(old.execution, by: session)
        let before = try harness.execution(old.execution)

        expectStale(action, old, &harness, by: zombie)
        try #require(harness.drafts.count == 1)
        let entry = try harness.entry(harness.next - 1)
        #expect(entry.stream == old.execution)
        #expect(entry.session == zombie)
        #expect(entry.commandRefused.reason == .staleLease)
        #expect(entry.commandRefused.epoch == 1)
        #expect(entry.commandRefused.command == action.rawValue)

        // What was refused has changed nothing but the count of entries.
        let after = try harness.execution(old.execution)
        #expect(after.status == .running)
        #expect(after.session == session)
        #expect(after.epoch == new.epoch)
        #expect(after.entries == before.entries + 1)
        #expect(after.refusedEpochs == [1])
        #expect(after.progress.next(in: []) == 0)

        // Again, with any command: refused, and not recorded any more.
        for again in LeasedAction.allCases {
            expectStale(again, old, &harness, by: zombie)
            #expect(harness.drafts.isEmpty)
        }
        try harness.complete(new, by: session)
    }

    @Test func eachEpochIsRecordedAnew() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.ready("a", by: session)
        for epoch in UInt64(1)...3 {
            let lease = try harness.claim(number, by: session)
            try harness.run(Release(lease), session: session)
            expectStale(.record, lease, &harness, by: session)
            #expect(harness.drafts.count == 1)
            expectStale(.record, lease, &harness, by: session)
            #expect(harness.drafts.isEmpty)
            #expect(try harness.execution(number).refusedEpochs.last == epoch)
        }
    }

    @Test func anOlderEpochIsRecordedAfterANewerOne() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let first = try harness.lease("a", by: session)
        try harness.run(Release(first), session: session)
        let second = try harness.claim(first.execution, by: session)
        try harness.run(Release(second), session: session)
        expectStale(.record, second, &harness, by: session)
        #expect(harness.drafts.count == 1)
        expectStale(.record, first, &harness, by: session)
        #expect(harness.drafts.count == 1)
    }

    @Test func eachExecutionHasRefusalsOfItsOwn() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        for id: Name in ["a", "b"] {
            let lease = try harness.lease(id, by: session)
            try harness.run(Release(lease), session: session)
            expectStale(.complete, lease, &harness, by: session)
            #expect(harness.drafts.count == 1)
        }
    }

    @Test(arguments: LeasedAction.allCases)
    func aForeignSessionWithTheRightEpochIsRefused(_ action: LeasedAction) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let thief = try harness.open("thief")
        let lease = try harness.lease("a", by: session)
        expectStale(action, lease, &harness, by: thief)
        #expect(harness.drafts.count == 1)
        expectStale(action, lease, &harness, by: thief)
        #expect(harness.drafts.isEmpty)
        // The holder is not disturbed by it.
        try harness.succeed(lease, .step(0), by: session)
        try harness.complete(lease, by: session)
    }

    @Test(arguments: LeasedAction.allCases)
    func aParkedExecutionTakesNothingMore(_ action: LeasedAction) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.park(lease, by: session)
        expectStale(action, lease, &harness, by: session)
        #expect(harness.drafts.count == 1)
        expectStale(action, lease, &harness, by: session)
        #expect(harness.drafts.isEmpty)
    }

    @Test(arguments: LeasedAction.allCases)
    func aClosedExecutionTakesNothingMoreAndNothingIsRecorded(_ action: LeasedAction) throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        for end in [LeasedAction.complete, .fail] {
            let lease = try harness.lease("\(end)", by: session)
            try end.run(lease, &harness, by: session)
            let row = try harness.row("\(end)")
            expectStale(action, lease, &harness, by: session)
            #expect(harness.drafts.isEmpty)
            #expect(try harness.row("\(end)") == row)
        }
    }

    @Test func aRefusalInABatchIsSeenByTheNextCommandOfTheBatch() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.inBatch { harness in
            try harness.run(Release(lease), session: session)
            expectStale(.complete, lease, &harness, by: session)
            #expect(harness.drafts.count == 1)
            expectStale(.complete, lease, &harness, by: session)
            #expect(harness.drafts.isEmpty)
        }
        #expect(try harness.execution(lease.execution).refusedEpochs == [1])
    }
}
