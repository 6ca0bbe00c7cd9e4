import Daybook
import Foundation

/// Prints what has happened since it ran last, for somebody who was not there: when, of which order,
/// what, and who asked for it and why. The service may be running meanwhile.
///
///     audit-reader JOURNAL [NAME]      NAME: under which its place is kept; by default `audit`
///
/// It claims nothing. That it looked is an entry too, as every opening of a journal is.
@main
struct AuditReader {
    static func main() async {
        do {
            let words = CommandLine.arguments.dropFirst()
            guard let journal = words.first else { throw Usage() }
            try await read(journal, words.dropFirst().first ?? "audit")
        } catch {
            FileHandle.standardError.write(Data("audit-reader: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func read(_ journal: String, _ name: String) async throws {
        var options = EngineOptions()
        options.claims = .nothing
        options.actor = "audit"
        try await Engine.withOpen(at: journal, options) { engine in
            let start = try await engine.position(named: name) ?? 0
            // What this process does itself is for the next time.
            let end = engine.session
            guard start < end else { return }
            for try await entry in engine.entries(from: start) {
                if let order = entry.executionID { print(line(entry, of: order)) }
                // Kept once it is dealt with: after a crash the entry comes again.
                try await engine.setPosition(entry.sequence + 1, named: name)
                if entry.sequence + 1 >= end { break }
            }
        }
    }

    private static func line(_ entry: EntryRecord, of order: String) -> String {
        var words = ["\(entry.sequence)", entry.time.milliseconds, order]
        words += [entry.event, entry.summary]
        if let request = entry.request {
            words.append("asked by \(request.who)")
            if let reason = request.reason { words.append("because \"\(reason)\"") }
        }
        return words.filter { !$0.isEmpty }.joined(separator: "  ")
    }
}

/// What was asked is nothing that it does.
struct Usage: Error, CustomStringConvertible {
    var description: String { "usage: audit-reader JOURNAL [NAME]" }
}
