import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Blocks that do more than to run one job after the other.
@Suite struct RunbookRunTests {
    private func run(
        _ sandbox: Sandbox,
        _ arguments: String...
    ) async throws -> CommandResult {
        try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"] + arguments)
    }

    /// The names of the jobs of a run with `--json`, by what became of them.
    private func jobs(_ result: CommandResult, _ how: String) throws -> [String] {
        try result.json["jobs"].elements.filter { $0["how"].string == how }
            .compactMap { $0["name"].string }
    }

    // MARK: Each and limit

    private static let each = """
        name: each
        inputs:
          targets: { type: list, default: [a, b, c, d] }
          up: { required: true }
          go: { required: true }
        blocks:
          - name: build
            limit: 2
            each: ${{ inputs.targets }}
            jobs:
              - name: compile
                run: |
                  echo "$EACH_ITEM$EACH_INDEX" >> "$WORKSPACE/compiled"
                  if [ "$EACH_ITEM" = c ]; then echo "$$" > "$INPUT_UP"; read -r line < "$INPUT_GO"; fi
                output: { artifact: "${{ each.item }}.tar" }
              - name: test
                run: test "$OUTPUT_COMPILE_ARTIFACT" = "$EACH_ITEM.tar"
          - name: report
            jobs:
              - { name: tell, run: 'echo "$OUTPUT_COMPILE_ARTIFACT"; sort "$WORKSPACE/compiled"' }
        """

