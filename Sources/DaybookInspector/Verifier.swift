package import DaybookFormat
public import DaybookJournal
import DaybookModel
import DaybookView

/// What a verification found.
public struct VerificationReport: Sendable {
    /// What a problem is about.
    @nonexhaustive
    public enum Part: String, Sendable, CaseIterable {
        /// The file: its first pages, or the one that names the databases.
        case file
        /// The list of pages that nothing uses.
        case freePages = "free pages"
        /// The entries: primary data.
        case entries
        /// The record of where the entries end, and of the root of their tree.
        case root
        /// The rules of the model: an entry contradicts those before it.
        case rules
        /// The payloads: primary data.
        case payloads
        /// The index of the entries of each history.
        case histories
        /// The index of executions by their ids.
        case executions
        /// The index of executions by status, workflow, actor, family and label.
        case lists
        /// The hashes of full tiles.
        case tiles
        /// How far readers have come.
        case positions
        /// Files from which recovery begins.
        case snapshots
        /// The file of keys of secrets.
        case keys
        /// Files of executions that are archived.
        case archives
        /// What the file lacks of the entries, and what is left in their place: primary data.
        case pruned
    }

    /// Something that contradicts something else.
    public struct Problem: Sendable, Equatable, CustomStringConvertible {
        /// The entry that it is about; nil: none in particular.
        public let sequence: UInt64?
        /// What is wrong.
        public let reason: String
        /// What it is about.
        public let part: Part

        /// For example `entry 17: its payload 0 is not what was recorded: it does not match its commitment`.
        public var description: String {
            sequence.map { "entry \($0): \(reason)" } ?? reason
        }
    }

    /// Entries that were looked at.
    public internal(set) var entries: UInt64 = 0
    /// Executions that they belong to.
    public internal(set) var executions = 0
    /// Entries of executions that are pruned: of them their hashes were looked at, as far as there are any.
    public internal(set) var prunedEntries: UInt64 = 0
    /// Executions that are pruned.
    public internal(set) var prunedExecutions: UInt64 = 0
    /// Payloads that match their commitments.
    public internal(set) var payloads: UInt64 = 0
    /// Payloads that have been erased.
    public internal(set) var erased: UInt64 = 0
    /// Snapshots that are what the fold of the entries gives.
    public internal(set) var snapshots = 0
    /// The names of snapshots that are not, or not those that were recorded.
    public internal(set) var unfitSnapshots: [String] = []
    /// Archives whose files are those that were recorded.
    public internal(set) var archives = 0
    /// Full tiles that were compared.
    public internal(set) var tiles = 0
    /// The root of the tree of the entries as they are.
    public internal(set) var root = TreeHash.empty
    /// What is wrong; empty: nothing.
    public internal(set) var problems: [Problem] = []
    /// More was wrong than is listed.
    public internal(set) var isCutShort = false
    /// Keys that are still to be overwritten: nothing contradicts them, and whoever opens the journal for
    /// writing next sees to it.
    public internal(set) var leftKeys: [LeftKey] = []
    /// Secrets that nothing opens here because there is no file of keys; nil: it is there, or none is kept.
    public internal(set) var unopenable: UnopenableSecrets?

    /// Whether everything agrees.
    public var isGood: Bool { problems.isEmpty }

    /// Whether all that is wrong is about the file of keys, or files of archives.
    public var areEntriesSound: Bool {
        problems.allSatisfy { $0.part == .keys || $0.part == .archives }
    }
}

