package import DaybookJournal
package import DaybookModel

/// A place in the list of executions, from which the next page goes on: also much later, or in
/// another process.
public struct ExecutionCursor: Sendable, Hashable, RawRepresentable, Codable {
    /// The execution that was looked at last.
    let last: UInt64
    /// Those from here on were submitted after the first page, and are left out.
    let end: UInt64

    init(last: UInt64, end: UInt64) {
        self.last = last
        self.end = end
    }

    /// Reads what ``rawValue`` gave.
    /// - Returns: nil for anything else.
    public init?(rawValue: String) {
        let parts = rawValue.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let last = UInt64(parts[0]), let end = UInt64(parts[1]) else {
            return nil
        }
        self.init(last: last, end: end)
    }

    /// Digits and a hyphen, to hand on to whoever asks for the next page.
    public var rawValue: String { "\(last)-\(end)" }
}

/// Some of the executions that a query asks for.
///
/// Coded with members of these names; the cursor is a text, and absent on the last page.
public struct ExecutionPage: Sendable, Codable {
    /// At most ``ExecutionQuery/limit``, or ``ExecutionPage/standardLimit``.
    public let records: [ExecutionRecord]
    /// Where the next page begins; nil: there are no more. A page may have fewer records than were asked
    /// for, and none at all, and another one follow.
    public let next: ExecutionCursor?

    /// How many records a page has where the query does not say.
    public static let standardLimit = 1_000
}

extension ExecutionReader {
    /// Some of the executions that a query asks for, in its order.
    ///
    /// No more is held than the page, and no read transaction looks at more than 1,024 executions. A
    /// page looks at 8,192 at most: where little of them is wanted it has fewer than were asked for.
    /// - Parameters:
    ///   - cursor: the end of the page before; nil: from the beginning.
    ///   - open: gives the state of an open execution where it is at hand.
    /// - Throws: ``JournalError/Code/integrity`` also for an execution that the index does not know;
    ///   ``Refusal/Code/newerVersion``.
    package static func page(
        _ query: ExecutionQuery,
        after cursor: ExecutionCursor? = nil,
        _ store: any JournalStore,
        open: (UInt64) -> ExecutionState? = { _ in nil }
    ) throws -> ExecutionPage {
        let limit = query.limit ?? ExecutionPage.standardLimit
        guard limit > 0 else { return ExecutionPage(records: [], next: nil) }
        var walk = try ExecutionWalk(query, cursor, store)
        if let ids = query.ids {
            let records = try walk.records(of: ids, store, open)
            let page = Array(records.prefix(limit))
            let next = page.count < records.count ? page.last : nil
            return ExecutionPage(
                records: page,
                next: next.map { ExecutionCursor(last: $0.number, end: walk.end) }
            )
        }
        var records: [ExecutionRecord] = []
        while records.count < limit, !walk.isSpent {
            try store.read { try walk.step(&records, upTo: limit, $0, open) }
        }
        return ExecutionPage(records: records, next: walk.cursor)
    }

    /// Runs `body` on the executions that a query asks for, in its order, until it returns false.
    /// `body` runs outside of any read transaction.
    /// - Parameter open: gives the state of an open execution where it is at hand.
    /// - Throws: what ``page(_:after:_:open:)`` throws; what `body` throws.
    package static func scan(
        _ query: ExecutionQuery,
        _ store: any JournalStore,
        open: (UInt64) -> ExecutionState? = { _ in nil },
        _ body: (ExecutionRecord) throws -> Bool
    ) throws {
        var left = query.limit ?? .max
        var cursor: ExecutionCursor?
        repeat {
            var query = query
            query.limit = min(left, ExecutionPage.standardLimit)
            let page = try page(query, after: cursor, store, open: open)
            for record in page.records {
                guard try body(record) else { return }
            }
            left -= page.records.count
            cursor = page.next
        } while cursor != nil && left > 0
    }

    /// The executions that a query asks for, all at once.
    /// - Parameter open: gives the state of an open execution where it is at hand.
    /// - Throws: what ``page(_:after:_:open:)`` throws.
    package static func records(
        _ query: ExecutionQuery,
        _ store: any JournalStore,
        open: (UInt64) -> ExecutionState? = { _ in nil }
    ) throws -> [ExecutionRecord] {
        var all: [ExecutionRecord] = []
        try scan(query, store, open: open) { record in
            all.append(record)
            return true
        }
        return all
    }
}
