import Testing

@testable import Daybook

@Suite struct WaitersTests {
    @Test func whoWaitsIsToldOnce() {
        var machine = Waiters<String>()
        let token = machine.enter(.execution(1))
        #expect(machine.wait(token, "a") == true)
        #expect(machine.tell(.execution(2)) == [])
        #expect(machine.tell(.execution(1)) == ["a"])
        #expect(machine.tell(.execution(1)) == [])
        #expect(machine.count == 0)
    }

    @Test func whatHappensBetweenALookAndTheWaitIsNotMissed() {
        var machine = Waiters<String>()
        let token = machine.enter(.idleness)
        #expect(machine.isAwaited(.idleness))
        #expect(machine.tell(.idleness) == [])
        #expect(machine.wait(token, "a") == false)
    }

    @Test func whoLeavesIsNotTold() {
        var machine = Waiters<String>()
        let (first, second) = (machine.enter(.failure), machine.enter(.failure))
        #expect(machine.wait(first, "a") == true)
        #expect(machine.wait(second, "b") == true)
        #expect(machine.leave(first) == "a")
        #expect(machine.leave(first) == nil)
        #expect(machine.tell(.failure) == ["b"])
        #expect(!machine.isAwaited(.failure))
    }

    @Test func whoWaitsForAnOutputIsNotToldOfEveryEvent() {
        var machine = Waiters<String>()
        #expect(machine.wait(machine.enter(.execution(1)), "look") == true)
        #expect(machine.wait(machine.enter(.output(1)), "output") == true)
        #expect(machine.tell(.execution(1)) == ["look"])
        #expect(machine.tell(.output(1)) == ["output"])
    }

    @Test func onceItIsClosedNobodyWaits() {
        var machine = Waiters<String>()
        #expect(machine.wait(machine.enter(.execution(1)), "a") == true)
        #expect(machine.close() == ["a"])
        #expect(machine.wait(machine.enter(.execution(1)), "b") == false)
    }
}
