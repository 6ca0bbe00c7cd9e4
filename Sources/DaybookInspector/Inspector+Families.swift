import DaybookFormat
import DaybookJournal
public import DaybookView

/// An execution in its family.
public struct FamilyMember: Sendable {
    /// The execution.
    public let record: ExecutionRecord
    /// How many executions are between it and the root; 0: it is the root.
    public let depth: Int
}

extension Inspector {
    /// The execution that is above all others of the family that an execution is in.
    /// - Throws: ``JournalError``; ``Refusal/Code/notFound``.
    public func root(of record: ExecutionRecord) throws -> ExecutionRecord {
        var record = record
        // Nothing is deeper than that, unless the journal is damaged.
        var depth = 0
        while let parent = record.parent, depth < 1_000 {
            guard let above = try self.record(ofRun: parent) else { break }
            record = above
            depth += 1
        }
        return record
    }

    /// The execution whose run has a number, as its id stands now.
    /// - Returns: nil when that is not the first entry of one.
    /// - Throws: ``JournalError``.
    public func record(ofRun number: UInt64) throws -> ExecutionRecord? {
        guard case .executionSubmitted(let event) = try entry(number).entry.event else {
            return nil
        }
        return try record(of: event.id)
    }

    /// Runs `body` on an execution and on all that it, and what it has begun, has begun: parents before
    /// their children, and children in the order in which they were begun; until it returns false.
    /// - Throws: what `body` throws; ``JournalError``.
    public func family(
        of record: ExecutionRecord,
        _ body: (FamilyMember) throws -> Bool
    ) throws {
        // The last one is the next: however deep the family is.
        var left = [FamilyMember(record: record, depth: 0)]
        while let member = left.popLast() {
            guard try body(member) else { return }
            let children = try children(of: member.record)
            left += children.reversed().map { FamilyMember(record: $0, depth: member.depth + 1) }
        }
    }

    /// What all runs of an id have begun, in the order in which they did.
    private func children(of record: ExecutionRecord) throws -> [ExecutionRecord] {
        try runs(of: record).flatMap { number in
            var query = ExecutionQuery()
            query.parent = number
            query.order = .oldestFirst
            return try executions(query)
        }
    }

    /// The numbers of all runs of an id, the first one first.
    package func runs(of record: ExecutionRecord) throws -> [UInt64] {
        var all: [UInt64] = []
        var run: UInt64? = record.number
        while let number = run {
            all.append(number)
            guard case .executionSubmitted(let event) = try entry(number).entry.event,
                event.continuedFrom != 0, event.continuedFrom < number
            else { break }
            run = event.continuedFrom
        }
        return all.reversed()
    }
}
