import CBaseline
import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import Foundation

/// How long it takes to fold the state from all entries, against a bare cursor in C over the same
/// file.
enum Rebuild {
    private static let executions = 1_000

    static func measure(_ settings: Settings, _ report: inout Report) throws {
        say("\nRebuilding the state from all entries, and a bare cursor in C over them, in turn:")
        let path = settings.quietFolder + "/rebuild.daybook"
        try fill(path, executions: executions, checkpoints: settings.isShort ? 50 : 500)
        var rounds: [(fold: Double, cursor: Double)] = []
        for _ in 0..<(settings.isShort ? 3 : 9) { rounds.append(try measure(path)) }
        try FileManager.default.removeItem(atPath: path)
        let ratio = median(rounds.map { $0.cursor / $0.fold })
        report.set("rebuild", ratio)
        report.set("rebuild_nanoseconds.fold", median(rounds.map(\.fold)))
        report.set("rebuild_nanoseconds.cursor", median(rounds.map(\.cursor)))
        say(
            "fold \(text(median(rounds.map(\.fold)), 1)) ns an entry,"
                + " cursor \(text(median(rounds.map(\.cursor)), 1)) ns, ratio \(text(ratio))"
        )
    }

    /// Fills a journal with executions that take turns.
    private static func fill(_ path: String, executions: Int, checkpoints: Int) throws {
        try Engine.create(at: path)
        let opened = try JournalFolder(path).open()
        defer { opened.close() }
        let journal = try Journal.open(opened.store)
        try journal.append([
            EntryDraft(
                stream: .session(journal.head.size),
                event: ProtoEntry.OneOf_Event.sessionOpened(session()).encoded(),
                session: 0
            )
        ])
        let first = journal.head.size
        let numbers = (0..<executions).map { first + UInt64($0) }
        try append(journal, numbers) { index in
            var event = ProtoExecutionSubmitted()
            event.id = "execution-\(index)"
            event.type = "repository.create"
            return .executionSubmitted(event)
        }
        try append(journal, numbers) { _ in .executionReadied(.init()) }
        try append(journal, numbers) { _ in
            var event = ProtoExecutionClaimed()
            event.epoch = 1
            event.attempt = 1
            return .executionClaimed(event)
        }
        for position in 0..<checkpoints {
            let event = Workload.checkpoint(position: UInt32(position), name: "repo.creation")
            try journal.append(
                try numbers.map { number in
                    EntryDraft(
                        stream: .run(number),
                        event: event,
                        session: first - 1,
                        payloads: try Workload.sealed()
                    )
                }
            )
        }
    }

    private static func session() -> ProtoSessionOpened {
        var event = ProtoSessionOpened()
        event.uuid.append(contentsOf: [UInt8](repeating: 7, count: 16))
        event.actor = "benchmark"
        event.program = "benchmark"
        return event
    }

    private static func append(
        _ journal: Journal,
        _ numbers: [UInt64],
        _ event: (Int) -> ProtoEntry.OneOf_Event
    ) throws {
        try journal.append(
            numbers.enumerated().map { index, number in
                EntryDraft(stream: StreamID(number), event: event(index).encoded(), session: 1)
            }
        )
    }

    /// - Returns: nanoseconds an entry of the fold and of the cursor.
    private static func measure(_ path: String) throws -> (fold: Double, cursor: Double) {
        let opened = try JournalFolder(path).open()
        let journal = try Journal.open(opened.store)
        var state = State()
        var count = 0
        let time = try seconds {
            try journal.scan { entry in
                try state.apply(committed: entry)
                count += 1
                return true
            }
        }
        guard state.openCount == executions else {
            throw BenchmarkFailed(what: "the fold found \(state.openCount) executions")
        }
        opened.close()
        var entries: UInt64 = 0
        var bytes: UInt64 = 0
        var nanoseconds: UInt64 = 0
        guard baseline_scan(path + "/journal.mdb", &entries, &bytes, &nanoseconds) >= 0 else {
            throw BenchmarkFailed(what: "scan")
        }
        return (time * 1e9 / Double(count), Double(nanoseconds) / Double(entries))
    }
}
