import Daybook

/// Durable appends, against C doing the whole work, and SQLite.
enum Appending {
    private static let sizes = [1, 8, 64, 512, 4_096]

    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        let folder = settings.disk
        let queue = try await QueueContestant(folder: folder)
        var contestants: [any Contestant] = [
            try CContestant(folder: folder, plain: false),
            queue,
            try SQLiteContestant(folder: folder),
            try JournalContestant(folder: folder, sealsAhead: false),
            try JournalContestant(folder: folder, sealsAhead: true),
            try CContestant(folder: folder, plain: true),
        ]
        say("\nDurable appends on the disk, payloads of 100 bytes:")
        say("microseconds an entry, and the ratio to C doing the whole work (above 1: faster).")
        for size in settings.batch.map({ [$0] }) ?? sizes {
            let before = try queue.commits()
            let batches = batches(of: size, settings)
            // A disk is fast and slow by turns: many short rounds, so that a turn hits all alike.
            let rounds = settings.isShort ? 5 : 25
            let times = try await race(&contestants, size, batches, rounds: rounds)
            let commits = try queue.commits() - before
            note(contestants, times, size, batches, &report)
            // One round more only warmed up.
            let entries = (rounds + 1) * size * batches
            report.set("append_commits.\(size)", Double(commits) / Double(entries))
        }
        for contestant in contestants { try await contestant.close() }
    }

    /// Batches in a round.
    private static func batches(of size: Int, _ settings: Settings) -> Int {
        let entries = settings.isShort ? 2_048 : 8_192
        return max(2, min(entries / size, settings.isShort ? 24 : 100))
    }

    /// Has all take turns.
    /// - Returns: seconds of each round, for each contestant.
    private static func race(
        _ contestants: inout [any Contestant],
        _ size: Int,
        _ batches: Int,
        rounds: Int
    ) async throws -> [[Double]] {
        var times: [[Double]] = contestants.map { _ in [] }
        for round in 0...rounds {
            for index in contestants.indices {
                let time = try await contestants[index].append(size: size, batches: batches)
                // The first round only warms up.
                if round > 0 { times[index].append(time) }
            }
        }
        return times
    }

    private static func note(
        _ contestants: [any Contestant],
        _ times: [[Double]],
        _ size: Int,
        _ batches: Int,
        _ report: inout Report
    ) {
        for (contestant, own) in zip(contestants, times) {
            let entry = median(own) * 1e6 / Double(size * batches)
            let ratio = median(zip(times[0], own).map { $0 / $1 })
            let key = contestant.key
            report.set("append_microseconds.\(key).\(size)", entry)
            if key == "queue" {
                report.set("append.\(size)", ratio)
                let sqlite = contestants.firstIndex { $0.key == "sqlite" }.map { times[$0] }
                report.set(
                    "append_sqlite_ratio.\(size)",
                    sqlite.map { median(zip($0, own).map { $0 / $1 }) }
                )
            } else if key != "c" {
                report.set("append_ratio.\(key).\(size)", ratio)
            }
            say(
                "batch \(pad("\(size)", 5))  \(pad(text(entry), 9)) us"
                    + "  \(pad(text(ratio), 6))  \(contestant.name)"
            )
        }
    }
}
