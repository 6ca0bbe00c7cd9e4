import DaybookFormat
import DaybookModel
import FoundationEssentials
import SwiftProtobuf

/// A journal in memory and the state that is folded from it: what the shell does around `decide`,
/// without a disk, a clock or a thread.
struct ModelHarness {
    /// The state, with the batch under way.
    private(set) var state = State()
    /// The time of the entries that are written next.
    var now = Timestamp(rawValue: 1_767_225_600_000_000_000)
    /// What the last command wrote.
    private(set) var drafts: [EntryDraft] = []
    private var disk = Index()
    private var batch = Index()
    private var isBatching = false
    private var salts: UInt64 = 0

    private struct Index {
        var entries: [[UInt8]] = []
        /// By the bytes of the id: Swift takes strings for equal that differ in theirs.
        var rows: [[UInt8]: [UInt8]] = [:]
        var payloads: [UInt64: [UInt8]] = [:]
        var ends: [UInt64: (count: UInt64, last: UInt64)] = [:]
    }

    /// A journal that holds entry 0. A limit of 0 stands for its default.
    init(lossLimit: UInt32 = 0, contentTypes: [String] = ContentTypes.initial) throws {
        let created = ProtoJournalCreated.with {
            $0.uuid = Data(Array(repeating: 7, count: 16))
            $0.origin = "example.com/test"
            $0.format = 1
            $0.settings.lossLimit = lossLimit
            $0.contentTypes = contentTypes
        }
        let event = ProtoEntry.OneOf_Event.journalCreated(created).encoded()
        try append([EntryDraft(execution: 0, event: event, session: 0)])
        commit()
    }

    // MARK: Commands

    /// The sequence that the next entry will have.
    var next: UInt64 { UInt64(disk.entries.count + batch.entries.count) }

    /// Decides a command and takes in what it writes; commits unless a batch is under way.
    @discardableResult
    mutating func run<C: Command>(_ command: C, session: UInt64) throws -> C.Answer {
        drafts = []
        let decision = try decide(command, session: session)
        drafts = decision.drafts
        try append(decision.drafts)
        if !isBatching { commit() }
        return try decision.outcome.get()
    }

    /// Decides a command and leaves it at that.
    func decide<C: Command>(_ command: C, session: UInt64) throws -> Decision<C.Answer> {
        let moment = Moment(now: now, nextSequence: next, session: session)
        var facts = try facts(for: command.subject)
        if command.needsHistory, let row = facts.row, row.hasClosed {
            facts.closed = try fold(row.number, before: next)
        }
        return try command.decide(state, facts, moment)
    }

    /// What is known of an id, looked up as the shell does.
    func facts(for id: String?) throws -> Facts {
        var facts = Facts()
        guard let id, Names.isValid(id), let row = try row(id) else { return facts }
        facts.row = row
        var run = row.number
        if case .executionSubmitted(let event) = try entry(run).event, event.firstRun != 0 {
            run = event.firstRun
        }
        let first = try withEntry(bytes(run)) { try $0.commitments().first }
        if let first {
            let salt = try payloads(of: run).first?.salt
            facts.input = Facts.RecordedInput(mac: first.mac, salt: salt)
        }
        return facts
    }

    /// Lets the time pass, and sees to what is due.
    @discardableResult
    mutating func pass(_ duration: Duration, by session: UInt64) throws -> Int {
        now = Timestamp(rawValue: now.rawValue + duration.wholeNanoseconds)
        var count = 0
        while let deadline = state.nextDeadline, deadline <= now {
            let fired = try fire(limit: 100, by: session)
            if fired == 0 { break }
            count += fired
        }
        return count
    }

    /// Sees once to what is due.
    mutating func fire(limit: Int, by session: UInt64) throws -> Int {
        state.advance(to: now, limit: limit)
        let command = FireTimers(
            timeoutMessage: try sealed([.text("Task timed out")]),
            expiryMessage: try sealed([.text("not executed in time")])
        )
        return try run(command, session: session)
    }

    /// Folds the history of an execution.
    func fold(_ number: UInt64, before end: UInt64) throws -> ExecutionState {
        var state: ExecutionState?
        for bytes in entries.prefix(Int(end)) {
            try withEntry(bytes) { entry in
                guard entry.header.execution == number else { return }
                if state == nil {
                    state = try ExecutionState(first: entry)
                } else {
                    try state?.apply(entry)
                }
            }
        }
        guard let state else { return try State.noHistory(number, end) }
        return state
    }

    // MARK: Batches

    /// From here on commands only become pending.
    mutating func begin() { isBatching = true }

    /// The batch is on the disk.
    mutating func commit() {
        disk.entries += batch.entries
        disk.rows.merge(batch.rows) { $1 }
        disk.payloads.merge(batch.payloads) { $1 }
        disk.ends.merge(batch.ends) { $1 }
        state.commit()
        batch = Index()
        isBatching = false
    }

