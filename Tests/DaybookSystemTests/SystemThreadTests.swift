import DaybookSystem
import Glibc
import Testing

@Suite struct SystemThreadTests {
    @Test func joiningWaitsForTheEnd() throws {
        let gate = Locked(false)
        let isDone = Locked(false)
        let thread = try SystemThread.start {
            gate.wait(until: { $0 }) { _ in }
            isDone.withLock { $0 = true }
        }
        #expect(!isDone.withLock { $0 })
        gate.withLock { $0 = true }
        gate.wakeAll()
        thread.join()
        #expect(isDone.withLock { $0 })
    }

    @Test func theBodyRunsOnAThreadOfItsOwn() throws {
        let here = UInt(pthread_self())
        let there = Locked(here)
        try SystemThread.start { there.withLock { $0 = UInt(pthread_self()) } }.join()
        #expect(there.withLock { $0 } != here)
    }

    @Test func theBodyIsReleasedWhenItHasRun() throws {
        final class Witness: Sendable {}
        weak var weakly: Witness?
        do {
            let witness = Witness()
            weakly = witness
            try SystemThread.start { _ = witness }.join()
        }
        #expect(weakly == nil)
    }
}
