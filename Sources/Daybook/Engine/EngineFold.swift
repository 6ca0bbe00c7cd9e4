import DaybookFormat
import DaybookJournal
import DaybookModel

/// The model's state as a fold for the writer, which also tells the engine what has changed.
///
/// Sendable without the compiler's check: a batch's ledger is used only by the one who writes, be
/// that the writer's thread or a caller who is alone, and only while the batch is under way.
struct EngineFold: JournalFold, @unchecked Sendable {
    /// The state; nil while a command has it.
    private var held: State?
    private var news = News()
    private var ledger: JournalLedger?
    private let board: NewsBoard
    /// Overwrites the keys of what was wiped.
    private let keeper: SecretKeeper
    /// The UUID of this process's session, by which it knows its own first entry.
    private let uuid: Identifier
    private var session: UInt64 = 0
    /// What is due is seen to by this process; nil: others do that.
    private let firing: FireTimers?
    /// Dispatches tasks that are due; nil: others do that.
    private let scheduler: TaskScheduler?
    /// After so many entries a snapshot is due; nil: others see to that.
    private let snapshotInterval: UInt64?
    /// Before that no snapshot is asked for.
    private var nextSnapshot: UInt64 = 0
    /// How many leases this process takes; nil: it claims nothing of its own accord.
    private let budget: (any ClaimBudget)?
    /// The names of the workflows that it claims, sorted.
    private let claimedTypes: [Name]
    /// Leases that the batch under way has granted.
    private var granted: [Lease] = []

    /// - Parameter state: what is known without reading the journal.
    init(
        _ board: NewsBoard,
        _ keeper: SecretKeeper,
        session uuid: Identifier,
        firing: FireTimers?,
        scheduler: TaskScheduler? = nil,
        snapshotInterval: UInt64?,
        claiming types: [Name] = [],
        within budget: (any ClaimBudget)? = nil,
        from state: State
    ) {
        claimedTypes = types
        self.budget = types.isEmpty ? nil : budget
        self.board = board
        self.keeper = keeper
        self.uuid = uuid
        self.firing = firing
        self.scheduler = scheduler
        self.snapshotInterval = snapshotInterval
        held = state
    }

    /// The state. Between commands it is there.
    var state: State {
        _read { yield held! }
        _modify { yield &held! }
    }

    var next: UInt64 { state.next }

    mutating func apply(committed entry: EntryView, _ reader: any StoreReader) throws {
        do {
            try Self.reading(entry) {
                try state.apply(committed: entry, reader)
            }
        } catch let error as JournalError where error.code == .newerVersion {
            // What looks as if a newer version had written it may be damaged.
            var leaves = LeafCheck()
            try leaves.check(entry.header.sequence, entry.bytes, reader)
            throw error
        }
        if entry.event == EventKind.sessionOpened.rawValue { noteSession() }
        // What was there before this process began is news to nobody.
        if session != 0 { news.note(entry) }
    }

    mutating func restart(_ reader: any StoreReader) throws {
        let before = exchange(&held, with: State())!
        try reader.scanEntries(from: 0) { sequence, bytes in
            let entry: EntryView
            do throws(WireError) {
                entry = try EntryView(bytes)
            } catch {
                throw JournalError.integrity(sequence, "it cannot be read (\(error.reason))")
            }
            if sequence >= before.next {
                try apply(committed: entry, reader)
            } else {
                try Self.reading(entry) { try state.apply(committed: entry, reader) }
            }
            return true
        }
        for number in before.openExecutions where state.execution(number) == nil {
            news.note(endOf: number)
        }
    }

    // MARK: Batches

    /// Decides a command on the state as the batch leaves it.
    mutating func decide<C: Command>(
        _ command: C,
        session: UInt64,
        _ batch: Batch
    ) throws -> Result<C.Answer, any Error> {
        try transact(session: session, batch) { tx throws in
            let count = tx.count
            do {
                return .success(try tx.carryOut(command))
            } catch let refusal as Refusal where tx.count != count {
                // It is worth the entries that were appended.
                return .failure(refusal)
            }
        }
    }

