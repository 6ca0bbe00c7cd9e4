import DaybookFormat
import DaybookJournal
public import DaybookModel
public import DaybookView

/// What an execution is a fork of.
public struct ForkOrigin: Sendable {
    /// The id of its origin.
    public let id: String
    /// The number of its origin.
    public let number: UInt64
    /// The first entry of its origin that it has not taken over.
    public let before: UInt64
    /// The operation that begins with that entry.
    public let operation: Operation?
}

extension Inspector {
    /// What an execution is a fork of; nil: nothing.
    /// - Throws: ``JournalError``.
    public func origin(of record: ExecutionRecord) throws -> ForkOrigin? {
        guard record.forkedFrom != nil else { return nil }
        guard case .executionSubmitted(let event) = try entry(record.number).entry.event else {
            return nil
        }
        let first = try entry(event.forkedBefore)
        return ForkOrigin(
            id: try self.record(ofRun: event.forkedFrom)?.id ?? "\(event.forkedFrom)",
            number: event.forkedFrom,
            before: event.forkedBefore,
            operation: try first.operation.map { try first.operation($0) }
        )
    }

    /// The fork that goes on with what an execution did, and owes what that registered for its end: the
    /// last one, where a fork of it was forked again; nil: none does, and the execution can be retried.
    /// - Throws: ``JournalError``.
    package func heir(of record: ExecutionRecord) throws -> ExecutionRecord? {
        var last: ExecutionRecord?
        while true {
            let next = last ?? record
            // A fork of a fork may begin with the origin of both, and be that one's in the index.
            guard try next.forkedFrom != nil || !forks(of: next.number, limit: 1).isEmpty,
                let heir = try store.read({ try $0.history(of: next.number) }).heir,
                heir > next.number, let fork = try self.record(ofRun: heir)
            else { return last }
            last = fork
        }
    }

    /// The forks of an execution, in the order of their submission.
    /// - Parameter limit: how many at most.
    /// - Throws: ``JournalError``.
    public func forks(of number: UInt64, limit: Int) throws -> [ExecutionRecord] {
        var query = ExecutionQuery()
        query.forksOf = number
        query.order = .oldestFirst
        query.limit = limit
        return try executions(query)
    }
}
