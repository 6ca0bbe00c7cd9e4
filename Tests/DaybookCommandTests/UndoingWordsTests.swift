import Testing

/// What `run`, `show`, `why` and `cancel` say of what is undone, and of what runs on failure.
@Suite struct UndoingWordsTests {
    private static let runbook = """
        name: rel
        blocks:
        - name: fetch
          jobs:
          - { name: one, run: 'true', undo: 'true' }
          - { name: two, run: 'true', undo: 'exit 4' }
        - name: fan
          each: [x, y]
          jobs:
          - { name: pack, run: 'true', undo: 'true' }
        - name: publish
          jobs:
          - { name: push, run: 'exit 1' }
        on_failure:
        - { name: tell, run: 'echo tell' }
        """

    @Test func aRunSaysWhatIsUndoneAndWhatCouldNotBe() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.runbook)
            let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
            #expect(run.status == 7)
            for line in [
                "  undoing\n", "✓ undo pack[1]  ran", "✗ undo two  failed", "✓ undo one  ran",
                "  on failure\n", "✓ tell  ran", "  undone: pack, pack, one\n",
                "  two could not be undone: exit-status",
                "  the jobs of on_failure have run\n",
            ] {
                #expect(run.errors.contains(line), "\(line): \(run.errors)")
            }
            // What undoes a job is no job.
            #expect(run.errors.contains("failed  5 jobs done now, 1 failed"), "\(run.errors)")
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("  undone: pack, pack, one\n"), "\(why)")
            #expect(!why.contains("undone: pack, pack, one, on failure"))
        }
    }

    /// What runs again stands where it did, what undoes it is no branch of it, and what runs on failure comes
    /// last.
    @Test func showKeepsJobsUnderTheirBlocksAfterARetryToo() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.runbook)
            for _ in 1...2 {
                let run = try await sandbox.daybook("run", "runbook.yaml", "--id", "a")
                #expect(run.status == 7)
                let show = try await sandbox.succeed("show", "a", "--positions").text
                let lines = show.split(separator: "\n").map { String($0) }
                let names = lines.drop { !$0.hasPrefix("ENTRY") }.dropFirst()
                    .prefix { $0.first?.isNumber == true }
                    .map { line in
                        // Without the entry, and up to the column of the status.
                        let words = line.split(separator: " ").dropFirst()
                        return words.prefix { !["success", "success,", "failed"].contains($0) }
                            .joined(separator: " ")
                    }
                let own = [
                    "2 fetch", "2/0/0 [0] one", "2/1/0 [1] two", "3 fan", "3/0/0 [0] pack",
                    "3/1/0 [1] pack", "4 push",
                ]
                #expect(Array(names.prefix(own.count)) == own, "\(show)")
                #expect(names.contains("3/1/0/end0/0 undo pack[1]"), "\(show)")
                let end = names.drop { $0 != "1 on failure" }.dropFirst()
                #expect(!end.isEmpty && end.allSatisfy { $0.hasSuffix(" tell") }, "\(show)")
                try await sandbox.succeed("retry", "a", "--yes")
            }
        }
    }

    /// What ran at an end that a retry has taken back says nothing of how the execution stands now.
    @Test func anUndoingBeforeARetryIsToldApart() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                Self.runbook.replacing("run: 'exit 1'", with: "run: 'test -e \(sandbox.folder)/ok'")
            )
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "a").status == 7)
            func rows(_ show: String, _ name: String) -> [Bool] {
                show.split(separator: "\n").filter { $0.contains(" \(name) ") }
                    .map { $0.contains("success, before a retry") }
            }
            let before = try await sandbox.succeed("show", "a").text
            #expect(rows(before, "undo one") == [false] && rows(before, "tell") == [false])
            try sandbox.write("", to: "ok")
            try await sandbox.succeed("retry", "a", "--yes")
            try await sandbox.succeed("work", "--until-idle")
            let after = try await sandbox.succeed("show", "a").text
            #expect(rows(after, "undo one") == [true] && rows(after, "tell") == [true], "\(after)")
            #expect(rows(after, "push") == [false] && after.contains("  completed\n"), "\(after)")
            let json = try await sandbox.succeed("show", "a", "--json").json
            let marked = json["operations"].elements.filter { $0["beforeRetry"] == true }
            #expect(
                Set(marked.compactMap { $0["name"].string }).isSuperset(of: ["undo one", "tell"])
            )
        }
    }

    @Test func whatIsLeftAsItIsIsSaidWhereThatWasAsked() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: c
                blocks:
                - name: p
                  jobs: [ { name: push, run: 'true', undo: 'true' } ]
                - { name: w, approval: { signal: go } }
                """
            )
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "c")
            try await sandbox.succeed("exec", "c")
            try await sandbox.succeed("work", "--until-idle")
            let cancel = try await sandbox.succeed("cancel", "c", "--force", "--yes")
            let words = "  not undone, and left as it is: push\n"
            #expect(cancel.errors.contains(words), "\(cancel.errors)")
            let why = try await sandbox.succeed("why", "c").text
            #expect(why.contains(words) && why.contains("and what had not ended runs again"))
        }
    }

    /// A block of one job is recorded as that job.
    @Test func aForkBeginsAtABlockToo() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                Self.runbook.replacing(", undo: 'true'", with: "").replacing(
                    ", undo: 'exit 4'",
                    with: ""
                )
            )
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "a").status == 7)
            // Also after what runs on failure has run twice.
            try await sandbox.succeed("retry", "a", "--yes")
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "a").status == 7)
            for (block, place) in [("publish", "push (4)"), ("fan", "fan (3)")] {
                let fork = try await sandbox.succeed("fork", "a", "--at", block, "--yes")
                #expect(fork.errors.contains("it goes on at \(place) of a"), "\(fork.errors)")
            }
        }
    }
}
