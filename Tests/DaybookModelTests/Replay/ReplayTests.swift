import DaybookFormat
import Testing

@testable import DaybookModel

/// What a history says to a handler that runs again.
@Suite struct ReplayTests {
    private var harness: ModelHarness
    private let session: UInt64
    private let lease: Lease

    init() throws {
        var harness = try ModelHarness()
        session = try harness.open()
        lease = try harness.lease("a", by: session)
        self.harness = harness
    }

    /// A replay of the first entries of the execution; of all by default.
    private func replay(of count: Int = .max) throws -> Replay {
        var replay = Replay()
        let payload = try storedPayload([0x31])
        var taken = 0
        for bytes in harness.entries where taken < count {
            try withEntry(bytes) { entry in
                guard entry.header.stream.rawValue == lease.execution else { return }
                taken += 1
                try replay.take(entry) { [payload] }
            }
        }
        return replay
    }

    private func path(_ position: UInt32, in scope: [UInt32] = []) -> OperationPath {
        OperationPath(scope: scope, position: position)
    }

    @Test mutating func recordsAreHandedOutByScopeInOrder() throws {
        try harness.succeed(lease, .step(0), by: session)
        try harness.run(StartBranches(lease, .op(.map, 1), count: 2), session: session)
        try harness.succeed(lease, .step(0, in: [1, 1]), by: session)
        try harness.succeed(lease, .step(0, in: [1, 0]), by: session)
        try harness.succeed(lease, .step(1, in: [1, 1]), by: session)
        var replay = try replay()
        let first = replay.next(in: [])
        #expect(first?.operation == .step(0))
        #expect(first?.time == harness.now)
        #expect(replay.next(in: [1, 0])?.operation.position == 0)
        #expect(replay.next(in: [1, 0]) == nil)
        #expect(replay.unconsumed?.operation.kind == .map)
        guard case .branches(2) = replay.next(in: [])?.outcome else {
            Issue.record("no branches")
            return
        }
        #expect(replay.next(in: [1, 1])?.operation.position == 0)
        #expect(replay.next(in: [1, 1])?.operation.position == 1)
        #expect(replay.unconsumed == nil)
        #expect(replay.recordsAhead == 0)
    }

    @Test mutating func ofDecidedBranchesOnlyTheOneThatDecidedIsMissed() throws {
        try harness.run(StartBranches(lease, .op(.race, 0), count: 2), session: session)
        try harness.succeed(lease, .step(0, in: [0, 0]), by: session)
        try harness.succeed(lease, .step(0, in: [0, 1]), by: session)
        try harness.run(
            SettleBranches(lease, .op(.race, 0), branch: 1, failed: false),
            session: session
        )
        var replay = try replay()
        _ = replay.next(in: [])
        guard case .settled(let settlement) = replay.wake(of: path(0)) else {
            Issue.record("not settled")
            return
        }
        #expect(settlement.branch == 1 && !settlement.failed && settlement.time == harness.now)
        #expect(settlement.counted == .one(1) && settlement.gathered == nil)
        replay.decide(path(0), by: settlement.counted)
        #expect(replay.unconsumed?.operation.scope == [0, 1])
        _ = replay.next(in: [0, 1])
        #expect(replay.unconsumed == nil)
    }

    @Test mutating func aScopeIsOverOnceTheOneAroundItHasGoneOn() throws {
        try harness.run(StartBranches(lease, .op(.map, 0), count: 1), session: session)
        try harness.succeed(lease, .step(0, in: [0, 0]), by: session)
        var replay = try replay()
        _ = replay.next(in: [])
        #expect(!replay.isOver([0, 0]))
        #expect(!replay.hasGone(beyond: path(0)))
        try harness.succeed(lease, .step(1), by: session)
        var whole = try self.replay()
        _ = whole.next(in: [])
        #expect(whole.isOver([0, 0]))
        #expect(whole.isOver([0, 0, 3, 1]))
        #expect(whole.hasGone(beyond: path(0)))
        #expect(!whole.isOver([]))
    }

