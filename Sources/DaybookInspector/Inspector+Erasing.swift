public import DaybookFormat
import DaybookJournal
import DaybookModel
public import DaybookView

/// What an execution has that can be erased, with all that it has begun.
public struct ErasablePayloads: Equatable, Sendable {
    /// The execution's id.
    public let id: String
    /// Its last entry.
    package let last: UInt64
    /// It, and those that it has begun, as far as they are closed.
    public internal(set) var executions = 0
    /// Entries that have payloads.
    public internal(set) var entries = 0
    /// Payloads.
    public internal(set) var payloads = 0
    /// Bytes that they were recorded with.
    public internal(set) var bytes: UInt64 = 0
    /// The ids of those that it has begun, and that are not closed.
    public internal(set) var open: [String] = []
    /// The ids of executions that have the same input or the salt by which it can be guessed, and are not
    /// among these: forks, and what was forked.
    public internal(set) var sharing: [String] = []

    fileprivate init(of record: ExecutionRecord) {
        id = record.id
        last = record.last
    }
}

extension Inspector {
    /// What there is to erase of an execution.
    /// - Parameter entry: one of its entries, if only that is to be erased.
    /// - Throws: ``JournalError``.
    public func erasable(
        of record: ExecutionRecord,
        entry: UInt64? = nil
    ) throws -> ErasablePayloads {
        var all = ErasablePayloads(of: record)
        var (ids, sharers): (Set<Name>, [Name]) = ([], [])
        try family(of: record) { member in
            guard member.record.isClosed else {
                all.open.append(member.record.id)
                return true
            }
            all.executions += 1
            ids.insert(Name(member.record.id))
            var run: UInt64? = member.record.number
            while let number = run {
                let found = try store.read { reader in
                    try FactLookup.erasable(
                        of: number,
                        before: entry.map { $0 + 1 } ?? .max,
                        limit: entry == nil ? .max : 1,
                        reader
                    )
                }
                if let found, entry.map({ found.range == $0...$0 }) ?? true { all.note(found) }
                // Its first entry has the input.
                if entry ?? number == number {
                    sharers += try store.read { try FactLookup.sharers(of: number, $0) }
                }
                run = try earlierRun(number)
            }
            return entry == nil
        }
        for id in sharers where ids.insert(id).inserted { all.sharing.append(id.text) }
        return all
    }

    /// What there is to erase of executions that are closed, without those that have a parent: a child goes with its
    /// parent.
    /// - Parameter end: only of those that ended before then.
    /// - Throws: ``JournalError``.
    public func erasable(
        _ query: ExecutionQuery,
        endedBefore end: Timestamp? = nil
    ) throws -> [ErasablePayloads] {
        var query = query
        query.isClosed = true
        query.order = .oldestFirst
        var all: [ErasablePayloads] = []
        try executions(query) { record in
            if record.parent != nil { return true }
            if let end, record.finishedAt.map({ $0 >= end }) ?? true { return true }
            let found = try erasable(of: record)
            if found.payloads > 0 { all.append(found) }
            return true
        }
        return all
    }

    private func earlierRun(_ number: UInt64) throws -> UInt64? {
        guard case .executionSubmitted(let event) = try self.entry(number).entry.event,
            event.continuedFrom != 0, event.continuedFrom < number
        else { return nil }
        return event.continuedFrom
    }

    /// The execution whose history an entry is in.
    /// - Throws: ``Refusal/Code/notFound`` when it is in none's; ``JournalError``.
    public func record(ofEntry sequence: UInt64) throws -> ExecutionRecord {
        let stream = try entry(sequence).entry.stream
        guard let record = try record(ofRun: stream) else {
            throw Refusal(
                .notFound,
                "the entry \(sequence) is of no execution; name one that is"
            )
        }
        return record
    }

    /// Who has erased payloads of an execution, when and why; nil: nobody has.
    /// - Throws: ``JournalError``.
    public func erasure(of record: ExecutionRecord) throws -> Erasure? {
        guard let sequence = record.erasedBy else { return nil }
        return try store.read { reader in
            try reader.withView(of: sequence) { try Erasure($0, reader) }
        }
    }
}

extension ErasablePayloads {
    fileprivate mutating func note(_ found: ErasableRange) {
        entries += found.entries
        payloads += found.payloads
        bytes += found.bytes
    }
}
