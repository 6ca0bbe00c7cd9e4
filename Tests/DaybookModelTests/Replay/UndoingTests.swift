import DaybookFormat
import SeededRandom
import Testing

@testable import DaybookModel

/// Which operations are open again after an attempt that ended with the failure of one.
@Suite struct UndoingTests {
    private var harness: ModelHarness
    private let session: UInt64
    private let lease: Lease

    init() throws {
        var harness = try ModelHarness()
        session = try harness.open()
        var terms = Submit.Terms()
        terms.retry = RetryPolicy(maxAttempts: 9, baseDelay: .zero)
        let number = try harness.submit("a", terms: terms, by: session).number
        try harness.run(Execute(id: "a"), session: session)
        lease = try harness.claim(number, by: session)
        self.harness = harness
    }

    private var progress: ScopeProgress {
        get throws { try harness.execution(lease.execution).progress }
    }

    private mutating func fail(of path: OperationPath?) throws {
        let payloads = try harness.sealed([.text("it went wrong")])
        try harness.run(
            Fail(lease, ErrorFacts(code: "no"), payloads: payloads, failedOperation: path),
            session: session
        )
    }

    private func path(_ position: UInt32, in scope: [UInt32] = []) -> OperationPath {
        OperationPath(scope: scope, position: position)
    }

    @Test mutating func aFailureAfterWhichSomethingIsRecordedIsKept() throws {
        try harness.disappoint(lease, .step(0), by: session)
        try harness.succeed(lease, .step(1), by: session)
        try fail(of: nil)
        #expect(try progress.next(in: []) == 2)
    }

    @Test mutating func theFailureThatTheAttemptEndedWithIsOpenAgainAndSoIsWhatFollowedIt() throws {
        try harness.succeed(lease, .step(0), by: session)
        try harness.disappoint(lease, .step(1), by: session)
        try harness.succeed(lease, .step(2), by: session)
        try harness.succeed(lease, .step(3), by: session)
        try fail(of: path(1))
        #expect(try progress.next(in: []) == 1)
        let entry = try harness.entry(harness.next - 1).attemptFailed
        #expect(entry.hasFailedOperation)
        #expect(OperationPath(entry.failedOperation) == path(1))
    }

    /// Code that tries something else after a failure has dealt with that failure.
    @Test mutating func aFailureAfterWhichSomethingIsTriedIsKept() throws {
        try harness.disappoint(lease, .step(0), by: session)
        try harness.again(lease, .step(1), by: session)
        try fail(of: nil)
        #expect(try progress.next(in: []) == 1)
    }

    @Test mutating func whatIsNotRecordedIsNotNamed() throws {
        try harness.succeed(lease, .step(0), by: session)
        try fail(of: path(7))
        #expect(try !harness.entry(harness.next - 1).attemptFailed.hasFailedOperation)
        #expect(try progress.next(in: []) == 1)
    }

    @Test mutating func branchesBesideTheOneThatFailedKeepWhatTheyHave() throws {
        try harness.run(StartBranches(lease, .op(.map, 0), count: 3), session: session)
        try harness.succeed(lease, .step(0, in: [0, 0]), by: session)
        try harness.succeed(lease, .step(1, in: [0, 0]), by: session)
        try harness.succeed(lease, .step(0, in: [0, 1]), by: session)
        try harness.disappoint(lease, .step(1, in: [0, 1]), by: session)
        try harness.run(
            SettleBranches(lease, .op(.map, 0), branch: 1, failed: true),
            session: session
        )
        try harness.succeed(lease, .step(1), by: session)
        try fail(of: path(1, in: [0, 1]))
        #expect(try progress.next(in: []) == 1)
        #expect(try progress.next(in: [0, 0]) == 2)
        #expect(try progress.next(in: [0, 1]) == 1)
        #expect(try progress.undecidedBranches(in: []) == 3)
    }

    @Test mutating func aBranchThatKeptItsFailureToItselfHasDealtWithIt() throws {
        try harness.run(StartBranches(lease, .op(.map, 0), count: 2), session: session)
        try harness.disappoint(lease, .step(0, in: [0, 1]), by: session)
        try harness.succeed(lease, .step(1), by: session)
        #expect(try !progress.canUndo(path(0, in: [0, 1])))
        try fail(of: path(0, in: [0, 1]))
        #expect(try progress.next(in: []) == 2)
    }

