import Glibc
import Testing

@testable import DaybookCommand

/// The signals that end a command in good order: in processes of their own, because a process has
/// one handler for each.
@Suite(.timeLimit(.minutes(20))) struct InterruptsTests {
    @Test func aWaitThatIsGivenUpTakesNoneAlong() async {
        await #expect(processExitsWith: .success) {
            let interrupts = try Interrupts(2)
            let given = Task { await interrupts.wait() }
            given.cancel()
            let wasInterrupted = await given.value
            #expect(!wasInterrupted)
            kill(getpid(), SIGINT)
            #expect(await interrupts.wait())
        }
    }

    /// The second may come before somebody waits for it.
    @Test func oneThatComesBetweenTwoWaitsIsNotLost() async {
        await #expect(processExitsWith: .success) {
            let interrupts = try Interrupts(2)
            kill(getpid(), SIGINT)
            kill(getpid(), SIGTERM)
            #expect(await interrupts.wait())
            #expect(await interrupts.wait(beyond: 1))
            // Seen once more by somebody else.
            #expect(await interrupts.wait(beyond: 1))
        }
    }

    @Test func oneMoreThanAreCountedEndsTheProcess() async {
        await #expect(processExitsWith: .exitCode(ExitStatus.interrupted.rawValue)) {
            let interrupts = try Interrupts(1)
            kill(getpid(), SIGINT)
            #expect(await interrupts.wait())
            kill(getpid(), SIGINT)
            while true { pause() }
        }
    }
}
