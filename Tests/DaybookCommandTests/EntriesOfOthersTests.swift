import Daybook
import Testing

/// An engine that follows what other processes append.
@Suite(.timeLimit(.minutes(20))) struct EntriesOfOthersTests {
    @Test func whatACommandAppendsIsSeen() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["job": "true"]))
            try await Engine.withOpen(at: sandbox.journal) { engine in
                let start = try engine.journal.store.read { try $0.entryCount() }
                let follower = Task {
                    var seen: [String] = []
                    for try await entry in engine.entries(from: start) {
                        seen.append("\(entry.event) \(entry.executionID ?? "-") \(entry.actor)")
                        if entry.kind == .sessionClosed { break }
                    }
                    return seen
                }
                try await sandbox.succeed(
                    "submit",
                    "runbook.yaml",
                    "--id",
                    "x",
                    "--actor",
                    "eve"
                )
                #expect(
                    try await follower.value == [
                        "session_opened - eve", "execution_submitted x eve", "session_closed - eve",
                    ]
                )
            }
        }
    }

    @Test func infoListsHowFarReadersAre() async throws {
        try await withSandbox { sandbox in
            try await Engine.withOpen(at: sandbox.journal) { engine in
                _ = try await engine.setPosition(1, named: "mailer")
            }
            let text = try await sandbox.succeed("info").text
            #expect(text.contains("\n  reader     mailer at entry 1, 2 behind\n"))
            let json = try await sandbox.succeed("info", "--json").json
            #expect(json["positions"]["mailer"].integer == 1)
            try await sandbox.succeed("verify")
        }
    }
}