    @Test mutating func codeHasBeenWhereARecordIsAhead() throws {
        try harness.run(StartBranches(lease, .op(.map, 0), count: 1), session: session)
        try harness.succeed(lease, .step(0, in: [0, 0]), by: session)
        var replay = try replay()
        #expect(replay.hasBeen(at: path(0)))
        _ = replay.next(in: [])
        #expect(!replay.hasBeen(at: path(1)))
        #expect(replay.hasBeen(at: path(0, in: [0, 0])))
        _ = replay.next(in: [0, 0])
        #expect(!replay.hasBeen(at: path(1, in: [0, 0])))
        try harness.succeed(lease, .step(1), by: session)
        replay = try self.replay()
        _ = replay.next(in: [])
        _ = replay.next(in: [0, 0])
        #expect(replay.hasBeen(at: path(1, in: [0, 0])))
    }

    @Test mutating func ofGatheredBranchesThoseAreMissedThatCount() throws {
        try harness.run(StartBranches(lease, .op(.map, 0), count: 3), session: session)
        for branch in 0..<3 as Range<UInt32> {
            try harness.succeed(lease, .step(0, in: [0, branch]), by: session)
        }
        try harness.run(
            SettleBranches(
                lease,
                .op(.map, 0),
                branch: 2,
                failed: false,
                gathered: .init(BranchSet([0b101]), failures: 0)
            ),
            session: session
        )
        var replay = try replay()
        _ = replay.next(in: [])
        guard case .settled(let settlement) = replay.wake(of: path(0)) else {
            Issue.record("not settled")
            return
        }
        replay.decide(path(0), by: settlement.counted)
        for branch in [0, 2] as [UInt32] {
            #expect(replay.unconsumed?.operation.scope == [0, branch])
            _ = replay.next(in: [0, branch])
        }
        #expect(replay.unconsumed == nil)
    }

    @Test mutating func codeHasBeenWhereAnOperationWasTried() throws {
        try harness.again(lease, .step(0), by: session)
        let replay = try replay()
        #expect(replay.tries(of: path(0))?.count == 1)
        #expect(replay.hasBeen(at: path(0)))
        #expect(!replay.hasBeen(at: path(1)))
    }

    @Test mutating func aWaitThatHasNotEndedHasNoWake() throws {
        try harness.sleep(lease, .op(.sleep, 0), for: .seconds(5), by: session)
        var replay = try replay()
        guard case .wait = replay.next(in: [])?.outcome else {
            Issue.record("no wait")
            return
        }
        #expect(!replay.hasWake(of: path(0)))
        try harness.pass(.seconds(5), by: session)
        replay = try self.replay()
        guard case .fired(harness.now) = replay.wake(of: path(0)) else {
            Issue.record("no wake")
            return
        }
        #expect(!replay.hasWake(of: path(0)))
    }

    @Test mutating func noMoreIsAheadThanWasTakenIn() throws {
        for position in 0..<UInt32(50) {
            try harness.succeed(lease, .step(position), by: session)
        }
        #expect(try replay(of: 13).recordsAhead <= 13)
        var replay = try replay()
        for _ in 0..<50 { _ = replay.next(in: []) }
        #expect(replay.recordsAhead == 0)
    }

