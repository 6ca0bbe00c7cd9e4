import DaybookFormat
import DaybookTestKit
import Testing

@testable import DaybookModel

/// Parents and the children that they have spawned: what follows for the one from what happens to the
/// other.
@Suite struct SpawnedFamilyTests {
    /// A parent that has spawned children, and who runs them.
    private struct Home {
        var harness: ModelHarness
        let session: UInt64
        let other: UInt64
        let parent: Lease

        init(_ children: [Name] = ["a", "b", "c"]) throws {
            harness = try ModelHarness()
            session = try harness.open("holder")
            other = try harness.open("other")
            parent = try harness.lease("parent", by: session)
            try harness.spawn(children, of: parent, by: session)
        }

        mutating func join(_ position: UInt32 = 3, isAllSettled: Bool = false) throws {
            try harness.join(
                parent,
                .op(.join, position),
                isAllSettled: isAllSettled,
                by: session
            )
        }

        mutating func claim(_ id: Name) throws -> Lease {
            try harness.claim(try harness.number(of: id), by: other)
        }

        mutating func finish(_ id: Name) throws {
            try harness.complete(try claim(id), by: other)
        }

        mutating func fail(_ id: Name) throws {
            try harness.fail(try claim(id), by: other)
        }

        func names(from first: UInt64) throws -> [String] { try harness.names(from: first) }

        func status(_ id: Name) throws -> ExecutionStatus {
            let number = try harness.number(of: id)
            if let open = harness.state.execution(number) { return open.status }
            return try #require(ExecutionStatus(try harness.summary(id).status))
        }
    }

    // MARK: Beginning

    @Test func childrenAreRecordedTogetherAndTheHandlerGoesOn() throws {
        let home = try Home()
        let parent = try home.harness.execution(home.parent.execution)
        #expect(parent.status == .running)
        #expect(parent.waits.isEmpty)
        #expect(parent.openChildCount == 3)
        for id in ["a", "b", "c"] as [Name] { #expect(try home.status(id) == .ready) }
    }

    @Test func allAreCheckedBeforeTheFirstIsRecorded() throws {
        var home = try Home([])
        try home.harness.submit("taken", by: home.session)
        let before = home.harness.next
        let lists: [([Name], Refusal.Code)] = [
            (["x", "taken"], .conflict), (["x", "y", "x"], .conflict),
            (["x", ""], .invalidArgument),
            (["x", "parent"], .circular),
            ((0...1_000).map { "\($0)" }.map { Name($0) }, .tooManyChildren),
        ]
        for (ids, code) in lists {
            let refusal = #expect(throws: Refusal.self) {
                try home.harness.spawn(ids, of: home.parent, by: home.session)
            }
            #expect(refusal?.code == code)
        }
        #expect(home.harness.next == before)
        #expect(try home.harness.row("x") == nil)
    }

