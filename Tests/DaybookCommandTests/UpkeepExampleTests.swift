import DaybookSystem
import Testing

/// The commands that the page on upkeep shows.
@Suite struct UpkeepExampleTests {
    @Test func theCommandsOfTheDocumentationRun() async throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let commands = try readText("/\(root)/Sources/Daybook/Daybook.docc/Upkeep.md")
            .split(separator: "\n").filter { $0.hasPrefix("$ daybook ") }
            .map { String($0.dropFirst("$ daybook ".count)) }
        #expect(commands.count == 13)
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            try await sandbox.succeed("run", "runbook.yaml", "--id", "x")
            for line in commands {
                let words = try await RunningCommand(
                    ["/bin/sh", "-c", "printf '%s\\n' \(line)"]
                ).finish().text.split(separator: "\n").map(String.init)
                try await sandbox.succeed(words)
            }
            try await sandbox.succeed("verify")
        }
    }
}
