import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What a later attempt makes of what an earlier one has left.
@Suite struct RunbookRetryTests {
    private func run(_ sandbox: Sandbox, _ arguments: String...) async throws -> CommandResult {
        try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"] + arguments)
    }

    /// That it timed out has been dealt with: it is not asked for again.
    @Test func anApprovalThatMayTimeOutIsPassedOverInEveryAttempt() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: maybe
                    continueOnError: true
                    approval: { signal: go, timeout: 1ms }
                  - name: then
                    jobs: [{ name: a, run: echo a }, { name: b, run: 'test -e "$WORKSPACE/ok"' }]
                  - name: clean
                    always: true
                    approval: { signal: clean, timeout: 1ms }
                  - name: tidy
                    always: true
                    jobs: [{ name: tidy, run: 'touch "$WORKSPACE/ok"' }]
                """
            )
            let first = try await run(sandbox)
            #expect(first.status == 7)
            #expect(first.errors.contains("the job b exited with status 1"))
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox)
            #expect(second.status == 7, "\(second.errors)")
            #expect(second.errors.contains("nobody gave the signal clean"))
            try await sandbox.succeed("retry", "x", "--yes")
            try await sandbox.succeed("signal", "x", "clean", "true")
            let third = try await run(sandbox)
            #expect(third.status == 0, "\(third.errors)")
            #expect(try await sandbox.loggedLines() == ["a"])
        }
    }

    /// In the first attempt there is nothing to run for, in the second there is.
    @Test func whatRunsAlwaysForOutputsThatComeLater() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: make
                    jobs:
                      - name: a
                        run: 'test -e "$WORKSPACE/ok"; echo list=[\\"m\\",\\"n\\"] >> "$DAYBOOK_OUTPUT"'
                        output: { list: "m" }
                  - name: each
                    always: true
                    each: ${{ outputs.a.list }}
                    jobs: [{ name: b, run: 'echo "$EACH_ITEM"' }]
                  - name: tidy
                    always: true
                    jobs: [{ name: tidy, run: 'touch "$WORKSPACE/ok"' }]
                """
            )
            let first = try await run(sandbox)
            #expect(first.status == 7)
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox)
            #expect(second.status == 0, "\(second.errors)")
            let lines = try await sandbox.loggedLines()
            let words = "the block each runs for each element of a list"
            #expect(lines.first?.hasPrefix(words) == true, "\(lines)")
            #expect(lines.dropFirst() == ["m", "n"])
        }
    }

    /// Cancelled in the middle of cleaning up: the next attempt cleans up as a whole.
    @Test func cleaningUpThatWasCutShortIsDoneAgain() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            try sandbox.write(
                """
                name: x
                inputs: { up: { required: true } }
                blocks:
                  - name: make
                    jobs: [{ name: make, run: 'echo make; test -e "$WORKSPACE/ok"' }]
                  - name: clean
                    always: true
                    jobs:
                      - { name: release, run: echo release }
                      - name: notify
                        run: |
                          [ ! -e "$WORKSPACE/ok" ] || { echo notify; exit 0; }
                          touch "$WORKSPACE/ok"
                          echo > "$INPUT_UP"
                          exec tail -f /dev/null
                """
            )
            let first = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x"] + inputs(["up": up.path])
            )
            try await up.line()
            try await sandbox.succeed("cancel", "x", "--yes")
            let status = try await first.finish().status
            #expect(status == 7)
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox, "--input", "up=\(up.path)")
            #expect(second.status == 0, "\(second.errors)")
            #expect(
                try await sandbox.loggedLines()
                    == ["make", "release", "make", "notify", "release", "notify"]
            )
        }
    }

    /// It says something all the time, and does not listen.
    @Test func aChattyJobThatIgnoresItsEndIsKilled() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: b
                    jobs:
                      - name: chatty
                        timeout: 100ms
                        run: |
                          trap '' TERM
                          while :; do echo still here; sleep 0.1; done
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 8, "\(result.errors)")
        }
    }

    /// A look at what was done that is cut short says nothing: the job does not run for that.
    @Test func aVerificationThatTakesTooLongRunsNothing() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: b
                    jobs:
                      - name: a
                        timeout: 200ms
                        verify: exec tail -f /dev/null
                        run: touch "$WORKSPACE/ran"; echo ran
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 8, "\(result.errors)")
            let events = try await sandbox.events()
            #expect(!events.contains("operation_started"))
            #expect(try await sandbox.loggedLines() == [])
        }
    }

    @Test func oneElementWithACommaIsOneElement() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                inputs:
                  given: { type: list, required: true }
                  usual: { type: list, default: ["c,d"] }
                blocks:
                  - name: b
                    each: ${{ inputs.given }}
                    jobs: [{ name: a, run: 'echo "<$EACH_ITEM>"' }]
                  - name: c
                    each: ${{ inputs.usual }}
                    jobs: [{ name: d, run: 'echo "<$EACH_ITEM>"' }]
                """
            )
            let result = try await run(sandbox, "--input", "given=[\" a,b\"]")
            #expect(result.status == 0, "\(result.errors)")
            #expect(try await sandbox.loggedLines() == ["< a,b>", "<c,d>"])
        }
    }

    /// No program can be started with a variable of that size.
    @Test func anOutputThatIsTooLargeForAVariableDoesNotStopLaterJobs() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: b
                    jobs:
                      - name: a
                        run: echo "big=$(head -c 200000 /dev/zero | tr '\\0' x)" >> "$DAYBOOK_OUTPUT"
                      - name: c
                        run: echo "<${OUTPUT_A_BIG-unset}>"
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 0, "\(result.errors)")
            let lines = try await sandbox.loggedLines()
            #expect(lines.last == "<unset>")
            #expect(lines.first?.contains("the job has no variable OUTPUT_A_BIG") == true)
        }
    }
}
