public import DaybookFormat

/// An open execution, folded from its entries. What is closed is a row of the index instead.
public struct ExecutionState: Sendable {
    /// The sequence of its first entry.
    public let number: UInt64
    /// The id that it was submitted under.
    public let id: String
    /// The name of its workflow.
    public let type: String
    /// Where it stands.
    public internal(set) var status = ExecutionStatus.submitted
    /// Nothing runs until a person has looked.
    public internal(set) var isParked = false
    /// The session that holds the lease; 0: none does.
    public internal(set) var session: UInt64 = 0
    /// How often it has been claimed: each claim's commands carry this.
    public internal(set) var epoch: UInt64 = 0
    /// Which attempt runs, from 1; 0 before the first.
    public internal(set) var attempt: UInt32 = 0
    /// Leases lost in a row.
    public internal(set) var losses: UInt32 = 0
    /// When it was submitted.
    public let submittedAt: Timestamp
    /// When it was first claimed; zero before.
    public internal(set) var startedAt = Timestamp(rawValue: 0)
    /// How many entries it has.
    public internal(set) var entries: UInt64 = 1
    /// The last of them.
    public internal(set) var last: UInt64
    /// The entry by which it last became ready: its place in the queue.
    public internal(set) var readySequence: UInt64 = 0
    /// The epochs for which a refusal was recorded.
    public internal(set) var refusedEpochs: [UInt64] = []
    /// How far the operations of each scope are recorded.
    public internal(set) var progress = ScopeProgress()

    /// What an entry did to an execution, as far as others must follow.
    enum Change {
        case none
        case becameReady
        case leftQueue
        case closed
    }

    init(submitted entry: EntryView, _ intern: (String) -> String) throws(WireError) {
        var id = ""
        var type = ""
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            switch field.tag {
            case 1 << 3 | 2: id = try reader.string()
            case 2 << 3 | 2: type = try reader.string()
            default: try reader.skip(field)
            }
        }
        number = entry.header.execution
        self.id = id
        self.type = intern(type)
        submittedAt = entry.header.time
        last = entry.header.sequence
    }

    /// Begins the fold of one execution's history.
    /// - Throws: `WireError` when `entry` does not submit an execution; ``UnknownEvent``.
    public init(first entry: EntryView) throws {
        guard try State.kind(of: entry) == .executionSubmitted else {
            throw WireError("a history begins with \(EventKind.executionSubmitted.name)")
        }
        try self.init(submitted: entry) { $0 }
    }

    /// Takes in the next entry of its history.
    /// - Throws: `WireError`; ``UnknownEvent``.
    public mutating func apply(_ entry: EntryView) throws {
        _ = try apply(try State.kind(of: entry), entry)
    }

    /// Takes in one of its entries after the first.
    mutating func apply(_ kind: EventKind, _ entry: EntryView) throws(WireError) -> Change {
        guard entry.header.ordinal == entries, entry.header.previous == last else {
            throw WireError(
                "it says that it is number \(entry.header.ordinal) of its execution, after entry \(entry.header.previous); the fold has \(entries) of them, the last being entry \(last)"
            )
        }
        last = entry.header.sequence
        entries += 1
        switch kind {
        case .checkpointSucceeded, .checkpointFailed:
            try progress.record(entry)
            losses = 0
        case .operationStarted, .logRecorded: break
        case .executionClaimed:
            let claim = try LeaseFields(entry.eventBytes)
            guard claim.epoch > epoch, claim.epoch < .max else {
                throw WireError("it is claimed with the epoch \(claim.epoch) after \(epoch)")
            }
            status = .running
            session = entry.header.session
            epoch = claim.epoch
            attempt = UInt32(truncatingIfNeeded: claim.number)
            if startedAt.rawValue == 0 { startedAt = entry.header.time }
            return .leftQueue
        case .executionReadied:
            status = .ready
            readySequence = entry.header.sequence
            return .becameReady
        case .leaseLost, .leaseReleased:
            let lease = try LeaseFields(entry.eventBytes)
            if kind == .leaseLost {
                guard lease.number <= UInt64(losses) + 1 else {
                    throw WireError("it counts \(lease.number) losses after \(losses)")
                }
                losses = UInt32(truncatingIfNeeded: lease.number)
            }
            status = .ready
            session = 0
            readySequence = entry.header.sequence
            return .becameReady
        case .executionParked:
            isParked = true
            session = 0
            return .leftQueue
        case .commandRefused:
            var reader = WireReader(entry.eventBytes)
            while let field = try reader.field() {
                if field.tag == 2 << 3 {
                    refusedEpochs.append(try reader.varint())
                } else {
                    try reader.skip(field)
                }
            }
        case .executionCompleted:
            status = .completed
            session = 0
            return try Self.closes(entry) ? .closed : .leftQueue
        case .executionFailed:
            status = .failed
            session = 0
            return try Self.closes(entry) ? .closed : .leftQueue
        case .executionSubmitted, .journalCreated, .sessionOpened, .sessionClosed, .sessionLost,
            .contentTypeInterned:
            throw WireError("\(kind.name) does not belong into an execution's history")
        }
        return .none
    }
}

extension ExecutionState {
    /// Whether a final event leaves nothing to clean up: field 3 of either.
    private static func closes(_ entry: EntryView) throws(WireError) -> Bool {
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            if field.tag == 3 << 3 { return try reader.varint() != 0 }
            try reader.skip(field)
        }
        return false
    }
}

/// The two numbers that the lease events begin with: the epoch, and an attempt or a count.
struct LeaseFields {
    var epoch: UInt64 = 0
    var number: UInt64 = 0

    init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field.tag {
            case 1 << 3: epoch = try reader.varint()
            case 2 << 3: number = try reader.varint()
            default: try reader.skip(field)
            }
        }
    }
}
