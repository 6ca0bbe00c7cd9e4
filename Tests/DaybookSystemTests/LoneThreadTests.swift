import DaybookSystem
import Testing

@Suite struct LoneThreadTests {
    @Test func whatIsWantedRunsOnTheThreadAndWhatIsNotElsewhere() async {
        let lone = LoneThread()
        defer { lone.stop() }
        let before = await Task(executorPreference: lone) { lone.isCurrent }.value
        lone.want(true)
        let wanted = await Task(executorPreference: lone) { lone.isCurrent }.value
        lone.want(false)
        let after = await Task(executorPreference: lone) { lone.isCurrent }.value
        #expect([before, wanted, after] == [false, true, false])
    }

    @Test(.timeLimit(.minutes(20)))
    func whatComesWhileTheThreadIsBlockedRunsElsewhere() async {
        let lone = LoneThread()
        defer { lone.stop() }
        lone.want(true)
        let state = Locked((isBlocked: false, isOpen: false))
        let blocked = Task(executorPreference: lone) {
            state.withLock { $0.isBlocked = true }
            state.wait(until: { $0.isOpen }) { _ in }
            return lone.isCurrent
        }
        while !state.withLock({ $0.isBlocked }), !Task.isCancelled { await Task.yield() }
        let other = await Task(executorPreference: lone) { lone.isCurrent }.value
        state.withLock { $0.isOpen = true }
        state.wakeAll()
        #expect(await blocked.value)
        #expect(!other)
    }

    @Test func afterItsEndEverythingRunsElsewhere() async {
        let lone = LoneThread()
        lone.want(true)
        #expect(await Task(executorPreference: lone) { lone.isCurrent }.value)
        lone.stop()
        #expect(await Task(executorPreference: lone) { lone.isCurrent }.value == false)
    }

    @Test func itsOwnTaskMayEndIt() async {
        let lone = LoneThread()
        lone.want(true)
        let isCurrent = await Task(executorPreference: lone) {
            lone.stop()
            return lone.isCurrent
        }.value
        #expect(isCurrent)
    }
}
