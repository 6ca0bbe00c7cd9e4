import DaybookFormat
import DaybookJournal
import DaybookModel

/// The model's state as a fold for the writer, which also tells the engine what has changed.
struct EngineFold: JournalFold {
    var state: State
    private var news = News()
    private var pendingNews = News()
    private let board: NewsBoard
    /// The UUID of this process's session, by which it knows its own first entry.
    private let uuid: Identifier
    private var session: UInt64 = 0
    /// What is due is seen to by this process; nil: others do that.
    private let firing: FireTimers?
    /// After so many entries a snapshot is due; nil: others see to that.
    private let snapshotInterval: UInt64?
    /// Before that no snapshot is asked for.
    private var nextSnapshot: UInt64 = 0

    /// Deadlines that are seen to at once.
    private static let fireLimit = 1_024

    /// - Parameter state: what is known without reading the journal.
    init(
        _ board: NewsBoard,
        session uuid: Identifier,
        firing: FireTimers?,
        snapshotInterval: UInt64?,
        from state: State
    ) {
        self.board = board
        self.uuid = uuid
        self.firing = firing
        self.snapshotInterval = snapshotInterval
        self.state = state
    }

    var next: UInt64 { state.next }

    mutating func apply(committed entry: EntryView, _ reader: any StoreReader) throws {
        try Self.reading(entry) {
            try state.apply(committed: entry) { number, sequence in
                try ExecutionReader.fold(number, upTo: sequence - 1, reader)
            }
        }
        if entry.event == EventKind.sessionOpened.rawValue { noteSession() }
        // What was there before this process began is news to nobody.
        if session != 0 { news.note(entry) }
    }

    mutating func apply(pending entry: EntryView, _ reader: any StoreReader) throws {
        try state.apply(pending: entry) { number, sequence in
            try ExecutionReader.fold(number, upTo: sequence - 1, reader)
        }
        pendingNews.note(entry, isOwn: true)
    }

    mutating func commit() {
        state.commit()
        if session == 0 { noteSession() }
        var all = news.adding(pendingNews)
        if isSnapshotDue() { all.noteSnapshotDue() }
        pendingNews = News()
        news = News()
        board.publish(all)
    }

    mutating func rollBack() {
        state.rollBack()
        pendingNews = News()
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

    var nextDeadline: Timestamp? { firing == nil || session == 0 ? nil : state.nextDeadline }

    mutating func fire(_ point: DecisionPoint) throws -> [EntryDraft] {
        guard let firing else { return [] }
        state.advance(to: point.now, limit: Self.fireLimit)
        let moment = Moment(
            now: point.now,
            nextSequence: point.nextSequence,
            session: session
        )
        return try firing.decide(state, Facts(), moment).drafts
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
