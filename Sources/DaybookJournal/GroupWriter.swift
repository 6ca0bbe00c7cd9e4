public import DaybookFormat
import DaybookSystem
import DequeModule

/// A state that is folded from entries, for a ``GroupWriter``.
public protocol JournalFold: Sendable {
    /// How many of the journal's first entries it holds already.
    var next: UInt64 { get }
    /// Takes in an entry that is on the disk.
    /// - Parameter reader: lookups into the journal around it. Not to be kept.
    mutating func apply(committed entry: EntryView, _ reader: any StoreReader) throws
    /// Takes in an entry of the batch under way, in a way that can be undone.
    /// - Parameter reader: lookups into the journal around it. Not to be kept.
    mutating func apply(pending entry: EntryView, _ reader: any StoreReader) throws
    /// The batch is on the disk.
    mutating func commit()
    /// The batch is not, and will not be.
    mutating func rollBack()

    /// When it has something to write that nobody asks for; nil: not ever.
    var nextDeadline: Timestamp? { get }
    /// What it has to write now, because its time has come.
    mutating func fire(_ point: DecisionPoint) throws -> [EntryDraft]
}

extension JournalFold {
    /// Never.
    public var nextDeadline: Timestamp? { nil }
    /// Nothing.
    public mutating func fire(_ point: DecisionPoint) throws -> [EntryDraft] { [] }
}

/// What a command is decided on, besides the state.
public struct DecisionPoint {
    /// The time that its entries will have.
    public let now: Timestamp
    /// The sequence that its first entry will have.
    public let nextSequence: UInt64
    /// Lookups of what is not in the state. Not to be kept.
    public let reader: any StoreReader
}

/// What a command comes to: entries, and an answer that is given once they are on the disk.
public struct Decided<Answer: Sendable> {
    /// The entries; none when there is nothing to record.
    public let drafts: [EntryDraft]
    /// The answer. A refusal can be an answer too, when it is worth an entry.
    public let answer: Result<Answer, any Error>

    /// Puts a decision together.
    public init(_ drafts: [EntryDraft], _ answer: Result<Answer, any Error>) {
        self.drafts = drafts
        self.answer = answer
    }
}

/// How much a ``GroupWriter`` takes on.
public struct GroupWriterOptions: Sendable {
    /// Commands in the queue; further callers wait.
    public var queueLimit = 65_536
    /// Bytes of the queue's payloads; further callers wait.
    public var queueByteLimit = 256 << 20
    /// Commands in a batch.
    public var batchLimit = 4_096
    /// Bytes of a batch's payloads.
    public var batchByteLimit = 64 << 20

    /// The defaults.
    public init() {}
}

/// The one way into a journal: a queue of commands and a thread that decides, writes and commits
/// them in batches.
///
/// A command is answered once its entries are on the disk. The more callers there are, the more
/// commands share one commit. The state is changed only after the commit: it never runs ahead of
/// the disk.
public final class GroupWriter<Fold: JournalFold>: Sendable {
    /// The journal that it writes.
    public let journal: Journal
    private let clock: any WallClock
    private let isManualClock: Bool
    private let options: GroupWriterOptions
    private let fold: Locked<Fold>
    private let queue: Locked<Queue>
    private let thread = Locked<SystemThread?>(nil)

    private struct Queue {
        var commands = Deque<QueuedCommand<Fold>>()
        var bytes = 0
        var reserved = 0
        var waiting = Deque<(bytes: Int, CheckedContinuation<Void, Never>)>()
        var isStopping = false
        /// Others may have appended.
        var isStale = false
    }

