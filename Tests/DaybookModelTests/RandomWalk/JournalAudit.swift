import DaybookFormat
import SwiftProtobuf

/// An entry that should never have been written.
struct AuditFinding: Error, CustomStringConvertible {
    let sequence: UInt64
    let reason: String

    var description: String { "entry \(sequence): \(reason)" }
}

/// Reads the entries of a journal as an auditor does, decoded by SwiftProtobuf, without the model,
/// and knows only what must never be.
struct JournalAudit {
    private var executions: [UInt64: AuditedExecution] = [:]
    /// The newest run of each id.
    private var runs: [String: UInt64] = [:]
    /// The roots of families, 0 of what is one itself, and the first runs of ids, by run.
    private var roots: [UInt64: UInt64] = [:]
    private var firsts: [UInt64: UInt64] = [:]
    private var sessions: Set<UInt64> = []
    private var actors: [UInt64: String] = [:]
    private var revisions: [UInt64: String] = [:]
    private var contentTypes: Set<String> = []
    private var secrets = AuditedSecrets()
    /// Executions of which payloads are erased: nothing else comes after that.
    private var erased: Set<UInt64> = []
    /// The archives that executions lie in: as long as they do nothing else comes.
    private var archived: [UInt64: UInt64] = [:]
    /// How many entries each stream has, and the last of them.
    private var ends: [UInt64: (count: UInt64, last: UInt64)] = [:]
    private var next: UInt64 = 0
    private var time: UInt64 = 0
    private(set) var counts: [String: Int] = [:]
    /// The run of each task that is under way, if one is; whether it is disabled, and when it comes next.
    private var taskRuns: [UInt64: (run: UInt64, isDisabled: Bool, nextRun: UInt64)] = [:]

    /// - Throws: ``AuditFinding``.
    mutating func read(_ bytes: [UInt8]) throws {
        let entry = try ProtoEntry(serializedBytes: bytes)
        func fail(_ reason: String) -> AuditFinding {
            AuditFinding(sequence: entry.sequence, reason: reason)
        }
        guard entry.sequence == next else { throw fail("\(next) should follow") }
        guard entry.time >= time else { throw fail("time goes backwards") }
        next += 1
        time = entry.time
        try withEntry(bytes) { view in
            counts[EventKind(rawValue: view.event)?.name ?? "?", default: 0] += 1
        }
        for commitment in entry.commitments {
            guard (1...contentTypes.count).contains(Int(commitment.contentType)) else {
                throw fail("content type \(commitment.contentType) is not interned")
            }
        }
        try checkRequest(entry)
        let end = ends[entry.stream, default: (0, 0)]
        guard entry.ordinal == end.count, entry.previous == end.last else {
            throw fail("not linked to the entry before")
        }
        ends[entry.stream] = (end.count + 1, entry.sequence)
        switch entry.event {
        case .journalCreated, .contentTypeInterned, .snapshotTaken, .journalAdopted,
            .journalRestored, .journalRewritten, .archiveSealed, .archiveDropped:
            guard entry.stream == 0 else { throw fail("not in the journal's own stream") }
        case .sessionOpened:
            guard entry.stream == entry.sequence else { throw fail("not the first of its stream") }
        case .sessionClosed, .sessionLost:
            guard sessions.contains(entry.stream) else { throw fail("of no session") }
        case .taskTypeRegistered, .taskCreated, .taskDispatched, .taskRunEnded, .taskDisabled,
            .taskRespawned, .taskArchived, .runbookStored:
            return try readTask(entry)
        default: return try readExecution(entry)
        }
        switch entry.event {
        case .journalCreated(let created): contentTypes = Set(created.contentTypes)
        case .contentTypeInterned(let interned):
            guard contentTypes.insert(interned.contentType).inserted else {
                throw fail("\(interned.contentType) is interned twice")
            }
        case .sessionOpened(let opened):
            sessions.insert(entry.sequence)
            actors[entry.sequence] = opened.actor
            revisions[entry.sequence] = opened.revision
        case .sessionClosed: sessions.remove(entry.stream)
        case .sessionLost: sessions.remove(entry.stream)
        default: break
        }
    }

    /// Only what somebody asks for says who, and only what the session does not say.
    private func checkRequest(_ entry: ProtoEntry) throws {
        func fail(_ reason: String) -> AuditFinding {
            AuditFinding(sequence: entry.sequence, reason: reason)
        }
        let isSignal: Bool
        switch entry.event {
        case .executionSubmitted, .executionReadied, .executionCancelled, .executionPaused,
            .executionResumed, .executionReopened, .executionRepinned, .operationResolved,
            .cleaningSkipped, .payloadsErased, .archiveSealed, .archiveDropped,
            .taskTypeRegistered, .taskCreated, .taskDisabled, .taskRespawned, .taskArchived,
            .runbookStored:
            isSignal = false
        case .signalReceived(let event): isSignal = event.origin == 0
        case .secretsWiped(let event) where event.cause == .asked: isSignal = false
        default:
            guard !entry.hasRequest else { throw fail("nobody asks for such an entry") }
            return
        }
        let request = entry.request
        if isSignal {
            guard !request.actor.isEmpty else { throw fail("a signal of nobody") }
        } else if let actor = actors[entry.session], request.actor == actor {
            throw fail("the session says that \(actor) asks")
        }
        if request.reason, entry.commitments.isEmpty { throw fail("a reason that is nowhere") }
        if entry.hasRequest, request == ProtoRequest() { throw fail("a request that says nothing") }
    }

