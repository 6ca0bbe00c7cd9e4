import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// `session list` and `session evict`.
@Suite struct SessionTests {
    /// Runs `body` with a run whose job waits at `go`.
    private func withRun(
        _ body: (Sandbox, RunningCommand, _ job: Int32, _ go: Gate) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(
                runbook(
                    ["wait": "echo $$ > \"$INPUT_UP\"\nread -r line < \"$INPUT_GO\""],
                    inputs: ["up", "go"]
                )
            )
            let run = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x", "--actor", "Ada"]
                    + inputs(["up": up.path, "go": go.path])
            )
            let job = try #require(Int32(try await up.line()))
            try await body(sandbox, run, job, go)
            // Whatever was done to it, it goes on.
            let next = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["up": up.path, "go": go.path])
            )
            go.pass()
            let result = try await next.finish()
            #expect(result.status == 0, "\(result.errors)")
            try await sandbox.succeed("verify")
        }
    }

    private func sessions(_ sandbox: Sandbox) async throws -> [JSON] {
        try await sandbox.succeed("session", "list", "--json").json["sessions"].elements
    }

    /// Waits until a process is stopped.
    private func stop(_ run: RunningCommand) throws {
        run.signal(SIGSTOP)
        var information = siginfo_t()
        while waitid(P_PID, id_t(run.pid), &information, WSTOPPED | WNOWAIT) != 0 {
            try #require(errno == EINTR, "it has ended before it could be stopped")
        }
    }

    private func isGone(_ pid: Int32) -> Bool { kill(pid, 0) != 0 && errno == ESRCH }

    @Test func aLiveSessionIsListed() async throws {
        try await withRun { sandbox, run, _, go in
            let all = try await sessions(sandbox)
            #expect(all.count == 1)
            #expect(all[0]["state"] == "alive")
            #expect(all[0]["pid"] == .integer(Int(run.pid)))
            #expect(all[0]["actor"] == "Ada")
            #expect(all[0]["program"] == "daybook")
            let rows = try await sandbox.succeed("session").text.split(separator: "\n")
            #expect(rows.count == 2)
            #expect(rows[1].contains("alive"))
            go.pass()
            #expect(try await run.finish().status == 0)
            #expect(try await sessions(sandbox) == [])
        }
    }

    @Test func aLiveSessionIsEvictedOnlyByForce() async throws {
        try await withRun { sandbox, run, job, _ in
            let number = try #require(try await sessions(sandbox)[0]["session"].integer)
            expect(
                try await sandbox.daybook("session", "evict", "\(number)", "--yes"),
                exits: 4,
                saying: "process \(run.pid)",
                "is alive",
                "--kill"
            )
            #expect(try await sandbox.succeed("status", "x").text == "running\n")
            #expect(!isGone(job))
            let evicted = try await sandbox.succeed(
                "session",
                "evict",
                "\(number)",
                "--yes",
                "--kill"
            )
            #expect(evicted.text == "session \(number) evicted\n")
            #expect(try await run.finish().status == -SIGKILL)
            #expect(try await sessions(sandbox) == [])
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
            let events = try await sandbox.events()
            #expect(events.contains("session_lost") && events.contains("lease_lost"))
        }
    }

    /// Somebody cleans up in the folder of the journal: its lock can be had then while it lives.
    @Test func aLiveProcessWhoseLockFileIsRemovedKeepsWhatItRuns() async throws {
        try await withRun { sandbox, run, job, go in
            let folder = sandbox.journal + "/sessions"
            for name in try Folder.names(in: folder) where !name.hasSuffix(".exchange") {
                try Folder.removeFile(folder + "/" + name)
            }
            let own = try await sessions(sandbox)[0]
            #expect(own["state"] == "alive")
            // Its number could be that of somebody else by now.
            let number = try #require(own["session"].integer)
            expect(
                try await sandbox.daybook("session", "evict", "\(number)", "--yes", "--kill"),
                exits: 4,
                saying: "lock file",
                "process \(run.pid)",
                "end that process yourself"
            )
            try sandbox.write(runbook(["other": "true"]), to: "other.yaml")
            try await sandbox.succeed("run", "other.yaml", "--id", "y")
            #expect(!isGone(job))
            #expect(try await sandbox.succeed("status", "x").text == "running\n")
            go.pass()
            #expect(try await run.finish().status == 0)
            #expect(try await !sandbox.events().contains("session_lost"))
        }
    }

    @Test func aStoppedSessionIsShownAsSuchAndCanBeEvicted() async throws {
        try await withRun { sandbox, run, _, _ in
            try stop(run)
            let stopped = try await sessions(sandbox)[0]
            #expect(stopped["state"] == "stopped")
            let number = try #require(stopped["session"].integer)
            expect(
                try await sandbox.daybook("session", "evict", "\(number)", "--yes"),
                exits: 4,
                saying: "--kill"
            )
            let document = try await sandbox.succeed(
                ["session", "evict", "\(number)", "--yes", "--kill", "--json"]
            ).json
            #expect(document == ["schema": "daybook.session.evict/1", "session": .integer(number)])
            #expect(try await run.finish().status == -SIGKILL)
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
        }
    }

    /// Another process that works on the journal notices the end first, and records who wanted it.
    @Test(.timeLimit(.minutes(20))) func whoEvictsIsRecordedWhoeverTakesOver() async throws {
        try await withRun { sandbox, run, _, _ in
            let own = try await sessions(sandbox)[0]["session"].integer
            let number = try #require(own)
            let other = try sandbox.start("work", "--jsonl")
            var count = 1
            while count < 2 {
                try Task.checkCancellation()
                count = try await sessions(sandbox).count
            }
            try await sandbox.succeed(
                ["session", "evict", "\(number)", "--kill", "--yes"]
                    + ["--actor", "Grace", "--reason", "two\nlines"]
            )
            let status = try await run.finish().status
            #expect(status == -SIGKILL)
            let lost = try await sandbox.events().count { $0 == "session_lost" }
            #expect(lost == 1)
            let log = try await sandbox.succeed("log", "--type", "session_lost").text
            #expect(log.contains("ended by Grace: two"))
            let left = try Folder.names(in: sandbox.journal + "/sessions")
            #expect(!left.contains { $0.hasSuffix(".eviction") })
            other.signal(SIGTERM)
            try await other.finish()
        }
    }

    /// What could not be recorded later is refused before anything is done.
    @Test func aReasonThatIsTooLongIsRefused() async throws {
        try await withRun { sandbox, run, _, go in
            let own = try await sessions(sandbox)[0]["session"].integer
            let number = try #require(own)
            let reason = String(repeating: "x", count: 4_097)
            expect(
                try await sandbox.daybook(
                    "session",
                    "evict",
                    "\(number)",
                    "--kill",
                    "--yes",
                    "--reason",
                    reason
                ),
                exits: 64,
                saying: "4097 bytes",
                "4096"
            )
            #expect(!isGone(run.pid))
            let left = try Folder.names(in: sandbox.journal + "/sessions")
            #expect(!left.contains { $0.hasSuffix(".eviction") })
            go.pass()
            let status = try await run.finish().status
            #expect(status == 0)
        }
    }

    /// Nobody can write as long as it is stopped there; it is found and ended all the same.
    @Test(.timeLimit(.minutes(20))) func aSessionStoppedInsideATransactionCanBeEvicted()
        async throws
    {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            var text = runbook(["first": "echo up > \"$INPUT_UP\""], inputs: ["up"])
            for number in 0..<400 { text += "  - { name: job\(number), run: 'true' }\n" }
            try sandbox.write(text)
            let run = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["up": up.path])
            )
            try await up.line()
            let lock = try File.open(sandbox.dataFile + "-lock", .read)
            try stop(run)
            while try !isWriting(run.pid, lock) {
                try Task.checkCancellation()
                run.signal(SIGCONT)
                // It gets somewhere meanwhile.
                await Task.yield()
                try stop(run)
            }
            let stopped = try await sessions(sandbox)[0]
            #expect(stopped["state"] == "stopped")
            let number = try #require(stopped["session"].integer)
            try await sandbox.succeed(
                ["session", "evict", "\(number)", "--kill", "--yes", "--reason", "it hangs"]
                    + ["--actor", "Grace"]
            )
            #expect(try await run.finish().status == -SIGKILL)
            let log = try await sandbox.succeed("log", "--type", "session_lost").text
            #expect(log.contains("session \(number), ended by Grace: it hangs"))
            try await sandbox.succeed("work", "--until-idle")
            #expect(try await sandbox.succeed("status", "x").text == "completed\n")
            try await sandbox.succeed("verify")
        }
    }

    /// Whether a thread of a process holds LMDB's lock on writing: a POSIX mutex in the second cache
    /// line of the lock file, the first word of which is the holder's thread id.
    private func isWriting(_ pid: Int32, _ lock: borrowing File) throws -> Bool {
        var word: UInt32 = 0
        let count = try withUnsafeMutableBytes(of: &word) { try lock.read(into: $0, at: 64) }
        #expect(count == 4)
        let holder = word & 0x3FFF_FFFF
        return try holder != 0 && FileStatus.of("/proc/\(pid)/task/\(holder)") != nil
    }

    /// A process that is stopped keeps what it holds, and goes on with it.
    @Test func aStoppedSessionIsNotTakenOver() async throws {
        try await withRun { sandbox, run, _, go in
            try stop(run)
            let answer = try await sandbox.succeed("exec", "x").text
            #expect(answer == "running\n")
            run.signal(SIGCONT)
            go.pass()
            let status = try await run.finish().status
            #expect(status == 0)
            let events = try await sandbox.events()
            #expect(!events.contains("session_lost"))
        }
    }

    @Test func aSessionWhoseProcessIsGoneIsTakenOverByWhoeverComesNext() async throws {
        try await withRun { sandbox, run, job, _ in
            run.signal(SIGKILL)
            #expect(try await run.finish().status == -SIGKILL)
            #expect(!isGone(job), "nobody has ended the job yet")
            let gone = try await sessions(sandbox)
            #expect(gone.map { $0["state"] } == ["gone"])
            // Looking changes nothing.
            let status = try await sandbox.succeed("status", "x").text
            #expect(status == "running (interrupted)\n")
            let number = try #require(gone[0]["session"].integer)
            try await sandbox.succeed("session", "evict", "\(number)", "--yes")
            #expect(try await sessions(sandbox) == [])
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
            let text = try readState(of: job)
            #expect(text == nil || text == "Z", "the job that it left has been ended")
        }
    }

    @Test(.timeLimit(.minutes(20))) func whatIsInterruptedIsSaidByEveryCommandThatLooks()
        async throws
    {
        try await withRun { sandbox, run, _, _ in
            #expect(try await sandbox.succeed("status", "x", "--json").json["interrupted"] == false)
            let notices = try Gate(sandbox.folder + "/notices")
            var listening = sandbox
            listening.launcher = ["/bin/sh", "-c", #"exec "$@" 2> "$NOTICES""#, "sh"]
            let waiting = try listening.start(
                ["wait", "x"],
                environment: ["NOTICES": notices.path]
            )
            while try !isWatching(waiting.pid) {
                try Task.checkCancellation()
                await Task.yield()
            }
            run.signal(SIGKILL)
            #expect(try await run.finish().status == -SIGKILL)
            let notice =
                "x is interrupted: the process that ran it is gone, and it goes on when another takes over, such as `daybook work`"
            #expect(try await notices.line() == notice)

            let status = try await sandbox.succeed("status", "x").text
            #expect(status == "running (interrupted)\n")
            let show = try await sandbox.succeed("show", "x").text
            #expect(show.hasPrefix("x  runbook  running (interrupted)\n  \(notice)\n"), "\(show)")
            let list = try await sandbox.succeed("list").text
            #expect(list.contains(" running (interrupted) "), "\(list)")
            let why = try await sandbox.succeed("why", "x").text
            #expect(why.hasPrefix("x is running (interrupted)\n"), "\(why)")
            let listed = try await sandbox.succeed("list", "--json").json["executions"]
            var documents = listed.elements
            for command in ["status", "show", "why"] {
                documents.append(try await sandbox.succeed(command, "x", "--json").json)
            }
            #expect(documents.map { $0["status"] } == Array(repeating: "running", count: 4))
            #expect(documents.map { $0["interrupted"] } == Array(repeating: true, count: 4))
            let late = try await sandbox.daybook("wait", "x", "--timeout", "0s")
            #expect(late.status == 75)
            let lines = late.errors.split(separator: "\n")
            #expect(lines.count == 2, "\(lines)")
            #expect(lines.first.map(String.init) == notice)
            #expect(lines.last?.contains("it is running (interrupted); ") == true, "\(lines)")

            // Looking changes nothing, and afterwards there is nothing to say.
            #expect(try await !sandbox.events().contains("session_lost"))
            let session = try #require(try await sessions(sandbox)[0]["session"].integer)
            try await sandbox.succeed("session", "evict", "\(session)", "--yes")
            #expect(try await sandbox.succeed("status", "x").text == "ready\n")
            #expect(try await sandbox.succeed("status", "x", "--json").json["interrupted"] == false)
            waiting.signal(SIGINT)
            #expect(try await waiting.finish().status == 130)
        }
    }

    /// Whether a process has asked to be told of the end of another one.
    private func isWatching(_ pid: Int32) throws -> Bool {
        let folder = "/proc/\(pid)/fd"
        return try Folder.names(in: folder).contains { name in
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = readlink("\(folder)/\(name)", &buffer, buffer.count)
            return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self).contains("pidfd")
        }
    }

    /// A process that is lost again and again is not started for ever.
    @Test func lossesInARowParkTheExecution() async throws {
        try await withSandbox(["--loss-limit", "2"]) { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let never = try Gate(sandbox.folder + "/never")
            try sandbox.write(
                runbook(
                    ["wait": "echo up > \"$INPUT_UP\"\nread -r line < \"$INPUT_NEVER\""],
                    inputs: ["up", "never"]
                )
            )
            let arguments = [
                "run", "runbook.yaml", "--id", "x", "--input", "up=\(up.path)", "--input",
                "never=\(never.path)",
            ]
            for _ in 0..<2 {
                let run = try sandbox.start(arguments)
                try await up.line()
                run.signal(SIGKILL)
                try await run.finish()
            }
            let result = try await sandbox.daybook(arguments)
            #expect(result.status == 9)
            #expect(result.text == "x running, parked\n" || result.text == "x ready, parked\n")
            #expect(try await sandbox.succeed("show", "x").text.contains("lost too many times"))
        }
    }
}