    /// Folds the journal and starts the thread. Returns when the state is that of the journal.
    public init(
        _ journal: Journal,
        fold initial: consuming Fold,
        options: GroupWriterOptions = GroupWriterOptions()
    ) throws {
        self.journal = journal
        self.options = options
        clock = journal.clock
        let queue = Locked(Queue())
        self.queue = queue
        isManualClock = clock.onChange {
            // Whoever is between looking at the clock and going to wait holds the lock.
            queue.withLock { _ in }
            queue.wakeAll()
        }
        var recovered = initial
        let count = journal.head.size
        try journal.scan(from: recovered.next) { entry, reader in
            guard entry.header.sequence < count else { return false }
            try recovered.apply(committed: entry, reader)
            return true
        }
        try journal.catchUp { entry, reader in try recovered.apply(committed: entry, reader) }
        fold = Locked(recovered)
        let started = try SystemThread.start { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Runs `body` on the state, which is that of the disk or a little behind.
    public func inspect<Result>(_ body: (borrowing Fold) throws -> Result) rethrows -> Result {
        try fold.withLock { try body($0) }
    }

    // MARK: Commands

    /// Has a command decided and its entries written.
    /// - Parameters:
    ///   - bytes: how much the command's payloads weigh in the queue.
    ///   - prepare: made once there is room in the queue, on the caller's thread: encoding and
    ///     hashing belong here.
    /// - Returns: the answer, after the commit.
    /// - Throws: what `prepare` or the decision throws; ``JournalError`` when the batch could not be
    ///   written.
    public func perform<Answer: Sendable>(
        bytes: Int = 0,
        _ prepare: () throws -> @Sendable (borrowing Fold, DecisionPoint) throws -> Decided<Answer>
    ) async throws -> Answer {
        await reserve(bytes)
        let decide: @Sendable (borrowing Fold, DecisionPoint) throws -> Decided<Answer>
        do {
            decide = try prepare()
        } catch {
            release(count: 1, bytes: bytes)
            throw error
        }
        return try await withCheckedThrowingContinuation { continuation in
            enqueue(Command(bytes: bytes, decide: decide, continuation: continuation))
        }
    }

    /// Whether there is something by another process that ``refresh()`` would not see yet.
    public func isBehind() -> Bool {
        do {
            return try journal.store.hasUnpublishedCommit()
        } catch {
            // A store that the disk has failed is opened again by whoever writes next.
            return true
        }
    }

    /// Has the thread take in what other processes have appended. Returns at once.
    public func refresh() {
        queue.withLock { $0.isStale = true }
        queue.wakeAll()
    }

    /// Waits for the commands in the queue, then ends the thread. Later commands are refused.
    public func stop() {
        queue.withLock { $0.isStopping = true }
        queue.wakeAll()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    private func reserve(_ bytes: Int) async {
        await withCheckedContinuation { continuation in
            let isFree = queue.withLock { queue in
                if queue.waiting.isEmpty, hasRoom(queue, bytes) {
                    queue.reserved += 1
                    queue.bytes += bytes
                    return true
                }
                queue.waiting.append((bytes, continuation))
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// A single command larger than the limit is let in when it is alone.
    private func hasRoom(_ queue: borrowing Queue, _ bytes: Int) -> Bool {
        queue.reserved == 0
            || (queue.reserved < options.queueLimit
                && queue.bytes + bytes <= options.queueByteLimit)
    }

    private func release(count: Int, bytes: Int) {
        let admitted = queue.withLock { queue in
            queue.reserved -= count
            queue.bytes -= bytes
            var admitted: [CheckedContinuation<Void, Never>] = []
            while let (bytes, continuation) = queue.waiting.first, hasRoom(queue, bytes) {
                queue.waiting.removeFirst()
                queue.reserved += 1
                queue.bytes += bytes
                admitted.append(continuation)
            }
            return admitted
        }
        for continuation in admitted { continuation.resume() }
    }

    private func enqueue(_ command: QueuedCommand<Fold>) {
        let isStopping = queue.withLock { queue in
            if !queue.isStopping { queue.commands.append(command) }
            return queue.isStopping
        }
        if isStopping {
            release(count: 1, bytes: command.bytes)
            let error = JournalError(
                .closed,
                "the journal \(journal.store.location) has been closed; open it again"
            )
            command.answer(error)
        } else {
            queue.wakeAll()
        }
    }

    // MARK: The thread

    /// Nanoseconds after a batch that could not be written before what is due is tried again.
    private static var pause: UInt64 { 1_000_000_000 }

    private func run() {
        var pause: Timestamp?
        while let batch = nextBatch(notBefore: pause) {
            let failure: (any Error)?
            do {
                try write(batch)
                fold.withLock { $0.commit() }
                failure = nil
                pause = nil
            } catch {
                fold.withLock { $0.rollBack() }
                failure = error
                // What is due is still due: a full disk must not keep the processor busy.
                pause = Timestamp(rawValue: clock.now().rawValue + Self.pause)
            }
            release(count: batch.count, bytes: batch.reduce(0) { $0 + $1.bytes })
            for command in batch { command.answer(failure) }
        }
    }

    /// - Returns: an empty batch when there is only something to take in or to fire, nil at the end.
    private func nextBatch(notBefore pause: Timestamp?) -> [QueuedCommand<Fold>]? {
        let deadline = fold.withLock { $0.nextDeadline }.map { max($0, pause ?? $0) }
        return wait(until: deadline) { queue in
            if queue.commands.isEmpty, queue.isStopping { return nil }
            queue.isStale = false
            var batch: [QueuedCommand<Fold>] = []
            var bytes = 0
            while let command = queue.commands.first, batch.count < options.batchLimit,
                batch.isEmpty || bytes + command.bytes <= options.batchByteLimit
            {
                bytes += command.bytes
                batch.append(queue.commands.removeFirst())
            }
            return batch
        }
    }

    /// Waits for something in the queue, or for a time.
    private func wait<Result>(
        until deadline: Timestamp?,
        _ body: (inout Queue) -> Result
    ) -> Result {
        let isReady = { (queue: borrowing Queue) in
            !queue.commands.isEmpty || queue.isStale || queue.isStopping
        }
        guard let deadline else { return queue.wait(until: isReady, body) }
        guard isManualClock else {
            return queue.wait(until: isReady, orAt: deadline.rawValue, body)
        }
        return queue.wait(until: { isReady($0) || clock.now() >= deadline }, body)
    }

    private func write(_ commands: [QueuedCommand<Fold>]) throws {
        // Most of what others wrote is taken in before the lock on writing is held.
        try journal.catchUp { entry, reader in
            try fold.withLock { try $0.apply(committed: entry, reader) }
        }
        if commands.isEmpty, !isDue(clock.now()) { return }
        try journal.write(follow: { entry, reader in
            try fold.withLock { try $0.apply(committed: entry, reader) }
        }) { batch in
            if isDue(batch.now) { try fold.withLock { try Self.fire(&$0, batch) } }
            for command in commands {
                try fold.withLock { try command.run(&$0, batch) }
            }
        }
    }

    private func isDue(_ now: Timestamp) -> Bool {
        fold.withLock { $0.nextDeadline.map { $0 <= now } ?? false }
    }

    private static func fire(_ fold: inout Fold, _ batch: Batch) throws {
        let drafts = try fold.fire(DecisionPoint(batch))
        let reader = batch.reader
        try batch.append(drafts) { try fold.apply(pending: $0, reader) }
    }
}

extension DecisionPoint {
    fileprivate init(_ batch: Batch) {
        now = batch.now
        nextSequence = batch.nextSequence
        reader = batch.reader
    }
}

/// A command in the queue, whatever its answer is.
///
/// Sendable without the compiler's check: after it is queued only the writer's thread uses it.
private class QueuedCommand<Fold: JournalFold>: @unchecked Sendable {
    let bytes: Int

    init(bytes: Int) { self.bytes = bytes }

    /// Decides and appends. Throws only what ends the batch; a refusal is kept as the answer.
    func run(_ fold: inout Fold, _ batch: Batch) throws {}

    /// Answers the caller: with `failure` if the batch was not written.
    func answer(_ failure: (any Error)?) {}
}

private final class Command<Fold: JournalFold, Answer: Sendable>: QueuedCommand<Fold>,
    @unchecked Sendable
{
    typealias Decide = @Sendable (borrowing Fold, DecisionPoint) throws -> Decided<Answer>
    private let decide: Decide
    private let continuation: CheckedContinuation<Answer, any Error>
    private var outcome: Result<Answer, any Error>?

    init(
        bytes: Int,
        decide: @escaping Decide,
        continuation: CheckedContinuation<Answer, any Error>
    ) {
        self.decide = decide
        self.continuation = continuation
        super.init(bytes: bytes)
    }

    override func run(_ fold: inout Fold, _ batch: Batch) throws {
        do {
            let point = DecisionPoint(batch)
            let decided = try decide(fold, point)
            try batch.append(decided.drafts) { try fold.apply(pending: $0, point.reader) }
            outcome = decided.answer
        } catch {
            if batch.failure != nil { throw error }
            outcome = .failure(error)
        }
    }

    override func answer(_ failure: (any Error)?) {
        if let failure {
            continuation.resume(throwing: failure)
        } else if let outcome {
            continuation.resume(with: outcome)
        }
    }
}
