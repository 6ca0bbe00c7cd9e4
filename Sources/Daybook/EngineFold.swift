import DaybookFormat
import DaybookJournal
import DaybookModel

/// The model's state as a fold for the writer, which also tells the engine what has changed.
struct EngineFold: JournalFold {
    var state = State()
    private var ended: [UInt64] = []
    private var hasReadied = false
    private var pendingEnded: [UInt64] = []
    private var pendingReadied = false
    private let board: NewsBoard

    init(_ board: NewsBoard) { self.board = board }

    mutating func apply(committed entry: EntryView) throws {
        try Self.reading(entry) { try state.apply(committed: entry) }
        note(entry, &ended, &hasReadied)
    }

    mutating func apply(pending entry: EntryView) throws {
        try state.apply(pending: entry)
        note(entry, &pendingEnded, &pendingReadied)
    }

    mutating func commit() {
        state.commit()
        let news = (ended + pendingEnded, hasReadied || pendingReadied)
        forget()
        ended = []
        hasReadied = false
        board.publish(ended: news.0, readied: news.1)
    }

    mutating func rollBack() {
        state.rollBack()
        forget()
    }

    private mutating func forget() {
        pendingEnded = []
        pendingReadied = false
    }

    private func note(_ entry: EntryView, _ ended: inout [UInt64], _ readied: inout Bool) {
        switch EventKind(rawValue: entry.event) {
        case .executionCompleted, .executionFailed, .executionParked:
            ended.append(entry.header.execution)
        case .executionReadied, .leaseLost, .leaseReleased: readied = true
        default: break
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
