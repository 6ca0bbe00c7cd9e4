public import DaybookFormat
import SwiftProtobuf

/// An open execution, folded from its entries. What is closed is a row of the index instead.
public struct ExecutionState: Sendable {
    /// The sequence of its first entry.
    public let number: UInt64
    /// The id that it was submitted under.
    public let id: Name
    /// The name of its workflow.
    public internal(set) var type: Name
    /// Where it stands.
    public internal(set) var status = ExecutionStatus.submitted
    /// Nothing runs until a person has looked.
    public internal(set) var isParked = false
    /// Nothing runs until it is resumed.
    public internal(set) var isPaused = false
    /// It is held back: ``deadline`` is the time until which it is.
    public internal(set) var isDelayed = false
    /// The next claim begins a new attempt.
    var beginsAttempt = true
    /// The session that holds the lease, or held it last; nil: none does.
    public internal(set) var session: UInt64?
    /// How often it has been claimed: each claim's commands carry this.
    public internal(set) var epoch: UInt64 = 0
    /// Which attempt runs, from 1; 0 before the first.
    public internal(set) var attempt: UInt32 = 0
    /// Leases lost in a row.
    public internal(set) var losses: UInt32 = 0
    /// When it was submitted.
    public let submittedAt: Timestamp
    /// When it was asked to start; zero before.
    public internal(set) var startAt = Timestamp(rawValue: 0)
    /// When it was first claimed; zero before.
    public internal(set) var startedAt = Timestamp(rawValue: 0)
    /// When it reached a final status; zero before.
    public internal(set) var finishedAt = Timestamp(rawValue: 0)
    /// When its last entry was written.
    public internal(set) var updatedAt: Timestamp
    /// The next time at which something happens to it by itself; zero: none. Before it is executed
    /// it expires then, while it is held back it becomes ready, else its attempt times out.
    public internal(set) var deadline = Timestamp(rawValue: 0)
    /// How many entries it has.
    public internal(set) var entries: UInt64 = 1
    /// The last of them.
    public internal(set) var last: UInt64
    /// The entry by which it last became ready: its place in the queue.
    public internal(set) var readySequence: UInt64 = 0
    /// How far the operations of each scope are recorded.
    public internal(set) var progress = ScopeProgress()
    /// What most executions have little of.
    private var box: Box?

    /// What most executions have little of, behind one reference.
    struct Rare: Sendable {
        var retry: RetryPolicy?
        /// Nanoseconds that an attempt may take; 0: as long as it likes.
        var timeout: UInt64 = 0
        /// Nanoseconds before the first attempt.
        var delay: UInt64 = 0
        var continuedFrom: UInt64 = 0
        var firstRun: UInt64 = 0
        var refusedEpochs: [UInt64] = []
        /// Those that the end has cut short are kept.
        var waits = WaitTable()
        var mailbox = Mailbox()
        /// The ids of all signals that were sent.
        var signalIDs = SignalIDs()
        /// The entries that hold the values of the store, by key.
        var store: [Name: UInt64] = [:]
        /// The entries that hold the outputs.
        var outputs = Outputs()
        /// The entry that ended the attempt before with an error; 0: none did.
        var previousFailure: UInt64 = 0
        var errorCode = ""
    }

    /// Sendable without the compiler's check: it is changed only while it has one owner.
    private final class Box: @unchecked Sendable {
        var rare: Rare
        init(_ rare: Rare) { self.rare = rare }
    }

    private static let nothing = Rare()

    /// What most executions have little of.
    var rare: Rare {
        get { box?.rare ?? Self.nothing }
        _modify {
            if !isKnownUniquelyReferenced(&box) { box = Box(box?.rare ?? Self.nothing) }
            yield &box!.rare
        }
    }

    init(number: UInt64, id: Name, type: Name, submittedAt: Timestamp) {
        self.number = number
        self.id = id
        self.type = type
        self.submittedAt = submittedAt
        updatedAt = submittedAt
        last = number
    }

    /// - Throws: `WireError` for an entry that says that others came before it in its stream, too.
    init(submitted entry: EntryView, _ intern: (Name) -> Name) throws(WireError) {
        try entry.header.check(follows: 0, of: 0)
        let event = try SubmittedFields(entry)
        self.init(
            number: entry.header.stream.rawValue,
            id: Name(event.id),
            type: intern(Name(event.type)),
            submittedAt: entry.header.time
        )
        deadline = Timestamp(rawValue: event.expiresAt)
        if event.isSpecial {
            let event = try ProtoExecutionSubmitted(decoding: entry)
            rare.retry = event.hasRetry ? RetryPolicy(event.retry) : nil
            rare.timeout = event.timeout
            rare.delay = event.delay
            rare.continuedFrom = event.continuedFrom
            rare.firstRun = event.firstRun
            for id in event.signalIds { rare.signalIDs.insert(Name(id)) }
        }
    }

    /// Begins the fold of one execution's history.
    /// - Throws: `WireError` when `entry` does not submit an execution; ``UnknownEvent``.
    public init(first entry: EntryView) throws {
        guard try State.kind(of: entry) == .executionSubmitted else {
            throw WireError("a history begins with \(EventKind.executionSubmitted.name)")
        }
        try self.init(submitted: entry) { $0 }
    }

