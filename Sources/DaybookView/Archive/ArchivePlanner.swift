package import DaybookFormat
package import DaybookJournal
package import DaybookModel

/// Executions that are archived together: one without a parent, and all that it has begun, and what those have.
package struct ArchivableFamily: Sendable {
    /// A member of it.
    package struct Member: Sendable {
        /// As it is recorded.
        package let seen: SealArchive.Member
        /// The numbers of all its runs, ascending.
        package let runs: [UInt64]
    }

    /// The one without a parent first.
    package var members: [Member] = []
    /// How many entries they have.
    package var entries: UInt64 = 0
    /// How many payloads.
    package var payloads: UInt64 = 0
    /// Bytes of the payloads, as they were recorded.
    package var bytes: UInt64 = 0

    /// The id of the one without a parent.
    package var id: Name { members[0].seen.id }
}

/// Goes through the families of what is closed and has no parent, the oldest first.
package struct ArchiveWalk {
    private let store: any JournalStore
    private let query: ExecutionQuery
    private let end: Timestamp
    private var cursor: ExecutionCursor?
    private var left: ArraySlice<ExecutionRecord> = []
    private var isOver = false

    /// - Parameters:
    ///   - query: narrows it down.
    ///   - end: only those of which everything ended before then.
    package init(
        _ store: any JournalStore,
        _ query: ExecutionQuery,
        endedBefore end: Timestamp
    ) {
        self.store = store
        self.end = end
        var query = query
        query.isClosed = true
        query.order = .oldestFirst
        query.limit = nil
        self.query = query
    }

    /// The next family of which there is something to say; nil: there is none.
    /// - Throws: ``JournalError``.
    package mutating func next() throws -> ArchivePlanner.Candidate? {
        while true {
            while let record = left.popFirst() {
                guard record.parent == nil, record.archivedBy == nil,
                    let finished = record.finishedAt, finished < end
                else { continue }
                let found = try ArchivePlanner.candidate(Name(record.id), store, endedBefore: end)
                if let found { return found }
            }
            if isOver { return nil }
            let page = try ExecutionReader.page(query, after: cursor, store)
            left = page.records[...]
            cursor = page.next
            isOver = page.next == nil
        }
    }
}

/// Finds what can be archived.
package enum ArchivePlanner {
    /// Of a family.
    package enum Candidate: Sendable {
        /// It can be.
        case family(ArchivableFamily)
        /// It stays, and why, with the id as the subject of the sentence.
        case left(id: Name, why: String)
    }

    /// What is to be said of a family.
    /// - Parameter id: of the one without a parent.
    /// - Returns: nil when a member of it ended later, or it is archived: nothing is to be said.
    /// - Throws: ``JournalError``.
    package static func candidate(
        _ id: Name,
        _ store: any JournalStore,
        endedBefore end: Timestamp
    ) throws -> Candidate? {
        try store.read { reader in
            var family = ArchivableFamily()
            // The last one is the next: however deep the family is.
            var left = [id]
            while let id = left.popLast() {
                guard let row = try FactLookup.row(of: id, reader) else {
                    throw JournalError.missingRow(of: id.text, 0)
                }
                guard row.hasClosed else { return .left(id: id, why: "it is not closed") }
                guard row.closed.archived == 0, row.closed.finishedAt < end.rawValue else {
                    return nil
                }
                if let why = try obstacle(of: row, reader) { return .left(id: id, why: why) }
                let runs = try runs(of: row.number, reader)
                family.members.append(
                    .init(
                        seen: .init(id: id, number: row.number, last: row.closed.last),
                        runs: runs
                    )
                )
                for run in runs {
                    try count(run, in: &family, reader)
                    for child in try FactLookup.members(of: .children(of: run), reader) {
                        guard let child = try Submission(child, reader) else { continue }
                        left.append(Name(child.id))
                    }
                }
                guard family.members.count <= SealArchive.limit else {
                    return .left(
                        id: family.id,
                        why:
                            "its family has more than \(SealArchive.limit) executions, and goes into one archive"
                    )
                }
            }
            return .family(family)
        }
    }

    /// Why one stays; nil: nothing speaks against it.
    private static func obstacle(
        of row: ProtoExecutionRow,
        _ reader: any StoreReader
    ) throws -> String? {
        let state: ExecutionState
        do {
            state = try reader.history(of: row.number)
        } catch let error where Contradiction.isFound(by: error) {
            return "its record is damaged (\(error)); run `daybook verify`"
        }
        if let obstacle = state.archivingObstacle { return obstacle }
        guard let fork = try openFork(of: row.number, reader) else { return nil }
        return "its fork \(fork) is open, and goes on by what it has recorded"
    }

    /// The id of an open fork of a run, or of a fork of it.
    private static func openFork(
        of number: UInt64,
        _ reader: any StoreReader
    ) throws -> Name? {
        var origins = [number]
        while let origin = origins.popLast() {
            for fork in try FactLookup.members(of: .forks(of: origin), reader) {
                guard let id = try Submission(fork, reader).map({ Name($0.id) }) else { continue }
                if try FactLookup.row(of: id, reader)?.hasClosed != true { return id }
                origins.append(fork)
            }
        }
        return nil
    }

    /// The runs of an id, ascending.
    private static func runs(
        of newest: UInt64,
        _ reader: any StoreReader
    ) throws -> [UInt64] {
        var runs = [newest]
        while let run = runs.last {
            let earlier = try reader.withView(of: run) {
                try ProtoExecutionSubmitted(decoding: $0).continuedFrom
            }
            guard let earlier, earlier != 0, earlier < run else { break }
            runs.append(earlier)
        }
        return runs.reversed()
    }

    private static func count(
        _ run: UInt64,
        in family: inout ArchivableFamily,
        _ reader: any StoreReader
    ) throws {
        try reader.scanHistory(of: run, from: run) { sequence in
            let commitments = try reader.withView(of: sequence) { try $0.commitments() } ?? []
            family.entries += 1
            family.payloads += UInt64(commitments.count)
            family.bytes += commitments.reduce(0) { $0 &+ $1.size }
            return true
        }
    }
}
