import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
import SeededRandom
#endif

/// The runbook's process is killed with SIGKILL at random moments, again and again.
@Suite struct KillTests {
    /// Seven jobs in a chain, on real git: each notes that it runs, commits on top of the one
    /// before, and notes that it is done.
    private static let runbook: String = {
        var text = "name: chain\nenvironment: [LEDGER]\nblocks:\n- name: chain\n  jobs:\n"
        text += job(
            "begin",
            [
                "rm -rf \"$WORKSPACE/repo\"",
                "git init -q --initial-branch=main \"$WORKSPACE/repo\"",
            ]
        )
        for step in 1...6 {
            text += job(
                "step.\(step)",
                [
                    "echo \"alive $$\" >> \"$LEDGER\"",
                    "cd \"$WORKSPACE/repo\"",
                    "rm -f .git/*.lock .git/refs/heads/*.lock",
                    "seq 1 200 | sha256sum > step.\(step)",
                    "git add step.\(step)",
                    "git diff --cached --quiet ||"
                        + " git -c user.name=t -c user.email=t@t commit -q -m step.\(step)",
                    "echo \"done $$\" >> \"$LEDGER\"",
                    "echo \"tree=$(git rev-parse 'HEAD^{tree}')\" >> \"$DAYBOOK_OUTPUT\"",
                ]
            )
        }
        return text
    }()

    private static func job(_ name: String, _ lines: [String]) -> String {
        "  - name: \(name)\n    run: |\n"
            + lines.map { "      \($0)\n" }.joined()
    }

    private struct Place {
        let folder: String
        var journal: String { folder + "/j.daybook" }
        var runbook: String { folder + "/chain.yaml" }
        var ledger: String { folder + "/ledger" }

        func start(_ id: String) throws -> RunningCommand {
            try RunningCommand(
                [
                    DaybookProgram.path, "run", runbook, "--id", id, "--jsonl", "--journal",
                    journal,
                ],
                environment: ["LEDGER": ledger]
            )
        }
    }

    private static var kills: Int {
        ProcessInfo.processInfo.environment["DAYBOOK_KILLS"].flatMap { Int($0) } ?? 200
    }

    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["DAYBOOK_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 0...(.max))
    }

    @Test func killedAtRandomMomentsNothingRecordedRunsAgainAndNothingIsLost() async throws {
        let seed = Self.seed
        var random = SeededGenerator(seed: seed)
        let folder = FileManager.default.temporaryDirectory.path + "/kills-\(UUID())"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        defer { removeFolder(folder) }
        let place = Place(folder: folder)
        try Self.runbook.write(toFile: place.runbook, atomically: true, encoding: .utf8)
        let creation = try RunningCommand([
            DaybookProgram.path, "init", place.journal, "--loss-limit", "1000000",
        ])
        try #require(try await creation.finish().status == 0)

        let undisturbed = try await place.start("undisturbed").finish()
        try #require(undisturbed.status == 0, "seed \(seed)")
        let expected = try output(of: "undisturbed", place)

        var killed = 0
        var round = 0
        while killed < Self.kills {
            round += 1
            let id = "round-\(round)"
            killed += try await disturb(id, place, &random, seed, atMost: Self.kills - killed)
            #expect(try output(of: id, place) == expected, "seed \(seed), \(id)")
        }
        let inspector = try Inspector(path: place.journal)
        defer { inspector.close() }
        let report = try Verifier.verify(inspector.store)
        #expect(report.problems == [], "seed \(seed)")
    }

    /// Runs one execution to its end and kills its process on the way.
    /// - Returns: how often it was killed.
    private func disturb(
        _ id: String,
        _ place: Place,
        _ random: inout SeededGenerator,
        _ seed: UInt64,
        atMost limit: Int
    ) async throws -> Int {
        var killed = 0
        while true {
            let process = try place.start(id)
            // A moment is a number of lines of progress and some spinning after them: at times
            // before the first entry, at times in the middle of a commit.
            let wanted = random.next(below: 7)
            let spins = random.next(below: 400_000)
            if killed < limit {
                var lines = process.lines.makeAsyncIterator()
                var seen = 0
                while seen < wanted, await lines.next() != nil { seen += 1 }
                // With fewer lines it has come to its end.
                if seen == wanted {
                    try await spin(spins)
                    process.signal(SIGKILL)
                }
            }
            let result = try await process.finish()
            let acknowledged = result.text.split(separator: "\n").flatMap(Self.sequence)
            let status = result.status
            try checkAcknowledged(acknowledged, place, seed)
            if status == 0 { break }
            try #require(
                status == -SIGKILL,
                "seed \(seed), \(id): status \(status): \(result.errors)"
            )
            killed += 1
        }
        try checkHistory(of: id, place, seed)
        return killed
    }

    private static func sequence(in line: Substring) -> [UInt64] {
        guard let range = line.firstRange(of: "\"sequence\":") else { return [] }
        let digits = line[range.upperBound...].prefix { $0.isNumber }
        return UInt64(digits).map { [$0] } ?? []
    }

    /// Whatever was told is in the journal.
    private func checkAcknowledged(
        _ sequences: [UInt64],
        _ place: Place,
        _ seed: UInt64
    ) throws {
        guard let last = sequences.max() else { return }
        let inspector = try Inspector(path: place.journal)
        defer { inspector.close() }
        #expect(try inspector.entryCount() > last, "seed \(seed)")
    }

    /// Each job was recorded once, and was not started again afterwards; no job of a dead process
    /// ran on beside its successor.
    private func checkHistory(of id: String, _ place: Place, _ seed: UInt64) throws {
        let inspector = try Inspector(path: place.journal)
        defer { inspector.close() }
        let record = try inspector.record(of: id)
        var recorded: Set<String> = []
        try inspector.history(of: record.number) { entry in
            switch entry.entry.event {
            case .operationStarted(let event):
                #expect(!recorded.contains(event.operation.name), "seed \(seed), \(id)")
            case .checkpointSucceeded(let event):
                #expect(recorded.insert(event.operation.name).inserted, "seed \(seed), \(id)")
            case .checkpointFailed(let event):
                Issue.record(
                    "seed \(seed), \(id): \(event.operation.name) failed: \(entry.summary)"
                )
            default: break
            }
            return true
        }
        #expect(recorded.count == 7, "seed \(seed), \(id)")
        // A job that its dead parent left running would still write after the next one has begun.
        var running = ""
        for line in try String(contentsOfFile: place.ledger, encoding: .utf8).split(separator: "\n")
        {
            let words = line.split(separator: " ")
            if words[0] == "alive" { running = String(words[1]) }
            if words[0] == "done" {
                #expect(running == String(words[1]), "seed \(seed), \(id): two jobs ran at once")
            }
        }
    }

    private func output(of id: String, _ place: Place) throws -> String {
        let inspector = try Inspector(path: place.journal)
        defer { inspector.close() }
        let record = try inspector.record(of: id)
        try #require(record.status == .completed)
        return try #require(try inspector.entry(record.last).text(ofPayload: 0))
    }
}

private func removeFolder(_ path: String) {
    do {
        try FileManager.default.removeItem(atPath: path)
    } catch {
        Issue.record("\(path) cannot be removed: \(error)")
    }
}

/// Something to do that takes a moment and is not sleep.
/// Lets a while pass, of so many system calls, on no thread of the pool.
func spin(_ count: Int) async throws {
    try await SystemThread.run { for _ in 0..<count { _ = getppid() } }
}