    // MARK: Looking

    /// From now on ``undoing`` is collected.
    public mutating func collectUndone() { progress.collectUndone() }

    /// What later attempts have undone. Only collected on demand.
    public var undoing: Undoing { progress.undoing ?? Undoing() }

    /// How often and when it is tried again.
    public var retry: RetryPolicy { box?.rare.retry ?? .none }
    /// How long an attempt may take, waits included; nil: as long as it likes.
    public var timeout: Duration? {
        box.flatMap { $0.rare.timeout == 0 ? nil : Duration(nanoseconds: $0.rare.timeout) }
    }
    /// How long it is held back before its first attempt.
    public var delay: Duration { Duration(nanoseconds: box?.rare.delay ?? 0) }
    /// The number of the run that it goes on from, under the same id; nil: none.
    public var continuedFrom: UInt64? {
        box.flatMap { $0.rare.continuedFrom == 0 ? nil : $0.rare.continuedFrom }
    }
    /// The number of the first run of its id.
    var firstRun: UInt64 {
        box.flatMap { $0.rare.firstRun == 0 ? nil : $0.rare.firstRun } ?? number
    }
    /// What its operations wait for, in the order in which they began. Once it has ended they wait
    /// for nothing; when it is reopened they go on.
    ///
    /// They are put into order for each who asks.
    public var waits: [Wait] { status.isFinal ? [] : waitTable.inOrder }
    /// What operations wait for, whatever has become of the execution.
    var waitTable: WaitTable { box?.rare.waits ?? Self.nothing.waits }
    /// With how many operations it waits.
    var waitCount: Int { status.isFinal ? 0 : box?.rare.waits.count ?? 0 }
    /// When the first of its waits ends by itself; nil: none does.
    var firstWaitDeadline: Timestamp? {
        status.isFinal ? nil : waitTable.firstDeadline
    }
    /// What began to be waited for with an entry, and still is.
    func wait(since sequence: UInt64) -> Wait? { status.isFinal ? nil : waitTable[sequence] }
    /// How many signals of each name nobody has asked for yet, in the order of their coming.
    public var bufferedSignals: [SignalCount] { box?.rare.mailbox.counts ?? [] }
    /// How many signals nobody has asked for yet.
    var signalsLeft: UInt64 { UInt64(box?.rare.mailbox.count ?? 0) }
    /// The entries that hold its outputs, by name, in the order of their names' first use.
    public var outputs: [NamedOutput] { box?.rare.outputs.inOrder ?? [] }
    /// The entry by which the attempt before failed; nil: there was none, or it did not.
    public var previousFailure: UInt64? {
        box.flatMap { $0.rare.previousFailure == 0 ? nil : $0.rare.previousFailure }
    }
    /// The epochs for which a refusal was recorded.
    public var refusedEpochs: [UInt64] { box?.rare.refusedEpochs ?? [] }
    /// The code of the error that it ended with; empty: it has not.
    var errorCode: String { box?.rare.errorCode ?? "" }

    /// It has ended, and waits for its code to end too.
    public var isCleaning: Bool { status.isFinal }

    /// Whether somebody may claim it.
    public var isClaimable: Bool {
        status == .ready && !isParked && !isPaused && !isDelayed && session == nil
    }

    /// Whether a deadline of the heap still stands.
    func hasTimer(_ item: TimerItem) -> Bool {
        guard item.wait != 0 else { return deadline == item.deadline && deadline.rawValue != 0 }
        return wait(since: item.wait)?.deadline == item.deadline
    }

    /// Its deadlines.
    var timers: [TimerItem] {
        var items: [TimerItem] = []
        if deadline.rawValue != 0 {
            items.append(TimerItem(deadline: deadline, execution: number, wait: 0))
        }
        guard !status.isFinal else { return items }
        for (deadline, sequence) in waitTable.timed {
            items.append(TimerItem(deadline: deadline, execution: number, wait: sequence))
        }
        return items
    }

    /// The row that it has in the index once it is closed.
    public var closedRow: ProtoExecutionRow {
        .with {
            $0.number = number
            $0.closed = .with {
                $0.type = type.text
                $0.status = status.proto
                $0.submittedAt = submittedAt.rawValue
                $0.startAt = startAt.rawValue
                $0.startedAt = startedAt.rawValue
                $0.finishedAt = finishedAt.rawValue
                $0.attempts = attempt
                $0.last = last
                $0.entries = entries
                $0.errorCode = errorCode
            }
        }
    }
}

/// The fields of a submission that every execution has.
private struct SubmittedFields {
    var id = ""
    var type = ""
    var expiresAt: UInt64 = 0
    /// There are others, too.
    var isSpecial = false

    init(_ entry: EntryView) throws(WireError) {
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionSubmitted.id: id = try reader.string()
            case Wire.ExecutionSubmitted.type: type = try reader.string()
            case Wire.ExecutionSubmitted.expiresAt: expiresAt = try reader.fixed64()
            default:
                isSpecial = true
                try reader.skip(field)
            }
        }
    }
}