/// Checks a journal against itself: sequence and times, chains, hashes, tiles and root,
/// commitments against payloads, the model's rules, and the indexes.
///
/// Whether somebody has replaced the whole journal by another one that agrees with itself can only
/// be seen against a checkpoint that somebody else holds.
package struct Verifier {
    private let store: any JournalStore
    private var report = VerificationReport()
    private var audit = EntryAudit()
    private var indexes = IndexAudit()
    private var families = FamilyAudit()
    private var erasures = ErasureAudit()
    private var snapshots: SnapshotAudit
    private var payloadRecords = 0
    private var pruned: PruningAudit
    /// The first entry that is left out.
    private var size: UInt64 = 0
    private let problems = ProblemList()
    private let notes: ProblemNotes
    private let scope: Scope
    private let progress: (UInt64, UInt64) -> Void

    /// What is checked.
    package enum Scope: Sendable {
        /// Everything.
        case all
        /// The entries, their hashes and their payloads, without a look at any index but the tiles: where
        /// those are damaged.
        case primary
    }

    /// Entries in one read transaction.
    private static let step = 16_384

    private init(
        _ store: any JournalStore,
        _ scope: Scope,
        _ snapshots: SnapshotAudit,
        _ pruned: PruningAudit,
        _ progress: @escaping (UInt64, UInt64) -> Void
    ) {
        self.store = store
        self.pruned = pruned
        self.scope = scope
        self.snapshots = snapshots
        self.progress = progress
        notes = ProblemNotes(problems)
    }

    /// Checks everything that is in the store now; what is appended meanwhile is left out.
    /// - Parameters:
    ///   - scope: what is checked.
    ///   - lacking: what the file lacks, while no entry vouches for that yet.
    ///   - folder: where the journal's snapshots are; nil: they are left out.
    ///   - keys: the path of the file of keys; nil: it is left out.
    ///   - archives: where the journal's archives are; nil: they are left out.
    ///   - progress: told now and then how many entries of how many are done.
    /// - Throws: ``JournalError`` when the store cannot be read at all; `SystemError`.
    package static func verify(
        _ store: any JournalStore,
        _ scope: Scope = .all,
        lacking: ProtoPruning? = nil,
        snapshots folder: SnapshotFolder? = nil,
        keys: String? = nil,
        archives: ArchiveFolder? = nil,
        progress: @escaping (UInt64, UInt64) -> Void = { _, _ in }
    ) throws -> VerificationReport {
        // Where the journal is pruned meanwhile, what was seen of it does not fit together any more.
        while true {
            do {
                let pruned = try store.read { try PruningAudit($0, lacking) }
                let snapshots = try SnapshotAudit(folder, horizon: pruned.horizon)
                var verifier = Verifier(store, scope, snapshots, pruned, progress)
                try verifier.run()
                try verifier.checkSecrets(keys)
                try verifier.checkArchives(archives)
                return verifier.report
            } catch is PruningAudit.IsOutdated {
                continue
            }
        }
    }

    private mutating func run() throws {
        let (count, edge) = try store.read { reader in
            let edge = try TreeEdge(reader)
            if let problem = try edge?.problem(reader) { notes.root(nil, problem) }
            return (try reader.entryCount(), edge)
        }
        try checkEntries(count, edge)
        if let tree = audit.tree { report.root = tree.root }
        if let edge {
            let areProven = audit.check(edge, count, notes.entries)
            problems.settleLeaves(areProven ? .tiles : .entries)
        } else {
            notes.root(nil, "the record of the tree's edge is missing or cannot be read")
        }
        try store.read { try pruned.finish($0, &report, notes.pruned) }
        if scope == .all { try checkIndexes(upTo: count) }
        report.problems = problems.all
        report.isCutShort = problems.isCutShort
    }

    private mutating func checkIndexes(upTo count: UInt64) throws {
        try store.read { reader in
            try pruned.checkIsCurrent(reader)
            try indexes.check(reader, upTo: count, notes)
            var records = 0
            try reader.scanPayloads(from: 0) { sequence in
                if sequence < count || sequence == .max { records += 1 }
                return true
            }
            if records != payloadRecords {
                notes.payloads(
                    nil,
                    "\(records) payload records are stored, and entries have \(payloadRecords)"
                )
            }
            let end = try reader.entryCount()
            try reader.scanPositions { name, sequence in
                if sequence > end {
                    notes.positions(
                        nil,
                        "the position of \(name) is \(sequence), and there are \(end) entries"
                    )
                }
                return true
            }
            let tiles = try reader.tileCount()
            // More may be there by now; fewer, or more than there are groups of 256, may not.
            if tiles < report.tiles {
                notes.tiles(nil, "\(report.tiles) full tiles should be stored, and \(tiles) are")
            }
        }
        families.check(notes.rules)
        report.executions = indexes.executionCount
        report.snapshots = snapshots.count
        report.unfitSnapshots = snapshots.unfit
    }

    private mutating func checkSecrets(_ path: String?) throws {
        guard scope == .all, let path, let state = indexes.foldedState else { return }
        let found = try SecretsAudit.check(path, state, upTo: size, store) {
            [problems] in
            problems.add($0, $1, .keys)
        }
        report.leftKeys = found.left
        report.unopenable = found.unopenable
        report.problems = problems.all
        report.isCutShort = problems.isCutShort
    }

    private mutating func checkArchives(_ folder: ArchiveFolder?) throws {
        guard scope == .all, let folder, !problems.isCutShort else { return }
        let records: [ArchiveRecord]
        do {
            records = try store.read { try ArchiveRecord.all($0) }
        } catch is WireError {
            // The fold has said so.
            return
        } catch let error as JournalError where error.code == .integrity {
            return
        }
        for record in records where record.sequence < size && record.droppedBy == nil {
            if let problem = try ArchivesAudit.problem(of: record, in: folder, store) {
                problems.add(record.sequence, problem, .archives)
            } else {
                report.archives += 1
            }
        }
        report.problems = problems.all
        report.isCutShort = problems.isCutShort
    }

    private mutating func checkEntries(_ count: UInt64, _ edge: TreeEdge?) throws {
        var next: UInt64 = 0
        while next < count {
            let first = next
            try store.read { reader in
                try pruned.checkIsCurrent(reader)
                var seen = 0
                try reader.scanEntries(from: first) { key, bytes in
                    guard key < count, seen < Self.step else { return false }
                    seen += 1
                    if next < key { try checkGap(next..<key, reader) }
                    try check(key, bytes, edge, reader)
                    next = key + 1
                    return true
                }
            }
            if next == first {
                notes.entries(next, "it is missing")
                next = count
            }
            progress(next, count)
        }
        size = count
        report.entries = count - pruned.count
    }

    /// Takes in that entries are not there.
    private mutating func checkGap(_ gap: Range<UInt64>, _ reader: any StoreReader) throws {
        let isPruned = gap.lowerBound..<max(gap.lowerBound, min(gap.upperBound, pruned.horizon))
        if !isPruned.isEmpty {
            pruned.add(isPruned)
            do {
                try reader.scanPruned(isPruned) { sequence, hash in
                    try audit.append(hash, at: sequence, reader, tiles: &report.tiles, notes)
                }
            } catch let error as JournalError where error.code == .integrity {
                notes.tiles(error.sequence, "it is pruned, and its hash is missing")
            }
        }
        for sequence in isPruned.upperBound..<gap.upperBound {
            notes.entries(sequence, "it is missing")
        }
    }

    private mutating func check(
        _ sequence: UInt64,
        _ bytes: UnsafeRawBufferPointer,
        _ edge: TreeEdge?,
        _ reader: any StoreReader
    ) throws {
        let read = Result { () throws(WireError) in try EntryView(bytes) }
        // What it says of the entries before it is compared before it is one of them.
        if case .success(let view) = read { try checkSeam(view, sequence) }
        try audit.append(sequence, bytes, edge, reader, tiles: &report.tiles, notes)
        let view: EntryView
        switch read {
        case .success(let found): view = found
        case .failure(let error):
            notes.entries(sequence, "it cannot be read (\(error))")
            return
        }
        audit.checkHeader(view, at: sequence, notes.entries)
        if scope == .all { try checkMeaning(view, sequence, reader) }
        try checkPayloads(view, sequence, reader)
    }

    /// Checks what follows from an entry and those before it.
    private mutating func checkMeaning(
        _ view: EntryView,
        _ sequence: UInt64,
        _ reader: any StoreReader
    ) throws {
        indexes.follow(view, at: sequence, reader, notes.rules)
        do throws(WireError) {
            try families.follow(view, at: sequence)
        } catch {
            notes.rules(sequence, "it cannot be read (\(error.reason))")
        }
        if snapshots.isNeeded(at: sequence + 1), let tree = audit.tree {
            try snapshots.fold(at: sequence + 1, indexes.foldedState, tree.root)
        }
        try snapshots.follow(view, at: sequence, notes.snapshots)
        if view.event == EventKind.payloadsErased.rawValue {
            try erasures.check(saying: view, reader, notes.payloads)
        }
    }

    /// Compares the root that an entry says a backup gave, or an older file, with that of what is there.
    private mutating func checkSeam(_ view: EntryView, _ sequence: UInt64) throws {
        let root: [UInt8]
        do throws(WireError) {
            switch EventKind(rawValue: view.event) {
            case .journalRestored: root = Array(try ProtoJournalRestored(decoding: view).root)
            case .journalRewritten:
                let event = try ProtoJournalRewritten(decoding: view)
                pruned.follow(event)
                root = Array(event.root)
            default: return
            }
        } catch {
            // The fold says so.
            return
        }
        if let tree = audit.tree, root != tree.root.bytes {
            notes.entries(
                sequence,
                "the root that it says was taken over is not that of the entries before it"
            )
        }
    }

    private mutating func checkPayloads(
        _ view: EntryView,
        _ sequence: UInt64,
        _ reader: any StoreReader
    ) throws {
        let commitments: [Commitment]
        do {
            commitments = try view.commitments()
        } catch {
            notes.entries(sequence, "its commitments cannot be read (\(error))")
            return
        }
        var checked = 0
        var erased = 0
        let isStored: Void? = try reader.withPayloads(of: sequence) { bytes in
            let record: PayloadRecord
            do {
                record = try PayloadRecord(bytes)
            } catch {
                notes.payloads(sequence, "its payloads cannot be read (\(error))")
                return
            }
            guard record.count == commitments.count else {
                notes.payloads(
                    sequence,
                    "it commits to \(commitments.count) payloads, and \(record.count) are stored"
                )
                return
            }
            for (index, commitment) in commitments.enumerated() {
                do {
                    try checkSlices(of: record, index, of: view, reader)
                    let payload = try record.payload(index, of: commitment, reader.withPayloads)
                    if payload.isErased { erased += 1 } else { checked += 1 }
                } catch let error as WireError {
                    notes.payloads(
                        sequence,
                        "its payload \(index) is not what was recorded: \(error.reason)"
                    )
                }
            }
            let problem = try InputAudit.problem(of: view, record, commitments, reader)
            if let problem { notes.payloads(sequence, problem) }
        }
        report.payloads += UInt64(checked)
        report.erased += UInt64(erased)
        if erased > 0, scope == .all { try erasures.check(erased: view, reader, notes.payloads) }
        if isStored != nil {
            payloadRecords += 1
        } else if !commitments.isEmpty {
            notes.payloads(sequence, "its payloads are missing")
        }
    }
}

