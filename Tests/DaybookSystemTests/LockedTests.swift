import DaybookSystem
import Testing

@Suite struct LockedTests {
    private struct Refused: Error, Equatable {}

    @Test func additionsOfManyThreadsAreAllCounted() throws {
        let count = Locked(0)
        let threads = try (0..<8).map { _ in
            try SystemThread.start {
                for _ in 0..<5_000 { count.withLock { $0 += 1 } }
            }
        }
        for thread in threads { thread.join() }
        #expect(count.withLock { $0 } == 40_000)
    }

    @Test func aWaiterSeesTheValueItWaitedForInOneCriticalSection() throws {
        // Each thread takes its turn: 0, 1, 2, ... in order, whatever order they started in.
        let turns = Locked<[Int]>([])
        let threads = try (0..<6).reversed().map { turn in
            try SystemThread.start {
                turns.wait(until: { $0.count == turn }) { $0.append(turn) }
                turns.wakeAll()
            }
        }
        for thread in threads { thread.join() }
        #expect(turns.withLock { $0 } == [0, 1, 2, 3, 4, 5])
    }

    @Test func anErrorInsideReleasesTheLockAndKeepsWhatWasDone() {
        let value = Locked(1)
        #expect(throws: Refused.self) {
            try value.withLock { value throws(Refused) in
                value = 2
                throw Refused()
            }
        }
        #expect(throws: Refused.self) {
            try value.wait(until: { $0 == 2 }) { _ throws(Refused) in throw Refused() }
        }
        #expect(value.withLock { $0 } == 2)
    }
}
