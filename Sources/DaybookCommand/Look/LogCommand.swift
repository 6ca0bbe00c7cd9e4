#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookRunbook
import DaybookSystem

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Show entries, of the whole journal or of one execution."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Argument(help: "An execution's id; without one, everything.")
    var id: String?

    @Option(help: "Only entries from this sequence on.")
    var from: UInt64 = 0

    @Option(help: "Only entries up to this sequence.")
    var to: UInt64 = .max

    @Option(
        help: ArgumentHelp(
            "Only entries written since then: a time (2026-01-31T12:00:00Z), a day, or a span until now (30m, 12h, 7d).",
            valueName: "time"
        )
    )
    var since: PointInTime?

    @Option(
        help: "Only entries with this event, for example checkpoint_failed; may be repeated."
    )
    var type: [String] = []

    @Option(
        help:
            "Only entries whose line contains this text, and, of what jobs wrote, the lines that do."
    )
    var grep: String?

    @Option(
        help:
            "Only entries that this actor asked for, or that say that it opened or ended a session, or adopted or restored the journal."
    )
    var actor: String?

    @Flag(help: "The newest first.")
    var reverse = false

    @Option(help: "The most entries to show.")
    var limit: Int?

    @Flag(help: "Wait for further entries, until Ctrl-C.")
    var follow = false

    @Flag(help: "A line of JSON for each entry.")
    var jsonl = false

    func validate() throws {
        if follow, reverse { throw ValidationError("--follow and --reverse exclude each other.") }
        if follow, limit != nil {
            throw ValidationError("--follow and --limit exclude each other.")
        }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
        if follow, common.json { throw ValidationError("With --follow use --jsonl.") }
        if let type = type.first(where: { type in
            !EventKind.allCases.contains { $0.name == type }
        }) {
            let names = EventKind.allCases.map(\.name).joined(separator: ", ")
            throw ValidationError("There is no event \(type); events are \(names).")
        }
    }

    func run() async throws {
        let inspector = try Inspector(path: try common.journalPath())
        defer { inspector.close() }
        let record = try id.map { try inspector.record(of: $0) }
        let first = try first(inspector)
        if common.json {
            try common.write("daybook.log/1") { json in
                json.key("entries")
                try json.array { json in
                    try visit(inspector, record, from: first) { entry in
                        try entry.write(to: &json)
                        common.flush(&json)
                    }
                }
            }
            return
        }
        guard follow else {
            return try visit(inspector, record, from: first) { try print($0) }
        }
        let next = Locked(first)
        _ = try await Following.run(try inspector.follow(), inspector) { () throws -> Void? in
            try scan(inspector, record, from: next.withLock { $0 }) { entry in
                next.withLock { $0 = entry.sequence + 1 }
                if try isWanted(entry) { try print(entry) }
                return true
            }
            return nil
        }
    }

    /// The first entry that may be asked for: times never go backwards from one entry to the next.
    private func first(_ inspector: Inspector) throws -> UInt64 {
        guard let since else { return from }
        let moment = since.timestamp(now: SystemClock().now())
        var range = try 0..<inspector.entryCount()
        while let low = range.first {
            let middle = low + (range.upperBound - low) / 2
            range =
                try inspector.entry(middle).time < moment
                ? middle + 1..<range.upperBound : low..<middle
        }
        return max(from, range.lowerBound)
    }

    /// Runs `body` on the entries that are asked for, in the order that is asked for.
    private func visit(
        _ inspector: Inspector,
        _ record: ExecutionRecord?,
        from first: UInt64,
        _ body: (JournalEntry) throws -> Void
    ) throws {
        var count = 0
        try scan(inspector, record, from: first) { entry in
            guard try isWanted(entry) else { return true }
            try body(entry)
            count += 1
            return count < limit ?? .max
        }
    }

    private func scan(
        _ inspector: Inspector,
        _ record: ExecutionRecord?,
        from first: UInt64,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        // Those before the first wanted one come first, or those behind the last one: of the history
        // of one execution, which is read from its end.
        let visit: (JournalEntry) throws -> Bool = { entry in
            guard entry.sequence >= first else { return !reverse }
            guard entry.sequence <= to else { return reverse }
            return try body(entry)
        }
        switch (record, reverse) {
        case (let record?, false):
            if isExport {
                try inspector.completeHistory(of: record.number, body)
            } else {
                try inspector.history(of: record.number, visit)
            }
        case (let record?, true):
            try inspector.historyBackwards(of: record.number, from: record.last, visit)
        case (nil, false): try inspector.scan(from: first, visit)
        case (nil, true): try inspector.scanBackwards(from: to, visit)
        }
    }

    /// All of one execution is asked for, in a form for programs.
    private var isExport: Bool {
        (jsonl || common.json) && !follow && from == 0 && to == .max && since == nil
            && type.isEmpty && grep == nil && actor == nil
    }

    private func isWanted(_ entry: JournalEntry) throws -> Bool {
        guard type.isEmpty || type.contains(entry.eventName) else { return false }
        if let actor, !entry.isAsked(by: actor) { return false }
        guard let grep, !EntryLine(entry, time).text.contains(grep) else { return true }
        return try entry.logLines().contains { $0.text.contains(grep) }
    }

    private func print(_ entry: JournalEntry) throws {
        if jsonl {
            var json = JSONWriter()
            try entry.write(to: &json)
            common.output.write(json.bytes + [UInt8(ascii: "\n")])
            return
        }
        let head = EntryLine(entry, time)
        head.print(to: common.output)
        let isHeadMeant = grep.map { head.text.contains($0) } ?? true
        for line in try entry.logLines() {
            if let grep, !isHeadMeant, !line.text.contains(grep) { continue }
            let mark = line.stream == .stderr ? "!" : "|"
            common.output.line("        \(common.output.styled("\(mark)", .dim)) \(line.text)")
        }
    }
}

/// An entry in one line.
struct EntryLine {
    private let entry: JournalEntry
    private let time: String

    init(_ entry: JournalEntry, _ time: TimeOptions) {
        self.entry = entry
        self.time = time.text(entry.time)
    }

    private var number: String {
        let text = String(entry.sequence)
        return String(repeating: " ", count: max(0, 6 - text.count)) + text
    }

    private var stream: String {
        let text = entry.entry.stream == 0 ? "-" : "\(entry.entry.stream)"
        return text + String(repeating: " ", count: max(0, 6 - text.count))
    }

    /// What the entry says. Jobs that run after a failure undo nothing.
    private var summary: String {
        guard case .cleaningEnded(let event) = entry.entry.event,
            event.operation.name == RunbookOperations.onFailure
        else { return entry.summary }
        return entry.summary
            .replacing(", could not be undone", with: ", failed", maxReplacements: 1)
            .replacing(", undone", with: ", done", maxReplacements: 1)
    }

    var text: String { "\(number)  \(time)  \(stream)  \(entry.eventName)  \(summary)" }

    func print(to terminal: Terminal) {
        let name =
            switch entry.entry.event {
            case .checkpointFailed, .executionFailed, .leaseLost, .sessionLost, .executionParked,
                .commandRefused, .attemptFailed, .executionTimedOut, .executionCancelled,
                .executionExpired, .operationRetried, .cleaningSkipped, .operationResolved:
                terminal.styled("\(entry.eventName)", .red)
            case .checkpointSucceeded, .executionCompleted:
                terminal.styled("\(entry.eventName)", .green)
            default: terminal.styled("\(entry.eventName)", .cyan)
            }
        terminal.line(
            "\(number)  \(terminal.styled("\(time)", .dim))  \(stream)  \(name)  \(summary)"
        )
    }
}
#endif