    /// A real SIGKILL in the middle: elements that are done are not done again.
    @Test func elementsThatAreDoneAreNotDoneAgainAfterAKill() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(Self.each)
            let arguments =
                ["run", "runbook.yaml", "--id", "x", "--json"]
                + inputs(["up": up.path, "go": go.path])
            let first = try sandbox.start(arguments)
            let job = try #require(Int32(try await up.line()))
            // The others have ended once d has: it runs beside c.
            let follow = try sandbox.start(
                ["log", "x", "--follow", "--jsonl", "--type", "checkpoint_succeeded"]
            )
            var tests = 0
            for await line in follow.lines where line.contains("\"test\"") {
                tests += 1
                if tests == 3 { break }
            }
            follow.signal(SIGTERM)
            try await follow.finish()
            first.signal(SIGKILL)
            try await first.finish()
            let second = try sandbox.start(arguments)
            let again = try #require(Int32(try await up.line()))
            #expect(again != job)
            #expect(try hasEnded(job), "the job that was left has been ended")
            go.pass()
            let result = try await second.finish()
            try #require(result.status == 0, "\(result.errors)")
            let done = ["compile[0]", "compile[1]", "compile[3]", "test[0]", "test[1]", "test[3]"]
            #expect(try jobs(result, "replayed").sorted() == done)
            #expect(try jobs(result, "ran") == ["compile[2]", "test[2]", "tell"])
            let artifacts = "[\"a.tar\",\"b.tar\",\"c.tar\",\"d.tar\"]"
            #expect(try result.json["output"]["outputs"]["compile"]["artifact"].string == artifacts)
            let lines = try await sandbox.loggedLines()
            #expect(lines == [artifacts, "a0", "b1", "c2", "c2", "d3"])
            let shown = try await sandbox.succeed("show", "x", "--json").json
            let checkpoints = shown["state"]["checkpoints"]
            #expect(checkpoints["compile[2]"]["result"]["outputs"]["artifact"] == "c.tar")
            #expect(checkpoints["tell"]["status"] == "success")
            #expect(shown["operations"][0]["status"] == "success", "all of its branches have ended")
            let text = try await sandbox.succeed("show", "x").text
            #expect(text.contains("  [3] compile"))
            try await sandbox.succeed("verify")
        }
    }

    @Test func nothingToRunForIsFine() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                inputs: { targets: { type: list } }
                blocks:
                  - name: b
                    each: ${{ inputs.targets }}
                    jobs: [{ name: a, run: exit 1 }]
                """
            )
            let result = try await run(sandbox, "--input", "targets=", "--json")
            #expect(result.status == 0, "\(result.errors)")
            #expect(try result.json["output"]["outputs"]["a"] == [:])
        }
    }

    @Test func anOutputThatIsNoListIsSaidSo() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: a
                    jobs: [{ name: a, run: "true", output: { list: "[1, 2]" } }]
                  - name: b
                    each: ${{ outputs.a.list }}
                    jobs: [{ name: b, run: "true" }]
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 7)
            #expect(result.errors.contains("the block b runs for each element of a list"))
        }
    }

    /// They wait for each other: one after the other they would never end.
    @Test func jobsOfABlockRunSideBySide() async throws {
        try await withSandbox { sandbox in
            let there = try Gate(sandbox.folder + "/there")
            let back = try Gate(sandbox.folder + "/back")
            try sandbox.write(
                """
                name: x
                inputs: { there: { required: true }, back: { required: true } }
                blocks:
                  - name: b
                    limit: 2
                    jobs:
                      - { name: first, run: 'echo > "$INPUT_THERE"; read -r line < "$INPUT_BACK"' }
                      - { name: second, run: 'read -r line < "$INPUT_THERE"; echo > "$INPUT_BACK"' }
                """
            )
            let result = try await run(
                sandbox,
                "--input",
                "there=\(there.path)",
                "--input",
                "back=\(back.path)"
            )
            #expect(result.status == 0, "\(result.errors)")
        }
    }

    // MARK: Retry and timeout

    @Test func aJobIsTriedAsOftenAsItSays() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: b
                    jobs:
                      - name: flaky
                        run: |
                          echo try >> "$WORKSPACE/tries"
                          test "$(wc -l < "$WORKSPACE/tries")" -ge 3
                        retry: { attempts: 3, delay: 1ms }
                      - name: hopeless
                        run: echo hopeless; exit 9
                        retry: { attempts: 2, delay: 1ms }
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 7)
            #expect(result.errors.contains("the job hopeless exited with status 9"))
            #expect(result.errors.contains("is tried again"))
            let events = try await sandbox.events()
            #expect(events.count { $0 == "operation_started" } == 5)
            #expect(events.count { $0 == "operation_retried" } == 3)
            #expect(events.count { $0 == "checkpoint_failed" } == 1)
            #expect(try await sandbox.loggedLines() == ["hopeless", "hopeless"])
        }
    }

    /// A try that was cut off does not count; those that failed before it do.
    @Test func triesAreCountedAcrossAKill() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(
                """
                name: x
                inputs: { up: { required: true }, go: { required: true } }
                blocks:
                  - name: b
                    jobs:
                      - name: flaky
                        retry: { attempts: 2, delay: 1ms }
                        run: |
                          echo try
                          if [ -e "$WORKSPACE/tried" ]; then
                            echo > "$INPUT_UP"
                            read -r line < "$INPUT_GO"
                          fi
                          touch "$WORKSPACE/tried"
                          exit 5
                """
            )
            let arguments =
                ["run", "runbook.yaml", "--id", "x"] + inputs(["up": up.path, "go": go.path])
            let first = try sandbox.start(arguments)
            try await up.line()
            first.signal(SIGKILL)
            try await first.finish()
            let second = try sandbox.start(arguments)
            try await up.line()
            go.pass()
            let result = try await second.finish()
            #expect(result.status == 7, "\(result.errors)")
            let events = try await sandbox.events()
            #expect(events.count { $0 == "operation_retried" } == 1)
            #expect(events.count { $0 == "checkpoint_failed" } == 1)
            #expect(try await sandbox.loggedLines() == ["try", "try"])
        }
    }

    @Test func aJobThatTakesTooLongIsEndedWithAllItHasStarted() async throws {
        try await withSandbox { sandbox in
            // On a busy machine the time may be over before the job has come to anything.
            var child: Int32?
            for timeout in ["300ms", "3s", "30s"] {
                try sandbox.write(
                    """
                    name: x
                    blocks:
                      - name: b
                        jobs:
                          - name: slow
                            timeout: \(timeout)
                            run: |
                              sh -c 'echo $$ > "\(sandbox.folder)/child"; exec tail -f /dev/null' &
                              wait
                    """
                )
                let result = try await sandbox.daybook("run", "runbook.yaml", "--id", timeout)
                #expect(result.status == 8, "\(result.errors)")
                #expect(result.errors.contains("took longer than"))
                let record = try await sandbox.succeed("show", timeout, "--json").json
                #expect(record["operations"][0]["errorCode"] == "timed_out")
                child = try number(in: sandbox.folder + "/child")
                if child != nil { break }
            }
            #expect(try hasEnded(try #require(child)))
        }
    }

    /// The line in a file; nil: none has been written.
    private func number(in path: String) throws -> Int32? {
        guard try FileStatus.of(path) != nil else { return nil }
        let text = String(decoding: try File.contents(of: path), as: UTF8.self)
        return text.hasSuffix("\n") ? Int32(text.dropLast()) : nil
    }

    // MARK: Approval

    private static let approval = """
        name: release
        blocks:
          - name: build
            jobs: [{ name: build, run: echo built }]
          - name: approve
            approval: { signal: go-live }
          - name: publish
            jobs: [{ name: publish, run: 'echo "approved by $OUTPUT_APPROVE_VALUE"' }]
        """

    /// The process that waits is killed, and the signal comes while nobody runs it.
    @Test func anApprovalIsWaitedForAcrossProcesses() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.approval)
            let first = try sandbox.start("run", "runbook.yaml", "--id", "x", "--jsonl")
            for await line in first.lines where line.contains("\"waiting\"") {
                #expect(line.contains("go-live"))
                break
            }
            let why = try await sandbox.succeed("why", "x").text
            #expect(why.contains("go-live"))
            first.signal(SIGKILL)
            try await first.finish()
            #expect(try await sandbox.succeed("status", "x").text == "waiting\n")
            try await sandbox.succeed("signal", "x", "go-live", "\"Ada\"")
            let result = try await run(sandbox, "--json")
            #expect(result.status == 0, "\(result.errors)")
            #expect(try jobs(result, "ran") == ["publish"])
            #expect(try await sandbox.loggedLines() == ["built", "approved by Ada"])
            try await sandbox.succeed("verify")
        }
    }

    @Test func whoeverRunsItIsToldWhatItWaitsFor() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.approval)
            let run = try sandbox.start("run", "runbook.yaml", "--id", "x", "--jsonl")
            for await line in run.lines where line.contains("\"waiting\"") { break }
            // From another process, with something else than text.
            try await sandbox.succeed("signal", "x", "go-live", "{\"b\":[1,true],\"a\":null}")
            let result = try await run.finish()
            #expect(result.status == 0, "\(result.errors)")
            let lines = try await sandbox.loggedLines()
            #expect(lines.last == "approved by {\"a\":null,\"b\":[1,true]}")
        }
    }

    @Test func whoeverWaitsCanDetach() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.approval)
            let run = try sandbox.start("run", "runbook.yaml", "--id", "x", "--jsonl")
            for await line in run.lines where line.contains("\"waiting\"") { break }
            run.signal(SIGINT)
            let result = try await run.finish()
            #expect(result.status == 130)
            let line = "daybook run --journal \(sandbox.journal) --id x runbook.yaml"
            #expect(result.errors.contains("go on with:\n  \(line)\n"))
            #expect(try await sandbox.succeed("status", "x").text == "waiting\n")
        }
    }

    @Test func anApprovalThatDoesNotComeFailsTheRunAndCanBeAskedForAgain() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                Self.approval.replacing("signal: go-live", with: "signal: go-live, timeout: 1ms")
            )
            let first = try await run(sandbox)
            #expect(first.status == 7)
            #expect(first.errors.contains("nobody gave the signal go-live"))
            try await sandbox.succeed("retry", "x", "--yes")
            // Given before it is asked for again.
            try await sandbox.succeed("signal", "x", "go-live", "true")
            let second = try await run(sandbox, "--json")
            #expect(second.status == 0, "\(second.errors)")
            #expect(try jobs(second, "ran") == ["publish"])
            #expect(try await sandbox.loggedLines() == ["built", "approved by true"])
        }
    }
}
