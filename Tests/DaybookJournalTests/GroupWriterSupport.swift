import DaybookFormat
import DaybookSystem
import Testing

@testable import DaybookJournal

/// A fold that remembers which entries it was given.
struct TallyFold: JournalFold {
    var next: UInt64 { 0 }

    /// Sequences of the entries that are on the disk, in the order they came.
    var committed: [UInt64] = []
    /// Those of the batch under way.
    var pending: [UInt64] = []
    var commits = 0
    var rollBacks = 0
    /// Refuses a pending entry of this execution.
    var refusing: UInt64 = .max
    /// Errors that undoing meets, one each time.
    var undoFaults: [JournalError] = []
    /// Is told of every committed entry.
    var onCommitted: @Sendable (UInt64) -> Void = { _ in }

    struct Refused: Error {}

    mutating func apply(committed entry: EntryView, _ reader: any StoreReader) throws {
        #expect(pending.isEmpty, "an entry of others came in the middle of a batch")
        committed.append(entry.header.sequence)
        onCommitted(entry.header.sequence)
    }

    /// Appends to the batch, as a model would.
    mutating func append(_ draft: EntryDraft, _ batch: Batch) throws {
        try batch.append(draft) { try apply(pending: $0) }
    }

    private mutating func apply(pending entry: EntryView) throws {
        if entry.header.stream.rawValue == refusing { throw Refused() }
        pending.append(entry.header.sequence)
    }

    mutating func commit() {
        committed += pending
        pending = []
        commits += 1
    }

    mutating func rollBack(_ reader: any StoreReader) throws {
        if !undoFaults.isEmpty { throw undoFaults.removeFirst() }
        pending = []
        rollBacks += 1
    }
}

/// Callers of a writer that begin one after the other: each goes as far as it can before the next
/// one does, because an actor runs one of them at a time.
actor Callers {
    typealias Decide = GroupWriter<TallyFold>.Decide<UInt64>

    nonisolated let writer: GroupWriter<TallyFold>
    /// Callers that have begun.
    private(set) var started = 0
    /// Callers that have been let into the queue.
    private(set) var admitted = 0

    init(_ writer: GroupWriter<TallyFold>) { self.writer = writer }

    /// One command.
    func perform(bytes: Int = 0, _ decide: @escaping Decide) async throws -> UInt64 {
        started += 1
        return try await writer.perform(bytes: bytes) {
            admitted += 1
            return decide
        }
    }

    /// One command, and what came of it.
    func outcome(bytes: Int = 0, _ decide: @escaping Decide) async -> Result<UInt64, any Error> {
        do {
            return .success(try await perform(bytes: bytes, decide))
        } catch {
            return .failure(error)
        }
    }

    /// Waits until so many callers have begun, and thus either are in the queue or wait for room.
    func waitForStarted(_ count: Int) async {
        await until { started >= count }
    }

    /// Writes one entry and answers with its sequence.
    nonisolated static func entry(_ execution: UInt64, text: String = "") -> Decide {
        { fold, batch in
            let sequence = batch.nextSequence
            try fold.append(Drafts.entry(execution, text: text), batch)
            return .success(sequence)
        }
    }
}

/// Waits for what another thread brings about, no longer than the test may last. A test that has
/// lasted too long has failed with that, and goes on to let go of what it holds up.
func until(_ condition: () -> Bool) async {
    while !condition(), !Task.isCancelled { await Task.yield() }
}

/// Something that holds the writer's thread inside a command until it is opened.
final class Gate: Sendable {
    private let state = Locked((isReached: false, isOpen: false))

    /// A command that waits here, then writes an entry.
    func command(_ execution: UInt64) -> Callers.Decide {
        { [state] fold, batch in
            state.withLock { $0.isReached = true }
            state.wakeAll()
            state.wait(until: { $0.isOpen }) { _ in }
            let sequence = batch.nextSequence
            try fold.append(Drafts.entry(execution), batch)
            return .success(sequence)
        }
    }

    /// Waits until the writer's thread is in the command. Blocking would take a thread from the
    /// tasks that must run for that.
    func waitUntilReached() async {
        await until { state.withLock { $0.isReached } }
    }

    func open() {
        state.withLock { $0.isOpen = true }
        state.wakeAll()
    }
}

/// Runs `body` with a writer over an empty journal, and stops it.
func withWriter(
    _ store: any JournalStore,
    fold: TallyFold = TallyFold(),
    _ options: GroupWriterOptions = GroupWriterOptions(),
    _ body: (Callers) async throws -> Void
) async throws {
    let journal = try Journal.create(in: store, event: Drafts.created)
    let writer = try GroupWriter(journal, fold: fold, options: options)
    do {
        try await body(Callers(writer))
    } catch {
        writer.stop()
        throw error
    }
    writer.stop()
    #expect(writer.inspect { $0.pending.isEmpty })
    #expect(writer.inspect { $0.committed } == (0..<journal.head.size).map { $0 })
    try journal.checkInvariants()
}
