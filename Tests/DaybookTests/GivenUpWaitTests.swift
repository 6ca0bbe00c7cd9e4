import Daybook
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook

/// What an activation keeps of waits that nobody waits in any more.
@Suite(.timeLimit(.minutes(20))) struct GivenUpWaitTests {
    /// What is there already is not waited for, and the entry that says so is read like one that ends
    /// a wait.
    @Test func nothingIsKeptOfWaitsThatWereOverAtOnce() async throws {
        let count = 1_000
        let kept = Locked<Int?>(nil)
        try await withJournal { path in
            try await withEngine(
                path,
                code: { _, context in
                    for _ in 0..<count { _ = try await context.receive("number", as: Int.self) }
                    for _ in 0..<10 { try await context.sleep(for: .zero) }
                    _ = try await context.receive("number", as: Int.self, timeout: .zero)
                    // With this everything has been read that came before it.
                    _ = try await context.receive("go", as: Int.self)
                    let state = context.activation.state
                    kept.withLock { $0 = state.withLock { $0.abandoned.count + $0.wakes.count } }
                    return "done"
                }
            ) { daybook in
                let handle = try await daybook.submit(Scripted.self, id: "a", input: 1)
                try await withThrowingTaskGroup { tasks in
                    for number in 0..<count {
                        tasks.addTask { _ = try await daybook.signal("a", "number", number) }
                    }
                    try await tasks.waitForAll()
                }
                try await handle.execute()
                try await daybook.untilWaiting()
                try await daybook.signal("a", "go", 1)
                #expect(try await daybook.result() == "\"done\"")
            }
        }
        #expect(kept.withLock { $0 } == 0)
    }
}
