import DaybookFormat
package import DaybookJournal
import DaybookModel

/// Goes through executions in the order of their numbers: an execution has the number of its first
/// entry, and the index of histories is in the order of these. Streams of other things are passed over.
struct ExecutionWalk {
    /// Executions from here on came too late.
    let end: UInt64
    private let query: ExecutionQuery
    /// The execution that was looked at last.
    private var last: UInt64?
    /// There are no more.
    private(set) var isOver = false

    /// Streams that one read transaction looks at.
    private static let step = 1_024

    /// Where the walk can be taken up again; nil: it is over.
    var cursor: ExecutionCursor? {
        guard !isOver, let last else { return nil }
        return ExecutionCursor(last: last, end: end)
    }

    init(_ query: ExecutionQuery, _ cursor: ExecutionCursor?, _ store: any JournalStore) throws {
        self.query = query
        last = cursor?.last
        end = try cursor?.end ?? store.read { try $0.entryCount() }
    }

    /// Looks at some more.
    mutating func step(
        _ records: inout [ExecutionRecord],
        upTo limit: Int,
        _ reader: any StoreReader,
        _ open: (UInt64) -> ExecutionState?
    ) throws {
        for _ in 0..<Self.step {
            guard let number = try next(reader) else {
                isOver = true
                return
            }
            last = number
            guard let submission = try Submission(number, reader) else { continue }
            if let since = query.submittedSince, submission.time < since {
                // Those before it were submitted before it.
                if case .oldestFirst = query.order { continue }
                isOver = true
                return
            }
            guard let record = try record(submission, reader, open) else { continue }
            records.append(record)
            if records.count == limit { return }
        }
    }

    private func next(_ reader: any StoreReader) throws -> UInt64? {
        switch query.order {
        case .oldestFirst:
            let number = try reader.stream(from: last.map { $0 + 1 } ?? 0)
            return number.flatMap { $0 < end ? $0 : nil }
        case .newestFirst: return try reader.stream(before: last ?? end)
        }
    }

    private func record(
        _ submission: Submission,
        _ reader: any StoreReader,
        _ open: (UInt64) -> ExecutionState?
    ) throws -> ExecutionRecord? {
        let id = submission.id
        guard let bytes = try reader.executionRow(id) else {
            throw JournalError.missingRow(of: id, submission.number)
        }
        let row = try ExecutionReader.decodeRow(bytes, of: id)
        // What can be told from the row need not be folded.
        if let isClosed = query.isClosed, isClosed != row.hasClosed { return nil }
        guard try isNewest(submission.number, row.number, reader) else { return nil }
        let record = try ExecutionReader.record(of: id, row, reader, open: open)
        return query.includes(record) ? try ExecutionReader.naming(record, reader) : nil
    }

    /// Whether a run is the newest of its id among those that count.
    /// - Parameter newest: the newest of all.
    private func isNewest(
        _ number: UInt64,
        _ newest: UInt64,
        _ reader: any StoreReader
    ) throws -> Bool {
        var run = newest
        // Those that came after the walk began do not make it pass over the id.
        while run >= end {
            guard let submission = try Submission(run, reader), submission.continuedFrom < run
            else { return false }
            run = submission.continuedFrom
        }
        return run == number
    }

    /// The executions with these ids, in order, from the cursor on.
    func records(
        of ids: [String],
        _ store: any JournalStore,
        _ open: (UInt64) -> ExecutionState?
    ) throws -> [ExecutionRecord] {
        var rest = query
        rest.ids = nil
        var seen: Set<UInt64> = []
        var all: [ExecutionRecord] = []
        var left = ids[...]
        while !left.isEmpty {
            let step = left.prefix(Self.step)
            left = left.dropFirst(step.count)
            try store.read { reader in
                for id in step {
                    let record = try ExecutionReader.record(of: id, reader, open: open)
                    guard let record, rest.includes(record), seen.insert(record.number).inserted
                    else { continue }
                    all.append(record)
                }
            }
        }
        switch query.order {
        case .oldestFirst:
            all.sort { $0.number < $1.number }
            return last.map { last in all.filter { $0.number > last } } ?? all
        case .newestFirst:
            all.sort { $0.number > $1.number }
            return last.map { last in all.filter { $0.number < last } } ?? all
        }
    }
}

/// What the first entry of an execution says.
struct Submission {
    let number: UInt64
    let time: Timestamp
    let id: String
    /// The run that it goes on from; 0: none.
    let continuedFrom: UInt64

    /// - Returns: nil when the entry begins something else than an execution.
    /// - Throws: ``JournalError/Code/integrity`` when it is missing.
    init?(_ number: UInt64, _ reader: any StoreReader) throws {
        let found = try reader.withView(of: number) { entry -> Submission? in
            guard entry.event == EventKind.executionSubmitted.rawValue else { return nil }
            return Submission(
                number,
                entry.header.time,
                try ProtoExecutionSubmitted(decoding: entry)
            )
        }
        guard let found else { throw JournalError.missing(number, ofHistory: number) }
        guard let found else { return nil }
        self = found
    }

    private init(_ number: UInt64, _ time: Timestamp, _ event: ProtoExecutionSubmitted) {
        self.number = number
        self.time = time
        id = event.id
        continuedFrom = event.continuedFrom
    }
}

extension JournalError {
    /// The index does not know an execution that the entries do.
    package static func missingRow(of id: String, _ number: UInt64) -> JournalError {
        JournalError(
            .integrity,
            "entry \(number): it begins the execution \(id), and the index has no row of it; verify the journal",
            sequence: number
        )
    }
}
