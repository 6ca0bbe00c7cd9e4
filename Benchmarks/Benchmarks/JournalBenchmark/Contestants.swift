import CBaseline
import Daybook
import DaybookFormat
import DaybookJournal
import FoundationEssentials

/// Somebody who appends batches to a file of its own.
protocol Contestant {
    /// Appends `batches` batches of `size` entries.
    /// - Returns: seconds.
    mutating func append(size: Int, batches: Int) throws -> Double
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    let time = try ContinuousClock().measure(body)
    return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
}

struct BenchmarkFailed: Error {
    let what: String
}

/// C over LMDB: the whole work, or one table alone.
struct CContestant: Contestant {
    private let handle: OpaquePointer
    private let isPlain: Bool
    private let workload = Workload()
    private var numbers: [UInt64] = []
    private var next = 0

    init(folder: String, plain: Bool) throws {
        var opened: OpaquePointer?
        let path = folder + (plain ? "/plain.mdb" : "/baseline.mdb")
        let result = plain ? baseline_open_plain(path, &opened) : baseline_open(path, &opened)
        guard result == 0, let opened else { throw BenchmarkFailed(what: "open: \(result)") }
        handle = opened
        isPlain = plain
        for index in 0..<Workload.executions {
            let number = baseline_next(opened)
            try Self.submit(opened, "execution-\(index)", workload.event, plain)
            numbers.append(number)
        }
    }

    private static func submit(
        _ handle: OpaquePointer,
        _ id: String,
        _ event: [UInt8],
        _ plain: Bool
    ) throws {
        let result = id.withCString { id in
            event.withUnsafeBytes { event in
                Workload.payload.withUnsafeBytes { payload in
                    var item = baseline_item()
                    item.id = id
                    item.event = event.baseAddress
                    item.event_len = event.count
                    item.payload = payload.baseAddress
                    item.payload_len = payload.count
                    return plain
                        ? baseline_append_plain(handle, &item, 1)
                        : baseline_append(handle, &item, 1)
                }
            }
        }
        guard result == 0 else { throw BenchmarkFailed(what: "submit: \(result)") }
    }

    mutating func append(size: Int, batches: Int) throws -> Double {
        try workload.event.withUnsafeBytes { event in
            try Workload.payload.withUnsafeBytes { payload in
                var items = [baseline_item](repeating: baseline_item(), count: size)
                return try seconds {
                    for _ in 0..<batches {
                        for index in 0..<size {
                            items[index].execution = numbers[(next + index) % numbers.count]
                            items[index].event = event.baseAddress
                            items[index].event_len = event.count
                            items[index].payload = payload.baseAddress
                            items[index].payload_len = payload.count
                        }
                        next += size
                        let result =
                            isPlain
                            ? baseline_append_plain(handle, items, size)
                            : baseline_append(handle, items, size)
                        guard result == 0 else { throw BenchmarkFailed(what: "append: \(result)") }
                    }
                }
            }
        }
    }

    func close() { baseline_close(handle) }
}

/// The journal. Payloads are sealed in the same thread as the writing, or by callers on other
/// threads, as an engine has it.
struct JournalContestant: Contestant {
    private let journal: Journal
    private let opened: OpenFolder
    private let workload = Workload()
    private let sealsAhead: Bool
    private var numbers: [UInt64] = []
    private var next = 0

    init(folder: String, sealsAhead: Bool) throws {
        let path = folder + (sealsAhead ? "/ahead.daybook" : "/alone.daybook")
        try Daybook.create(at: path)
        opened = try JournalFolder(path).open()
        journal = try Journal.open(opened.store)
        self.sealsAhead = sealsAhead
        for index in 0..<Workload.executions {
            let number = journal.head.size
            var row = ProtoExecutionRow()
            row.number = number
            try journal.append([
                EntryDraft(
                    execution: number,
                    event: workload.event,
                    session: 1,
                    payloads: try Workload.sealed(),
                    row: ExecutionIndexRow(id: "execution-\(index)", row: row.encoded())
                )
            ])
            numbers.append(number)
        }
    }

    mutating func append(size: Int, batches: Int) throws -> Double {
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
