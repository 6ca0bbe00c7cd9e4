import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

/// What pruning would come to.
public struct PrunablePlan: Sendable, Equatable {
    /// The names of the archives whose executions would be taken out of the file.
    public internal(set) var archives: [String] = []
    /// Executions in them.
    public internal(set) var executions = 0
    /// Their entries.
    public internal(set) var entries: UInt64 = 0
    /// Archives whose executions would stay: names, and why.
    public internal(set) var left: [ArchivablePlan.Left] = []
}

/// Finds which archives the journal's file can do without.
struct PrunePlanner {
    let store: any JournalStore
    let folder: ArchiveFolder

    /// So many archives one entry names at most.
    private static let most = 8_192

    /// An archive that is meant.
    private struct Candidate {
        let record: ArchiveRecord
        let ids: [String]
        let runs: [UInt64]
        var entries: UInt64 = 0
        var last: UInt64 = 0
        var obstacle: String?
    }

    /// What is to be left out of a new file, and what that comes to.
    /// - Parameter checksFiles: whether each file is compared with what is in the journal, entry by entry.
    /// - Throws: ``JournalError``, `integrity` where a file of an archive is damaged or missing.
    func plan(checksFiles: Bool) throws -> (plan: PruningPlan, words: PrunablePlan) {
        var candidates = try candidates()
        try store.read { reader in
            let count = try reader.entryCount()
            let reader = (reader: reader, place: try Self.slowest(reader))
            for index in candidates.indices {
                try look(&candidates[index], count, reader.place, reader.reader)
            }
            for index in candidates.indices.filter({ candidates[$0].obstacle == nil })
                .dropFirst(Self.most)
            {
                candidates[index].obstacle = "so many go at once; ask again"
            }
            try keepForks(&candidates, reader.reader)
        }
        var words = PrunablePlan()
        var streams: Set<UInt64> = []
        var tombstones: [Tombstone] = []
        var archives: [UInt64] = []
        for candidate in candidates {
            let record = candidate.record
            if let why = candidate.obstacle {
                words.left.append(.init(id: record.name, reason: why))
                continue
            }
            if checksFiles { try check(candidate) }
            archives.append(record.sequence)
            streams.formUnion(candidate.runs)
            tombstones += candidate.ids.map { Tombstone(of: $0, archive: record.sequence) }
            words.archives.append(record.name)
            words.executions += candidate.ids.count
            words.entries += candidate.entries
        }
        let plan = PruningPlan(streams: streams, tombstones: tombstones, archives: archives)
        return (plan, words)
    }

    /// The archives whose executions are in the file.
    private func candidates() throws -> [Candidate] {
        let records = try store.read { try ArchiveRecord.all($0) }.filter { $0.droppedBy == nil }
        return try records.compactMap { record in
            let header = try ArchiveFile(folder.place(of: record.name), name: record.name).header
            let ids = header.executions.map(\.id)
            let isThere = try store.read { reader in
                try ids.first.map { try reader.withExecutionRow($0) { _ in true } != nil } ?? false
            }
            guard isThere else { return nil }
            return Candidate(record: record, ids: ids, runs: header.executions.flatMap(\.runs))
        }
    }

    /// The reader that has come the least far.
    private static func slowest(
        _ reader: any StoreReader
    ) throws -> (name: String, sequence: UInt64)? {
        var slowest: (name: String, sequence: UInt64)?
        try reader.scanPositions { name, sequence in
            if sequence < slowest?.sequence ?? .max { slowest = (name, sequence) }
            return true
        }
        return slowest
    }

