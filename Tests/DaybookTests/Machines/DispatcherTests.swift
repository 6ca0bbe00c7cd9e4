import DaybookSystem
import Glibc
import Testing

@testable import Daybook
@testable import DaybookModel

private struct DiskFull: Error {}

extension Dispatcher.Action: CustomStringConvertible {
    var description: String {
        switch self {
        case .claim: "claim"
        case .release(let leases): "release \(leases.map(\.id.text).joined(separator: " "))"
        case .pause(let duration): "pause \(duration)"
        }
    }
}

@Suite struct DispatcherTests {
    @Test func itClaimsWhenThereIsSomethingAndRoomForIt() {
        var machine = Dispatcher()
        #expect(texts(machine.look(isClaimable: false, room: 4)) == [])
        #expect(texts(machine.look(isClaimable: true, room: 0)) == [])
        #expect(machine.isStarved)
        #expect(texts(machine.look(isClaimable: true, room: 1)) == ["claim"])
        #expect(!machine.isStarved)
        // One at a time.
        #expect(texts(machine.look(isClaimable: true, room: 1)) == [])
        #expect(texts(machine.claimed(nil)) == [])
        #expect(texts(machine.look(isClaimable: true, room: 1)) == ["claim"])
    }

    @Test func aClaimThatFailsIsTriedAgainAfterPausesThatGrow() {
        var machine = Dispatcher()
        var pauses: [String] = []
        for _ in 0..<10 {
            #expect(texts(machine.look(isClaimable: true, room: 1)) == ["claim"])
            pauses += texts(machine.claimed(DiskFull()))
            #expect(machine.failure?.error is DiskFull)
            #expect(texts(machine.look(isClaimable: true, room: 1)) == [])
            machine.pauseIsOver()
            #expect(machine.failure == nil)
        }
        let seconds = ["0.5", "1.0", "2.0", "4.0", "8.0", "16.0", "32.0", "60.0", "60.0", "60.0"]
        #expect(pauses == seconds.map { "pause \($0) seconds" })
    }

    @Test func whenTheJournalCanBeWrittenAgainNothingIsLeftOfTheTrouble() {
        var machine = Dispatcher()
        _ = machine.look(isClaimable: true, room: 1)
        machine.fail(7, DiskFull())
        _ = machine.claimed(DiskFull())
        #expect(machine.failure(of: 7) is DiskFull)
        machine.pauseIsOver()
        _ = machine.look(isClaimable: true, room: 1)
        _ = machine.claimed(nil)
        #expect(machine.trouble == nil)
        #expect(machine.failure(of: 7) == nil)
        _ = machine.look(isClaimable: true, room: 1)
        #expect(texts(machine.claimed(DiskFull())) == ["pause 0.5 seconds"])
    }

    @Test func aLeaseThatCouldNotBeGivenBackIsGivenBackLater() {
        var machine = Dispatcher()
        #expect(texts(machine.keep(.sample(1), because: DiskFull())) == ["pause 0.5 seconds"])
        #expect(texts(machine.keep(.sample(2), because: DiskFull())) == [])
        #expect(machine.failure(of: 1) is DiskFull)
        #expect(texts(machine.look(isClaimable: false, room: 1)) == [])
        machine.pauseIsOver()
        #expect(texts(machine.look(isClaimable: false, room: 1)) == ["release e1 e2"])
        #expect(texts(machine.look(isClaimable: false, room: 1)) == [])
        #expect(texts(machine.released(([.sample(2)], DiskFull()))) == ["pause 1.0 seconds"])
        machine.pauseIsOver()
        #expect(texts(machine.look(isClaimable: false, room: 1)) == ["release e2"])
        #expect(texts(machine.released(nil)) == [])
        #expect(machine.failure(of: 1) == nil)
    }

    @Test func aShortageHoldsClaimsAndPassesByItself() throws {
        let error = SystemError(number: EMFILE, operation: "pipe")
        let shortage = try #require(Shortage(error))
        var machine = Dispatcher()
        machine.fail(3, shortage)
        #expect(texts(machine.meet(.shortage(shortage))) == ["pause 0.5 seconds"])
        #expect(machine.isHeld)
        #expect(texts(machine.look(isClaimable: true, room: 9)) == [])
        machine.pauseIsOver()
        #expect(machine.failure(of: 3) == nil)
        #expect(texts(machine.look(isClaimable: true, room: 9)) == ["claim"])
        _ = machine.claimed(nil)
        // That something could be claimed does not say that there is enough now.
        #expect(texts(machine.meet(.shortage(shortage))) == ["pause 1.0 seconds"])
        machine.pauseIsOver()
        machine.progress()
        #expect(texts(machine.meet(.shortage(shortage))) == ["pause 0.5 seconds"])
    }

    @Test func leasesThatAreGrantedSayThatTheJournalCanBeWritten() {
        var machine = Dispatcher()
        machine.fail(3, DiskFull())
        #expect(texts(machine.meet(.journal(DiskFull()))) == ["pause 0.5 seconds"])
        machine.granted()
        #expect(machine.failure(of: 3) is DiskFull)
        machine.pauseIsOver()
        // Its lease was given back: whoever claims it goes on.
        #expect(machine.failure(of: 3) == nil)
        #expect(machine.trouble != nil)
        machine.granted()
        #expect(machine.trouble == nil)
        #expect(texts(machine.meet(.journal(DiskFull()))) == ["pause 0.5 seconds"])
    }

    @Test func damageStaysUntilTheExecutionIsLetGoOf() {
        var machine = Dispatcher()
        machine.noteDamage(4, DiskFull())
        _ = machine.claimed(nil)
        machine.pauseIsOver()
        #expect(machine.failure(of: 4) is DiskFull)
        #expect(machine.firstDamage is DiskFull)
        #expect(machine.failure == nil)
        machine.letGo(4)
        #expect(machine.failure(of: 4) == nil)
    }

    @Test func whatItWasAskedToRunIsACandidateWheneverSomethingHappensToIt() {
        var machine = Dispatcher()
        #expect(machine.candidate == nil)
        machine.note(5)
        #expect(machine.candidate == nil)
        machine.ask(5)
        #expect(machine.candidate == 5)
        machine.dropCandidate(5, isClosed: false)
        #expect(machine.candidate == nil)
        // For example: its next attempt is due.
        machine.note(5)
        #expect(machine.candidate == 5)
        machine.dropCandidate(5, isClosed: true)
        machine.note(5)
        #expect(machine.candidate == nil)
    }

    @Test func nothingBeginsAnyMoreOnceItStops() {
        var machine = Dispatcher()
        machine.stop()
        #expect(texts(machine.look(isClaimable: true, room: 1)) == [])
        #expect(texts(machine.keep(.sample(1), because: DiskFull())) == [])
    }
}