extension Verifier {
    /// Bytes that a payload shares are of an earlier entry of the same stream: whoever erases a stream
    /// erases them all, and nothing else.
    private func checkSlices(
        of record: PayloadRecord,
        _ index: Int,
        of view: EntryView,
        _ reader: any StoreReader
    ) throws {
        var last: UInt64 = 0
        for slice in try record.slices(of: index) where slice.entry != 0 && slice.entry != last {
            last = slice.entry
            guard slice.entry < view.header.sequence else {
                throw WireError("it has bytes of entry \(slice.entry), which is not before it")
            }
            let stream = try reader.withEntry(slice.entry) { try EntryView($0).header.stream }
            guard stream == view.header.stream else {
                throw WireError("it has bytes of entry \(slice.entry), which is of another stream")
            }
        }
    }
}

extension Inspector {
    /// Checks everything that is in the journal now, its snapshots and the keys of secrets included; what is appended
    /// meanwhile is left out.
    /// - Parameter progress: told now and then how many entries of how many are done.
    /// - Throws: ``JournalError`` when the journal cannot be read at all.
    public func verify(
        progress: @escaping (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in }
    ) throws -> VerificationReport {
        try Verifier.verify(
            database,
            snapshots: folder.snapshots,
            keys: folder.keys,
            archives: folder.archives,
            progress: progress
        )
    }
}