    @Test func aZombieParentBeginsNoChildren() throws {
        var home = try Home([])
        try home.harness.lose(home.session, by: home.other)
        let taken = try home.harness.claim(home.parent.execution, by: home.other)
        let refusal = #expect(throws: Refusal.self) {
            try home.harness.spawn(["x"], of: home.parent, by: home.session)
        }
        #expect(refusal?.code == .staleLease)
        #expect(try home.harness.row("x") == nil)
        // Neither does one that was ended from outside.
        try home.harness.cancel("parent", by: home.session)
        let late = #expect(throws: Refusal.self) {
            try home.harness.spawn(["x"], of: taken, by: home.other)
        }
        #expect(late?.code == .ended)
        #expect(try home.harness.row("x") == nil)
    }

    @Test func aBranchSpawnsNothing() throws {
        var home = try Home([])
        try home.harness.run(
            StartBranches(home.parent, .op(.map, 0), count: 1),
            session: home.session
        )
        let payloads = try home.harness.sealed([.json([0x31])])
        let child = Submit(id: "x", type: "copy", input: [0x31], payloads: payloads)
        let command = SpawnChildren(home.parent, [(.op(.spawn, 0, in: [0, 0]), child)])
        let refusal = #expect(throws: Refusal.self) {
            try home.harness.run(command, session: home.session)
        }
        expect(refusal, .invalidArgument, says: "branch", "the handler itself")
    }

    // MARK: Ends

    @Test func theParentIsToldOnceWhenTheLastHasEnded() throws {
        var home = try Home()
        try home.finish("b")
        try home.join()
        #expect(try home.harness.execution(home.parent.execution).status == .waiting)
        let before = home.harness.next
        try home.finish("a")
        #expect(
            try home.names(from: before)
                == ["execution_claimed", "execution_completed", "child_ended"]
        )
        try home.finish("c")
        #expect(try home.names(from: before).suffix(2) == ["child_ended", "children_settled"])
        let parent = try home.harness.execution(home.parent.execution)
        #expect(parent.status == .running && parent.waits.isEmpty && parent.openChildCount == 0)
    }

    @Test func aParentThatNobodyRunsIsReadyOnceTheLastHasEnded() throws {
        var home = try Home(["a"])
        try home.join(1)
        try home.harness.lose(home.session, by: home.other)
        #expect(try home.harness.execution(home.parent.execution).status == .waiting)
        try home.finish("a")
        #expect(try home.harness.execution(home.parent.execution).status == .ready)
        #expect(try home.harness.claim(home.parent.execution, by: home.other).attempt == 1)
    }

    @Test func theFirstFailureHasTheOthersCancelled() throws {
        var home = try Home()
        try home.join()
        let running = try home.claim("c")
        let before = home.harness.next
        try home.fail("a")
        #expect(try home.status("b") == .cancelled)
        #expect(try home.harness.summary("b").errorCode == "sibling-failed")
        #expect(try home.status("c") == .cancelled)
        #expect(try home.names(from: before).contains("children_settled") == false)
        // Its code is told, and its parent waits for that.
        try home.harness.run(Release(running), session: home.other)
        #expect(try home.names(from: before).last == "children_settled")
    }

    @Test func allComeToTheirEndsWhereThatIsAskedFor() throws {
        var home = try Home()
        try home.join(isAllSettled: true)
        try home.fail("a")
        #expect(try home.status("b") == .ready)
        try home.fail("b")
        try home.finish("c")
        #expect(try home.harness.execution(home.parent.execution).status == .running)
    }

    @Test func theParentHasEndedWhenTheFirstOfItsChildrenFailed() throws {
        var home = try Home()
        try home.join(isAllSettled: true)
        try home.finish("b")
        try home.harness.pass(.seconds(10), by: home.other)
        try home.fail("a")
        let first = home.harness.now
        try home.harness.pass(.seconds(10), by: home.other)
        try home.fail("c")
        try home.harness.fail(home.parent, cause: .children, by: home.session)
        let summary = try home.harness.summary("parent")
        #expect(summary.status == .childrenTasksFailed)
        #expect(summary.finishedAt == first.rawValue)
        #expect(summary.updatedAt == home.harness.now.rawValue)
        #expect(summary.attempts == 1)
    }

    @Test func aLaterChildDoesNotChangeWhenItsParentEnded() throws {
        var home = try Home(["a"])
        try home.join(1)
        let child = try home.claim("a")
        try home.harness.cancel("parent", by: home.other)
        let end = home.harness.now
        try home.harness.pass(.seconds(10), by: home.other)
        try home.harness.run(Release(child), session: home.other)
        try home.harness.run(Release(home.parent), session: home.session)
        let summary = try home.harness.summary("parent")
        #expect(summary.status == .cancelled)
        #expect(summary.finishedAt == end.rawValue)
    }

    @Test func aParentThatEndsBeforeHasItsChildrenCancelled() throws {
        var home = try Home()
        try home.finish("a")
        try home.harness.fail(home.parent, by: home.session)
        #expect(try home.status("parent") == .failed)
        for id in ["b", "c"] as [Name] {
            #expect(try home.harness.summary(id).errorCode == "cancelled")
        }
        #expect(home.harness.state.openCount == 0)
    }

    // MARK: Again

    @Test func aPersonHasTheFailedOnesRunAgainUnderTheirIDs() throws {
        var home = try Home()
        try home.join()
        try home.finish("c")
        try home.fail("a")
        try home.harness.fail(home.parent, cause: .children, by: home.session)
        let refusal = #expect(throws: Refusal.self) {
            try home.harness.retry("a", by: home.other)
        }
        #expect(refusal?.code == .conflict)
        let numbers = try ["a", "b"].map { try home.harness.number(of: $0) }
        try home.harness.retry("parent", by: home.other)
        #expect(try home.status("a") == .ready && home.status("b") == .ready)
        #expect(try home.status("c") == .completed)
        #expect(try ["a", "b"].map { try home.harness.number(of: $0) } == numbers)
        let again = try home.harness.claim(home.parent.execution, by: home.session)
        #expect(again.attempt == 2)
        // The handler returns anew: that it had, and what came of it, is undone.
        try home.harness.join(again, .op(.join, 3), by: home.session)
        try home.finish("a")
        try home.finish("b")
        try home.harness.complete(again, by: home.session)
        #expect(try home.status("parent") == .completed)
        #expect(home.harness.state.openCount == 0)
    }

    @Test func whoWasCancelledWhileItWaitedGoesOnWaiting() throws {
        var home = try Home(["a", "b"])
        try home.join(2)
        let running = try home.claim("a")
        try home.harness.cancel("parent", by: home.other)
        // What completes all the same has completed.
        try home.harness.run(Release(home.parent), session: home.session)
        try home.harness.run(Release(running), session: home.other)
        #expect(try home.status("parent") == .cancelled)
        #expect(home.harness.state.openCount == 0)
        try home.harness.retry("parent", by: home.other)
        #expect(try home.harness.execution(home.parent.execution).waits.map(\.kind) == [.children])
        try home.finish("a")
        try home.finish("b")
        #expect(try home.harness.execution(home.parent.execution).waits.isEmpty)
    }

    /// A batch opens some again, and the next ones the others.
    @Test func manyAreOpenedAgainAFewAtATime() throws {
        let ids = (0..<600).map { Name("\($0)") }
        var home = try Home(ids)
        try home.join(600, isAllSettled: true)
        for id in ids { try home.fail(id) }
        try home.harness.fail(home.parent, cause: .children, by: home.session)
        try home.harness.retry("parent", by: home.other)
        #expect(home.harness.state.openCount == 1 + 256)
        try home.harness.pass(.zero, by: home.other)
        #expect(home.harness.state.openCount == 1 + 600)
    }

    /// What was to be opened again and was not stays as it ended, and its parent does not wait for it.
    @Test func whatIsWantedNoMoreIsNotOpenedAgain() throws {
        let ids = (0..<600).map { Name("\($0)") }
        var home = try Home(ids)
        try home.join(600, isAllSettled: true)
        for id in ids { try home.fail(id) }
        try home.harness.fail(home.parent, cause: .children, by: home.session)
        try home.harness.retry("parent", by: home.other)
        try home.harness.cancel("parent", by: home.other)
        for _ in 0..<8 { try home.harness.pass(.zero, by: home.other) }
        #expect(home.harness.state.openCount == 0)
        #expect(try home.status("599") == .failed)
        #expect(try home.status("0") == .cancelled)
        // And once more, with all of them.
        try home.harness.retry("parent", by: home.other)
        for _ in 0..<8 { try home.harness.pass(.zero, by: home.other) }
        #expect(home.harness.state.openCount == 601)
    }

    /// An awaited child that was to be opened again, once it is closed, is not when its parent is
    /// cancelled meanwhile.
    @Test func aChildOfACancelledParentIsNotOpenedAgain() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        let number = try harness.ready("parent", terms, by: session)
        var parent = try harness.claim(number, by: session)
        try harness.run(StartBranches(parent, .op(.map, 0), count: 2), session: session)
        let place = Operation.op(.child, 0, in: [0, 0])
        try harness.begin("kid", of: parent, place, suspended: nil, by: session)
        let kid = try harness.claim(try harness.number(of: "kid"), by: session)
        // The other branch fails, and the child is told to stop: its code runs on.
        let failed = SettleBranches(parent, .op(.map, 0), branch: 1, failed: true)
        try harness.run(failed, session: session)
        try harness.fail(parent, by: session)
        parent = try harness.claim(number, by: session)
        try harness.begin("kid", of: parent, place, suspended: nil, by: session)
        try harness.cancel("parent", by: session)
        try harness.run(Release(kid), session: session)
        try harness.run(Release(parent), session: session)
        #expect(harness.state.openCount == 0)
    }

    // MARK: Many

    /// More than one commit cancels: the last of them only go on in the next attempt, and who is cancelled
    /// by a person then stays so.
    @Test func whatWasNotCancelledYetIsNotOpenedAgainAfterAPersonCancelsIt() throws {
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        var harness = try ModelHarness()
        let (session, other) = (try harness.open("holder"), try harness.open("other"))
        try harness.submit("parent", terms: terms, by: session)
        try harness.run(Execute(id: "parent"), session: session)
        let parent = try harness.claim(try harness.number(of: "parent"), by: session)
        try harness.spawn((0..<600).map { Name("\($0)") }, of: parent, by: session)
        // Code of the last one runs, so that it is closed after its end.
        let last = try harness.claim(try harness.number(of: "599"), by: other)
        try harness.join(parent, .op(.join, 600), by: session)
        try harness.fail(try harness.claim(try harness.number(of: "0"), by: other), by: other)
        #expect(try harness.execution(last.execution).status == .running)
        // Code that does not return any more ends the attempt.
        try harness.fail(parent, by: session)
        #expect(try harness.execution(last.execution).status == .running)
        try harness.cancel("599", by: other)
        let before = harness.next
        try harness.run(Release(last), session: other)
        let names = try harness.names(from: before)
        #expect(names.prefix(2) == ["execution_closed", "child_ended"])
        #expect(!names.contains("execution_reopened"), "\(names)")
    }

    /// What it has spawned is waited for when its handler returns.
    @Test func aRunThatHasSpawnedIsNotFollowedByAnother() throws {
        var home = try Home()
        let input = try home.harness.sealed([.json([0x32])])
        func goOn() -> Refusal? {
            #expect(throws: Refusal.self) {
                try home.harness.run(
                    ContinueAsNew(home.parent, input: input),
                    session: home.session
                )
            }
        }
        let before = home.harness.next
        expect(goOn(), .conflict, says: "has spawned children", "await children by run")
        #expect(home.harness.next == before)
        // Also when they have failed.
        for id in ["a", "b", "c"] as [Name] { try home.fail(id) }
        #expect(try home.harness.execution(home.parent.execution).openChildCount == 0)
        #expect(goOn()?.code == .conflict)
        for id in ["a", "b", "c"] as [Name] { #expect(try home.status(id) == .failed) }
    }
}
