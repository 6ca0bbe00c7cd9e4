#if canImport(Glibc)
import DaybookSystem
import Glibc
import Testing

@Suite struct ProcessWatchTests {
    private func sleeper() throws -> pid_t {
        var pid = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        defer { for argument in arguments { free(argument) } }
        // Whoever reads what the tests print does not wait for it.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor: Int32 in [1, 2] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        let result = posix_spawnp(&pid, "sleep", &actions, nil, &arguments, environ)
        try #require(result == 0)
        return pid
    }

    /// Ends and reaps what has not been reaped.
    private func reap(_ pids: [pid_t]) {
        for pid in pids where pid > 0 && kill(pid, SIGKILL) == 0 { waitpid(pid, nil, 0) }
    }

    @Test func theEndOfEachProcessIsToldOnce() async throws {
        let (ends, end) = AsyncStream.makeStream(of: UInt64.self)
        let watch = try ProcessWatch { end.yield($0) }
        var pids: [pid_t] = []
        defer { reap(pids) }
        for _ in 0..<5 { pids.append(try sleeper()) }
        for (index, pid) in pids.enumerated() {
            let isThere = try watch.add(process: pid, tag: UInt64(index))
            #expect(isThere)
        }
        var iterator = ends.makeAsyncIterator()
        for index in [3, 0, 4, 1, 2] {
            kill(pids[index], SIGKILL)
            let told = await iterator.next()
            #expect(told == UInt64(index))
            waitpid(pids[index], nil, 0)
            pids[index] = 0
        }
        watch.stop()
    }

    @Test func aProcessThatIsGoneCannotBeWatched() throws {
        let watch = try ProcessWatch { _ in Issue.record("told of nothing") }
        let pid = try sleeper()
        reap([pid])
        let isThere = try watch.add(process: pid, tag: 1)
        #expect(!isThere)
        watch.stop()
    }

    @Test func stoppingDoesNotWaitForProcesses() throws {
        let watch = try ProcessWatch { _ in Issue.record("told of nothing") }
        let pid = try sleeper()
        defer { reap([pid]) }
        _ = try watch.add(process: pid, tag: 1)
        watch.stop()
    }
}
#endif
