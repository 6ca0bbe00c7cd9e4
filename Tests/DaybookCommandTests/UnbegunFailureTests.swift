import Testing

/// Runs with an `on_failure` that end before their runbook begins: it does not run, and that is said.
@Suite struct UnbegunFailureTests {
    private static let runbook = """
        name: x
        blocks:
          - name: make
            jobs: [{ name: a, run: 'echo a > "$WORKSPACE/a"; false' }]
        on_failure:
          - { name: tell, run: 'echo "$DAYBOOK_FAILED_JOB"' }
        """

    private func why(_ sandbox: Sandbox) async throws -> String {
        try await sandbox.daybook(["why", "x"]).text
    }

    @Test func cancelledBeforeItIsClaimed() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.runbook)
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "x")
            try await sandbox.succeed("cancel", "x", "--yes")
            let text = try await why(sandbox)
            let line = "the jobs of on_failure have not run: x ended before the runbook began\n"
            #expect(text.contains(line), "\(text)")
            #expect(try await sandbox.loggedLines() == [])
        }
    }

    @Test func cancelledAfterARetryBeforeItIsClaimed() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.runbook)
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "x").status == 7)
            let first = try await why(sandbox)
            #expect(first.contains("the jobs of on_failure have run"), "\(first)")
            try await sandbox.succeed("retry", "x", "--yes")
            try await sandbox.succeed("cancel", "x", "--yes")
            let text = try await why(sandbox)
            let line =
                "the jobs of on_failure have not run: x ended before the runbook began again\n"
            #expect(text.contains(line), "\(text)")
            #expect(try await sandbox.loggedLines() == ["a"])
        }
    }

    @Test func withoutItsFiles() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.runbook)
            let run = [
                "run", "runbook.yaml", "--id", "x", "--workspaces", "here", "--workspace-limit",
                "1",
            ]
            #expect(try await sandbox.daybook(run).status == 7)
            try await sandbox.succeed("retry", "x", "--yes")
            let work = ["work", "--until-idle", "--workspaces", "there"]
            _ = try await sandbox.daybook(work)
            let text = try await why(sandbox)
            #expect(text.contains("workspace-not-saved"), "\(text)")
            #expect(text.contains("ended before the runbook began again"), "\(text)")
        }
    }
}
