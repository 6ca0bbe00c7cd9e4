import Testing

/// What of a block runs after a failure in it, and what ends a run.
@Suite struct RunbookBlockEndTests {
    private func run(_ sandbox: Sandbox, _ arguments: String...) async throws -> CommandResult {
        try await sandbox.daybook(["run", "runbook.yaml", "--id", "x"] + arguments)
    }

    /// Runs a runbook of these blocks, and expects it to fail.
    private func fail(
        _ blocks: String,
        _ check: (CommandResult, Sandbox) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            try sandbox.write("name: x\nblocks:\n" + blocks)
            let result = try await run(sandbox)
            #expect(result.status == 7, "\(result.errors)")
            try await check(result, sandbox)
            try await sandbox.succeed("verify")
        }
    }

    @Test func jobsSideBySideRunToTheirEnds() async throws {
        try await fail(
            """
              - name: all
                limit: 2
                jobs:
                  - { name: a, run: exit 3 }
                  - { name: b, run: echo b }
                  - { name: c, run: echo c }
              - name: next
                jobs: [{ name: d, run: echo never }]
            """
        ) { result, sandbox in
            #expect(result.errors.contains("the job a exited with status 3"))
            let lines = try await sandbox.loggedLines()
            #expect(lines.sorted() == ["b", "c"])
        }
    }

    @Test func theFirstFailureEndsABlockThatIsToFailFast() async throws {
        try await fail(
            """
              - name: all
                failFast: true
                jobs:
                  - { name: a, run: echo a; exit 3 }
                  - { name: b, run: echo never }
            """
        ) { _, sandbox in
            let lines = try await sandbox.loggedLines()
            #expect(lines == ["a"])
            let events = try await sandbox.events()
            #expect(!events.contains("branches_started"))
        }
        try await fail(
            """
              - name: each
                failFast: true
                each: [one, two]
                jobs: [{ name: a, run: 'echo "$EACH_ITEM"; exit 3' }]
            """
        ) { _, sandbox in
            let lines = try await sandbox.loggedLines()
            #expect(lines == ["one"])
        }
    }

    /// Of one element the jobs build on each other; the elements do not.
    @Test func afterAFailureTheOtherElementsRun() async throws {
        try await fail(
            """
              - name: each
                each: [one, two]
                jobs:
                  - { name: a, run: 'echo "a $EACH_ITEM"; test "$EACH_ITEM" = two' }
                  - { name: b, run: 'echo "b $EACH_ITEM"' }
            """
        ) { _, sandbox in
            let lines = try await sandbox.loggedLines()
            #expect(lines == ["a one", "a two", "b two"])
        }
    }

    @Test func aJobSeesWhatThoseBeforeItGaveThatEndedWell() async throws {
        try await fail(
            """
              - name: all
                continueOnError: true
                jobs:
                  - { name: a, run: 'echo "k=1" >> "$DAYBOOK_OUTPUT"' }
                  - { name: b, run: 'echo "k=2" >> "$DAYBOOK_OUTPUT"; exit 1' }
                  - { name: c, run: 'echo "$OUTPUT_A_K ${OUTPUT_B_K-none}"' }
              - name: next
                jobs: [{ name: d, run: 'echo "$OUTPUT_A_K ${OUTPUT_B_K-none}"; exit 1' }]
            """
        ) { result, sandbox in
            #expect(result.errors.contains("the job d exited with status 1"))
            let lines = try await sandbox.loggedLines()
            #expect(lines == ["1 none", "1 none"])
        }
    }

    @Test(arguments: ["limit: 1", "limit: 2", "failFast: true"])
    func aFatalExitStatusEndsTheRunWhateverTheBlockSays(_ how: String) async throws {
        try await fail(
            """
              - name: all
                continueOnError: true
                \(how)
                jobs:
                  - { name: a, run: echo a; exit 9, fatal: [8, 9] }
                  - { name: b, run: 'test "$(ls -a "$WORKSPACE" | wc -l)" -gt 0' }
              - name: next
                jobs: [{ name: c, run: echo never }]
              - name: clean
                always: true
                jobs: [{ name: d, run: echo d }]
            """
        ) { result, sandbox in
            #expect(result.errors.contains("the job a exited with status 9"))
            let lines = try await sandbox.loggedLines()
            #expect(lines == ["a", "d"])
        }
    }

    @Test func anotherExitStatusIsNotFatal() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: all
                    continueOnError: true
                    jobs: [{ name: a, run: exit 7, fatal: [9] }]
                  - name: next
                    jobs: [{ name: c, run: echo c }]
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 0, "\(result.errors)")
            let lines = try await sandbox.loggedLines()
            #expect(lines == ["c"])
        }
    }

    @Test(
        arguments: [
            ("on: [75]", "75", 3), ("on: [75]", "1", 1), ("not: [2]", "2", 1), ("not: [2]", "3", 3),
            ("on: [4, 5]", "5", 3),
        ]
    )
    func exitStatusesSayWhatIsTriedAgain(_ rule: String, _ status: String, _ tries: Int)
        async throws
    {
        try await fail(
            """
              - name: all
                jobs:
                  - name: a
                    run: echo a; exit \(status)
                    retry: { attempts: 3, delay: 0s, \(rule) }
            """
        ) { _, sandbox in
            let lines = try await sandbox.loggedLines()
            #expect(lines == Array(repeating: "a", count: tries))
        }
    }

    /// What cleans up is given what was made, also for an element for which a later job failed.
    @Test func whatWasMadeForAnElementThatFailedIsKnownAfterwards() async throws {
        try await fail(
            """
              - name: make
                each: [x, y, z]
                jobs:
                  - name: create
                    run: 'test $EACH_ITEM != z; echo "id=vm-$EACH_ITEM" >> "$DAYBOOK_OUTPUT"'
                    output: { id: "" }
                  - { name: configure, run: 'test $EACH_ITEM = x' }
              - name: clean
                always: true
                each: ${{ outputs.create.id }}
                jobs: [{ name: destroy, run: 'echo "destroy $EACH_ITEM of $OUTPUT_CREATE_ID"' }]
            """
        ) { _, sandbox in
            let lines = try await sandbox.loggedLines()
            #expect(
                lines.filter { $0.hasPrefix("destroy") } == [
                    #"destroy vm-x of ["vm-x","vm-y",""]"#,
                    #"destroy vm-y of ["vm-x","vm-y",""]"#,
                ]
            )
        }
    }

    /// A block that runs always, and has nothing to run for, says so.
    @Test func anAlwaysBlockWithoutAListTellsOfIt() async throws {
        try await fail(
            """
              - name: make
                jobs: [{ name: create, run: exit 3, output: { ids: "" } }]
              - name: clean
                always: true
                each: ${{ outputs.create.ids }}
                jobs: [{ name: destroy, run: echo never }]
            """
        ) { _, sandbox in
            let log = try await sandbox.succeed("log", "x").text
            #expect(log.contains("the block clean runs for each element of a list"), "\(log)")
        }
    }

    @Test func whatRunsInEachAttemptHasNoUndo() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: x
                blocks:
                  - name: tell
                    always: true
                    jobs: [{ name: mail, run: echo sent, undo: echo taken back }]
                """
            )
            let result = try await run(sandbox)
            #expect(result.status == 64)
            let words = #"the job "mail" has "undo", and its block runs always"#
            #expect(result.errors.contains(words), "\(result.errors)")
        }
    }
}
