import DaybookFormat
import DaybookTestKit
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// Parents and children: what follows for the one from what happens to the other.
@Suite struct FamilyTests {
    /// A parent that waits for the children of its operations, and who runs them.
    private struct Home {
        var harness: ModelHarness
        let session: UInt64
        let other: UInt64
        var parent: Lease
        var child: Lease

        /// - Parameter terms: those of the parent.
        init(_ terms: Submit.Terms = Submit.Terms()) throws {
            harness = try ModelHarness()
            session = try harness.open("holder")
            other = try harness.open("other")
            let number = try harness.ready("parent", terms, by: session)
            parent = try harness.claim(number, by: session)
            try harness.begin("child", of: parent, by: session)
            child = try harness.claim(try harness.number(of: "child"), by: session)
        }

        func status(_ id: Name) throws -> ExecutionStatus {
            let number = try harness.number(of: id)
            if let open = harness.state.execution(number) { return open.status }
            return try #require(ExecutionStatus(try harness.summary(id).status))
        }

        func names(from first: UInt64) throws -> [String] { try harness.names(from: first) }
    }

    // MARK: Beginning

    @Test func aChildIsRecordedWithTheOperationThatBeginsIt() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("parent", by: session)
        let before = harness.next
        let answer = try harness.begin("child", of: lease, by: session)
        #expect(answer.waits && answer.isIdle)
        #expect(
            try harness.names(from: before)
                == ["child_started", "execution_submitted", "execution_readied"]
        )
        let parent = try harness.execution(lease.execution)
        #expect(parent.status == .waiting)
        #expect(parent.waits.map(\.kind) == [.child])
        #expect(parent.openChildren == [before + 1])
        let child = try harness.execution(before + 1)
        #expect(child.parent == lease.execution)
        #expect(child.root == lease.execution)
        #expect(child.depth == 1)
        #expect(child.parentOperation == OperationPath(scope: [], position: 0))
        for entry in try harness.history(of: child.number) {
            #expect(entry.correlation == lease.execution)
        }
        #expect(try harness.entry(child.number).causation == before)
    }

    @Test func aChildOfAChildHasTheSameRoot() throws {
        var home = try Home()
        try home.harness.begin("grandchild", of: home.child, by: home.session)
        let number = try home.harness.number(of: "grandchild")
        let grandchild = try home.harness.execution(number)
        #expect(grandchild.root == home.parent.execution)
        #expect(grandchild.depth == 2)
        #expect(
            home.harness.lists[ExecutionList.children(of: home.child.execution).key] == [number]
        )
    }

    @Test func anIDThatIsAboveInTheFamilyIsCircular() throws {
        var home = try Home()
        for id in ["child", "parent"] as [Name] {
            let refusal = #expect(throws: Refusal.self) {
                try home.harness.begin(id, of: home.child, by: home.session)
            }
            expect(refusal, .circular, says: "child", "wait for itself", "another id")
        }
    }

    @Test func anIDThatIsTakenIsAConflict() throws {
        var home = try Home()
        try home.harness.submit("taken", by: home.session)
        let refusal = #expect(throws: Refusal.self) {
            try home.harness.begin("taken", of: home.child, by: home.session)
        }
        expect(refusal, .conflict, says: "taken", "another id")
    }

    @Test func aFamilyIsNotDeeperThanItsLimit() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        var lease = try harness.lease("0", by: session)
        for depth in 1...1_000 {
            try harness.begin(Name("\(depth)"), of: lease, by: session)
            lease = try harness.claim(try harness.number(of: Name("\(depth)")), by: session)
        }
        let before = harness.next
        let refusal = #expect(throws: Refusal.self) {
            try harness.begin("1001", of: lease, by: session)
        }
        expect(refusal, .tooDeep, says: "1001 others above it", "at most 1000", "flatter")
        #expect(harness.next == before)
        // The end of one that is far down goes all the way up, and the end of the first all the way down.
        try harness.cancel("0", by: session)
        try harness.pass(.zero, by: session)
        try harness.run(CloseSession(), session: session)
        #expect(harness.state.openCount == 0)
    }

    // MARK: The end of a child

    @Test func theEndOfAChildIsToldInTheSameDecision() throws {
        var home = try Home()
        let before = home.harness.next
        try home.harness.complete(home.child, by: home.session)
        #expect(try home.names(from: before) == ["execution_completed", "child_ended"])
        guard case .childEnded(let event) = try home.harness.entry(before + 1).event else {
            Issue.record("no child has ended")
            return
        }
        #expect(event.end == before)
        #expect(event.status == .completed)
        #expect(!event.hasError && !event.readies && !event.unheard)
        let parent = try home.harness.execution(home.parent.execution)
        #expect(parent.status == .running)
        #expect(parent.waits.isEmpty && parent.openChildren.isEmpty)
    }

    @Test(arguments: ["fail", "cancel", "time"])
    func howeverAChildEndsItsParentIsTold(_ end: String) throws {
        var terms = Submit.Terms()
        terms.timeout = .seconds(10)
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("parent", by: session)
        let input = Array("1".utf8)
        let child = Submit(
            id: "child",
            type: "copy",
            input: input,
            payloads: try harness.sealed([.json(input)]),
            terms: terms
        )
        try harness.run(StartChild(lease, .op(.child, 0), child, suspended: 1), session: session)
        let claimed = try harness.claim(try harness.number(of: "child"), by: session)
        switch end {
        case "fail": try harness.fail(claimed, code: "no-money", by: session)
        case "cancel": try harness.cancel("child", by: session)
        default: try harness.pass(.seconds(10), by: session)
        }
        // What is ended from outside is told of once its code has ended.
        if end != "fail" {
            #expect(try harness.execution(lease.execution).status == .waiting)
            try harness.run(Release(claimed), session: session)
        }
        let parent = try harness.execution(lease.execution)
        #expect(parent.status == .running)
        let last = try harness.entry(parent.last)
        guard case .childEnded(let event) = last.event else {
            Issue.record("no child has ended")
            return
        }
        #expect(event.hasError)
        #expect(
            event.error.code == ["fail": "no-money", "cancel": "cancelled"][end] ?? "timed_out"
        )
    }

    /// A parent whose process is gone is made ready by the end of its child.
    @Test func aParentThatNobodyRunsIsReadied() throws {
        var home = try Home()
        let child = try home.harness.claim(
            try {
                try home.harness.run(Release(home.child), session: home.session)
                return home.child.execution
            }(),
            by: home.other
        )
        try home.harness.lose(home.session, by: home.other)
        #expect(try home.status("parent") == .waiting)
        try home.harness.complete(child, by: home.other)
        let parent = try home.harness.execution(home.parent.execution)
        #expect(parent.status == .ready)
        #expect(parent.isClaimable)
    }

    @Test(arguments: [true, false])
    func aParentThatIsPausedOrParkedIsToldAllTheSame(_ paused: Bool) throws {
        var home = try Home()
        if paused {
            try home.harness.pause("parent", by: home.other)
        } else {
            try home.harness.park(home.parent, by: home.session)
        }
        try home.harness.complete(home.child, by: home.session)
        let parent = try home.harness.execution(home.parent.execution)
        #expect(parent.waits.isEmpty)
        #expect(!parent.isClaimable)
        if paused {
            try home.harness.resume("parent", by: home.other)
        } else {
            try home.harness.retry("parent", by: home.other)
            #expect(try home.harness.execution(home.parent.execution).isClaimable)
        }
    }

    /// A child that goes on as a new run has not ended.
    @Test func aParentWaitsForTheLastRunOfAChild() throws {
        var home = try Home()
        let input = try home.harness.sealed([.json([0x32])])
        let next = try home.harness.run(
            ContinueAsNew(home.child, input: input),
            session: home.session
        )
        #expect(try home.status("parent") == .waiting)
        let child = try home.harness.execution(next)
        #expect(child.parent == home.parent.execution)
        #expect(child.root == home.parent.execution)
        let lease = try home.harness.claim(next, by: home.session)
        try home.harness.complete(lease, by: home.session)
        #expect(try home.status("parent") == .running)
    }

    // MARK: The end of a parent

    /// It is closed once its children are: nothing that it began is left behind.
    @Test func aParentThatIsCancelledIsClosedAfterItsChildren() throws {
        var home = try Home()
        let before = home.harness.next
        try home.harness.cancel("parent", by: home.other)
        #expect(try home.names(from: before) == ["execution_cancelled", "execution_cancelled"])
        #expect(try home.harness.entry(before + 1).causation == before)
        try home.harness.run(Release(home.parent), session: home.session)
        #expect(try home.harness.execution(home.parent.execution).status == .cancelled)
        let finished = try home.harness.execution(home.parent.execution).finishedAt
        home.harness.now = Timestamp(rawValue: home.harness.now.rawValue + 5)
        let last = home.harness.next
        try home.harness.run(Release(home.child), session: home.session)
        #expect(
            try home.names(from: last) == ["execution_closed", "child_ended", "execution_closed"]
        )
        // That its child ended later has not moved its own end.
        #expect(try home.harness.summary("parent").finishedAt == finished.rawValue)
        #expect(home.harness.state.openCount == 0)
    }

    @Test func aParentThatTimesOutCancelsItsChildren() throws {
        var terms = Submit.Terms()
        terms.timeout = .seconds(10)
        var home = try Home(terms)
        try home.harness.pass(.seconds(10), by: home.other)
        #expect(try home.status("parent") == .timedOut)
        #expect(try home.status("child") == .cancelled)
    }

    /// The next attempt waits for the same child, which goes on meanwhile.
    @Test func anAttemptThatIsFollowedByAnotherKeepsItsChildren() throws {
        var terms = Submit.Terms()
        terms.timeout = .seconds(10)
        terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        var home = try Home(terms)
        try home.harness.pass(.seconds(10), by: home.other)
        try home.harness.run(Release(home.parent), session: home.session)
        #expect(try home.status("parent") == .ready)
        #expect(try home.status("child") == .running)
        let again = try home.harness.claim(home.parent.execution, by: home.session)
        #expect(again.attempt == 2)
        try home.harness.complete(home.child, by: home.session)
        let parent = try home.harness.execution(home.parent.execution)
        #expect(parent.waits.isEmpty && parent.openChildren.isEmpty)
    }

    /// What a race has begun in a branch that lost is cancelled, and holds up nothing but the closing.
    @Test func childrenOfBranchesThatLoseAreCancelled() throws {
        var home = try Home()
        try home.harness.complete(home.child, by: home.session)
        let race = Operation.op(.race, 1)
        try home.harness.run(StartBranches(home.parent, race, count: 2), session: home.session)
        let slow = Operation.op(.child, 0, in: [1, 1])
        try home.harness.begin("slow", of: home.parent, slow, suspended: nil, by: home.session)
        let lease = try home.harness.claim(try home.harness.number(of: "slow"), by: home.session)
        let settle = SettleBranches(home.parent, race, branch: 0, failed: false)
        try home.harness.run(settle, session: home.session)
        #expect(try home.status("slow") == .cancelled)
        try home.harness.complete(home.parent, by: home.session)
        let parent = try home.harness.execution(home.parent.execution)
        #expect(parent.status == .completed)
        #expect(parent.session == nil)
        #expect(!parent.isClaimable)
        try home.harness.run(Release(lease), session: home.session)
        #expect(try home.harness.summary("parent").status == .completed)
    }

    /// So many children are cancelled with their parent at once; the others by whoever keeps an eye on
    /// the clock, also after a crash in between.
    @Test func aLargeFamilyIsCancelledInBatches() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("parent", by: session)
        try harness.run(StartBranches(lease, .op(.map, 0), count: 1_000), session: session)
        for branch in 0..<UInt32(1_000) {
            let operation = Operation.op(.child, 0, in: [0, branch])
            let name = Name("child \(branch)")
            try harness.begin(name, of: lease, operation, suspended: nil, by: session)
        }
        try harness.cancel("parent", by: session)
        try harness.run(Release(lease), session: session)
        #expect(harness.state.openCount == 1_001 - 512)
        harness.continueFrom(try harness.recovered())
        try harness.pass(.zero, by: session)
        #expect(harness.state.openCount == 0)
        #expect(harness.state.orphans.isEmpty)
    }

    /// Who goes on as a new run has them cancelled first, so many by one commit.
    @Test func whatALostBranchLeftIsCancelledInBatchesBeforeTheNextRun() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("parent", by: session)
        let race = Operation.op(.race, 0)
        try harness.run(StartBranches(lease, race, count: 2), session: session)
        for child in 0..<UInt32(1_000) {
            let operation = Operation.op(.child, child, in: [0, 1])
            try harness.begin("child \(child)", of: lease, operation, suspended: nil, by: session)
        }
        try harness.run(SettleBranches(lease, race, branch: 0, failed: false), session: session)
        #expect(harness.state.openCount == 1_001 - 256)
        var open = harness.state.openCount
        while try harness.run(CancelLeftChildren(lease), session: session) {
            #expect(open - harness.state.openCount == CancelLeftChildren.limit)
            open = harness.state.openCount
        }
        #expect(harness.state.openCount - 1 <= CancelLeftChildren.limit)
        let input = try harness.sealed([.json([0x32])])
        let next = try harness.run(ContinueAsNew(lease, input: input), session: session)
        #expect(harness.state.openExecutions == [next])
    }

    // MARK: Opening again

    /// The child's failure was not dealt with: the next attempt opens it again under its id.
    @Test func aNewAttemptOpensAFailedChildAgain() throws {
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        var home = try Home(terms)
        try home.harness.fail(home.child, by: home.session)
        try home.harness.fail(home.parent, by: home.session)
        let parent = try home.harness.claim(home.parent.execution, by: home.session)
        let before = home.harness.next
        try home.harness.begin("child", of: parent, by: home.session)
        #expect(try home.names(from: before) == ["child_started", "execution_reopened"])
        #expect(try home.harness.entry(before + 1).correlation == home.parent.execution)
        let child = try home.harness.claim(home.child.execution, by: home.session)
        #expect(child.attempt == 2)
        try home.harness.complete(child, by: home.session)
        #expect(try home.status("parent") == .running)
    }

    /// A person's retry of the parent: its child was cancelled with it, and goes on.
    @Test func aParentThatIsReopenedOpensItsCancelledChild() throws {
        var home = try Home()
        try home.harness.cancel("parent", by: home.other)
        try home.harness.run(Release(home.parent), session: home.session)
        try home.harness.run(Release(home.child), session: home.session)
        try home.harness.retry("parent", by: home.other)
        let parent = try home.harness.claim(home.parent.execution, by: home.session)
        #expect(try home.harness.execution(home.parent.execution).waits.isEmpty)
        try home.harness.begin("child", of: parent, by: home.session)
        let child = try home.harness.claim(home.child.execution, by: home.session)
        try home.harness.complete(child, by: home.session)
        #expect(try home.status("parent") == .running)
    }

    /// The next attempt comes by before the code of the child has ended that was cancelled.
    @Test func aChildThatIsStillEndingIsOpenedAgainOnceItIsClosed() throws {
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        var harness = try ModelHarness()
        let session = try harness.open()
        let number = try harness.ready("parent", terms, by: session)
        var parent = try harness.claim(number, by: session)
        try harness.run(StartBranches(parent, .op(.map, 0), count: 2), session: session)
        let operation = Operation.op(.child, 0, in: [0, 1])
        try harness.begin("child", of: parent, operation, suspended: nil, by: session)
        let child = try harness.claim(try harness.number(of: "child"), by: session)
        let settle = SettleBranches(parent, .op(.map, 0), branch: 0, failed: true)
        try harness.run(settle, session: session)
        #expect(try harness.execution(child.execution).status == .cancelled)
        try harness.fail(parent, by: session)
        parent = try harness.claim(number, by: session)
        try harness.begin("child", of: parent, operation, suspended: nil, by: session)
        let before = harness.next
        try harness.run(Release(child), session: session)
        #expect(
            try harness.names(from: before)
                == ["execution_closed", "child_ended", "execution_reopened"]
        )
        let again = try harness.claim(child.execution, by: session)
        try harness.complete(again, by: session)
        let state = try harness.execution(number)
        #expect(state.openChildren.isEmpty && state.waits.isEmpty)
    }

    /// It would run, and nobody would be told.
    @Test func aChildThatHasEndedIsNotRetriedByItself() throws {
        var home = try Home()
        try home.harness.fail(home.child, by: home.session)
        for isFinal in [false, true] {
            if isFinal { try home.harness.fail(home.parent, by: home.session) }
            let refusal = #expect(throws: Refusal.self) {
                try home.harness.retry("child", by: home.other)
            }
            expect(refusal, .conflict, says: "child", "which was told how it ended", "retry that")
        }
    }

    @Test func aChildThatHasCompletedIsGivenAtOnce() throws {
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        var home = try Home(terms)
        try home.harness.complete(home.child, by: home.session)
        // An attempt that ends with the failure of an earlier operation takes back what followed.
        let payloads = try home.harness.sealed([.text("no")])
        let path = OperationPath(scope: [], position: 0)
        let fail = Fail(
            home.parent,
            ErrorFacts(code: "no"),
            payloads: payloads,
            failedOperation: path
        )
        try home.harness.run(fail, session: home.session)
        let parent = try home.harness.claim(home.parent.execution, by: home.session)
        let before = home.harness.next
        let answer = try home.harness.begin("child", of: parent, by: home.session)
        #expect(try home.names(from: before) == ["child_started", "child_ended"])
        #expect(!answer.waits && answer.signal != nil)
    }

    // MARK: Faults

    /// Told twice, or by a zombie: refused, and nothing is recorded but that.
    @Test func aZombieBeginsNoChild() throws {
        var home = try Home()
        try home.harness.lose(home.session, by: home.other)
        let refusal = #expect(throws: Refusal.self) {
            try home.harness.begin("late", of: home.parent, .op(.child, 1), by: home.session)
        }
        expect(refusal, .staleLease, says: "taken over")
        #expect(try home.harness.row("late") == nil)
    }

    /// No child without its parent's entry, and the other way round.
    @Test func aBatchThatIsNotWrittenLeavesNeither() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("parent", by: session)
        let before = text(of: harness.state)
        harness.begin()
        try harness.begin("child", of: lease, by: session)
        try harness.rollBack()
        #expect(text(of: harness.state) == before)
        #expect(try harness.row("child") == nil)
    }

    @Test func aSnapshotHasFamilies() throws {
        var home = try Home()
        try home.harness.begin("grandchild", of: home.child, by: home.session)
        try home.harness.cancel("parent", by: home.other)
        let restored = try snapshot(of: home.harness.recovered()).state()
        #expect(text(of: restored) == text(of: home.harness.state))
    }

    // MARK: Size

    /// Ten levels, the last of which has so many: linear in time, from the first entry to the end of all.
    @Test func aFamilyCostsInProportionToItsSize() throws {
        var times: [Duration] = []
        let small = ProcessInfo.processInfo.environment["DAYBOOK_GROWTH"].flatMap { Int($0) } ?? 300
        for width in [small, small * 10] {
            let time = try processorTime {
                var harness = try ModelHarness()
                let session = try harness.open()
                var lease = try harness.lease("parent", by: session)
                for level in 1..<10 {
                    let name = Name("level \(level)")
                    try harness.begin(name, of: lease, by: session)
                    lease = try harness.claim(try harness.number(of: name), by: session)
                }
                let split = StartBranches(lease, .op(.map, 0), count: UInt32(width))
                try harness.run(split, session: session)
                for branch in 0..<UInt32(width) {
                    let operation = Operation.op(.child, 0, in: [0, branch])
                    let name = Name("child \(branch)")
                    try harness.begin(name, of: lease, operation, suspended: nil, by: session)
                }
                for branch in 0..<width where !branch.isMultiple(of: 2) {
                    let number = try harness.number(of: Name("child \(branch)"))
                    let child = try harness.claim(number, by: session)
                    try harness.complete(child, by: session)
                }
                try harness.cancel("parent", by: session)
                try harness.pass(.zero, by: session)
                try harness.run(CloseSession(), session: session)
                let other = try harness.open()
                try harness.pass(.zero, by: other)
                #expect(harness.state.openCount == 0)
            }
            times.append(time)
        }
        #expect(times[1] < times[0] * 25, "\(times)")
    }
}