    private mutating func transact<Answer>(
        session: UInt64,
        _ batch: Batch,
        _ body: (inout Transaction) throws -> Answer
    ) throws -> Answer {
        let ledger = ledger(for: batch)
        precondition(held != nil, "a command is decided inside another one")
        // Handed on without a name of its own here: a second reference would have the next change
        // copy the table of all open executions, once for each command.
        var tx = Transaction(exchange(&held, with: nil)!, ledger, session: session)
        let answer = Swift.Result { try body(&tx) }
        held = tx.finish()
        return try answer.get()
    }

    private mutating func ledger(for batch: Batch) -> JournalLedger {
        if let ledger, ledger.batch === batch { return ledger }
        let fresh = JournalLedger(batch)
        ledger = fresh
        return fresh
    }

    mutating func commit() {
        if !state.secrets.newlyLeft.isEmpty { keeper.note(left: state.secrets) }
        state.commit()
        if session == 0 { noteSession() }
        // Before anybody is told that they are wiped.
        if let wiped = ledger?.wipedKeys { keeper.destroy(wiped) }
        var all = news.adding(ledger?.news ?? News())
        if isSnapshotDue() { all.noteSnapshotDue() }
        news = News()
        ledger = nil
        board.publish(all, leases: exchange(&granted, with: []))
    }

    mutating func rollBack(_ reader: any StoreReader) throws {
        // Others may have written since the batch failed: what they wrote is taken in in its turn.
        try state.rollBack { number, next in try reader.history(of: number, upTo: next - 1) }
        ledger = nil
        if !granted.isEmpty { budget?.giveBack(exchange(&granted, with: []).count) }
    }

    /// Whether to ask for a snapshot; if it comes to nothing, it is asked for again later.
    private mutating func isSnapshotDue() -> Bool {
        guard let snapshotInterval, state.next >= nextSnapshot, needsSnapshot else { return false }
        nextSnapshot = state.next + max(snapshotInterval / 4, 1)
        return true
    }

    /// Whether the newest recorded snapshot is too old.
    var needsSnapshot: Bool {
        guard let snapshotInterval else { return false }
        return state.next - state.journal.snapshotSize >= max(snapshotInterval, 1)
    }

    private mutating func noteSession() {
        session = state.sessions.first { $0.uuid == uuid }?.number ?? 0
    }

    // MARK: Time

    var nextDeadline: Timestamp? {
        guard firing != nil, session != 0 else { return nil }
        guard let due = nextDue else { return state.nextDeadline }
        return state.nextDeadline.map { min($0, due) } ?? due
    }

    /// When the first task is due that this process dispatches, and has room for; nil: none is.
    private var nextDue: Timestamp? {
        scheduler.flatMap { scheduler in state.nextDue { scheduler.serves($0, $1) } }
    }

    mutating func fire(_ batch: Batch) throws {
        guard let firing, session != 0 else { return }
        if let deadline = state.nextDeadline, deadline <= batch.now {
            _ = try decide(firing, session: session, batch).get()
        }
        guard let scheduler, let due = nextDue, due <= batch.now else { return }
        let command = scheduler.command(limit: state.journal.payloadLimit)
        _ = try decide(command, session: session, batch).get()
    }

    // MARK: Claims

    /// Grants this process leases of what is ready, as far as it has room: also of what this batch
    /// has made ready. They are told once the batch is on the disk.
    mutating func conclude(_ batch: Batch) throws {
        let opensSecrets = keeper.access.refusal == nil
        guard let budget, session != 0,
            state.hasReady(
                of: claimedTypes,
                for: Claimant(
                    state.revision(ofSession: session),
                    opensSecrets: opensSecrets
                )
            )
        else { return }
        let room = budget.reserve()
        guard room > 0 else { return }
        let types = claimedTypes
        defer { if granted.count < room { budget.giveBack(room - granted.count) } }
        granted = try transact(session: session, batch) { tx throws in
            try tx.grant(upTo: room, of: types, opensSecrets: opensSecrets)
        }
    }

    /// Says in the journal's terms what the model cannot take in.
    private static func reading(_ entry: EntryView, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as UnknownEvent {
            throw JournalError(
                .newerVersion,
                error.description,
                sequence: error.sequence,
                underlying: error
            )
        } catch let error as InconsistentEntry {
            throw JournalError(
                .integrity,
                error.description,
                sequence: error.sequence,
                underlying: error
            )
        }
    }
}
