import CCounters
import Foundation

/// The same workflow on DBOS, in Python, with its system database in SQLite.
enum Peer {
    private struct Answer: Decodable {
        let version: String
        let perSecond: [String: Double]
        let synchronous: Int
        let journalMode: String
    }

    /// Runs the program, and sets the ratio to what was measured on the same disk before.
    static func measure(_ settings: Settings, _ report: inout Report) throws {
        guard !settings.peer.isEmpty else { return }
        say("\nThe same workflow on DBOS (Python, SQLite), on the disk, in flight:")
        let folder = settings.disk + "/dbos"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false
        )
        let output = folder + "/answer.json"
        let seconds = settings.isShort ? "3" : "20"
        let code = run(settings.peer + [folder, seconds, "1", "16", "64"], output)
        guard code == 0, let data = FileManager.default.contents(atPath: output) else {
            let command = settings.peer.joined(separator: " ")
            say("DBOS could not be measured: \(command) ended with \(code)")
            return
        }
        let answer = try JSONDecoder().decode(Answer.self, from: data)
        for (level, rate) in answer.perSecond.sorted(by: { Int($0.key)! < Int($1.key)! }) {
            say("\(pad(level, 6))  \(pad(text(rate, 1), 6)) a second")
            report.set("dbos.per_second.\(level)", rate)
        }
        report.set("dbos.version", answer.version)
        report.set("dbos.synchronous", Double(answer.synchronous))
        report.set("dbos.journal_mode", answer.journalMode)
        guard let best = answer.perSecond.values.max(),
            let own = report.figures["workflow.per_second.1024"]
        else { return }
        report.set("workflow.dbos_ratio", own / best)
        say(
            "DBOS \(answer.version), journal_mode=\(answer.journalMode),"
                + " synchronous=\(answer.synchronous) (2 is FULL);"
                + " with 1,024 in flight Daybook runs \(text(own / best, 0)) for its one"
        )
    }

    private static func run(_ words: [String], _ output: String) -> Int32 {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { arguments.forEach { free($0) } }
        return counters_run(arguments, output)
    }
}
