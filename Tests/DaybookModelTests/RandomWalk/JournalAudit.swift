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
    fileprivate struct Execution {
        let id: String
        var entries: UInt64 = 0
        var last: UInt64 = 0
        /// Session and epoch of the lease.
        var holder: (session: UInt64, epoch: UInt64)?
        var epoch: UInt64 = 0
        var attempt: UInt32 = 0
        var isFinal = false
        var recorded: Set<Place> = []
        var refused: Set<UInt64> = []
    }

    fileprivate struct Place: Hashable {
        let attempt: UInt32
        let scope: [UInt32]
        let position: UInt32
    }

    private var executions: [UInt64: Execution] = [:]
    private var ids: Set<String> = []
    private var contentTypes: Set<String> = []
    private var next: UInt64 = 0
    private var time: UInt64 = 0
    private(set) var counts: [String: Int] = [:]

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
        guard entry.execution == 0 else { return try readExecution(entry) }
        switch entry.event {
        case .journalCreated(let created): contentTypes = Set(created.contentTypes)
        case .contentTypeInterned(let interned):
            guard contentTypes.insert(interned.contentType).inserted else {
                throw fail("\(interned.contentType) is interned twice")
            }
        default: break
        }
    }

    private mutating func readExecution(_ entry: ProtoEntry) throws {
        func fail(_ reason: String) -> AuditFinding {
            AuditFinding(sequence: entry.sequence, reason: reason)
        }
        if case .executionSubmitted(let submitted) = entry.event {
            // One id, one submission: so one id never sees two inputs.
            guard ids.insert(submitted.id).inserted else { throw fail("a second \(submitted.id)") }
            guard entry.execution == entry.sequence, executions[entry.execution] == nil else {
                throw fail("the number \(entry.execution) is not its own")
            }
            guard entry.commitments.count == 1 else { throw fail("not one input") }
            executions[entry.execution] = Execution(id: submitted.id)
        }
        guard var execution = executions[entry.execution] else { throw fail("of no execution") }
        guard !execution.isFinal else { throw fail("after the end") }
        guard entry.ordinal == execution.entries, entry.previous == execution.last else {
            throw fail("not linked to the entry before")
        }
        execution.entries += 1
        execution.last = entry.sequence
        do {
            try execution.read(entry)
        } catch let broken as Broken {
            throw fail(broken.rule)
        }
        executions[entry.execution] = execution
    }

    fileprivate struct Broken: Error {
        let rule: String
    }
}

extension JournalAudit.Execution {
    fileprivate mutating func read(_ entry: ProtoEntry) throws {
        switch entry.event {
        case .executionClaimed(let event):
            guard holder == nil else { throw JournalAudit.Broken(rule: "two hold the lease") }
            guard event.epoch == epoch + 1 else { throw JournalAudit.Broken(rule: "bad epoch") }
            epoch = event.epoch
            attempt = event.attempt
            holder = (entry.session, event.epoch)
        case .operationStarted(let event): try checkLease(entry, event.epoch)
        case .logRecorded(let event): try checkLease(entry, event.epoch)
        case .checkpointSucceeded(let event):
            try checkLease(entry, event.epoch)
            try record(event.operation)
        case .checkpointFailed(let event):
            try checkLease(entry, event.epoch)
            try record(event.operation)
        case .executionCompleted(let event): try end(entry, event.epoch)
        case .executionFailed(let event): try end(entry, event.epoch)
        case .leaseReleased(let event):
            try checkLease(entry, event.epoch)
            holder = nil
        case .leaseLost(let event):
            guard holder?.epoch == event.epoch, holder?.session != entry.session else {
                throw JournalAudit.Broken(rule: "a loss of what nobody holds")
            }
            holder = nil
        case .executionParked(let event):
            if event.reason == .divergence { try checkLease(entry, event.epoch) }
            holder = nil
        case .commandRefused(let event):
            guard refused.insert(event.epoch).inserted else {
                throw JournalAudit.Broken(rule: "a second refusal of epoch \(event.epoch)")
            }
        default: break
        }
    }

    private func checkLease(_ entry: ProtoEntry, _ epoch: UInt64) throws {
        guard let holder, holder == (entry.session, epoch) else {
            throw JournalAudit.Broken(rule: "not by the holder of the lease")
        }
    }

    private mutating func record(_ operation: ProtoOperation) throws {
        let place = JournalAudit.Place(
            attempt: attempt,
            scope: operation.scope,
            position: operation.position
        )
        guard recorded.insert(place).inserted else {
            throw JournalAudit.Broken(rule: "a second outcome of one operation")
        }
        let isInOrder =
            operation.position == 0
            || recorded.contains(
                JournalAudit.Place(
                    attempt: attempt,
                    scope: operation.scope,
                    position: operation.position - 1
                )
            )
        guard isInOrder else { throw JournalAudit.Broken(rule: "an operation is left out") }
    }

    private mutating func end(_ entry: ProtoEntry, _ epoch: UInt64) throws {
        try checkLease(entry, epoch)
        isFinal = true
        holder = nil
    }
}
