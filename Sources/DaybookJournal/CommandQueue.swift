import DaybookFormat
import DequeModule

/// A command has failed after it had appended something: its batch is to be decided without it.
struct HalfDone: Error {
    /// Its place in the batch.
    let index: Int
}

/// Commands that wait to be decided, and callers that wait for room.
struct CommandQueue {
    var commands: [QueuedCommand] = []
    var bytes = 0
    var reserved = 0
    var waiting = Deque<(bytes: Int, CheckedContinuation<Void, Never>)>()
    var isStopping = false
    /// Others may have appended.
    var isStale = false

    /// Somebody writes a batch: the thread, or a caller who is alone.
    var isWriting = false
    /// So many batches in a row had one command, and nothing came meanwhile.
    var loneBatches = 0
    /// The time has come for which the thread waited, and somebody writes: its turn is next, before
    /// that of a caller who is alone.
    var isHeldUp = false
    /// What the thread waits for if nothing comes; nil: it is about to find out.
    var due: DueTime??
    /// Something happens by itself earlier than the thread knows.
    var isRescheduled = false
    /// Callers that have been answered, and of whom no next command has come since. Who comes is not
    /// looked at: as many commands as answers are as many callers that are back.
    var expected = 0

    /// Commands that a batch may have: more are not waited for.
    var limit = Int.max
    /// The thread waits for more commands than there are.
    var isGathering = false

    /// Enough callers are back for a batch: twice as many as are still away. These have something to
    /// do while it is written, and a command costs them about twice what it costs the one who writes.
    var isGathered: Bool {
        commands.count >= min(2 * expected, limit) || isStopping || isStale || !waiting.isEmpty
    }

    /// Whether a command may come in. A single one larger than the limit is let in when it is alone.
    func hasRoom(for size: Int, _ options: GroupWriterOptions) -> Bool {
        reserved == 0
            || (reserved < options.queueLimit && bytes + size <= options.queueByteLimit)
    }

    /// Reserves room for those who wait for it, as far as there is any.
    mutating func admit(_ options: GroupWriterOptions) -> [CheckedContinuation<Void, Never>] {
        var admitted: [CheckedContinuation<Void, Never>] = []
        while let (size, continuation) = waiting.first, hasRoom(for: size, options) {
            waiting.removeFirst()
            reserved += 1
            bytes += size
            admitted.append(continuation)
        }
        return admitted
    }

    /// A command has come.
    mutating func noteArrival() {
        if expected > 0 { expected -= 1 }
    }

    /// Something is to be written or taken in, or it is over.
    var hasWork: Bool { !commands.isEmpty || isStale || isStopping }

    /// The thread has something to do, and may.
    var isReady: Bool { !isWriting && (hasWork || isRescheduled) }

    /// The thread is about to find out when something happens by itself.
    mutating func forgetDue() {
        due = nil
        isRescheduled = false
    }

    /// Notes when something happens by itself.
    mutating func note(_ next: DueTime?) {
        guard let next else { return }
        // After a batch that was written nothing is paused any more.
        guard case .some(let known) = due, let known, known.deadline <= next.deadline,
            known.pause <= next.pause
        else {
            isRescheduled = true
            return
        }
    }
}

/// A command in the queue, whatever it asks of which fold. Not generic, so that the queue is not.
///
/// Sendable without the compiler's check: after it is queued only the one who writes uses it.
class QueuedCommand: @unchecked Sendable {
    let bytes: Int

    init(bytes: Int) { self.bytes = bytes }

    /// Answers the caller: with `failure` if the batch was not written.
    func answer(_ failure: (any Error)?) {}
}

/// A command of a writer with that fold.
class FoldCommand<Fold: JournalFold>: QueuedCommand, @unchecked Sendable {
    /// Decides and appends. Throws only what ends the batch; a refusal is kept as the answer.
    func run(_ fold: inout Fold, _ batch: Batch, _ index: Int) throws {}
}

/// A command and its caller.
final class Command<Fold: JournalFold, Answer: Sendable>: FoldCommand<Fold>, @unchecked Sendable {
    private let decide: GroupWriter<Fold>.Decide<Answer>
    private let continuation: UnsafeContinuation<Answer, any Error>
    private var outcome: Result<Answer, any Error>?

    init(
        bytes: Int,
        decide: @escaping GroupWriter<Fold>.Decide<Answer>,
        continuation: UnsafeContinuation<Answer, any Error>
    ) {
        self.decide = decide
        self.continuation = continuation
        super.init(bytes: bytes)
    }

    override func run(_ fold: inout Fold, _ batch: Batch, _ index: Int) throws {
        let first = batch.nextSequence
        do {
            outcome = try decide(&fold, batch)
        } catch {
            if batch.failure != nil { throw error }
            outcome = .failure(error)
            if batch.nextSequence != first { throw HalfDone(index: index) }
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
