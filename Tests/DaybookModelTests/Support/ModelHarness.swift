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
    /// What the disk answers to whoever appends; nil: it is well.
    var fault: (any Error)?
    private var disk = Index()
    private var batch = Index()
    private var isBatching = false
    private var salts: UInt64 = 0

    fileprivate struct Index {
        var entries: [[UInt8]] = []
        var rows: [Name: [UInt8]] = [:]
        /// How ids move from list to list, in order.
        var moves: [ExecutionIndexRow] = []
        var payloads: [UInt64: [UInt8]] = [:]
        var ends: [StreamID: (count: UInt64, last: UInt64)] = [:]
    }

    /// A journal that holds entry 0. A limit of 0 stands for its default.
    init(
        lossLimit: UInt32 = 0,
        secretLifetime: Duration = .zero,
        contentTypes: [String] = ContentTypes.initial
    ) throws {
        let created = ProtoJournalCreated.with {
            $0.uuid = Data(Array(repeating: 7, count: 16))
            $0.origin = "example.com/test"
            $0.format = 1
            $0.settings.lossLimit = lossLimit
            $0.settings.submissionLifetime = Duration.seconds(3_600).wholeNanoseconds
            $0.settings.secretLifetime = secretLifetime.wholeNanoseconds
            $0.contentTypes = contentTypes
        }
        let event = ProtoEntry.OneOf_Event.journalCreated(created).encoded()
        try append([EntryDraft(stream: .journal, event: event, session: 0)])
        commit()
    }

    // MARK: Commands

    /// The sequence that the next entry will have.
    var next: UInt64 { UInt64(disk.entries.count + batch.entries.count) }

    /// Decides a command, which writes as it goes; commits unless a batch is under way.
    @discardableResult
    mutating func run<C: Command>(_ command: C, session: UInt64) throws -> C.Answer {
        let answer = Swift.Result { try write(command, session: session) }
        if !isBatching { commit() }
        return try answer.get()
    }

    /// Here nothing is held on to after the command that would have the next one copy the index.
    private mutating func write<C: Command>(
        _ command: C,
        session: UInt64
    ) throws -> C.Answer {
        let ledger = HarnessLedger(disk, exchange(&batch, with: Index()), now)
        ledger.fault = fault
        // Handed on, and not copied: a large state would be so for each command.
        var tx = Transaction(exchange(&state, with: State()), ledger, session: session)
        let answer = Swift.Result { try tx.carryOut(command) }
        state = tx.finish()
        batch = ledger.batch
        drafts = ledger.drafts
        return try answer.get()
    }

    /// What a command comes to.
    struct Rehearsal<Answer> {
        let drafts: [EntryDraft]
        let answer: Answer
    }

    /// Decides a command and leaves it at that.
    @discardableResult
    func decide<C: Command>(_ command: C, session: UInt64) throws -> Rehearsal<C.Answer> {
        var copy = self
        let answer = try copy.run(command, session: session)
        return Rehearsal(drafts: copy.drafts, answer: answer)
    }

    /// Puts another row in the place of that of an id, as damage or a newer version might.
    mutating func replaceRow(of id: Name, _ change: (inout ProtoExecutionRow) -> Void) throws {
        guard var row = try row(id) else { return }
        change(&row)
        disk.rows[id] = row.encoded()
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
        let command = FireTimers(
            timeoutMessage: try sealed([.text("Task timed out")]),
            expiryMessage: try sealed([.text("not executed in time")]),
            limit: limit
        )
        return try run(command, session: session)
    }

    /// Folds the history of an execution.
    func fold(_ number: UInt64, before end: UInt64) throws -> ExecutionState {
        try HarnessLedger(disk, batch, now).history(of: number, before: end)
    }

    // MARK: Batches

    /// From here on commands only become pending.
    mutating func begin() { isBatching = true }

    /// The batch is on the disk.
    mutating func commit() {
        disk.entries += batch.entries
        disk.rows.merge(batch.rows) { $1 }
        disk.moves += batch.moves
        disk.payloads.merge(batch.payloads) { $1 }
        disk.ends.merge(batch.ends) { $1 }
        state.commit()
        batch = Index()
        isBatching = false
    }

    /// The batch is not on the disk.
    mutating func rollBack() throws {
        batch = Index()
        isBatching = false
        try state.rollBack { [self] in try fold($0, before: $1) }
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
            try rollBack()
            throw error
        }
    }

    /// Takes in drafts without asking whether they make sense, as they may lie on a disk.
    mutating func append(_ drafts: [EntryDraft]) throws {
        let ledger = HarnessLedger(disk, batch, now)
        let bytes = drafts.map { ledger.write($0) }
        batch = ledger.batch
        for bytes in bytes {
            let harness = self
            try withEntry(bytes) { entry in
                _ = try state.apply(committed: entry) { try harness.fold($0, before: $1) }
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
        try entries.map { try ProtoEntry(serializedBytes: $0) }.filter { $0.stream == number }
    }

    /// The names of the entries from a sequence on.
    func names(from first: UInt64) throws -> [String] {
        try (first..<next).map { sequence in
            try withEntry(bytes(sequence)) { EventKind(rawValue: $0.event)?.name ?? "?" }
        }
    }

    /// The row under an id.
    func row(_ id: Name) throws -> ProtoExecutionRow? {
        guard let bytes = batch.rows[id] ?? disk.rows[id] else { return nil }
        return try ProtoExecutionRow(serializedBytes: bytes)
    }

    /// The lists of the index, by their keys: the numbers of the first runs of ids.
    var lists: [[UInt8]: Set<UInt64>] {
        var lists: [[UInt8]: Set<UInt64>] = [:]
        for row in disk.moves + batch.moves {
            if let list = row.leaves { lists[list]?.remove(row.listed) }
            for list in row.joins { lists[list, default: []].insert(row.listed) }
        }
        return lists
    }

    /// The payloads of an entry.
    func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        guard let record = batch.payloads[sequence] ?? disk.payloads[sequence] else { return [] }
        let commitments = try withEntry(bytes(sequence)) { try $0.commitments() }
        return try record.withUnsafeBytes {
            try PayloadRecord($0).payloads(of: commitments) { _, _ in nil }
        }
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

/// A journal in memory as a transaction sees it.
private final class HarnessLedger: Ledger {
    let now: Timestamp
    private let disk: ModelHarness.Index
    private(set) var batch: ModelHarness.Index
    /// What was appended.
    private(set) var drafts: [EntryDraft] = []
    /// Thrown at whoever appends.
    var fault: (any Error)?

    init(_ disk: ModelHarness.Index, _ batch: ModelHarness.Index, _ now: Timestamp) {
        self.disk = disk
        self.batch = batch
        self.now = now
    }

    var nextSequence: UInt64 { UInt64(disk.entries.count + batch.entries.count) }

    func append(_ draft: EntryDraft, _ apply: (EntryView) throws -> Void) throws {
        if let fault { throw fault }
        drafts.append(draft)
        let bytes = write(draft)
        try erase(bytes)
        try withEntry(bytes, apply)
    }

    /// Seals a draft as the journal does.
    func write(_ draft: EntryDraft) -> [UInt8] {
        var header = EntryHeader()
        header.sequence = nextSequence
        header.time = now
        header.stream = draft.stream
        header.schema = draft.schema
        header.session = draft.session
        header.correlation = draft.correlation
        header.causation = draft.causation
        if let end = batch.ends[draft.stream] ?? disk.ends[draft.stream] {
            header.ordinal = end.count
            header.previous = end.last
        }
        batch.ends[draft.stream] = (header.ordinal + 1, header.sequence)
        let bytes = encode(header, draft.payloads?.commitments ?? [], event: draft.event)
        batch.payloads[header.sequence] = draft.payloads?.record
        batch.entries.append(bytes)
        return bytes
    }

    /// Does what the journal does when an entry is written that says that payloads are erased.
    private func erase(_ bytes: [UInt8]) throws {
        let entry = try ProtoEntry(serializedBytes: bytes)
        guard case .payloadsErased(let event) = entry.event else { return }
        for sequence in event.from...event.through {
            let count = try unerased(sequence, of: entry.stream)
            if count > 0 { batch.payloads[sequence] = PayloadRecord.erased(count) }
        }
    }

    /// How many payloads of an entry are there to be erased.
    private func unerased(_ sequence: UInt64, of stream: UInt64) throws -> Int {
        let entry = try ProtoEntry(serializedBytes: bytes(sequence))
        guard entry.stream == stream,
            let record = batch.payloads[sequence] ?? disk.payloads[sequence]
        else { return 0 }
        if case .payloadsErased = entry.event { return 0 }
        let count = entry.commitments.count
        return record == PayloadRecord.erased(count) ? 0 : count
    }

    func erasable(
        of stream: UInt64,
        before sequence: UInt64,
        limit: Int
    ) throws -> ErasableRange? {
        let members =
            try (stream..<nextSequence).filter {
                try ProtoEntry(serializedBytes: bytes($0)).stream == stream
            }.reversed() as [UInt64]
        let first = try members.firstIndex { try $0 < sequence && unerased($0, of: stream) > 0 }
        guard let first else { return nil }
        let found = try members[first...].prefix(limit).filter { try unerased($0, of: stream) > 0 }
        guard let low = found.last, let high = found.first else { return nil }
        let sizes = try found.flatMap { member in
            try ProtoEntry(serializedBytes: bytes(member)).commitments.map(\.size)
        }
        return ErasableRange(
            range: low...high,
            entries: found.count,
            payloads: sizes.count,
            bytes: sizes.reduce(0, +)
        )
    }

    func forks(of number: UInt64) throws -> [UInt64] {
        try (0..<nextSequence).filter {
            let entry = try ProtoEntry(serializedBytes: bytes($0))
            guard case .executionSubmitted(let event) = entry.event else { return false }
            return event.forkedFrom == number
        }
    }

    func isDamage(_ error: any Error) -> Bool { false }

    func put(_ row: ExecutionIndexRow) {
        batch.rows[Name(row.id)] = row.row
        if row.leaves != nil || !row.joins.isEmpty { batch.moves.append(row) }
    }

    func row(of id: Name) throws -> ProtoExecutionRow? {
        guard let bytes = batch.rows[id] ?? disk.rows[id] else { return nil }
        return try ProtoExecutionRow(serializedBytes: bytes)
    }

    func input(of number: UInt64) throws -> RecordedInput? {
        var run = number
        if case .executionSubmitted(let event) = try ProtoEntry(serializedBytes: bytes(run)).event,
            event.firstRun != 0
        {
            run = event.firstRun
        }
        guard let first = try withEntry(bytes(run), { try $0.commitments().first }) else {
            return nil
        }
        let record = batch.payloads[run] ?? disk.payloads[run]
        let salt = try record?.withUnsafeBytes { try PayloadRecord.firstSalt($0) }
        return RecordedInput(mac: first.mac, salt: salt ?? nil)
    }

    func history(of number: UInt64, before end: UInt64) throws -> ExecutionState {
        var state: ExecutionState?
        for sequence in 0..<min(end, nextSequence) {
            try withEntry(bytes(sequence)) { entry in
                guard entry.header.stream.rawValue == number else { return }
                if state == nil {
                    let point = try ForkPoint(submittedBy: entry)
                    state =
                        if let point {
                            try ExecutionState(
                                fork: entry,
                                of: history(of: point.origin, before: point.before)
                            )
                        } else {
                            try ExecutionState(first: entry)
                        }
                } else {
                    try state?.apply(entry)
                }
            }
        }
        guard let state else { return try State.noHistory(number, end) }
        return state
    }

    private func bytes(_ sequence: UInt64) -> [UInt8] {
        let index = Int(sequence)
        let count = disk.entries.count
        return index < count ? disk.entries[index] : batch.entries[index - count]
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

/// A payload as it is read from a journal.
func storedPayload(_ data: [UInt8]) throws -> StoredPayload {
    let salt = Salt(7, 7)
    let mac = salt.commit(to: data)
    return try StoredPayload(
        salt: salt.bytes,
        data: data,
        Commitment(mac: mac, size: UInt64(data.count), contentType: 1)
    )
}
