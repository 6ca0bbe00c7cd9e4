import Testing

/// `log` from either end, and `list`, both with a limit.
@Suite struct LogOrderTests {
    private func sequences(_ result: CommandResult) throws -> [Int] {
        try result.jsonLines.compactMap { $0["sequence"].integer }
    }

    private func withRuns(_ body: (Sandbox) async throws -> Void) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "echo said"]))
            for id in ["one", "two", "three"] {
                try await sandbox.succeed("run", "runbook.yaml", "--id", id)
            }
            try await body(sandbox)
        }
    }

    @Test func reverseIsTheSameFromTheOtherEnd() async throws {
        try await withRuns { sandbox in
            for filter in [
                [], ["two"], ["--type", "execution_completed"], ["--from", "5", "--to", "9"],
                ["two", "--from", "14"], ["one", "--to", "4"], ["--grep", "three"],
                ["--from", "900"], ["--to", "0"],
            ] {
                let forward = try await sandbox.succeed(["log", "--jsonl"] + filter)
                let backward = try await sandbox.succeed(["log", "--jsonl", "--reverse"] + filter)
                #expect(try sequences(backward) == sequences(forward).reversed(), "\(filter)")
                let json = try await sandbox.succeed(["log", "--json", "--reverse"] + filter).json
                let all = json["entries"].elements.compactMap { $0["sequence"].integer }
                #expect(try all == sequences(backward), "\(filter)")
            }
        }
    }

    @Test(arguments: [1, 2, 7, 1_000])
    func aLimitKeepsTheFirstInTheOrderThatIsAskedFor(_ limit: Int) async throws {
        try await withRuns { sandbox in
            for options in [[], ["--reverse"], ["two"], ["two", "--reverse"]] {
                let all = try sequences(await sandbox.succeed(["log", "--jsonl"] + options))
                let some = try await sandbox.succeed(
                    ["log", "--jsonl", "--limit", "\(limit)"] + options
                )
                #expect(try sequences(some) == Array(all.prefix(limit)), "\(options)")
            }
            let filtered = try await sandbox.succeed(
                ["log", "--jsonl", "--limit", "\(limit)", "--type", "checkpoint_succeeded"]
            )
            #expect(try sequences(filtered).count == min(limit, 3))
        }
    }

    @Test func aLimitBelowOneIsRefused() async throws {
        try await withSandbox { sandbox in
            for command in [["log", "--limit", "0"], ["log", "--limit", "3", "--follow"]] {
                let result = try await sandbox.daybook(command)
                #expect(result.status == 64)
            }
        }
    }

    @Test(arguments: [1, 2, 3, 10])
    func aListWithALimitIsTheBeginningOfTheListWithoutOne(_ limit: Int) async throws {
        try await withRuns { sandbox in
            try await sandbox.succeed("submit", "runbook.yaml", "--id", "four")
            for filter in [[], ["--status", "completed"], ["--status", "submitted"]] {
                let all = try await sandbox.succeed(["list", "--json"] + filter).json
                let some = try await sandbox.succeed(
                    ["list", "--json", "--limit", "\(limit)"] + filter
                ).json
                let expected = Array(all["executions"].elements.prefix(limit))
                #expect(some["executions"].elements == expected)
            }
        }
    }

    /// A document of many pieces is one document.
    @Test func aLargeDocumentIsWhole() async throws {
        let sample = try await SampleJournals.large()
        try await sample.withJournal { sandbox in
            let lines = try await sandbox.succeed("export").jsonLines
            let log = try await sandbox.succeed("log", "--json").json
            #expect(log["entries"].elements.count == lines.count)
            let reversed = try await sandbox.succeed("log", "--json", "--reverse").json
            #expect(reversed["entries"].elements == log["entries"].elements.reversed())
            let export = try await sandbox.succeed("export", "--json").json
            #expect(export["entries"].elements == lines)
        }
    }
}
