import DaybookFormat
package import DaybookJournal
import DaybookModel

/// Goes through the executions that are on the lists which a query names, in the order of the
/// submission of their ids: the numbers of their first runs.
///
/// An execution has to be on one list of each group. Where it is on none of a group, all groups go
/// on to where that one does: so a list that is short makes the way through a long one short.
struct ExecutionWalk {
    /// Executions from here on came too late.
    let end: UInt64
    private let query: ExecutionQuery
    private let groups: [[[UInt8]]]
    /// Only first runs with these numbers come into question.
    private let bounds: Range<UInt64>
    /// The execution that was looked at last.
    private var last: UInt64?
    /// There are no more.
    private(set) var isOver = false
    /// What may still be looked at for this page.
    private var budget = Budget()

    /// What a page may cost, whatever is asked for.
    private struct Budget {
        /// Executions whose record is looked at.
        var records = 8_192
        /// Places that are looked for on lists.
        var places = 65_536

        var isSpent: Bool { records <= 0 || places <= 0 }
    }

    /// Executions, and places on lists, that one read transaction looks at.
    private static let step = (records: 1_024, places: 8_192)

    /// Nothing more is looked at for this page.
    var isSpent: Bool { isOver || budget.isSpent }

    /// Where the walk can be taken up again; nil: it is over.
    var cursor: ExecutionCursor? {
        guard !isOver, let last else { return nil }
        return ExecutionCursor(last: last, end: end)
    }

    init(_ query: ExecutionQuery, _ cursor: ExecutionCursor?, _ store: any JournalStore) throws {
        self.query = query
        groups = ExecutionLists.groups(of: query)
        last = cursor?.last
        (end, bounds) = try store.read { reader in
            let end = try cursor?.end ?? reader.entryCount()
            // Times never go backwards: so a time is a place in the journal.
            let first = try query.submittedSince.map { try reader.firstEntry(since: $0) } ?? 0
            let behind = try query.startBefore.map { try reader.firstEntry(since: $0) } ?? end
            return (end, first..<max(first, min(end, behind)))
        }
        isOver = bounds.isEmpty || groups.contains { $0.isEmpty }
    }

    /// Looks at some more.
    mutating func step(
        _ records: inout [ExecutionRecord],
        upTo limit: Int,
        _ reader: any StoreReader,
        _ open: (UInt64) -> ExecutionState?
    ) throws {
        let rest = (
            records: budget.records - Self.step.records,
            places: budget.places - Self.step.places
        )
        while budget.records > rest.records, budget.places > rest.places {
            guard let number = try next(reader) else { return }
            last = number
            budget.records -= 1
            guard let submission = try Submission(number, reader) else {
                throw JournalError.listsStranger(number)
            }
            guard let record = try record(submission, reader, open) else { continue }
            records.append(record)
            if records.count == limit { return }
        }
    }

    /// The next number that is on a list of each group.
    /// - Returns: nil: there is none, or the step is over; ``last`` says how far it has come.
    private mutating func next(_ reader: any StoreReader) throws -> UInt64? {
        guard var place = start else {
            isOver = true
            return nil
        }
        let spent = budget.places - Self.step.places
        while budget.places > spent {
            guard let found = try agreed(on: place, reader), bounds.contains(found) else {
                isOver = true
                return nil
            }
            if found == place { return place }
            place = found
        }
        // All before it have been looked at.
        last = query.order == .newestFirst ? place + 1 : place &- 1
        return nil
    }

    /// Where the look for the next number begins; nil: behind the last one.
    private var start: UInt64? {
        switch query.order {
        case .newestFirst:
            let top = last.map { min($0, bounds.upperBound) } ?? bounds.upperBound
            return top > bounds.lowerBound ? top - 1 : nil
        case .oldestFirst:
            let bottom = last.map { max($0 &+ 1, bounds.lowerBound) } ?? bounds.lowerBound
            return bottom < bounds.upperBound ? bottom : nil
        }
    }

    /// The farthest place, from one on, that a group goes on to.
    private mutating func agreed(
        on place: UInt64,
        _ reader: any StoreReader
    ) throws -> UInt64? {
        var place = place
        for group in groups {
            var nearest: UInt64?
            for list in group {
                budget.places -= 1
                switch query.order {
                case .newestFirst:
                    guard let found = try reader.listed(list, atMost: place) else { continue }
                    nearest = max(nearest ?? found, found)
                case .oldestFirst:
                    guard let found = try reader.listed(list, atLeast: place) else { continue }
                    nearest = min(nearest ?? found, found)
                }
                if nearest == place { break }
            }
            guard let nearest else { return nil }
            place = nearest
        }
        return place
    }

