public import DaybookFormat
public import DaybookModel

/// Which executions to list: those that fulfil every condition that is set.
///
/// They come in the order of their submission. Of an id that has gone on as a new run, the newest
/// run is listed. They are looked through in steps, so what changes meanwhile is told as it is when
/// it is come to; what is submitted meanwhile is left out.
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
    /// Maximum number of results, of each page where pages are asked for: the first in that order.
    public var limit: Int?

    /// All executions.
    public init() {}

    /// Whether an execution fulfils the conditions.
    public func includes(_ record: ExecutionRecord) -> Bool {
        if let ids, !ids.contains(where: { $0.hasBytes(of: record.id) }) { return false }
        if let types, !types.contains(where: { $0.hasBytes(of: record.type) }) {
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