    /// The batch is not on the disk.
    mutating func rollBack() {
        state.rollBack()
        batch = Index()
        isBatching = false
    }

    /// Runs commands as one batch, and commits it.
    mutating func inBatch<Result>(
        _ body: (inout ModelHarness) throws -> Result
    ) throws -> Result {
        begin()
        do {
            let result = try body(&self)
            commit()
            return result
        } catch {
            rollBack()
            throw error
        }
    }

    /// Seals drafts as the journal does, and takes them in.
    mutating func append(_ drafts: [EntryDraft]) throws {
        for draft in drafts {
            var header = EntryHeader()
            header.sequence = next
            header.time = now
            header.execution = draft.execution
            header.schema = draft.schema
            header.session = draft.session
            header.correlation = draft.correlation
            header.causation = draft.causation
            if draft.execution != 0 {
                if let end = batch.ends[draft.execution] ?? disk.ends[draft.execution] {
                    header.ordinal = end.count
                    header.previous = end.last
                }
                batch.ends[draft.execution] = (header.ordinal + 1, header.sequence)
            }
            let bytes = encode(header, draft.payloads?.commitments ?? [], event: draft.event)
            batch.payloads[header.sequence] = draft.payloads?.record
            if let row = draft.row { batch.rows[Array(row.id.utf8)] = row.row }
            batch.entries.append(bytes)
            let harness = self
            try withEntry(bytes) { entry in
                try state.apply(pending: entry) { try harness.fold($0, before: $1) }
            }
        }
    }

    // MARK: Looking

    /// All entries, those of the batch under way included.
    var entries: [[UInt8]] { disk.entries + batch.entries }

    /// The bytes of an entry.
    func bytes(_ sequence: UInt64) -> [UInt8] {
        let index = Int(sequence)
        let count = disk.entries.count
        return index < count ? disk.entries[index] : batch.entries[index - count]
    }

    /// An entry, decoded by SwiftProtobuf.
    func entry(_ sequence: UInt64) throws -> ProtoEntry {
        try ProtoEntry(serializedBytes: bytes(sequence))
    }

    /// All entries of an execution.
    func history(of number: UInt64) throws -> [ProtoEntry] {
        try entries.map { try ProtoEntry(serializedBytes: $0) }.filter { $0.execution == number }
    }

    /// The names of the entries from a sequence on.
    func names(from first: UInt64) throws -> [String] {
        try (first..<next).map { sequence in
            try withEntry(bytes(sequence)) { EventKind(rawValue: $0.event)?.name ?? "?" }
        }
    }

    /// The row under an id.
    func row(_ id: String) throws -> ProtoExecutionRow? {
        let key = Array(id.utf8)
        guard let bytes = batch.rows[key] ?? disk.rows[key] else { return nil }
        return try ProtoExecutionRow(serializedBytes: bytes)
    }

    /// The payloads of an entry.
    func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        guard let record = batch.payloads[sequence] ?? disk.payloads[sequence] else { return [] }
        return try record.withUnsafeBytes { try StoredPayload.all($0) }
    }

    /// Removes salt and bytes of the payloads of an entry, as erasing does.
    mutating func erase(_ sequence: UInt64) throws {
        let count = try payloads(of: sequence).count
        let erased = ProtoPayloads.with {
            $0.payloads = Array(repeating: ProtoPayload(), count: count)
        }
        disk.payloads[sequence] = erased.encoded()
    }

    /// Whether rows and payloads are the same, byte for byte.
    func hasSameRecords(as other: ModelHarness) -> Bool {
        disk.rows == other.disk.rows && disk.payloads == other.disk.payloads
    }

    /// The state that a process has that opens the journal now.
    func recovered() throws -> State {
        var state = State()
        for bytes in disk.entries {
            try withEntry(bytes) { entry in
                _ = try state.apply(committed: entry) { try fold($0, before: $1) }
            }
        }
        return state
    }

    /// Goes on with the state of another process.
    mutating func continueFrom(_ other: State) { state = other }

    // MARK: Payloads

    /// Seals payloads under salts that count up.
    mutating func sealed(_ payloads: [Payload]) throws -> SealedPayloads {
        var drawn = salts
        defer { salts = drawn }
        return try SealedPayloads(payloads, limit: 1 << 20) {
            drawn += 1
            return Salt(drawn, 0)
        }
    }
}

/// Encodes an entry.
func encode(
    _ header: EntryHeader,
    _ commitments: [Commitment] = [],
    event: [UInt8]
) -> [UInt8] {
    var writer = WireWriter()
    event.withUnsafeBytes { writer.entry(header, commitments, event: $0) }
    return Array(writer.bytes)
}

/// Looks at an entry.
@discardableResult
func withEntry<Result>(
    _ bytes: [UInt8],
    _ body: (EntryView) throws -> Result
) throws -> Result {
    try bytes.withUnsafeBytes { try body(try EntryView($0)) }
}
