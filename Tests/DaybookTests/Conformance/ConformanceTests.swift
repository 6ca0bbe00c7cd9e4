import Daybook
import Testing

/// What other engines require of steps, waits, callbacks and branches, in three modes.
@Suite struct ConformanceTests {
    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.steps, ConformanceMode.allCases)
    func stepsKeepTheirOutcomes(_ program: ConformanceCase, _ mode: ConformanceMode) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.waits, ConformanceMode.allCases)
    func waitsEndOnTime(_ program: ConformanceCase, _ mode: ConformanceMode) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.signals, ConformanceMode.allCases)
    func signalsAreGivenOutOnceAndInOrder(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.branches, ConformanceMode.allCases)
    func branchesComeToTheSame(_ program: ConformanceCase, _ mode: ConformanceMode) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.gathering, ConformanceMode.allCases)
    func whatIsGatheredIsTheSameInEachReplay(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.scopes, ConformanceMode.allCases)
    func aScopeIsABranch(_ program: ConformanceCase, _ mode: ConformanceMode) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.polls, ConformanceMode.allCases)
    func aPollLooksUntilItIsDone(_ program: ConformanceCase, _ mode: ConformanceMode) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(
        .timeLimit(.minutes(20)),
        arguments: ConformanceCase.failedSignals,
        ConformanceMode.allCases
    )
    func aSignalThatFailsIsThrown(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.decisions, ConformanceMode.allCases)
    func aBranchThatDecidesBeforeItsSiblingsHaveReplayedDivergesFromNothing(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.times, ConformanceMode.allCases)
    func theTimeIsThatOfTheEntryThatDecidedTheLastCall(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.runs, ConformanceMode.allCases)
    func aRunHandsOnWhatNobodyHasRead(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.lines, ConformanceMode.allCases)
    func aLineIsRecordedOnce(_ program: ConformanceCase, _ mode: ConformanceMode) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.attempts, ConformanceMode.allCases)
    func anAttemptRunsAgainWhatFailedAndWasNotDealtWith(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.families, ConformanceMode.allCases)
    func childrenAreWaitedForAsOperations(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.spawning, ConformanceMode.allCases)
    func spawnedChildrenAreWaitedForOnceTheHandlerHasReturned(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.doubts, ConformanceMode.allCases)
    func whatIsRecordedBesidesAnOutcomeChangesNothing(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(
        .timeLimit(.minutes(20)),
        arguments: ConformanceCase.compensations,
        ConformanceMode.allCases
    )
    func whatWasDoneIsUndoneOnceNoAttemptFollows(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.limits, ConformanceMode.allCases)
    func whatDoesNotFitIsCutBeforeTheHandlerSeesIt(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }

    @Test(.timeLimit(.minutes(20)), arguments: ConformanceCase.refusals, ConformanceMode.allCases)
    func whatMakesNoSenseIsRefusedBeforeAnythingRuns(
        _ program: ConformanceCase,
        _ mode: ConformanceMode
    ) async throws {
        try await ConformanceRun.check(program, mode)
    }
}
