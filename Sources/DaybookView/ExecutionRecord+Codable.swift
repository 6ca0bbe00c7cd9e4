import DaybookFormat
import DaybookModel

/// Members of the names that `daybook status --json` has: times are RFC 3339, durations seconds as
/// text, like `1.5s`; what is nil is absent.
extension ExecutionRecord: Codable {
    private enum CodingKeys: String, CodingKey {
        case number, id, type, status, session, losses, startAt, startedAt, finishedAt,
            updatedAt, deadline, retry, timeout, delay, waits, signals, outputs, continuedFrom,
            entries, last, parent, openChildren, errorCode, lastError, labels, submittedBy,
            cleaning, undoing, doubts, revision, parkingReason, forkedFrom, erasedBy,
            archivedBy
        case isParked = "parked"
        case isPinned = "pinned"
        case isFinalizer = "finalizer"
        case isPaused = "paused"
        case isDelayed = "delayed"
        case isClosed = "closed"
        case attempt = "attempts"
        case submittedAt = "createdAt"
    }

    /// All that is known.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(number, forKey: .number)
        try container.encode(id, forKey: .id)
        try container.encode(type, forKey: .type)
        try container.encode(status, forKey: .status)
        try container.encode(isParked, forKey: .isParked)
        try container.encodeIfPresent(parkingReason, forKey: .parkingReason)
        try container.encode(doubts, forKey: .doubts)
        try container.encode(isPinned, forKey: .isPinned)
        try container.encodeIfPresent(revision, forKey: .revision)
        try container.encode(isPaused, forKey: .isPaused)
        try container.encode(isDelayed, forKey: .isDelayed)
        try container.encode(isClosed, forKey: .isClosed)
        try container.encodeIfPresent(session, forKey: .session)
        try container.encode(attempt, forKey: .attempt)
        try container.encode(losses, forKey: .losses)
        try container.encode(submittedAt, forKey: .submittedAt)
        try container.encodeIfPresent(startAt, forKey: .startAt)
        try container.encodeIfPresent(startedAt, forKey: .startedAt)
        try container.encodeIfPresent(finishedAt, forKey: .finishedAt)
        try container.encode(updatedAt, forKey: .updatedAt)
        try container.encodeIfPresent(deadline, forKey: .deadline)
        try container.encode(retry, forKey: .retry)
        try container.encodeIfPresent(timeout.map(DurationText.init), forKey: .timeout)
        try container.encode(DurationText(delay), forKey: .delay)
        try container.encode(waits, forKey: .waits)
        try container.encode(cleaning, forKey: .cleaning)
        if !undoing.isEmpty { try container.encode(undoing, forKey: .undoing) }
        try container.encode(signals, forKey: .signals)
        try container.encode(outputs, forKey: .outputs)
        try container.encodeIfPresent(continuedFrom, forKey: .continuedFrom)
        try container.encodeIfPresent(parent, forKey: .parent)
        if isFinalizer { try container.encode(isFinalizer, forKey: .isFinalizer) }
        try container.encodeIfPresent(forkedFrom, forKey: .forkedFrom)
        try container.encodeIfPresent(erasedBy, forKey: .erasedBy)
        try container.encodeIfPresent(archivedBy, forKey: .archivedBy)
        if openChildren > 0 { try container.encode(openChildren, forKey: .openChildren) }
        try container.encode(entries, forKey: .entries)
        try container.encode(last, forKey: .last)
        try container.encodeIfPresent(errorCode, forKey: .errorCode)
        try container.encodeIfPresent(lastError, forKey: .lastError)
        if !labels.isEmpty { try container.encode(labels, forKey: .labels) }
        try container.encodeIfPresent(submittedBy, forKey: .submittedBy)
    }

    /// Reads what ``encode(to:)`` gives.
    /// - Throws: `DecodingError`, also for a status that this version does not know.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        number = try container.decode(UInt64.self, forKey: .number)
        id = try container.decode(String.self, forKey: .id)
        type = try container.decode(String.self, forKey: .type)
        status = try container.decode(ExecutionStatus.self, forKey: .status)
        isParked = try container.decode(Bool.self, forKey: .isParked)
        parkingReason = try container.decodeIfPresent(
            RecordedError.self,
            forKey: .parkingReason
        )
        doubts = try container.decode([Doubt].self, forKey: .doubts)
        isPinned = try container.decode(Bool.self, forKey: .isPinned)
        revision = try container.decodeIfPresent(String.self, forKey: .revision)
        isPaused = try container.decode(Bool.self, forKey: .isPaused)
        isDelayed = try container.decode(Bool.self, forKey: .isDelayed)
        isClosed = try container.decode(Bool.self, forKey: .isClosed)
        session = try container.decodeIfPresent(UInt64.self, forKey: .session)
        attempt = try container.decode(UInt32.self, forKey: .attempt)
        losses = try container.decode(UInt32.self, forKey: .losses)
        submittedAt = try container.decode(Timestamp.self, forKey: .submittedAt)
        startAt = try container.decodeIfPresent(Timestamp.self, forKey: .startAt)
        startedAt = try container.decodeIfPresent(Timestamp.self, forKey: .startedAt)
        finishedAt = try container.decodeIfPresent(Timestamp.self, forKey: .finishedAt)
        updatedAt = try container.decode(Timestamp.self, forKey: .updatedAt)
        deadline = try container.decodeIfPresent(Timestamp.self, forKey: .deadline)
        retry = try container.decode(RetryPolicy.self, forKey: .retry)
        timeout = try container.decodeIfPresent(DurationText.self, forKey: .timeout)?.duration
        delay = try container.decode(DurationText.self, forKey: .delay).duration
        waits = try container.decode([Wait].self, forKey: .waits)
        cleaning = try container.decode([String].self, forKey: .cleaning)
        undoing = try container.decodeIfPresent([String].self, forKey: .undoing) ?? []
        signals = try container.decode([SignalCount].self, forKey: .signals)
        outputs = try container.decode([NamedOutput].self, forKey: .outputs)
        continuedFrom = try container.decodeIfPresent(UInt64.self, forKey: .continuedFrom)
        parent = try container.decodeIfPresent(UInt64.self, forKey: .parent)
        isFinalizer = try container.decodeIfPresent(Bool.self, forKey: .isFinalizer) ?? false
        forkedFrom = try container.decodeIfPresent(UInt64.self, forKey: .forkedFrom)
        erasedBy = try container.decodeIfPresent(UInt64.self, forKey: .erasedBy)
        archivedBy = try container.decodeIfPresent(UInt64.self, forKey: .archivedBy)
        openChildren = try container.decodeIfPresent(Int.self, forKey: .openChildren) ?? 0
        entries = try container.decode(UInt64.self, forKey: .entries)
        last = try container.decode(UInt64.self, forKey: .last)
        errorCode = try container.decodeIfPresent(String.self, forKey: .errorCode)
        lastError = try container.decodeIfPresent(RecordedError.self, forKey: .lastError)
        labels = try container.decodeIfPresent([String: String].self, forKey: .labels) ?? [:]
        submittedBy = try container.decodeIfPresent(RecordedRequest.self, forKey: .submittedBy)
    }
}
