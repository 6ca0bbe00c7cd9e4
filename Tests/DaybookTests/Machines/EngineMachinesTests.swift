import Testing

@testable import Daybook

@Suite struct EngineMachinesTests {
    /// Whoever waits until there is nothing to do has found the turns that come back in use.
    @Test(.timeLimit(.minutes(20)))
    func whoWaitsForIdlenessIsToldWhenTurnsAreGivenBack() async throws {
        let board = NewsBoard()
        let machines = EngineMachines(EngineOptions(), board)
        machines.open(session: 1)
        #expect(machines.reserve(upTo: 1) == 1)
        let waiting = Task { await board.wait(for: .idleness) { false } }
        while !board.isAwaited(.idleness) { await Task.yield() }
        machines.giveBack(1)
        // The dispatcher looks, and tells them.
        for await _ in board.wakeups { break }
        board.tell(.idleness)
        _ = await waiting.value
    }
}
