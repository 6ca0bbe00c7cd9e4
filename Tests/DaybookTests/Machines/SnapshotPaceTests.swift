import Testing

@testable import Daybook

@Suite struct SnapshotPaceTests {
    @Test func oneIsTakenAtATime() {
        var pace = SnapshotPace()
        let first = pace.begin(at: 5)
        let second = pace.begin(at: 6)
        pace.end(at: 7, after: 0)
        let third = pace.begin(at: 7)
        #expect([first, second, third] == [true, false, true])
    }

    @Test func whatTookLongIsRestedFor() {
        var pace = SnapshotPace()
        let first = pace.begin(at: 100)
        pace.end(at: 110, after: 10)
        let early = pace.begin(at: 309)
        let next = pace.begin(at: 310)
        #expect([first, early, next] == [true, false, true])
    }
}
