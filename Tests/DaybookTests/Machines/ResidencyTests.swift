import DaybookFormat
import DaybookTesting
import Testing

@testable import Daybook
@testable import DaybookModel

extension Lease {
    /// A lease for tests of machines.
    static func sample(_ number: UInt64, epoch: UInt64 = 1) -> Lease {
        Lease(
            execution: number,
            epoch: epoch,
            id: "e\(number)",
            type: "sample",
            attempt: 1,
            claim: number + epoch
        )
    }
}

extension Residency.Action: CustomStringConvertible where Resident == String {
    var description: String {
        switch self {
        case .load(let lease, let isFresh): "\(isFresh ? "load" : "reload") \(lease.id)"
        case .follow(let resident): "follow \(resident)"
        case .wake(let resident): "wake \(resident)"
        case .evict(let resident): "evict \(resident)"
        case .end(let resident, let reason): "end \(resident): \(Self.word(reason))"
        case .release(let lease): "release \(lease.id)"
        case .attend(let number): "attend e\(number)"
        }
    }

    private static func word(_ reason: ActivationEnd) -> String {
        switch reason {
        case .stopping: "stopping"
        case .leaseLost: "lease lost"
        case .ended: "ended"
        case .paused: "paused"
        default: "\(reason)"
        }
    }
}

/// What machines answer, as texts.
func texts<Action: CustomStringConvertible>(_ actions: [Action]) -> [String] {
    actions.map(\.description)
}

/// A residency of strings, whose answers are texts.
private struct Bench {
    var machine: Residency<String>

    init(limit: Int, maxResident: Int = 1_000) {
        machine = Residency(limit: limit, maxResident: maxResident)
    }

    /// Has a lease granted, its history read, and its code begun.
    mutating func begin(_ number: UInt64, epoch: UInt64 = 1) -> [String] {
        guard machine.reserve(upTo: 1) == 1 else { return ["no room"] }
        return texts(machine.admit(.sample(number, epoch: epoch)))
            + texts(machine.loaded(number, epoch: epoch, "e\(number)"))
    }

    mutating func wait(_ number: UInt64, until deadline: UInt64? = nil) -> [String] {
        texts(
            machine.note(
                number,
                epoch: 1,
                isIdle: true,
                until: deadline.map { Timestamp(rawValue: $0) }
            )
        )
    }

    mutating func come(_ number: UInt64, _ standing: Standing = .running) -> [String] {
        texts(machine.attend(number, epoch: 1, standing))
    }

    mutating func end(_ number: UInt64, _ ending: Residency<String>.Ending = .gone) -> [String] {
        texts(machine.ended(number, epoch: 1, ending))
    }

}

@Suite struct ResidencyTests {
    @Test func roomIsWhatIsNeitherRunningNorReservedNorWaitingForATurn() {
        var bench = Bench(limit: 3)
        #expect(bench.machine.room == 3)
        #expect(bench.machine.reserve() == 3)
        #expect(bench.machine.reserve() == 0)
        #expect(texts(bench.machine.giveBack(2)) == [])
        #expect(bench.machine.room == 2)
        #expect(texts(bench.machine.admit(.sample(1))) == ["load e1"])
        #expect(bench.machine.room == 2)
        #expect(bench.machine.busy == 1)
        #expect(texts(bench.machine.loaded(1, epoch: 1, "e1")) == [])
        #expect(bench.end(1) == [])
        #expect(bench.machine.room == 3)
        #expect(!bench.machine.isBusy)
    }

    @Test func sleepersThatAreDueTogetherHaveTheirTurnsOneAfterTheOther() {
        var bench = Bench(limit: 4, maxResident: 100_000)
        let count: UInt64 = 10_000
        for number in 1...count {
            #expect(bench.begin(number) == ["load e\(number)"])
            #expect(bench.wait(number, until: 50) == [])
        }
        #expect(bench.machine.busy == 0)
        var awake: [String] = []
        for number in 1...count { awake += bench.come(number) }
        #expect(awake == (1...4).map { "wake e\($0)" })
        #expect(bench.machine.room == 0)
        var next: UInt64 = 5
        for number in 1...count {
            #expect(bench.machine.busy <= 4)
            let given = bench.end(number)
            #expect(given == (next <= count ? ["wake e\(next)"] : []))
            next += 1
        }
        #expect(bench.machine.count == 0)
        #expect(bench.machine.room == 4)
    }

