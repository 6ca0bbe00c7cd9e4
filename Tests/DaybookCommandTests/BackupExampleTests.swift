import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The commands that the page about backups shows, one after the other.
@Suite struct BackupExampleTests {
    /// The command lines in the page.
    private static func commands() throws -> [String] {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return try readText("/\(root)/Sources/Daybook/Daybook.docc/Backups.md")
            .split(separator: "\n").filter { $0.hasPrefix("$ daybook ") }
            .map { String($0.dropFirst("$ daybook ".count)) }
    }

    /// Words as a shell makes them of a line.
    private func words(_ line: String) async throws -> [String] {
        let result = try await RunningCommand(["/bin/sh", "-c", "printf '%s\\n' \(line)"]).finish()
        return result.text.split(separator: "\n").map(String.init)
    }

    @Test func theCommandsOfTheDocumentationRun() async throws {
        try await SampleJournals.small().withJournal { sandbox in
            try Folder.create(sandbox.folder + "/backups")
            let commands = try Self.commands()
            #expect(commands.count == 5)
            for line in commands {
                let words = try await words(line)
                guard words.contains("--follow") else {
                    try await sandbox.succeed(words)
                    continue
                }
                let following = try sandbox.start(words)
                while try FileStatus.of(sandbox.folder + "/backups/standby.daybook") == nil {
                    await Task.yield()
                }
                following.signal(SIGINT)
                #expect(try await following.finish().status == 0)
            }
            for name in ["backups/monday", "backups/standby", "restored", "before", "second"] {
                try await sandbox.succeed("verify", "--journal", "\(name).daybook")
            }
            let before = try await sandbox.succeed("export", "--journal", "before.daybook")
            #expect(try before.jsonLines.count == 7)
            let head = try await sandbox.succeed("head", "--journal", "second.daybook").text
            #expect(head.hasPrefix("orders/2\n"))
        }
    }
}