    @Test mutating func theFailureOfALoserWasDealtWith() throws {
        try harness.run(StartBranches(lease, .op(.race, 0), count: 2), session: session)
        try harness.disappoint(lease, .step(0, in: [0, 1]), by: session)
        try harness.run(
            SettleBranches(lease, .op(.race, 0), branch: 0, failed: false),
            session: session
        )
        #expect(try !progress.canUndo(path(0, in: [0, 1])))
    }

    @Test mutating func aFailureThatIsAResultIsKept() throws {
        let payloads = try harness.sealed([.text("no")])
        try harness.run(
            RecordOutcome(
                lease,
                .step(0),
                .failure(ErrorFacts(code: "no"), payloads, handled: true),
                startedAt: harness.now
            ),
            session: session
        )
        try fail(of: nil)
        #expect(try progress.next(in: []) == 1)
    }

    @Test mutating func aWaitThatIsUndoneDoesNotEnd() throws {
        try harness.disappoint(lease, .step(0), by: session)
        try harness.sleep(lease, .op(.sleep, 1), for: .seconds(60), suspended: nil, by: session)
        try fail(of: path(0))
        #expect(try harness.execution(lease.execution).waits.isEmpty)
    }

    @Test func whatIsDoneAnewHasAnotherGeneration() {
        var undoing = Undoing()
        undoing.insert(.init(path: path(2), keepsBranches: false, sequence: 9))
        undoing.insert(.init(path: path(4), keepsBranches: false, sequence: 20))
        #expect(undoing.generation(of: path(2)) == nil)
        #expect(undoing.generation(of: path(3)) == 9)
        #expect(undoing.generation(of: path(5)) == 20)
        #expect(undoing.generation(of: path(0, in: [3, 0])) == 9)
        #expect(Undoing().generation(of: path(0)) == nil)
    }

    /// What a mark undoes, said of it alone.
    private func isCovered(
        _ path: OperationPath,
        _ kind: EventKind,
        by mark: Undoing.Mark
    ) -> Bool {
        let isInside = path.isInside(mark.path)
        if mark.path.isFollowed(by: path) || !mark.keepsBranches && isInside { return true }
        switch kind {
        case .branchesStarted: return !mark.keepsBranches && mark.path == path
        case .branchSettled: return mark.path == path || mark.path.isInside(path)
        default: return mark.path == path
        }
    }

    @Test(arguments: SeededGenerator.seeds)
    func whatManyMarksUndoIsWhatOneOfThemUndoes(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func place() -> OperationPath {
            let depth = Int.random(in: 0...2, using: &random)
            return OperationPath(
                scope: (0..<2 * depth).map { _ in .random(in: 0...2, using: &random) },
                position: .random(in: 0...3, using: &random)
            )
        }
        for _ in 0..<200 {
            var undoing = Undoing()
            var marks: [Undoing.Mark] = []
            for sequence in UInt64(1)...8 {
                marks.append(
                    .init(
                        path: place(),
                        keepsBranches: random.chance(2),
                        sequence: 10 * sequence
                    )
                )
                undoing.insert(marks[marks.count - 1])
            }
            for _ in 0..<50 {
                let (path, sequence) = (place(), UInt64.random(in: 1...85, using: &random))
                let later = marks.filter { sequence < $0.sequence }
                for kind in [EventKind.checkpointSucceeded, .branchesStarted, .branchSettled] {
                    #expect(
                        undoing.covers(sequence, path, kind)
                            == later.contains { isCovered(path, kind, by: $0) },
                        "\(path), \(kind) at \(sequence) by \(marks)"
                    )
                }
                #expect(
                    undoing.generation(of: path)
                        == marks.last { $0.path.isFollowed(by: path) }?.sequence
                )
            }
        }
    }

    @Test func anIdempotencyKeyIsAnotherOneForWhatIsDoneAnew() throws {
        let journal = Identifier.zero
        let operation = Operation.step(3, in: [1, 0])
        let key = operation.idempotencyKey(journal: journal, execution: 9)
        let anew = operation.idempotencyKey(journal: journal, execution: 9, generation: 4)
        #expect(anew != key)
        #expect(operation.idempotencyKey(journal: journal, execution: 9, generation: 5) != anew)
    }
}
