import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A process dies in the middle of undoing, and another one goes on with that.
@Suite struct UndoKillTests {
    /// Three jobs that are undone, the second one only when it is let. What undoes them says so in a file,
    /// which no journal keeps.
    private func runbook(_ sandbox: Sandbox, _ up: Gate, _ go: Gate) -> String {
        func undo(_ name: String) -> String {
            "echo \"$DAYBOOK_JOB_KEY \(name)\" >> \(sandbox.folder)/undone"
        }
        return """
            name: trip
            blocks:
            - name: book
              jobs:
              - { name: flight, run: 'true', undo: '\(undo("flight"))' }
            - name: stay
              jobs:
              - name: hotel
                run: 'true'
                undo: |
                  \(undo("hotel"))
                  echo $$ > \(up.path)
                  read -r line < \(go.path)
            - name: drive
              jobs:
              - { name: car, run: 'true', undo: '\(undo("car"))' }
            - name: pay
              jobs:
              - { name: money, run: 'false' }
            """
    }

    /// By the process that waits for the same run, or by one that comes later.
    @Test(arguments: [false, true])
    func whatADeadProcessWasUndoingAnotherOneFinishes(_ isThere: Bool) async throws {
        try await withSandbox { sandbox in
            let (up, go) = (try Gate(sandbox.folder + "/up"), try Gate(sandbox.folder + "/go"))
            try sandbox.write(runbook(sandbox, up, go))
            let arguments = ["run", "runbook.yaml", "--id", "x", "--jsonl"]
            let first = try sandbox.start(arguments)
            try await up.line()
            var second = isThere ? try sandbox.start(arguments) : nil
            if let second { try await second.line(containing: #""event":"submitted""#) }
            first.signal(SIGKILL)
            try await first.finish()
            if second == nil { second = try sandbox.start(arguments) }
            // It undoes the one again that was under way, and no other.
            try await up.line()
            go.pass()
            let end = try await second?.finish()
            #expect(end?.status == 7, "\(end?.errors ?? "")")

            let entries = try await sandbox.entries()
            let log = try await sandbox.succeed("log").text.split(separator: "\n")
            let ended = log.filter { $0.contains("  cleaning_ended  ") }.map {
                String($0.split(separator: " ").suffix(2).joined(separator: " "))
            }
            #expect(ended == ["car, undone", "hotel, undone", "flight, undone"], "\(log)")
            #expect(entries.count { $0["event"] == "session_lost" } == 1)
            let undone = String(
                decoding: try File.contents(of: sandbox.folder + "/undone"),
                as: UTF8.self
            ).split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(undone.map { $0.last } == ["car", "hotel", "hotel", "flight"])
            // The second time under the same key.
            try #require(undone.count == 4)
            #expect(undone[1] == undone[2] && Set(undone.map { $0[0] }).count == 3)
            #expect(try await sandbox.succeed("status", "x").text == "failed\n")
            try await sandbox.succeed("verify")
        }
    }

    /// Nobody is to wait for a process that is gone.
    @Test func whoFinishesTheUndoingOfADeadProcessIsSaid() async throws {
        try await withSandbox { sandbox in
            let (up, go) = (try Gate(sandbox.folder + "/up"), try Gate(sandbox.folder + "/go"))
            try sandbox.write(runbook(sandbox, up, go))
            let first = try sandbox.start(["run", "runbook.yaml", "--id", "x"])
            try await up.line()
            // As long as it lives there is something to wait for.
            let early = try await sandbox.daybook("retry", "x", "--dry-run")
            #expect(early.status == 4 && early.errors.contains("wait for it"), "\(early)")
            first.signal(SIGKILL)
            try await first.finish()
            let fork = ["fork", "x", "--at", "flight"]
            for command in [
                ["retry", "x", "--dry-run"], fork + ["--dry-run"], ["retry", "x", "--yes"],
                fork + ["--yes"],
            ] {
                let refused = try await sandbox.daybook(command)
                expect(
                    refused,
                    exits: 4,
                    saying: "undo hotel, undo flight is still to run",
                    "`daybook work` ",
                    "`daybook cancel --force x`"
                )
                let isKnown = refused.errors.contains("its process is gone")
                let isFree = refused.errors.contains("which no process does")
                #expect(isKnown || isFree, "\(refused)")
                #expect(!refused.errors.contains("wait for it"), "\(refused)")
            }
            let cancel = try await sandbox.daybook("cancel", "x", "--yes")
            expect(cancel, exits: 4, saying: "`daybook cancel --force x` leaves that out")
            let work = try sandbox.start(["work", "--until-idle"])
            try await up.line()
            go.pass()
            #expect(try await work.finish().status == 0)
            try await sandbox.succeed("retry", "x", "--yes")
            try await sandbox.succeed("verify")
        }
    }
}
