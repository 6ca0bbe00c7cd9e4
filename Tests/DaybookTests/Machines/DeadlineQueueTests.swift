import DaybookFormat
import DaybookJournal
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook

@Suite struct DeadlineQueueTests {
    private func time(_ value: UInt64) -> Timestamp { Timestamp(rawValue: value) }

    @Test func keysComeInOrderOfTheirDeadlines() {
        var queue = DeadlineQueue<Int>()
        for (key, deadline) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
            queue.set(time(UInt64(deadline)), for: key)
        }
        #expect(queue.first() == time(10))
        #expect(queue.takeFirst(by: time(9)) == nil)
        #expect(queue.takeFirst(by: time(15)) == 2)
        #expect(queue.takeFirst(by: time(15)) == 4)
        #expect(queue.takeFirst(by: time(15)) == nil)
        #expect(queue.takeLast() == 1)
        #expect(queue.takeLast() == 3)
        #expect(queue.takeLast() == nil)
        #expect(queue.first() == nil)
    }

    @Test func aNewDeadlineReplacesTheFormer() {
        var queue = DeadlineQueue<Int>()
        queue.set(time(10), for: 1)
        queue.set(time(20), for: 1)
        #expect(queue.count == 1)
        #expect(queue.first() == time(20))
        queue.set(time(10), for: 1)
        #expect(queue.takeFirst(by: time(100)) == 1)
        #expect(queue.takeFirst(by: time(100)) == nil)
    }

    @Test func whatIsRemovedLeavesNothingBehind() {
        var queue = DeadlineQueue<Int>()
        for key in 0..<100_000 {
            queue.set(time(1_000_000 + UInt64(key)), for: key)
            #expect(queue.remove(key) == true)
        }
        #expect(queue.count == 0)
        #expect(queue.places <= 64)
        #expect(queue.remove(1) == false)
    }

    @Test(arguments: 0..<20)
    func itAgreesWithASortedList(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        var queue = DeadlineQueue<Int>()
        var list: [Int: UInt64] = [:]
        for _ in 0..<5_000 {
            let key = Int.random(in: 0..<300, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let deadline = UInt64.random(in: 0..<50, using: &random)
                queue.set(time(deadline), for: key)
                list[key] = deadline
            case 2: #expect(queue.remove(key) == (list.removeValue(forKey: key) != nil))
            default:
                let first = list.min { ($0.value, $0.key) < ($1.value, $1.key) }
                #expect(queue.first() == first.map { time($0.value) })
                let taken = queue.takeFirst(by: time(25))
                #expect(taken == first.flatMap { $0.value <= 25 ? $0.key : nil })
                if let taken { list[taken] = nil }
            }
            #expect(queue.count == list.count)
            #expect(queue.places <= 2 * queue.count + 64)
        }
    }

    // MARK: Alarms

    @Test func anAlarmThatWasCancelledKeepsNothing() throws {
        final class Witness: Sendable {}
        let clock = ManualClock()
        let alarms = try AlarmClock(clock)
        defer { alarms.stop() }
        weak var witness: Witness?
        var number: UInt64 = 0
        do {
            let kept = Witness()
            witness = kept
            number = alarms.set(for: Timestamp(rawValue: .max)) { _ = kept }
        }
        #expect(witness != nil)
        alarms.cancel(number)
        #expect(witness == nil)
        #expect(alarms.count == 0)
    }

    @Test func anAlarmRingsOnceAndItsNumberIsForgotten() throws {
        let clock = ManualClock()
        let alarms = try AlarmClock(clock)
        defer { alarms.stop() }
        let rung = Locked<[Int]>([])
        let now = clock.now().rawValue
        _ = alarms.set(for: time(now + 2_000)) { rung.withLock { $0.append(2) } }
        let first = alarms.set(for: time(now + 1_000)) { rung.withLock { $0.append(1) } }
        #expect(alarms.count == 2)
        clock.pass(.nanoseconds(1_000))
        #expect(rung.withLock { $0 } == [1])
        alarms.cancel(first)
        clock.pass(.nanoseconds(5_000))
        #expect(rung.withLock { $0 } == [1, 2])
        #expect(alarms.count == 0)
        // What is due already rings at once.
        _ = alarms.set(for: time(now)) { rung.withLock { $0.append(3) } }
        #expect(rung.withLock { $0 } == [1, 2, 3])
    }

    @Test func onTheMachinesClockItRingsByItself() async throws {
        let alarms = try AlarmClock(SystemClock())
        let (rung, ring) = AsyncStream.makeStream(of: Void.self)
        _ = alarms.set(after: .milliseconds(1)) { ring.finish() }
        for await _ in rung {}
        await SystemThread.runBlocking { alarms.stop() }
    }

    /// The time of day is set an hour ahead while a body runs that has an hour.
    @Test func aTimeOfDayThatIsSetRingsNothing() async throws {
        final class SetClock: WallClock {
            let ahead = Locked<UInt64>(0)
            func now() -> Timestamp {
                Timestamp(rawValue: SystemClock().now().rawValue + ahead.withLock { $0 })
            }
            func elapsed() -> UInt64 { SystemClock().elapsed() }
        }
        let clock = SetClock()
        let alarms = try AlarmClock(clock)
        let hasRung = Locked(false)
        _ = alarms.set(after: .seconds(3_600)) { hasRung.withLock { $0 = true } }
        clock.ahead.withLock { $0 = 7_200_000_000_000 }
        // What is set later, for a moment from now, rings, and the thread has looked by then.
        let (rung, ring) = AsyncStream.makeStream(of: Void.self)
        _ = alarms.set(after: .milliseconds(1)) { ring.finish() }
        for await _ in rung {}
        #expect(!hasRung.withLock { $0 })
        #expect(alarms.count == 1)
        await SystemThread.runBlocking { alarms.stop() }
    }

    /// The machine sleeps while the thread waits, and the system's wait takes no notice of that.
    @Test(.timeLimit(.minutes(20)))
    func aTimeThatPassesUnseenIsSeenWhenPatienceEnds() async throws {
        final class SleepingClock: WallClock {
            let state = Locked((elapsed: UInt64(1_000), looks: 0))
            func now() -> Timestamp { Timestamp(rawValue: elapsed()) }
            func elapsed() -> UInt64 {
                defer { state.wakeAll() }
                return state.withLock { state in
                    state.looks += 1
                    return state.elapsed
                }
            }
        }
        let clock = SleepingClock()
        let alarms = try AlarmClock(clock, patience: .milliseconds(10))
        let (rung, ring) = AsyncStream.makeStream(of: Void.self)
        _ = alarms.set(for: time(3_600_000_000_000)) { ring.finish() }
        // The thread has looked, and waits for an hour, but for its patience.
        await SystemThread.runBlocking { clock.state.wait(until: { $0.looks >= 3 }, { _ in }) }
        clock.state.withLock { $0.elapsed = 3_600_000_000_000 }
        for await _ in rung {}
        #expect(!Task.isCancelled)
        #expect(alarms.count == 0)
        await SystemThread.runBlocking { alarms.stop() }
    }
}
