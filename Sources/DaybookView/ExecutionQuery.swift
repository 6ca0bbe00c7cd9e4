public import DaybookFormat
public import DaybookModel

/// Which executions to list: those that fulfil every condition that is set.
///
/// They come in the order of the submission of their ids, the newest first unless asked otherwise. Of
/// an id that has gone on as a new run the newest run is listed, in the place of the first. They are
/// looked through in steps, so what changes meanwhile is told as it is when it is come to; what is
/// submitted meanwhile is left out.
///
/// Status, workflow, actor, parent, origin and labels are answered from lists of the index; the times of
/// submission and start bound the part of them that is looked at. All else is looked up in each execution
/// that is left.
public struct ExecutionQuery: Sendable {
    /// In which order they come.
    @nonexhaustive
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
    /// Only those that wait for a person, or only those that do not.
    public var isParked: Bool?
    /// Only those that are paused, or only those that are not.
    public var isPaused: Bool?
    /// Only those with all of these labels: names and values.
    public var labels: [String: String] = [:]
    /// Only those that one of these has submitted.
    public var actors: [String]?
    /// Only those that this run of an execution has begun, by its number.
    public var parent: UInt64?
    /// Only the forks of this run of an execution, by its number.
    public var forksOf: UInt64?
    /// Only those to which something happens by itself before this: they expire, become ready, or
    /// their attempt times out.
    public var deadlineBefore: Timestamp?
    /// Only those that were asked to start before this.
    public var startBefore: Timestamp?
    /// Only those whose id was submitted at this time or later.
    public var submittedSince: Timestamp?
    /// In which order they come.
    public var order = Order.newestFirst
    /// Maximum number of results, of each page where pages are asked for: the first in that order.
    public var limit: Int?

    /// All executions.
    public init() {}

    /// Whether an execution fulfils the conditions.
    public func includes(_ record: ExecutionRecord) -> Bool {
        if let actors {
            guard let actor = record.submittedBy?.actor,
                actors.contains(where: { $0.hasBytes(of: actor) })
            else { return false }
        }
        return includes(unnamed: record)
    }

    /// Whether it fulfils them, but for who submitted it.
    func includes(unnamed record: ExecutionRecord) -> Bool {
        if let ids, !ids.contains(where: { $0.hasBytes(of: record.id) }) { return false }
        if let types, !types.contains(where: { $0.hasBytes(of: record.type) }) {
            return false
        }
        if let parent, parent != record.parent { return false }
        if let forksOf, forksOf != record.forkedFrom { return false }
        if let statuses, !statuses.contains(record.status) { return false }
        if let isClosed, isClosed != record.isClosed { return false }
        if let isParked, isParked != record.isParked { return false }
        if let isPaused, isPaused != record.isPaused { return false }
        for (name, value) in labels {
            guard let found = record.labels[name], found.hasBytes(of: value) else { return false }
        }
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
