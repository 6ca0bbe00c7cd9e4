import Testing

/// `show` tells of a runbook in the runbook's words.
@Suite struct ShowRowsTests {
    /// Name, status and result of each row.
    private func rows(_ sandbox: Sandbox, _ id: String) async throws -> [[String]] {
        let text = try await sandbox.succeed("show", id).text
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let first = try #require(lines.firstIndex { $0.hasPrefix("ENTRY") })
        let header = lines[first]
        let places = try ["OPERATION", "STATUS", "STARTS", "TOOK", "RESULT"].map { name in
            let range = try #require(header.firstRange(of: name))
            return header.distance(from: header.startIndex, to: range.lowerBound)
        }
        return lines[(first + 1)...].prefix { !$0.isEmpty }.map { line in
            let cell = { (from: Int, to: Int) in
                line.dropFirst(from).prefix(to - from).split(separator: " ").joined(separator: " ")
            }
            return [
                cell(places[0], places[1]), cell(places[1], places[2]),
                cell(places[4], .max - places[4]),
            ]
        }
    }

    private static let approval = """
        name: release
        blocks:
        - name: build
          jobs: [{ name: compile, run: 'echo "commit=abc" > "$DAYBOOK_OUTPUT"' }]
        - name: approve
          approval: { signal: go-live TIMEOUT }
        - name: publish
          jobs: [{ name: push, run: echo "$OUTPUT_APPROVE_VALUE" }]
        """

    @Test(arguments: ["", ", timeout: 1h"])
    func anApprovalIsOneRow(_ timeout: String) async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.approval.replacing(" TIMEOUT", with: timeout))
            let run = try sandbox.start("run", "runbook.yaml", "--id", "x", "--jsonl")
            try await run.line(containing: "\"waiting\"")
            let waiting = try await rows(sandbox, "x")
            #expect(waiting.map { $0[0] } == ["compile", "approve"])
            #expect(waiting[0] == ["compile", "success", "commit=abc"])
            #expect(waiting[1][1] == "waiting")
            #expect(waiting[1][2].hasPrefix("for the signal go-live"))
            #expect(waiting[1][2].contains(", until ") == !timeout.isEmpty)
            try await sandbox.succeed("signal", "x", "go-live", "\"Ada\"", "--actor", "boss")
            #expect(try await run.finish().status == 0)
            let ended = try await rows(sandbox, "x")
            let user = try await sandbox.user()
            #expect(
                ended.dropFirst() == [
                    [
                        "approve", "success",
                        "the signal go-live, given by boss (os: \(user)): \"Ada\"",
                    ],
                    ["push", "success", ""],
                ]
            )
            let text = try await sandbox.succeed("show", "x").text
            #expect(text.contains("\n  runbook    release\n"))
        }
    }

    @Test func anApprovalThatDoesNotComeIsOneRowForEachTimeItIsAskedFor() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(Self.approval.replacing(" TIMEOUT", with: ", timeout: 1ms"))
            #expect(try await sandbox.daybook("run", "runbook.yaml", "--id", "x").status == 7)
            let failed = try await rows(sandbox, "x")
            #expect(failed.map { $0[0] } == ["compile", "approve"])
            #expect(failed[1][1] == "timed out")
            #expect(failed[1][2].hasPrefix("nobody gave the signal go-live"))
            try await sandbox.succeed("retry", "x", "--yes")
            try await sandbox.succeed("signal", "x", "go-live", "true")
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let again = try await rows(sandbox, "x")
            #expect(again.map { $0[0] } == ["compile", "approve", "approve", "push"])
            #expect(again.map { $0[1] } == ["success", "timed out", "success", "success"])
        }
    }

    @Test func whatHoldsBlocksTogetherIsNoRow() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(
                """
                name: test
                blocks:
                - name: work
                  jobs: [{ name: one, run: "true" }]
                - name: many
                  each: [a, b]
                  jobs: [{ name: each, run: "true" }]
                - name: tidy
                  always: true
                  jobs: [{ name: sweep, run: "true" }]
                """
            )
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            let found = try await rows(sandbox, "x")
            #expect(
                found.map { Array($0.prefix(2)) } == [
                    ["one", "success"], ["many", "success"], ["[0] each", "success"],
                    ["[1] each", "success"], ["cleaning up", "success"], ["sweep", "success"],
                ]
            )
            #expect(found.allSatisfy { !$0[2].contains("{") })
            // For programs nothing is left out.
            let json = try await sandbox.succeed("show", "x", "--json").json
            let names = json["operations"].elements.compactMap { $0["name"].string }
            #expect(names.contains("blocks") && names.contains("cleaned up"))
        }
    }
}
