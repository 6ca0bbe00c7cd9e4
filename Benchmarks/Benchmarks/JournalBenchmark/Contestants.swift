import CBaseline
import Daybook
import DaybookFormat
import DaybookJournal

/// Somebody who appends batches to a file of its own.
protocol Contestant {
    /// What it is called in the figures.
    var key: String { get }
    /// What it is.
    var name: String { get }
    /// Appends `batches` batches of `size` entries.
    /// - Returns: seconds.
    mutating func append(size: Int, batches: Int) async throws -> Double
    func close() async throws
}

/// C over LMDB: the whole work, or one table alone.
struct CContestant: Contestant {
    let key: String
    let name: String
    private let handle: OpaquePointer
    private let isPlain: Bool
    private let workload = Workload()
    private var numbers: [UInt64] = []
    private var next = 0

    init(folder: String, plain: Bool) throws {
        key = plain ? "plain" : "c"
        name = plain ? "C, one table" : "C, whole"
        var opened: OpaquePointer?
        let path = folder + (plain ? "/plain.mdb" : "/baseline.mdb")
        let result = plain ? baseline_open_plain(path, &opened) : baseline_open(path, &opened)
        guard result == 0, let opened else { throw BenchmarkFailed(what: "open: \(result)") }
        handle = opened
        isPlain = plain
        let first = baseline_next(opened)
        numbers = (0..<UInt64(Workload.executions)).map { first + $0 }
        try submit()
    }

    /// Begins all executions, in one batch.
    private func submit() throws {
        let ids = numbers.map { Array("execution-\($0)".utf8CString) }
        let bytes = ids.flatMap { $0 }
        try bytes.withUnsafeBufferPointer { bytes in
            try workload.withItems(0, ids.count, numbers: numbers) { items, fill in
                fill(&items, 0)
                var place = 0
                for (index, id) in ids.enumerated() {
                    items[index].execution = 0
                    items[index].id = bytes.baseAddress! + place
                    place += id.count
                }
                try append(items)
            }
        }
    }

    private func append(_ items: [baseline_item]) throws {
        let result =
            isPlain
            ? baseline_append_plain(handle, items, items.count)
            : baseline_append(handle, items, items.count)
        guard result == 0 else { throw BenchmarkFailed(what: "append: \(result)") }
    }

    mutating func append(size: Int, batches: Int) async throws -> Double {
        try appendAtOnce(size: size, batches: batches)
    }

    private mutating func appendAtOnce(size: Int, batches: Int) throws -> Double {
        defer { next += size * batches }
        var time = 0.0
        try workload.withItems(next, size, numbers: numbers) { items, fill in
            time = try seconds {
                for batch in 0..<batches {
                    fill(&items, next + batch * size)
                    try append(items)
                }
            }
        }
        return time
    }

    /// Commits of one entry, one after the other.
    /// - Returns: how many microseconds each took.
    mutating func commits(_ count: Int) throws -> [Double] {
        try (0..<count).map { _ in try appendAtOnce(size: 1, batches: 1) * 1e6 }
    }

    func close() { baseline_close(handle) }
}

/// A table of SQLite with an index, synced.
struct SQLiteContestant: Contestant {
    let key = "sqlite"
    let name = "SQLite, table and index"
    private let handle: OpaquePointer
    private let workload = Workload()
    private let numbers = (0..<UInt64(Workload.executions)).map { $0 }
    private var next = 0

    init(folder: String) throws {
        var opened: OpaquePointer?
        let result = sqlite_baseline_open(folder + "/journal.sqlite", &opened)
        guard result == 0, let opened else { throw BenchmarkFailed(what: "SQLite: \(result)") }
        handle = opened
    }

    mutating func append(size: Int, batches: Int) async throws -> Double {
        defer { next += size * batches }
        var time = 0.0
        try workload.withItems(next, size, numbers: numbers) { items, fill in
            time = try seconds {
                for batch in 0..<batches {
                    fill(&items, next + batch * size)
                    let result = sqlite_baseline_append(handle, items, size)
                    guard result == 0 else { throw BenchmarkFailed(what: "SQLite: \(result)") }
                }
            }
        }
        return time
    }

    func close() { sqlite_baseline_close(handle) }
}

/// The journal without queue and model. Payloads are sealed in the same thread as the writing, or
/// by another one ahead of it.
struct JournalContestant: Contestant {
    let key: String
    let name: String
    private let journal: Journal
    private let opened: OpenFolder
    private let workload = Workload()
    private let sealsAhead: Bool
    private var numbers: [UInt64] = []
    private var next = 0

    init(folder: String, sealsAhead: Bool) throws {
        key = sealsAhead ? "journal_ahead" : "journal"
        name = sealsAhead ? "journal, sealed ahead" : "journal"
        let path = folder + "/\(key).daybook"
        try Engine.create(at: path)
        opened = try JournalFolder(path).open()
        journal = try Journal.open(opened.store)
        self.sealsAhead = sealsAhead
        let first = journal.head.size
        numbers = (0..<UInt64(Workload.executions)).map { first + $0 }
        try begin()
    }

    /// Begins all executions, in one batch.
    private func begin() throws {
        try journal.write { batch in
            for number in numbers {
                var row = ProtoExecutionRow()
                row.number = number
                try batch.append(
                    EntryDraft(
                        stream: .run(number),
                        event: workload.event,
                        session: 1,
                        payloads: try Workload.sealed()
                    )
                ) { _ in }
                try batch.put(
                    ExecutionIndexRow(
                        id: "execution-\(number)",
                        row: row.encoded(),
                        listed: number
                    )
                )
            }
        }
    }

    mutating func append(size: Int, batches: Int) async throws -> Double {
        defer { next += size * batches }
        guard sealsAhead else {
            return try seconds {
                for batch in 0..<batches {
                    try journal.append(
                        workload.drafts(next + batch * size, size, numbers: numbers)
                    )
                }
            }
        }
        let pipe = Pipeline()
        let first = next
        let ahead = self.workload
        let executions = self.numbers
        return try seconds {
            try pipe.produce(batches) { batch in
                try ahead.drafts(first + batch * size, size, numbers: executions)
            }
            for _ in 0..<batches { try journal.append(try pipe.take()) }
        }
    }

    func close() { opened.close() }
}