    private func record(
        _ submission: Submission,
        _ reader: any StoreReader,
        _ open: (UInt64) -> ExecutionState?
    ) throws -> ExecutionRecord? {
        let id = submission.id
        guard let row = try ExecutionReader.row(of: id, reader) else {
            throw JournalError.missingRow(of: id, submission.number)
        }
        // What can be told from the row need not be folded.
        if let isClosed = query.isClosed, isClosed != row.hasClosed { return nil }
        let record = try ExecutionReader.record(of: id, row, reader, open: open)
        guard query.includes(unnamed: record) else { return nil }
        return try ExecutionReader.naming(record, reader, first: submission.number)
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
            let step = left.prefix(Self.step.records)
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

/// The lists on which what a query asks for is found.
private enum ExecutionLists {
    /// Groups of lists: what is asked for is on one of each.
    static func groups(of query: ExecutionQuery) -> [[[UInt8]]] {
        var groups: [[ExecutionList]] = []
        // The shortest first: it says where the others need not be looked at.
        groups += query.labels.sorted { $0.key < $1.key }.map {
            [.label(Label(name: Name($0.key), value: Name($0.value)))]
        }
        if let parent = query.parent { groups.append([.children(of: parent)]) }
        if let origin = query.forksOf { groups.append([.forks(of: origin)]) }
        if let actors = query.actors { groups.append(actors.map { .actor(Name($0)) }) }
        if let types = query.types { groups.append(types.map { .type(Name($0)) }) }
        if let standing = standing(of: query) ?? (groups.isEmpty ? all : nil) {
            groups.append(standing)
        }
        return groups.map { $0.map(\.key) }
    }

    private static let ended = ExecutionStatus.allCases.filter(\.isFinal)
        .map { ExecutionList.closed($0) }
    private static let all = [ExecutionList.open] + ended

    /// The lists by status; nil: the query asks for no status.
    private static func standing(of query: ExecutionQuery) -> [ExecutionList]? {
        // What is closed waits for nothing, and nobody holds it up.
        let isOpen =
            query.isClosed == false || query.isParked == true || query.isPaused == true
            || query.deadlineBefore != nil
        if isOpen { return query.isClosed == true ? [] : [.open] }
        guard query.isClosed != nil || query.statuses != nil else { return nil }
        let wanted = query.statuses.map { statuses in
            ExecutionStatus.allCases.filter { $0.isFinal && statuses.contains($0) }
                .map { ExecutionList.closed($0) }
        }
        // One that is open may stand anywhere: it may have ended, and be cleaning up.
        let open: [ExecutionList] =
            query.isClosed == nil && query.statuses?.isEmpty != true ? [.open] : []
        return open + (wanted ?? ended)
    }
}

extension StoreReader {
    /// The first entry that was written then or later; the number of entries when none was.
    func firstEntry(since time: Timestamp) throws -> UInt64 {
        var range = try 0..<entryCount()
        while let low = range.first {
            let middle = low + (range.upperBound - low) / 2
            let found = try withView(of: middle) { $0.header.time }
            guard let found else { throw JournalError.missing(middle, ofHistory: middle) }
            range = found < time ? middle + 1..<range.upperBound : low..<middle
        }
        return range.lowerBound
    }
}

/// What the first entry of an execution says.
package struct Submission {
    let number: UInt64
    package let id: String

    /// - Returns: nil when the entry begins something else than an execution.
    /// - Throws: ``JournalError/Code/integrity`` when it is missing.
    package init?(_ number: UInt64, _ reader: any StoreReader) throws {
        let found = try reader.withView(of: number) { entry -> String? in
            guard entry.event == EventKind.executionSubmitted.rawValue else { return nil }
            return try ProtoExecutionSubmitted(decoding: entry).id
        }
        guard let found else { throw JournalError.missing(number, ofHistory: number) }
        guard let id = found else { return nil }
        self.number = number
        self.id = id
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

    /// A list of the index names an entry that begins no execution.
    fileprivate static func listsStranger(_ number: UInt64) -> JournalError {
        JournalError(
            .integrity,
            "entry \(number): a list of the index names it, and it begins no execution; verify the journal",
            sequence: number
        )
    }
}
