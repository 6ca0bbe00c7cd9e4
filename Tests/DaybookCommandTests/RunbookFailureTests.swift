import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Blocks that run after a failure, and what a retry runs again.
@Suite struct RunbookFailureTests {
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

    private static let always = """
        name: x
        blocks:
          - name: make
            jobs:
              - { name: first, run: echo first }
              - { name: second, run: 'echo second; test -e "$WORKSPACE/ok"' }
              - { name: third, run: echo third }
          - name: clean
            always: true
            jobs: [{ name: broken, run: echo broken; exit 3 }]
          - name: tidy
            always: true
            jobs: [{ name: tidy, run: 'echo tidy; touch "$WORKSPACE/ok"' }]
        """

    /// What failed is run again by a retry although something ran after it, and so is what runs
    /// always.
    @Test func whatRunsAlwaysRunsAfterAFailureAndAgainInTheNextAttempt() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.always.replacing("; exit 3", with: ""))
            let first = try await run(sandbox)
            #expect(first.status == 7)
            #expect(first.errors.contains("the job second exited with status 1"))
            #expect(
                try await sandbox.loggedLines() == ["first", "second", "third", "broken", "tidy"]
            )
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox, "--json")
            #expect(second.status == 0, "\(second.errors)")
            #expect(try jobs(second, "ran") == ["second", "broken", "tidy"])
            #expect(
                try await sandbox.loggedLines().dropFirst(5) == ["second", "broken", "tidy"]
            )
            // Once more over the whole history: nothing is left to do.
            let third = try await run(sandbox, "--json")
            #expect(third.status == 0)
            try await sandbox.succeed("verify")
        }
    }

    @Test func theFirstFailureCountsAndTheRestRunsAlways() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.always)
            let first = try await run(sandbox)
            #expect(first.status == 7)
            #expect(first.errors.contains("the job second exited with status 1"))
            #expect(
                try await sandbox.loggedLines() == ["first", "second", "third", "broken", "tidy"]
            )
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox)
            #expect(second.status == 7)
            #expect(second.errors.contains("the job broken exited with status 3"))
            #expect(
                try await sandbox.loggedLines().dropFirst(5) == ["second", "broken", "tidy"]
            )
        }
    }

    /// Killed while it cleans up: the same attempt goes on, and nothing is cleaned up twice.
    @Test func aKillWhileItCleansUp() async throws {
        try await withSandbox { sandbox in
            let up = try Gate(sandbox.folder + "/up")
            let go = try Gate(sandbox.folder + "/go")
            try sandbox.write(
                """
                name: x
                inputs: { up: { required: true }, go: { required: true } }
                blocks:
                  - name: make
                    jobs: [{ name: fail, run: echo fail; exit 1 }]
                  - name: clean
                    always: true
                    jobs:
                      - { name: one, run: echo one }
                      - { name: two, run: 'echo > "$INPUT_UP"; read -r line < "$INPUT_GO"; echo two' }
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
            #expect(result.status == 7)
            #expect(result.errors.contains("the job fail exited with status 1"))
            #expect(try await sandbox.loggedLines() == ["fail", "one", "two"])
        }
    }

    @Test func aBlockThatMayFailDoesNotEndTheRun() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: maybe
                    continueOnError: true
                    jobs: [{ name: a, run: exit 1 }, { name: b, run: echo b }]
                  - name: next
                    jobs: [{ name: c, run: echo c }]
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.errors.contains("with errors in maybe"))
            #expect(try await sandbox.loggedLines() == ["b", "c"])
            let again = try await run(sandbox, "--json").json["output"]
            #expect(again["hadErrors"] == true)
            #expect(again["failedBlocks"] == ["maybe"])
        }
    }

    /// A failure that was passed over has been dealt with: a retry runs only what ended the run.
    @Test func aRetryLeavesAloneWhatWasPassedOver() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: maybe
                    continueOnError: true
                    each: [a, b]
                    jobs: [{ name: try, run: 'echo "$EACH_ITEM"; exit 1' }]
                  - name: next
                    jobs:
                      - name: once
                        run: |
                          echo once >> "$WORKSPACE/tries"
                          test "$(wc -l < "$WORKSPACE/tries")" -eq 2
                """
            )
            let first = try await run(sandbox, "--json")
            #expect(first.status == 7, "\(first.errors)")
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox, "--json")
            #expect(second.status == 0, "\(second.errors)")
            #expect(try jobs(second, "ran") == ["once"])
            #expect(
                try jobs(second, "failed") == ["try[0]", "try[1]"],
                "shown as the journal has it"
            )
            #expect(try second.json["output"]["failedBlocks"] == ["maybe"])
            #expect(try await sandbox.loggedLines() == ["a", "b"])
            try await sandbox.succeed("verify")
        }
    }

    /// Of the elements only what failed is left to do.
    @Test func aRetryGoesOnWithTheElementThatFailed() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: build
                    each: [a, b, c]
                    jobs:
                      - { name: one, run: 'echo "$EACH_ITEM"' }
                      - { name: two, run: 'test "$EACH_ITEM" != b || test -e "$WORKSPACE/ok"' }
                  - name: tidy
                    always: true
                    jobs: [{ name: tidy, run: 'echo tidy; touch "$WORKSPACE/ok"' }]
                """
            )
            let first = try await run(sandbox)
            #expect(first.status == 7)
            #expect(first.errors.contains("two[1]"))
            try await sandbox.succeed("retry", "x", "--yes")
            let second = try await run(sandbox, "--json")
            #expect(second.status == 0, "\(second.errors)")
            #expect(try jobs(second, "replayed").prefix(3) == ["one[0]", "two[0]", "one[1]"])
            #expect(try jobs(second, "ran") == ["two[1]", "tidy"])
            #expect(try await sandbox.loggedLines() == ["a", "b", "c", "tidy", "tidy"])
            try await sandbox.succeed("verify")
        }
    }
}