    @Test func aMissingPayloadIsSaid() throws {
        var harness = harness
        try harness.succeed(lease, .step(0), by: session)
        var replay = Replay()
        let bytes = harness.bytes(harness.next - 1)
        let error = #expect(throws: WireError.self) {
            try withEntry(bytes) { try replay.take($0) { [] } }
        }
        #expect(error?.reason.contains("payload") == true)
    }

    @Test mutating func itSaysWhichBranchesWaitedWhenAllOfItDid() throws {
        try harness.run(StartBranches(lease, .op(.map, 0), count: 4), session: session)
        // Branch 0 waits for a try, 1 and 2 for a signal; 3 ends.
        try harness.again(lease, .step(0, in: [0, 0]), suspended: nil, by: session)
        for branch in 1...2 as ClosedRange<UInt32> {
            let operation = Operation.op(.signal, 0, "go\(branch)", in: [0, branch])
            try harness.await(lease, operation, suspended: nil, by: session)
        }
        try harness.succeed(lease, .step(0, in: [0, 3]), by: session)
        let last = harness.next - 1
        #expect(try replay().branchesAtRest(of: path(0)) == nil)
        try harness.run(Suspend(lease, suspended: 3), session: session)
        let rest = try #require(try replay().branchesAtRest(of: path(0)))
        #expect(rest.waiting == [0, 1, 2])
        #expect(rest.hadEnded(3, first: last) && !rest.hadEnded(3, first: harness.next))
        // What goes on since, and waits again, waited then all the same.
        try harness.signal("a", "go1", by: session)
        let sleep = Operation.op(.sleep, 1, in: [0, 1])
        try harness.sleep(lease, sleep, for: .seconds(3600), suspended: nil, by: session)
        try harness.pass(.seconds(600), by: session)
        #expect(try replay().branchesAtRest(of: path(0))?.waiting == [0, 1, 2])
        try harness.succeed(lease, .step(0, in: [0, 0]), by: session)
        try harness.run(Suspend(lease, suspended: 2), session: session)
        #expect(try replay().branchesAtRest(of: path(0))?.waiting == [1, 2])
    }

    /// What a branch that has lost waited for does not hold up the one that it is in.
    @Test mutating func whatWasDecidedBeforeAllOfItWaitedDoesNotCount() throws {
        try harness.run(StartBranches(lease, .op(.map, 0), count: 2), session: session)
        let race = Operation.op(.race, 0, in: [0, 0])
        try harness.run(StartBranches(lease, race, count: 2), session: session)
        let lost = Operation.op(.signal, 0, "no", in: [0, 0, 0, 0])
        try harness.await(lease, lost, suspended: nil, by: session)
        try harness.succeed(lease, .step(0, in: [0, 0, 0, 1]), by: session)
        try harness.run(SettleBranches(lease, race, branch: 1, failed: false), session: session)
        try harness.await(lease, .op(.signal, 0, "go", in: [0, 1]), by: session)
        #expect(try harness.execution(lease.execution).status == .waiting)
        let replay = try replay()
        #expect(replay.branchesAtRest(of: path(0))?.waiting == [1])
        #expect(replay.recordedWaitsAhead == [path(0, in: [0, 1])])
    }

    /// What is decided later says nothing of how it stood.
    @Test mutating func whatIsDecidedAfterAllOfItWaitedCounts() throws {
        try harness.run(StartBranches(lease, .op(.map, 0), count: 2), session: session)
        let inner = Operation.op(.map, 0, in: [0, 0])
        try harness.run(StartBranches(lease, inner, count: 2), session: session)
        let first = Operation.op(.signal, 0, "a", in: [0, 0, 0, 0])
        try harness.await(lease, first, suspended: nil, by: session)
        try harness.await(lease, .op(.signal, 0, "c", in: [0, 1]), suspended: 2, by: session)
        try harness.signal("a", "a", by: session)
        try harness.disappoint(lease, .step(0, in: [0, 0, 0, 1]), by: session)
        try harness.run(SettleBranches(lease, inner, branch: 1, failed: true), session: session)
        #expect(try replay().branchesAtRest(of: path(0))?.waiting == [0, 1])
    }

    @Test mutating func aWaitIsAheadUntilItIsComeToOrIsOver() throws {
        try harness.sleep(lease, .op(.sleep, 0), for: .seconds(60), by: session)
        var replay = try replay()
        #expect(replay.recordedWaitsAhead == [path(0)])
        #expect(replay.isAhead(path(0)))
        _ = replay.next(in: [])
        #expect(replay.recordedWaitsAhead.isEmpty)
        try harness.pass(.seconds(60), by: session)
        #expect(try self.replay().recordedWaitsAhead.isEmpty)
    }
}
