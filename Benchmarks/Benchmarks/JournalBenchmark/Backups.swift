import Daybook
import DaybookInspector
import DaybookSystem
import Foundation

/// What a copy costs whoever writes the journal: one checkpoint after the other, alone, with a process that
/// keeps a copy up, and with one that makes copies all the time.
enum Backups {
    /// What another process does meanwhile.
    private enum Company: String, CaseIterable {
        case follow, copy
    }

    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        for (medium, folder) in settings.media {
            say("\nOne checkpoint after the other, \(medium), while another process makes a copy:")
            let path = folder + "/backups.daybook"
            try Engine.create(at: path)
            let times = CheckpointTimes()
            let daybook = try await Engine.open(
                at: path,
                workflows: [TimedCheckpoints(times: times)]
            )
            // A file that is worth copying.
            _ = try await daybook.run(
                TimedCheckpoints.self,
                input: settings.isShort ? 5_000 : 100_000
            )
            for company in Company.allCases {
                try await race(company, medium, daybook, path, folder, settings, &report)
            }
            try await daybook.close()
        }
    }

    /// Takes turns.
    private static func race(
        _ company: Company,
        _ medium: String,
        _ daybook: Engine,
        _ path: String,
        _ folder: String,
        _ settings: Settings,
        _ report: inout Report
    ) async throws {
        let count = settings.isShort ? 500 : 4_000
        var (alone, together): ([Double], [Double]) = ([], [])
        for round in 0...(settings.isShort ? 6 : 16) {
            let single = try await time(count, daybook)
            let other = try Other(company.rawValue, path, folder + "/\(company)-copy.daybook")
            let both = try await time(count, daybook)
            try other.end()
            // The first round only warms up.
            guard round > 0 else { continue }
            alone.append(single)
            together.append(both)
        }
        let ratio = median(zip(together, alone).map { $0 / $1 })
        report.set("backup.\(company).\(medium).ratio", ratio)
        report.set("backup.\(company).\(medium).alone_us", median(alone) * 1e6 / Double(count))
        say(
            "\(pad(company.rawValue, 6))  \(pad(text(ratio, 3), 6)) of the time alone,"
                + " which is \(text(median(alone) * 1e6 / Double(count))) us a checkpoint"
        )
    }

    private static func time(_ count: Int, _ daybook: Engine) async throws -> Double {
        let start = ContinuousClock.now
        let sum = try await daybook.run(TimedCheckpoints.self, input: count)
        guard sum == count * (count - 1) / 2 else { throw BenchmarkFailed(what: "sum \(sum)") }
        return seconds(since: start)
    }
}

/// This program once more, in a process of its own: a journal is open once in a process.
struct Other {
    private let process = Process()

    /// Starts it, and returns once it is at work.
    init(_ role: String, _ journal: String, _ copy: String) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [Self.word, role, journal, copy]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        guard output.fileHandleForReading.availableData.count > 0 else {
            throw BenchmarkFailed(what: "the process that makes copies has ended")
        }
    }

    /// Ends it.
    func end() throws {
        guard process.isRunning else {
            throw BenchmarkFailed(what: "the process that makes copies has ended too early")
        }
        // Killed: what it leaves is whole, and the threads of an engine hand on that they keep signals back.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private static let word = "--other"

    /// Does what a process is started for by ``init(_:_:_:)``.
    /// - Returns: whether this is one.
    static func run(_ arguments: [String]) throws -> Bool {
        guard arguments.first == word, arguments.count == 4 else { return false }
        let (journal, place) = (arguments[2], arguments[3])
        let inspector = try Inspector(path: journal)
        if arguments[1] == "follow" {
            let watch = try FileWatch(journal + "/journal.mdb")
            let copy = try inspector.followedBackup(at: place)
            try copy.catchUp()
            FileHandle.standardOutput.write(Data("level\n".utf8))
            while try watch.wait(whileBehind: inspector.store.hasUnpublishedCommit) {
                try copy.catchUp()
                try watch.rest(for: copy.rest)
            }
        } else {
            FileHandle.standardOutput.write(Data("level\n".utf8))
            while true {
                // The last one may have been killed after it had made one.
                try Folder.removeAll(place)
                _ = try inspector.backup(to: place)
            }
        }
        return true
    }
}
