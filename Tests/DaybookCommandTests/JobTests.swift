import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// What scripts can do to the process that runs them.
@Suite struct JobTests {
    /// What became of a runbook with one job.
    private struct Outcome {
        let result: CommandResult
        /// The lines that the job has logged.
        let lines: [String]
        /// What `show` says.
        let record: JSON
        let journal: String
    }

    /// Runs a runbook whose only job is called `job`.
    private func run(_ script: String, inputs: [String: String] = [:]) async throws -> Outcome {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": script], inputs: inputs.keys.sorted()))
            var arguments = ["run", "runbook.yaml", "--id", "x"]
            for (name, value) in inputs { arguments += ["--input", "\(name)=\(value)"] }
            let result = try await sandbox.daybook(arguments)
            try await sandbox.succeed("verify")
            // JSON stays JSON, whatever is in it.
            _ = try await sandbox.entries()
            return Outcome(
                result: result,
                lines: try await sandbox.loggedLines(),
                record: try await sandbox.succeed("show", "x", "--json").json,
                journal: sandbox.journal
            )
        }
    }

    // MARK: Scripts that fail

    @Test func aProgramThatDoesNotExistFailsTheJob() async throws {
        let job = try await run("no-such-program --really")
        #expect(job.result.status == 7)
        #expect(job.result.errors.contains("the job job exited with status 127"))
        #expect(job.result.errors.contains("no-such-program"))
        #expect(job.record["operations"][0]["status"] == "failed")
    }

    @Test func aSyntaxErrorFailsTheJob() async throws {
        let job = try await run("echo before\nif then fi (")
        #expect(job.result.status == 7)
        #expect(job.result.errors.contains("the job job exited with status 2"))
        #expect(job.lines.contains { $0.contains("yntax error") })
    }

    @Test(arguments: [SIGKILL, SIGTERM, SIGSEGV])
    func aJobThatIsEndedByASignalHasFailed(_ signal: Int32) async throws {
        let job = try await run("echo alive\nkill -\(signal) $$")
        #expect(job.result.status == 7)
        #expect(job.result.errors.contains("the job job was ended by signal \(signal)"))
        #expect(job.lines == ["alive"])
        #expect(job.record["errorCode"] == "signal")
    }

    @Test func aScriptEndsAtTheFirstCommandThatFails() async throws {
        let job = try await run("echo one\nfalse\necho two")
        #expect(job.result.status == 7)
        #expect(job.lines == ["one"])
    }

    // MARK: Processes

    @Test func whatAJobLeavesInTheBackgroundEndsWithIt() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let never = try Gate(sandbox.folder + "/never")
            // The one in the background holds the job's output open, and would wait for ever.
            let script = """
                { sh -c 'echo $$ > "$INPUT_UP"; exec cat "$INPUT_NEVER"' & } 
                read -r line < "$INPUT_GO"
                """
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(runbook(["job": script], inputs: ["up", "never", "go"]))
            let run = try sandbox.start(
                ["run", "runbook.yaml", "--id", "x"]
                    + inputs(["up": up.path, "never": never.path, "go": go.path])
            )
            let pid = try #require(Int32(try await up.line()))
            #expect(try !isGone(pid))
            go.pass()
            #expect(try await run.finish().status == 0)
            #expect(try isGone(pid))
        }
    }

    /// Whether a process is dead, reaped or not.
    private func isGone(_ pid: Int32) throws -> Bool {
        do throws(SystemError) {
            let text = String(decoding: try File.contents(of: "/proc/\(pid)/stat"), as: UTF8.self)
            return text.contains(") Z ") || text.contains(") X ")
        } catch {
            if error.isNotFound || error.number == ESRCH { return true }
            throw error
        }
    }

    @Test func aJobHasNoInputAndItsWorkspaceAsItsFolder() async throws {
        let job = try await run("cat\npwd\necho \"$WORKSPACE\"\necho kept > file")
        #expect(job.result.status == 0)
        #expect(job.lines.count == 2)
        #expect(job.lines.first == job.lines.last)
        #expect(job.lines.first?.hasPrefix(job.journal) == true)
    }

    // MARK: Output

    @Test func outputThatIsNotUTF8IsKeptReadable() async throws {
        let job = try await run(#"printf 'a\377\376b\n'; printf '\000nul\n' >&2"#)
        #expect(job.result.status == 0)
        #expect(Set(job.lines) == ["a\u{FFFD}\u{FFFD}b", #"\u{0}nul"#])
    }

    @Test func aLastLineWithoutNewlineIsKept() async throws {
        let job = try await run("printf 'one\\n\\ntwo'; printf three >&2")
        #expect(job.result.status == 0)
        #expect(job.lines.sorted() == ["", "one", "three", "two"])
    }

    @Test func tenMegabytesOfOutputAreKept() async throws {
        // 131,072 lines of 80 bytes, numbered.
        let job = try await run("seq -f '%079.0f' 1 131072")
        #expect(job.result.status == 0)
        #expect(job.record["operations"][0]["logLines"] == 131_072)
        let numbers = job.lines.map { Int($0) ?? -1 }
        #expect(numbers == Array(1...131_072))
    }

    @Test func aVeryLongLineIsCutIntoPiecesAndNothingIsLost() async throws {
        let script = "head -c 300000 /dev/zero | tr '\\000' x\necho\necho after"
        let job = try await run(script)
        #expect(job.result.status == 0)
        var lines = job.lines
        #expect(lines.popLast() == "after")
        #expect(lines.joined() == String(repeating: "x", count: 300_000))
        #expect(lines.count == 5)
    }

    @Test func aLineAsLongAsTheLimitIsOneLine() async throws {
        let job = try await run("head -c 65536 /dev/zero | tr '\\000' x\necho\necho after")
        #expect(job.result.status == 0)
        #expect(job.lines.map(\.utf8.count) == [65_536, 5])
    }

    @Test func aLongLineIsNotCutInTheMiddleOfACharacter() async throws {
        let job = try await run("printf a\nyes é | head -n 40000 | tr -d '\\n'\necho\necho after")
        #expect(job.result.status == 0)
        #expect(job.lines.map(\.utf8.count) == [65_535, 14_466, 5])
        #expect(job.lines.joined() == "a" + String(repeating: "é", count: 40_000) + "after")
    }

    @Test func anEmptyLineBehindALongOneIsKept() async throws {
        let job = try await run("head -c 65536 /dev/zero | tr '\\000' x\necho\necho\necho after")
        #expect(job.result.status == 0)
        #expect(job.lines.map(\.utf8.count) == [65_536, 0, 5])
    }

    // MARK: Values

    @Test(arguments: [
        "$(touch executed)", "`touch executed`", "'; touch executed; '", "\"; touch executed; \"",
        "a\nb\n\ntouch executed", "${HOME}", "${{ inputs.value }}", "\\n\\t\\\\", "*", "~",
        "-e", "a  b", "\u{1F600} é",
    ])
    func valuesAreNeverExecuted(_ value: String) async throws {
        let script = """
            printf '%s' "$INPUT_VALUE" > value
            printf '%s' "$INPUT_VALUE" | od -An -tx1 | tr -d ' \\n'
            echo
            ls
            """
        let job = try await run(script, inputs: ["value": value])
        #expect(job.result.status == 0)
        let hex = value.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(job.lines == [hex, "value"])
    }
}
