import DaybookFormat
import DaybookSystem

/// The one way into a journal: a queue of commands and a thread that decides, writes and commits
/// them in batches.
///
/// A command is answered once its entries are on the disk. The more callers there are, the more
/// commands share one commit. A command that fails after it has appended something has the batch
/// decided again without it.
package final class GroupWriter<Fold: JournalFold>: Sendable {
    /// The journal that it writes.
    package let journal: Journal
    private let clock: any WallClock
    private let isManualClock: Bool
    private let options: GroupWriterOptions
    private let fold: Locked<Fold>
    private let queue: Locked<CommandQueue>
    private let thread = Locked<SystemThread?>(nil)
    /// Touched by whoever writes a batch.
    private let course = Locked(Course())
    private let commitsMade = Locked(CommitCount())
    /// Whose tasks may write a batch themselves; nil: only the writer's own thread writes. It ends
    /// with the writer.
    package let loneThread: LoneThread?

    /// Folds the journal and starts the thread. Returns when the state is that of the journal.
    /// - Parameters:
    ///   - isDriven: there is no thread; whoever drives the writer calls ``work()``, as a simulation
    ///     does.
    ///   - loneThread: an executor on whose thread a caller writes its command itself, if nobody
    ///     else has one.
    package init(
        _ journal: Journal,
        fold initial: consuming Fold,
        options: GroupWriterOptions = GroupWriterOptions(),
        isDriven: Bool = false,
        loneThread: LoneThread? = nil
    ) throws {
        self.journal = journal
        journal.setChunkedPayloadSize(options.chunkedPayloadSize)
        self.options = options
        self.loneThread = loneThread
        clock = journal.clock
        var empty = CommandQueue()
        empty.limit = options.batchLimit
        let queue = Locked(empty)
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
        if isDriven { return }
        let started = try SystemThread.start { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Runs `body` on the state, which is that of the disk or a little behind.
    package func inspect<Result>(_ body: (borrowing Fold) throws -> Result) rethrows -> Result {
        try fold.withLock { try body($0) }
    }

    // MARK: Commands

    /// How a command is decided: it appends to the batch, and gives the answer that its caller gets
    /// once the batch is on the disk. A refusal that is worth an entry is an answer too. What it
    /// throws leaves no trace. It may be asked again, when the batch is.
    package typealias Decide<Answer> =
        @Sendable (inout Fold, Batch) throws -> Result<Answer, any Error>

    /// Has a command decided and its entries written.
    /// - Parameters:
    ///   - bytes: how much the command's payloads weigh in the queue.
    ///   - prepare: made once there is room in the queue, on the caller's thread: encoding and
    ///     hashing belong here.
    /// - Returns: the answer, after the commit.
    /// - Throws: what `prepare` or the decision throws; ``JournalError`` when the batch could not be
    ///   written.
    package func perform<Answer: Sendable>(
        bytes: Int = 0,
        _ prepare: () throws -> Decide<Answer>
    ) async throws -> Answer {
        try await perform(bytes: bytes, prepare) { decide, enqueue in enqueue(decide) }
    }

    /// The same, for a caller whose own lock says in which order its commands enter the queue.
    /// - Parameter order: is given what `prepare` has made, and what puts a command into the queue;
    ///   calls that exactly once. It must not wait.
    package func perform<Prepared, Answer: Sendable>(
        bytes: Int = 0,
        _ prepare: () throws -> Prepared,
        _ order: (Prepared, @escaping (@escaping Decide<Answer>) -> Void) -> Void
    ) async throws -> Answer {
        if !reserveAtOnce(bytes) { await reserve(bytes) }
        let prepared: Prepared
        do {
            prepared = try prepare()
        } catch {
            release(count: 1, bytes: bytes)
            throw error
        }
        let mayWrite = loneThread?.isCurrent ?? false
        do {
            // Every command in the queue is answered exactly once, whatever becomes of its batch.
            return try await withUnsafeThrowingContinuation { continuation in
                var own: QueuedCommand?
                order(prepared) { [self] decide in
                    let command = Command(bytes: bytes, decide: decide, continuation: continuation)
                    if mayWrite, takeRoleAlone() { own = command } else { enqueue(command) }
                }
                // Not before the caller has given back its lock. The task goes on without a wait.
                if let own { finish([own]) }
            }
        } catch {
            // What the store says to a lookup of the decision.
            throw JournalError.wrapping(error, journal.store.location)
        }
    }

    /// Whether there is something by another process that ``refresh()`` would not see yet.
    package func isBehind() -> Bool {
        do {
            return try journal.store.hasUnpublishedCommit()
        } catch {
            // A store that the disk has failed is opened again by whoever writes next.
            return true
        }
    }

    /// Has the thread take in what other processes have appended. Returns at once.
    package func refresh() {
        queue.withLock { $0.isStale = true }
        queue.wakeAll()
    }

    /// Waits for the commands in the queue, then ends the thread. Later commands are refused.
    package func stop() {
        queue.withLock { $0.isStopping = true }
        queue.wakeAll()
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        running?.join()
        loneThread?.stop()
    }

    /// Whether its end has been asked for: commands are refused from then on.
    var isStopping: Bool { queue.withLock { $0.isStopping } }

    /// Whether the thread knows when something happens by itself, and waits for that.
    var isWaiting: Bool { queue.withLock { $0.due != nil && !$0.isRescheduled } }

    private func reserveAtOnce(_ bytes: Int) -> Bool {
        queue.withLock { queue in
            guard queue.waiting.isEmpty, queue.hasRoom(for: bytes, options) else { return false }
            queue.reserved += 1
            queue.bytes += bytes
            return true
        }
    }

    private func reserve(_ bytes: Int) async {
        await withCheckedContinuation { continuation in
            let isFree = queue.withLock { queue in
                if queue.waiting.isEmpty, queue.hasRoom(for: bytes, options) {
                    queue.reserved += 1
                    queue.bytes += bytes
                    return true
                }
                queue.waiting.append((bytes, continuation))
                return false
            }
            if isFree {
                continuation.resume()
            } else {
                // Whoever gathers has all that there is room for.
                queue.wakeAll()
            }
        }
    }

    private func release(count: Int, bytes: Int) {
        let admitted = queue.withLock { queue in
            queue.reserved -= count
            queue.bytes -= bytes
            return queue.admit(options)
        }
        for continuation in admitted { continuation.resume() }
    }

    private func enqueue(_ command: QueuedCommand) {
        let next = queue.withLock { queue -> Next in
            guard !queue.isStopping else { return .refuse }
            queue.commands.append(command)
            queue.noteArrival()
            // Whoever writes looks into the queue afterwards, and who gathers knows how many come.
            return queue.isWriting || (queue.isGathering && !queue.isGathered) ? .nothing : .wake
        }
        switch next {
        case .nothing: break
        case .wake: queue.wakeAll()
        case .refuse:
            release(count: 1, bytes: command.bytes)
            let error = JournalError(
                .closed,
                "the journal \(journal.store.location) has been closed; open it again"
            )
            command.answer(error)
        }
    }

    /// What is to be done about a command.
    private enum Next {
        case nothing, wake, refuse
    }

    // MARK: The thread

    /// Nanoseconds after a batch that could not be written before what is due is tried again.
    private static var pause: UInt64 { 1_000_000_000 }
    /// A batch that was slow for once must not slow down the next.
    private static var longestGathering: Duration { .milliseconds(10) }
    /// After so long a wait for a time the clock is looked at again.
    private static var patience: Duration { .seconds(30) }

    /// What one batch leaves for the next.
    private struct Course {
        /// Before the clock's elapsed time is this the thread does not try again what is due; a batch with a
        /// command does.
        var pause: UInt64?
        /// The state runs ahead of the disk, because a batch was not written.
        var isAhead = false
        /// How long it took to write the last batch.
        var lastWrite = Duration.zero
    }

    private func run() {
        while let batch = nextBatch() { finish(batch) }
    }

    /// Writes a batch, gives up the role of the one who writes, and answers the callers.
    private func finish(_ batch: [QueuedCommand]) {
        let bytes = batch.reduce(0) { $0 + $1.bytes }
        let failure = carryOut(batch)
        leaveRole(count: batch.count, bytes: bytes)
        for command in batch { command.answer(failure) }
    }

    /// Writes a batch, or tries to.
    /// - Returns: why it could not be written.
    private func carryOut(_ batch: [QueuedCommand]) -> (any Error)? {
        course.withLock { course in
            let start = ContinuousClock.now
            let failure = writeAll(batch, &course.isAhead)
            course.lastWrite = start.duration(to: .now)
            if failure == nil, !batch.isEmpty {
                let now = journal.clock.now()
                commitsMade.withLock { $0.note(course.lastWrite, at: now) }
            }
            // What is due is still due: a full disk must not keep the processor busy.
            course.pause = failure.map { _ in journal.clock.elapsed() &+ Self.pause }
            return failure
        }
    }

    /// The commits of this process.
    package var commits: CommitCount { commitsMade.withLock { $0 } }

    // MARK: The role of the one who writes

    /// After so many batches of one command each a caller on the lone thread writes its command
    /// itself: two changes of thread less. It ends as soon as somebody else has to wait meanwhile.
    private static var loneliness: Int { 4 }

    /// Takes the role for a caller, if nobody else has anything to write.
    private func takeRoleAlone() -> Bool {
        queue.withLock { queue in
            guard !queue.isWriting, !queue.isHeldUp, !queue.isStopping, queue.commands.isEmpty,
                queue.reserved == 1, queue.loneBatches >= Self.loneliness
            else { return false }
            queue.isWriting = true
            queue.noteArrival()
            // Whatever is written takes in first what others have appended.
            queue.isStale = false
            return true
        }
    }

    /// Gives up the role, and has the thread see to what has come meanwhile.
    private func leaveRole(count: Int, bytes: Int) {
        let due = due
        let (admitted, wakes) = queue.withLock { queue in
            queue.isWriting = false
            queue.expected += count
            queue.reserved -= count
            queue.bytes -= bytes
            if count > 0 {
                let isLone = count == 1 && queue.reserved == 0
                queue.loneBatches = isLone ? queue.loneBatches + 1 : 0
                loneThread?.want(queue.loneBatches >= Self.loneliness)
            }
            queue.note(due)
            // A clock that is set by hand says once that it was, and the thread may have been held up.
            return (queue.admit(options), queue.isReady || queue.isHeldUp || isManualClock)
        }
        if wakes { queue.wakeAll() }
        for continuation in admitted { continuation.resume() }
    }

    /// Does once, on the caller's thread, what the writer's thread would do, if there is something
    /// to do at this moment. For a writer that is driven.
    /// - Returns: whether there was.
    package func work() -> Bool {
        let isDue = due.map { $0.left(journal) == .zero } ?? false
        let batch = queue.withLock { queue -> [QueuedCommand]? in
            guard isDue || !queue.commands.isEmpty || queue.isStale else { return nil }
            return takeBatch(&queue)
        }
        guard let batch else { return false }
        finish(batch)
        return true
    }

    /// When the writer has something to do by itself; nil: not ever.
    package var nextTime: Timestamp? { due?.time(journal) }

    private var due: DueTime? {
        let pause = course.withLock { $0.pause ?? 0 }
        return fold.withLock { $0.nextDeadline }.map { DueTime(deadline: $0, pause: pause) }
    }

    /// Writes a batch; without a command that fails after it has appended something.
    /// - Returns: why it could not be written.
    private func writeAll(
        _ batch: [QueuedCommand],
        _ isAhead: inout Bool
    ) -> (any Error)? {
        var commands = batch
        var mayGrow = true
        while true {
            do {
                if isAhead { try undo() }
                isAhead = true
                try write(commands)
                fold.withLock { $0.commit() }
                isAhead = false
                return nil
            } catch let failure as HalfDone {
                commands.remove(at: failure.index)
            } catch let error as JournalError where error.isMapFull && mayGrow {
                // The map has been doubled, if it may be: the batch is decided again, once.
                mayGrow = false
            } catch {
                return undone(after: error, &isAhead)
            }
        }
    }

    /// Takes back what a batch that was not written has done to the state.
    private func undo() throws {
        try journal.store.read { reader in try fold.withLock { try $0.rollBack(reader) } }
    }

    /// - Returns: what to answer the callers of a batch that was not written.
    private func undone(after failure: any Error, _ isAhead: inout Bool) -> any Error {
        guard isAhead else { return failure }
        do {
            try undo()
            isAhead = false
            return failure
        } catch {
            return JournalError.stuck(after: failure, error, journal.store.location)
        }
    }

    // MARK: Gathering

    /// Waits until enough of the callers that were just answered are back, if some are: many
    /// commands in one commit cost less than many commits. A caller waits for others at most as long
    /// as the last batch took to be written; who is not back by then is not waited for again.
    private func gather() {
        let span = min(course.withLock { $0.lastWrite }, Self.longestGathering)
        queue.withLock { $0.isGathering = true }
        queue.wait(until: { $0.isGathered }, orAfter: span) { queue in
            queue.isGathering = false
            if !queue.isGathered { queue.expected = 0 }
        }
    }

    /// Waits for something to do, and takes the role of the one who writes.
    /// - Returns: an empty batch when there is only something to take in or to fire, nil at the end.
    private func nextBatch() -> [QueuedCommand]? {
        while true {
            queue.withLock { $0.forgetDue() }
            let due = due
            queue.withLock { $0.due = .some(due) }
            let next = wait(until: due) { queue -> NextBatch in
                queue.isHeldUp = false
                if !queue.hasWork, queue.isRescheduled { return .lookAgain }
                if queue.commands.isEmpty, queue.isStopping { return .none }
                if !queue.commands.isEmpty, !queue.isGathered { return .gather }
                queue.isWriting = true
                return .batch(takeBatch(&queue))
            }
            switch next {
            case .lookAgain: continue
            case .gather: gather()
            case .none: return nil
            case .batch(let batch): return batch
            }
        }
    }

    /// What the thread does next.
    private enum NextBatch {
        case batch([QueuedCommand])
        /// More commands are to be waited for.
        case gather
        /// Something happens by itself earlier than it was known.
        case lookAgain
        case none
    }

    private func takeBatch(_ queue: inout CommandQueue) -> [QueuedCommand] {
        queue.isStale = false
        if queue.commands.count <= options.batchLimit, queue.bytes <= options.batchByteLimit {
            // Most often all of it fits. Commands that are not in the queue yet weigh too.
            return exchange(&queue.commands, with: [])
        }
        var count = 0
        var bytes = 0
        for command in queue.commands {
            guard count < options.batchLimit,
                count == 0 || bytes + command.bytes <= options.batchByteLimit
            else { break }
            bytes += command.bytes
            count += 1
        }
        defer { queue.commands.removeFirst(count) }
        return Array(queue.commands[..<count])
    }

    /// Waits for something in the queue, or for a time, and until nobody writes.
    private func wait<Result>(
        until due: DueTime?,
        _ body: (inout CommandQueue) -> Result
    ) -> Result {
        guard let due else { return queue.wait(until: { $0.isReady }, body) }
        guard !isManualClock else {
            return queue.wait(
                until: { $0.isReady || (!$0.isWriting && due.left(journal) == .zero) },
                body
            )
        }
        while true {
            // The journal's time may make a leap meanwhile, as the machine's clock may.
            let left = min(due.left(journal), Self.patience)
            var isHeldUp = false
            let result = queue.wait(until: { $0.isReady }, orAfter: left) { queue -> Result? in
                if queue.isReady { return body(&queue) }
                guard due.left(journal) == .zero else { return nil }
                guard queue.isWriting else { return body(&queue) }
                queue.isHeldUp = true
                isHeldUp = true
                return nil
            }
            if let result { return result }
            // Nobody else takes the role until it was the thread's turn.
            if isHeldUp { queue.wait(until: { !$0.isWriting }, { _ in }) }
        }
    }

    private func write(_ commands: [QueuedCommand]) throws {
        func takeIn(_ entry: EntryView, _ reader: any StoreReader) throws {
            try fold.withLock { try $0.apply(committed: entry, reader) }
        }
        func restart(_ reader: any StoreReader) throws {
            try fold.withLock { try $0.restart(reader) }
        }
        // Most of what others wrote is taken in before the lock on writing is held.
        try journal.catchUp(takeIn, restart: restart)
        if commands.isEmpty, !isDue(journal.now()) { return }
        try journal.write(follow: takeIn, restart: restart) { batch in
            try fold.withLock { fold in
                if let deadline = fold.nextDeadline, deadline <= batch.now { try fold.fire(batch) }
                for index in commands.indices {
                    // All that this writer queues are commands of its fold.
                    let command = unsafeDowncast(commands[index], to: FoldCommand<Fold>.self)
                    try command.run(&fold, batch, index)
                }
                try fold.conclude(batch)
            }
        }
    }

    private func isDue(_ now: Timestamp) -> Bool {
        fold.withLock { $0.nextDeadline.map { $0 <= now } ?? false }
    }
}
