#if canImport(Glibc)
import DaybookSystem
import Glibc
import Testing

@Suite struct ProcessWatchTests {
    private func sleeper() throws -> pid_t {
        var pid = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        defer { for argument in arguments { free(argument) } }
        let result = posix_spawnp(&pid, "sleep", nil, nil, &arguments, environ)
        try #require(result == 0)
        return pid
    }

    @Test func theEndOfEachProcessIsToldOnce() async throws {
        let (ends, end) = AsyncStream.makeStream(of: UInt64.self)
        let watch = try ProcessWatch { end.yield($0) }
        let pids = try (0..<5).map { _ in try sleeper() }
        for (index, pid) in pids.enumerated() {
            let isThere = try watch.add(process: pid, tag: UInt64(index))
            #expect(isThere)
        }
        var iterator = ends.makeAsyncIterator()
        for index in [3, 0, 4, 1, 2] {
            kill(pids[index], SIGKILL)
            let told = await iterator.next()
            #expect(told == UInt64(index))
            var status: Int32 = 0
            waitpid(pids[index], &status, 0)
        }
        watch.stop()
    }

    @Test func aProcessThatIsGoneCannotBeWatched() throws {
        let watch = try ProcessWatch { _ in Issue.record("told of nothing") }
        let pid = try sleeper()
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let isThere = try watch.add(process: pid, tag: 1)
        #expect(!isThere)
        watch.stop()
    }

    @Test func stoppingDoesNotWaitForProcesses() throws {
        let watch = try ProcessWatch { _ in Issue.record("told of nothing") }
        let pid = try sleeper()
        _ = try watch.add(process: pid, tag: 1)
        watch.stop()
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}
#endif
