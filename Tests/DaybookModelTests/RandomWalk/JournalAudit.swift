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
    private var sessions: Set<UInt64> = []
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
        case .sessionOpened: sessions.insert(entry.sequence)
        case .sessionClosed(let closed): sessions.remove(closed.session)
        case .sessionLost(let lost): sessions.remove(lost.session)
        default: break
        }
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
            guard entry.execution == entry.sequence, executions[entry.execution] == nil else {
                throw fail("the number \(entry.execution) is not its own")
            }
            guard entry.commitments.count == 1 else { throw fail("not one input") }
            executions[entry.execution] = AuditedExecution()
        }
        guard var execution = executions[entry.execution] else { throw fail("of no execution") }
        guard entry.ordinal == execution.entries, entry.previous == execution.last else {
            throw fail("not linked to the entry before")
        }
        execution.entries += 1
        execution.last = entry.sequence
        do {
            try execution.read(entry, sessions)
        } catch let broken as AuditedExecution.Broken {
            throw fail(broken.rule)
        }
        executions[entry.execution] = execution
    }
}