    @Test func whatWokeHasItsTurnBeforeAnythingNewIsClaimed() {
        var bench = Bench(limit: 1)
        _ = bench.begin(1)
        _ = bench.wait(1)
        _ = bench.begin(2)
        #expect(bench.come(1) == [])
        #expect(bench.machine.room == 0)
        #expect(bench.end(2) == ["wake e1"])
        #expect(bench.machine.room == 0)
    }

    @Test func reservedTurnsAreNotGivenToOthers() {
        var bench = Bench(limit: 2)
        _ = bench.begin(1)
        _ = bench.wait(1)
        #expect(bench.machine.reserve() == 2)
        #expect(bench.come(1) == [])
        #expect(texts(bench.machine.giveBack(1)) == ["wake e1"])
    }

    @Test func newsForCodeThatRunsIsToldAtOnce() {
        var bench = Bench(limit: 1)
        _ = bench.begin(1)
        #expect(bench.come(1) == ["follow e1"])
        #expect(bench.come(1, .waiting) == ["follow e1"])
    }

    @Test func newsThatWakesNothingLeavesWhatWaitsAlone() {
        var bench = Bench(limit: 1)
        _ = bench.begin(1)
        _ = bench.wait(1)
        #expect(bench.come(1, .waiting) == [])
        #expect(bench.machine.busy == 0)
    }

    @Test func aTurnThatIsNotUsedGoesToTheNext() {
        var bench = Bench(limit: 1)
        _ = bench.begin(1)
        _ = bench.wait(1)
        _ = bench.begin(2)
        _ = bench.wait(2)
        #expect(bench.come(1) == ["wake e1"])
        #expect(bench.come(2) == [])
        #expect(bench.wait(1) == ["wake e2"])
    }

    // MARK: Eviction

    @Test func ofThoseThatWaitTheOneWithTheFarthestDeadlineIsLetGoOf() {
        var bench = Bench(limit: 10, maxResident: 2)
        _ = bench.begin(1)
        _ = bench.wait(1, until: 700)
        _ = bench.begin(2)
        _ = bench.wait(2, until: 100)
        _ = bench.begin(3)
        #expect(bench.wait(3, until: 10) == ["evict e1"])
        _ = bench.begin(4)
        // Without a deadline it may wait for ever.
        #expect(bench.wait(4) == ["evict e4"])
        #expect(bench.machine.residents == 2)
    }

    @Test func whatIsNotInMemoryIsReadAgainWhenItHasATurn() {
        var bench = Bench(limit: 1, maxResident: 0)
        _ = bench.begin(1)
        #expect(bench.wait(1) == ["evict e1"])
        #expect(bench.end(1, .evicted) == ["attend e1"])
        #expect(bench.come(1, .waiting) == [])
        #expect(bench.machine.count == 1)
        _ = bench.begin(2)
        #expect(bench.come(1) == [])
        #expect(bench.come(1) == [])
        #expect(bench.end(2) == ["reload e1"])
        #expect(texts(bench.machine.loaded(1, epoch: 1, "e1")) == [])
        #expect(bench.machine.busy == 1)
    }

    @Test func newsThatComesWhileItIsLetGoOfIsLookedAtAfterwards() {
        var bench = Bench(limit: 1, maxResident: 0)
        _ = bench.begin(1)
        #expect(bench.wait(1) == ["evict e1"])
        #expect(bench.come(1) == [])
        #expect(bench.end(1, .evicted) == ["attend e1"])
        #expect(bench.come(1) == ["reload e1"])
    }

    @Test func newsThatCameBeforeItWasLetGoOfIsLookedAtAfterwards() {
        var bench = Bench(limit: 1, maxResident: 0)
        _ = bench.begin(1)
        // Its code is told, and ends before it has looked.
        #expect(bench.come(1) == ["follow e1"])
        #expect(bench.wait(1) == ["evict e1"])
        #expect(bench.end(1, .evicted) == ["attend e1"])
        #expect(bench.come(1) == ["reload e1"])
    }

    @Test func whatRunsAgainBeforeItIsLetGoOfStays() {
        var bench = Bench(limit: 1, maxResident: 0)
        _ = bench.begin(1)
        _ = bench.wait(1)
        #expect(texts(bench.machine.stays(1, epoch: 1)) == ["attend e1"])
        #expect(bench.machine.busy == 1)
        #expect(bench.machine.residents == 1)
    }

