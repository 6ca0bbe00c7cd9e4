public import DaybookFormat
public import DaybookJournal
public import DaybookModel

/// Which executions to list: those that fulfil every condition that is set.
///
/// They come in the order of their submission. Of an id that has gone on as a new run, the newest
/// run is listed.
public struct ExecutionQuery: Sendable {
    /// In which order they come.
    public enum Order: Sendable {
        /// The one that was submitted first comes first.
        case oldestFirst
        /// The one that was submitted last comes first.
        case newestFirst
    }

    /// Only those with these ids; looked up one by one.
    public var ids: [String]?
    /// Only those of these workflows.
    public var types: [String]?
    /// Only those with these statuses.
    public var statuses: Set<ExecutionStatus>?
    /// Only those that are closed, or only those that are not.
    public var isClosed: Bool?
    /// Only those to which something happens by itself before this: they expire, become ready, or
    /// their attempt times out.
    public var deadlineBefore: Timestamp?
    /// Only those that were asked to start before this.
    public var startBefore: Timestamp?
    /// Only those that were submitted at this time or later.
    public var submittedSince: Timestamp?
    /// In which order they come.
    public var order = Order.oldestFirst
    /// At most so many, the first in that order.
    public var limit: Int?

    /// All executions.
    public init() {}

    /// Whether an execution fulfils the conditions.
    public func includes(_ record: ExecutionRecord) -> Bool {
        if let ids, !ids.contains(where: { $0.utf8.elementsEqual(record.id.utf8) }) { return false }
        if let types, !types.contains(where: { $0.utf8.elementsEqual(record.type.utf8) }) {
            return false
        }
        if let statuses, !statuses.contains(record.status) { return false }
        if let isClosed, isClosed != record.isClosed { return false }
        if let deadlineBefore {
            guard let deadline = record.deadline, deadline < deadlineBefore else { return false }
        }
        if let startBefore {
            guard let startAt = record.startAt, startAt < startBefore else { return false }
        }
        if let submittedSince, record.submittedAt < submittedSince { return false }
        return true
    }
}

extension ExecutionReader {
    /// The executions that a query asks for. Without ids every row of the index is read.
    /// - Parameter open: gives the state of an open execution where it is at hand.
    /// - Throws: ``JournalError``; ``Refusal/Code/newerVersion``.
    public static func records(
        _ query: ExecutionQuery,
        _ reader: any StoreReader,
        open: (UInt64) -> ExecutionState? = { _ in nil }
    ) throws -> [ExecutionRecord] {
        var all: [ExecutionRecord] = []
        if let ids = query.ids {
            var seen: Set<UInt64> = []
            var rest = query
            rest.ids = nil
            for id in ids {
                guard let record = try record(of: id, reader, open: open), rest.includes(record),
                    seen.insert(record.number).inserted
                else { continue }
                all.append(record)
            }
        } else if case .newestFirst = query.order, let limit = query.limit {
            return try newest(limit, query, reader, open: open)
        } else {
            try reader.scanExecutions(after: nil) { id, bytes in
                let row = try decodeRow(Array(bytes), of: id)
                // What can be told from the row need not be folded.
                if let isClosed = query.isClosed, isClosed != row.hasClosed { return true }
                let record =
                    row.hasClosed
                    ? try ExecutionRecord(id: id, row: row)
                    : ExecutionRecord(try open(row.number) ?? reader.history(of: row.number))
                if query.includes(record) { all.append(record) }
                // What is beyond the limit need not be kept until the end.
                if let limit = query.limit, all.count / 2 > max(limit, spare) {
                    arrange(&all, query)
                }
                return true
            }
        }
        arrange(&all, query)
        return all
    }

    /// Records beyond a limit that are kept for a while.
    private static let spare = 1_000

    private static func arrange(_ all: inout [ExecutionRecord], _ query: ExecutionQuery) {
        switch query.order {
        case .oldestFirst: all.sort { $0.number < $1.number }
        case .newestFirst: all.sort { $0.number > $1.number }
        }
        if let limit = query.limit, limit < all.count { all.removeSubrange(max(limit, 0)...) }
    }

    /// The newest executions that fulfil the conditions. An execution has the number of its first
    /// entry: so the entries are looked through from the last one on, until there are enough.
    private static func newest(
        _ limit: Int,
        _ query: ExecutionQuery,
        _ reader: any StoreReader,
        open: (UInt64) -> ExecutionState?
    ) throws -> [ExecutionRecord] {
        var all: [ExecutionRecord] = []
        var next = try reader.entryCount()
        while next > 0, all.count < limit {
            next -= 1
            guard let id = try idOfExecution(beginningAt: next, reader),
                let record = try record(of: id, reader, open: open)
            else { continue }
            // Of an id that has gone on as a new run only that is listed.
            if record.number == next, query.includes(record) { all.append(record) }
        }
        return all
    }

    /// - Returns: nil when the entry begins no execution.
    private static func idOfExecution(
        beginningAt sequence: UInt64,
        _ reader: any StoreReader
    ) throws -> String? {
        try reader.withEntry(sequence) { bytes -> String? in
            let entry = try EntryView(bytes)
            guard entry.event == EventKind.executionSubmitted.rawValue else { return nil }
            return try ExecutionState(first: entry).id
        } ?? nil
    }
}