    /// A task has one run at a time, and what is disabled is not run.
    private mutating func readTask(_ entry: ProtoEntry) throws {
        func fail(_ reason: String) -> AuditFinding {
            AuditFinding(sequence: entry.sequence, reason: reason)
        }
        switch entry.event {
        case .taskTypeRegistered:
            guard entry.stream == entry.sequence else { throw fail("not the first of its stream") }
            return
        case .taskCreated(let event):
            guard entry.stream == entry.sequence else { throw fail("not the first of its stream") }
            taskRuns[entry.stream] = (0, false, event.nextRun)
            return
        case .runbookStored(let event):
            guard event.version == entry.ordinal + 1 else { throw fail("not the next version") }
            return
        default: break
        }
        guard var task = taskRuns[entry.stream] else { throw fail("of no task") }
        switch entry.event {
        case .taskDispatched(let event):
            guard task.run == 0, !task.isDisabled, task.nextRun <= entry.time else {
                throw fail("dispatched twice, while disabled, or early")
            }
            guard executions[event.execution]?.isClosed == false else {
                throw fail("dispatched without an execution")
            }
            task.run = event.execution
        case .taskRunEnded(let event):
            guard event.again == (task.run != event.execution) else {
                throw fail("a run ends that is not under way")
            }
            if !event.again {
                guard !task.isDisabled || event.taskStatus == .disabled else {
                    throw fail("the end of a run enables what was disabled")
                }
                task = (0, event.taskStatus == .disabled, event.nextRun)
            }
        case .taskDisabled: task.isDisabled = true
        case .taskRespawned(let event):
            guard task.run == 0 else { throw fail("respawned while it runs") }
            task = (0, false, event.nextRun)
        default:
            guard task.run == 0 else { throw fail("archived while it runs") }
            taskRuns[entry.stream] = nil
            return
        }
        taskRuns[entry.stream] = task
    }

    private mutating func readExecution(_ entry: ProtoEntry) throws {
        func fail(_ reason: String) -> AuditFinding {
            AuditFinding(sequence: entry.sequence, reason: reason)
        }
        if case .executionSubmitted(let submitted) = entry.event {
            // One id, one submission: so one id never sees two inputs. But a run may hand on.
            if let before = runs[submitted.id] {
                guard executions[before]?.next == entry.sequence,
                    submitted.continuedFrom == before
                else { throw fail("a second \(submitted.id)") }
            } else if submitted.continuedFrom != 0 {
                throw fail("it goes on from nothing")
            }
            runs[submitted.id] = entry.sequence
            guard entry.stream == entry.sequence, executions[entry.stream] == nil else {
                throw fail("the number \(entry.stream) is not its own")
            }
            let reasons = entry.request.reason ? 1 : 0
            guard entry.commitments.count == 1 + reasons else { throw fail("not one input") }
            executions[entry.stream] = AuditedExecution()
            let before = submitted.continuedFrom
            roots[entry.stream] = before == 0 ? 0 : roots[before]
            if submitted.parent != 0, before == 0 {
                let root = roots[submitted.parent] ?? 0
                roots[entry.stream] = root == 0 ? firsts[submitted.parent] : root
            }
            firsts[entry.stream] = before == 0 ? entry.stream : firsts[before]
        }
        guard entry.correlation == roots[entry.stream] else { throw fail("of another family") }
        if let rule = secrets.read(entry) { throw fail(rule) }
        if erased.contains(entry.stream) {
            switch entry.event {
            case .payloadsErased, .executionArchived: break
            default: throw fail("it goes on, and is erased")
            }
        }
        if archived[entry.stream] ?? 0 != 0 {
            guard case .executionArchived = entry.event else {
                throw fail("it goes on, and is archived")
            }
        }
        guard var execution = executions[entry.stream] else { throw fail("of no execution") }
        // They do nothing else to it, and come after its end too.
        switch entry.event {
        case .secretsStored, .secretsWiped: return
        case .payloadsErased(let event):
            guard execution.isClosed else { throw fail("erased before it is closed") }
            guard entry.stream <= event.from, event.from <= event.through,
                event.through < entry.sequence
            else { throw fail("erased what is not before it") }
            erased.insert(entry.stream)
            return
        case .executionArchived(let event):
            guard execution.isClosed else { throw fail("archived before it is closed") }
            guard (event.archive == 0) != (archived[entry.stream] ?? 0 == 0) else {
                throw fail("archived twice, or taken back from nowhere")
            }
            archived[entry.stream] = event.archive
            return
        default: break
        }
        do {
            try execution.read(entry, sessions, revisions)
        } catch let broken as AuditedExecution.Broken {
            throw fail(broken.rule)
        }
        executions[entry.stream] = execution
    }
}