    @Test func whatStaysAndOnlyWaitsByThenIsLetGoOfOnceMore() {
        var bench = Bench(limit: 1, maxResident: 0)
        _ = bench.begin(1)
        #expect(bench.wait(1) == ["evict e1"])
        // Nobody notes that of one that is leaving.
        #expect(bench.wait(1) == [])
        #expect(texts(bench.machine.stays(1, epoch: 1)) == ["attend e1"])
        #expect(bench.wait(1) == ["evict e1"])
        #expect(bench.machine.busy == 0)
        #expect(bench.end(1, .evicted) == ["attend e1"])
        #expect(bench.come(1) == ["reload e1"])
    }

    @Test func whatRunsAgainBeforeItsTurnIsHandedWhatHasComeForIt() {
        var bench = Bench(limit: 1)
        _ = bench.begin(1)
        _ = bench.wait(1)
        _ = bench.begin(2)
        #expect(bench.come(1) == [])
        let actions = bench.machine.note(1, epoch: 1, isIdle: false, until: nil)
        #expect(texts(actions) == ["wake e1"])
        #expect(bench.end(2) == [])
        #expect(bench.machine.busy == 1)
    }

    @Test func ofAnEarlierLeaseNothingStays() {
        var bench = Bench(limit: 1, maxResident: 0)
        _ = bench.begin(1, epoch: 2)
        #expect(texts(bench.machine.stays(1, epoch: 1)) == [])
        #expect(texts(bench.machine.stays(2, epoch: 1)) == [])
        #expect(bench.machine.busy == 1)
    }

    // MARK: Leases

    @Test(arguments: [
        (Standing.lost, "end e1: lease lost"), (.ended, "end e1: ended"),
        (.paused, "end e1: paused"), (.pausedWaiting, "end e1: paused"),
    ])
    func codeIsToldThatItIsOver(_ standing: Standing, _ told: String) {
        var bench = Bench(limit: 1)
        _ = bench.begin(1)
        #expect(bench.come(1, standing) == [told])
        #expect(bench.end(1) == [])
        #expect(bench.machine.count == 0)
    }

    @Test(arguments: [
        (Standing.lost, [String](), 0), (.ended, ["release e1"], 0), (.paused, ["release e1"], 0),
        (.pausedWaiting, [], 1), (.waiting, [], 1),
    ])
    func whatIsNotInMemoryIsGivenBack(_ standing: Standing, _ actions: [String], _ left: Int) {
        var bench = Bench(limit: 1, maxResident: 0)
        _ = bench.begin(1)
        _ = bench.wait(1)
        _ = bench.end(1, .evicted)
        #expect(bench.come(1, standing) == actions)
        #expect(bench.machine.count == left)
    }

    @Test func aLaterLeaseBeginsWhenTheCodeOfTheFormerHasEnded() {
        var bench = Bench(limit: 3)
        _ = bench.begin(1)
        #expect(bench.machine.reserve() == 2)
        #expect(texts(bench.machine.admit(.sample(1, epoch: 2))) == ["end e1: lease lost"])
        #expect(bench.machine.lease(of: 1)?.epoch == 2)
        #expect(bench.machine.busy == 2)
        #expect(texts(bench.machine.ended(1, epoch: 1, .gone)) == ["load e1"])
        #expect(bench.machine.busy == 1)
        // The former has ended once only.
        #expect(texts(bench.machine.ended(1, epoch: 1, .gone)) == [])
        #expect(bench.machine.lease(of: 1)?.epoch == 2)
    }

    @Test func whatCannotBeReadKeepsItsLeaseAndTakesNoRoom() {
        var bench = Bench(limit: 1)
        #expect(bench.machine.reserve() == 1)
        _ = bench.machine.admit(.sample(1))
        #expect(texts(bench.machine.couldNotLoad(1, epoch: 1, isDamaged: true)) == [])
        #expect(bench.machine.count == 1)
        #expect(bench.machine.room == 1)
        #expect(!bench.machine.isBusy)
        #expect(bench.come(1) == [])
        // A person may end it.
        #expect(bench.come(1, .ended) == ["release e1"])
        #expect(bench.machine.count == 0)
    }

    @Test func newsThatComesWhileTheHistoryIsReadIsLookedAtAfterwards() {
        var bench = Bench(limit: 1)
        #expect(bench.machine.reserve() == 1)
        _ = bench.machine.admit(.sample(1))
        #expect(bench.come(1, .ended) == [])
        #expect(texts(bench.machine.loaded(1, epoch: 1, "e1")) == ["attend e1"])
        #expect(bench.come(1, .ended) == ["end e1: ended"])
    }

