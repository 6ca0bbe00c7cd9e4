import DaybookFormat
import Testing

@testable import Daybook
@testable import DaybookModel

extension SessionWatch.Action: CustomStringConvertible {
    var description: String {
        switch self {
        case .watch(let session): "watch \(session.number)"
        case .takeOver(let session): "take over \(session.number)"
        case .lookAgain(let number, let delay): "look again at \(number) after \(delay)"
        }
    }
}

@Suite struct SessionWatchTests {
    private func session(_ number: UInt64) -> State.Session {
        State.Session(
            number: number,
            uuid: .zero,
            openedAt: Timestamp(rawValue: 0),
            actor: "somebody",
            host: "here",
            pid: 4_711,
            pidNamespace: 0,
            program: "test",
            revision: ""
        )
    }

    @Test func eachOtherSessionIsWatchedOnce() {
        var machine = SessionWatch(own: 2)
        let all = [1, 2, 3].map { session($0) }
        #expect(texts(machine.note(open: all)) == ["watch 1", "watch 3"])
        #expect(texts(machine.note(open: all)) == [])
        #expect(machine.count == 2)
        #expect(texts(machine.note(open: [session(2), session(3)])) == [])
        #expect(machine.count == 1)
        #expect(texts(machine.hasEnded(1)) == [])
    }

    @Test func aSessionIsTakenOverFromOnceAtATime() {
        var machine = SessionWatch(own: 1)
        _ = machine.note(open: [session(2)])
        #expect(texts(machine.hasEnded(2)) == ["take over 2"])
        #expect(texts(machine.hasEnded(2)) == [])
        // Its end was told again while somebody else held the lock.
        #expect(texts(machine.tried(2, .held)) == ["take over 2"])
        #expect(texts(machine.tried(2, .done)) == [])
        #expect(machine.count == 0)
    }

    @Test func whatCannotBeTakenOverIsTriedAgainAfterPausesThatGrow() {
        var machine = SessionWatch(own: 1)
        _ = machine.note(open: [session(2)])
        var pauses: [String] = []
        for attempt in 0..<9 {
            #expect(texts(machine.hasEnded(2)) == ["take over 2"])
            pauses += texts(machine.tried(2, attempt % 2 == 0 ? .held : .failed))
        }
        let seconds = ["0.5", "1.0", "2.0", "4.0", "8.0", "16.0", "32.0", "60.0", "60.0"]
        #expect(pauses == seconds.map { "look again at 2 after \($0) seconds" })
    }

    @Test(arguments: [
        (UInt32(0), Int32?.none), (1, nil), (2, 2), (0x7FFF_FFFF, .max), (0x8000_0000, nil),
        (.max, nil),
    ])
    func onlyWhatCanBeAProcessIsTakenForOne(_ pid: UInt32, _ process: Int32?) {
        #expect(SessionLiveness.process(pid) == process)
    }
}