    private func look(
        _ candidate: inout Candidate,
        _ count: UInt64,
        _ slowest: (name: String, sequence: UInt64)?,
        _ reader: any StoreReader
    ) throws {
        let archive = candidate.record.sequence
        for id in candidate.ids {
            guard let row = try ExecutionReader.row(of: id, reader), row.closed.archived == archive
            else {
                throw JournalError.integrity(
                    archive,
                    "it vouches for an archive of \(id), and the index does not have it there"
                )
            }
        }
        for run in candidate.runs {
            guard let end = try reader.historyEnd(of: run) else {
                throw JournalError.missing(run, ofHistory: run)
            }
            candidate.entries += end.count
            candidate.last = max(candidate.last, end.last)
        }
        // The last entry says where the file ends.
        if candidate.last + 1 >= count {
            candidate.obstacle =
                "nothing has been recorded after it; it goes as soon as something is"
        } else if let slowest, slowest.sequence <= candidate.last {
            candidate.obstacle =
                "the reader \(slowest.name) of the entries has come to entry \(slowest.sequence) only, and they go on to \(candidate.last); let it read on, or remove its position"
        }
    }

    /// A fork refers to what its origin has recorded, and the origin to it: they go together.
    private func keepForks(_ candidates: inout [Candidate], _ reader: any StoreReader) throws {
        var owners: [UInt64: Int] = [:]
        for (index, candidate) in candidates.enumerated() {
            for run in candidate.runs { owners[run] = index }
        }
        /// Pairs of which neither goes without the other, and the fork.
        var pairs: [(left: Int, right: Int?, fork: UInt64)] = []
        for (index, candidate) in candidates.enumerated() {
            for run in candidate.runs {
                for fork in try FactLookup.members(of: .forks(of: run), reader) {
                    pairs.append((index, owners[fork], fork))
                }
                let origin = try reader.withView(of: run) {
                    try ProtoExecutionSubmitted(decoding: $0).forkedFrom
                }
                if let origin, origin != 0, owners[origin] != index {
                    pairs.append((index, owners[origin], run))
                }
            }
        }
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for pair in pairs {
                func stays(_ index: Int?) -> Bool {
                    index.map { candidates[$0].obstacle != nil } ?? true
                }
                guard stays(pair.left) != stays(pair.right) else { continue }
                guard let index = stays(pair.left) ? pair.right : pair.left else { continue }
                let id = try Submission(pair.fork, reader)?.id ?? "\(pair.fork)"
                candidates[index].obstacle =
                    "it has the fork \(id) or its origin, and the other one stays in the journal; archive both"
                hasChanged = true
            }
        }
    }

    /// Makes sure that the file has what is to go: byte for byte, and proven.
    private func check(_ candidate: Candidate) throws {
        let record = candidate.record
        if let problem = try ArchivesAudit.problem(of: record, in: folder, store) {
            throw JournalError(
                .integrity,
                "\(problem); nothing is pruned before that is mended",
                sequence: record.sequence
            )
        }
        let runs = Set(candidate.runs)
        var counts: [UInt64: UInt64] = [:]
        let file = try ArchiveFile(folder.place(of: record.name), name: record.name)
        let read = try store.read { reader in
            try file.read { archived in
                let bytes = Array(archived.entry)
                let header = try bytes.withUnsafeBytes { try EntryView($0).header }
                guard runs.contains(header.stream.rawValue) else { return }
                counts[header.stream.rawValue, default: 0] += 1
                guard try reader.withEntry(header.sequence, { Array($0) }) == bytes else {
                    throw JournalError.integrity(
                        header.sequence,
                        "it is not the one that the archive \(record.name) has"
                    )
                }
            }
        }
        guard read.digest == record.digest else {
            throw ArchiveFile.damaged(record.name, "it changes while it is read")
        }
        try store.read { reader in
            for run in runs {
                guard let end = try reader.historyEnd(of: run) else {
                    throw JournalError.missing(run, ofHistory: run)
                }
                // All but the entry that says that it is archived.
                let event = try reader.withView(of: end.last, \.event)
                let after: UInt64 = event == EventKind.executionArchived.rawValue ? 1 : 0
                guard counts[run, default: 0] + after == end.count else {
                    throw JournalError.integrity(
                        run,
                        "the execution that it begins has entries that the archive \(record.name) lacks"
                    )
                }
            }
        }
    }
}