    @Test func nothingBeginsAnyMoreOnceItStops() {
        var bench = Bench(limit: 2)
        _ = bench.begin(1)
        _ = bench.begin(2)
        _ = bench.wait(2)
        #expect(texts(bench.machine.stop()) == ["end e1: stopping", "end e2: stopping"])
        #expect(bench.machine.reserve() == 0)
        #expect(texts(bench.machine.admit(.sample(3))) == [])
        #expect(bench.end(1) == [])
    }

    // MARK: Any order of events

    /// Whatever happens in whatever order: never more than the limit runs, what was woken has its
    /// turn in the end, and nothing is left over.
    @Test(arguments: 0..<50)
    func noOrderOfEventsExceedsTheLimitOrForgetsAnything(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        let limit = Int.random(in: 1...4, using: &random)
        var crowd = Crowd(limit: limit, maxResident: Int.random(in: 0...5, using: &random))
        for _ in 0..<2_000 { crowd.step(&random) }
        crowd.finish()
    }
}

/// Executions that do at random what executions may do, and a driver that carries out what the
/// machine answers.
private struct Crowd {
    enum Life { case loading, runs, idle, leaving, absent }

    var machine: Residency<String>
    var lives: [UInt64: Life] = [:]
    /// What each waits for has come.
    var woken: Set<UInt64> = []
    var next: UInt64 = 1
    let limit: Int

    init(limit: Int, maxResident: Int) {
        self.limit = limit
        machine = Residency(limit: limit, maxResident: maxResident)
    }

    mutating func step(_ random: inout SplitMix) {
        let numbers = lives.keys.sorted()
        let number = numbers.randomElement(using: &random) ?? 0
        switch (Int.random(in: 0..<6, using: &random), lives[number]) {
        case (0, _):
            guard machine.reserve(upTo: 1) == 1 else { break }
            let lease = Lease.sample(next)
            next += 1
            lives[lease.execution] = .absent
            carryOut(machine.admit(lease))
        case (_, .loading?):
            lives[number] = .runs
            carryOut(machine.loaded(number, epoch: 1, "\(number)"))
        case (1, .runs?):
            lives[number] = nil
            carryOut(machine.ended(number, epoch: 1, .gone))
        case (_, .runs?):
            lives[number] = .idle
            let deadline = Timestamp(rawValue: UInt64.random(in: 0..<100, using: &random))
            carryOut(machine.note(number, epoch: 1, isIdle: true, until: deadline))
        case (_, .leaving?):
            lives[number] = .absent
            carryOut(machine.ended(number, epoch: 1, .evicted))
        case (_, .idle?), (_, .absent?):
            guard woken.insert(number).inserted else { break }
            carryOut(machine.attend(number, epoch: 1, .running))
        default: break
        }
        check()
    }

    private mutating func carryOut(_ actions: [Residency<String>.Action]) {
        for action in actions {
            switch action {
            case .load(let lease, _):
                #expect(lives[lease.execution] == .absent)
                lives[lease.execution] = .loading
                woken.remove(lease.execution)
            case .wake(let name):
                let number = UInt64(name) ?? 0
                #expect(lives[number] == .idle)
                lives[number] = .runs
                woken.remove(number)
            case .evict(let name):
                let number = UInt64(name) ?? 0
                #expect(lives[number] == .idle)
                lives[number] = .leaving
            case .attend(let number):
                if woken.contains(number) { carryOut(machine.attend(number, epoch: 1, .running)) }
            case .follow, .end, .release: Issue.record("\(action)")
            }
        }
    }

    private func check() {
        let running = lives.values.count { $0 == .runs || $0 == .loading }
        #expect(running <= limit)
        #expect(machine.busy == running)
        #expect(machine.residents == lives.values.count { ![.absent, .leaving].contains($0) })
        #expect(machine.count == lives.count)
    }

    /// Lets all that runs end: by then each that was woken has had its turn.
    mutating func finish() {
        while let (number, life) = lives.first(where: { $0.value != .absent && $0.value != .idle })
        {
            switch life {
            case .loading:
                lives[number] = .runs
                carryOut(machine.loaded(number, epoch: 1, "\(number)"))
            case .runs:
                lives[number] = nil
                carryOut(machine.ended(number, epoch: 1, .gone))
            default:
                lives[number] = .absent
                carryOut(machine.ended(number, epoch: 1, .evicted))
            }
            check()
        }
        #expect(woken == [])
        #expect(!machine.isBusy)
        #expect(machine.room == limit)
    }
}
