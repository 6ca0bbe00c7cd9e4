package import DaybookFormat
package import DaybookJournal
package import DaybookModel
import FoundationEssentials
import SwiftProtobuf

/// What a file is to lack that is made from another one.
package struct PruningPlan: Sendable {
    /// The runs whose entries are left out.
    package let streams: Set<UInt64>
    /// What is left of their ids.
    package let tombstones: [Tombstone]
    /// The archives that they lie in: the entries that vouch for these.
    package let archives: [UInt64]

    /// Nothing is checked here.
    package init(streams: Set<UInt64>, tombstones: [Tombstone], archives: [UInt64]) {
        self.streams = streams
        self.tombstones = tombstones
        self.archives = archives
    }
}

/// A journal that holds the entries of another one, byte for byte, with their payloads: the beginning of
/// it, to which what has come since is appended.
///
/// Its indexes are made anew from the entries. After an error it is of no use, and what it has committed
/// is: each commit is a state that the other journal was in, or could have been in between two entries.
package final class Replica {
    private let journal: Journal
    private let store: LMDBStore
    private var state = State()
    /// What it leaves out of the journal's entries; nil: nothing that is there.
    private let pruning: PruningPlan?
    private var gaps = PrunedRanges()
    /// It began with no entries: then it may lack some of them.
    private let beganEmpty: Bool

    /// Opens a copy that has entries already.
    /// - Parameter snapshots: a folder in which snapshots of it may be.
    /// - Throws: ``JournalError``; `SystemError`; what the model cannot fold.
    package init(_ store: LMDBStore, snapshots: SnapshotFolder) throws {
        self.store = store
        pruning = nil
        beganEmpty = false
        journal = try Journal.open(store)
        state = try StateSnapshots(of: journal, in: snapshots).newest()
        try journal.scan(from: state.next) { entry, reader in
            _ = try Self.reading { try state.apply(committed: entry, reader) }
            return true
        }
    }

    /// Begins one in an empty store.
    /// - Parameters:
    ///   - generation: see ``Journal/copy(in:generation:clock:)``.
    ///   - pruning: what it leaves out; nil: only what is pruned in the other journal.
    /// - Throws: ``JournalError``.
    package init(
        empty store: LMDBStore,
        generation: UInt64 = 0,
        pruning: PruningPlan? = nil
    ) throws {
        self.store = store
        self.pruning = pruning
        beganEmpty = true
        journal = try Journal.copy(in: store, generation: generation)
    }

    /// How many entries it has, and the root of their tree.
    package var head: TreeState { journal.head }

    /// Where the journal is at home, as its entries say.
    package var home: ProtoBinding { state.journal.binding }

    /// Appends what the other journal has and it has not, some of it at a time, each part with one commit.
    /// - Parameters:
    ///   - source: the other journal.
    ///   - isChecked: whether its entries are compared with its tiles, one by one. The root is in any case.
    ///   - archives: of the other journal: entries are read from there that are pruned and that it has to have; nil: that is
    ///     an error.
    ///   - end: the first entry that is left out; nil: none of those that are there now.
    ///   - goOn: told after each commit how many entries it has; false: that is enough.
    /// - Throws: ``ProofError/Code/inconsistent`` when it has entries that the other journal has not;
    ///   ``JournalError``; what the model cannot fold.
    package func catchUp(
        with source: any JournalStore,
        isChecked: Bool = true,
        archives: ArchiveFolder? = nil,
        upTo end: UInt64? = nil,
        _ goOn: (UInt64) -> Bool = { _ in true }
    ) throws {
        let source: any JournalStore = isChecked ? CheckedStore(source) : source
        let end = try end ?? source.read { try $0.entryCount() }
        var isFirst = true
        while isFirst || head.size < end {
            let omitted = pruning?.streams ?? []
            let part = try source.read {
                try Part(
                    $0,
                    from: head.size,
                    upTo: end,
                    without: omitted,
                    mayLack: beganEmpty,
                    archives: archives
                )
            }
            if head.size < end, part.items.isEmpty {
                throw JournalError.integrity(head.size, "it is missing")
            }
            try append(part)
            guard goOn(head.size) else { return }
            isFirst = false
        }
    }

    /// Records what it lacks of the entries, once it has all that it is to have: nothing may lack after that.
    /// - Parameter source: the other journal.
    /// - Returns: what it lacks; nil: nothing.
    /// - Throws: ``JournalError``.
    package func finishPruning(of source: any JournalStore) throws -> ProtoPruning? {
        let before = try source.read { try $0.pruning() }
        guard before != nil || pruning != nil else { return nil }
        try store.makeRoomForPruned()
        var gaps = gaps
        var digest = TombstoneDigest()
        let horizon = pruning == nil ? before?.horizon ?? 0 : head.size
        let recorded = try journal.write { batch in
            var fresh = (pruning?.tombstones ?? []).sorted()[...]
            func put(_ key: UInt64, _ record: [UInt8]) throws {
                digest.add(key, record)
                try batch.append(tombstones: record, for: key)
            }
            func putFresh(before key: UInt64?) throws {
                while let first = fresh.first, key.map({ first.key < $0 }) ?? true {
                    let end = fresh.firstIndex { $0.key != first.key } ?? fresh.endIndex
                    try put(first.key, Tombstone.record(of: Array(fresh[..<end])))
                    fresh = fresh[end...]
                }
            }
            try source.read { reader in
                try reader.scanTombstones { key, record in
                    try putFresh(before: key)
                    let end = fresh.firstIndex { $0.key != key } ?? fresh.endIndex
                    try put(key, record + Tombstone.record(of: Array(fresh[..<end])))
                    fresh = fresh[end...]
                    return true
                }
            }
            try putFresh(before: nil)
            let recorded = ProtoPruning.with {
                $0.horizon = horizon
                $0.entries = gaps.count
                $0.gaps = Data(gaps.finish())
                $0.executions = digest.count
                $0.tombstones = Data(digest.finish())
            }
            try batch.put(recorded)
            return recorded
        }
        return recorded
    }

    /// Carries out a command: from here on it is no more the beginning of the other journal.
    /// - Throws: the refusal; ``JournalError``.
    package func carryOut<C: Command>(_ command: C) throws -> C.Answer {
        let answer = try journal.write { batch in
            var tx = Transaction(exchange(&state, with: State()), ReplicaLedger(batch))
            let answer = Result { try tx.carryOut(command) }
            state = tx.finish()
            return try answer.get()
        }
        state.commit()
        return answer
    }

    private func append(_ part: Part) throws {
        try journal.write { batch in
            guard batch.nextSequence == part.first else { throw Self.departed(part.first) }
            for item in part.items {
                switch item {
                case .entry(let entry): try append(entry, batch)
                case .pruned(let pruned):
                    gaps.add(batch.nextSequence..<batch.nextSequence + pruned.count)
                    try batch.append(pruned: pruned)
                }
            }
            if let root = part.root, root != batch.head.root.bytes {
                throw Self.departed(batch.head.size)
            }
            try put(part.positions, batch)
        }
        state.commit()
    }

    private func append(_ entry: Part.Entry, _ batch: Batch) throws {
        try entry.bytes.withUnsafeBytes { bytes in
            if let payloads = entry.payloads {
                try payloads.withUnsafeBytes { try batch.append(copied: bytes, payloads: $0) }
            } else {
                try batch.append(copied: bytes, payloads: nil)
            }
            let row = try Self.reading {
                try state.apply(copied: try EntryView(bytes)) { number, sequence in
                    try batch.reader.history(of: number, upTo: sequence - 1)
                }
            }
            if let row { try batch.put(row) }
        }
    }

    /// Says in the journal's terms what the model cannot take in.
    private static func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as UnknownEvent {
            throw JournalError(
                .newerVersion,
                error.description,
                sequence: error.sequence,
                underlying: error
            )
        } catch let error as InconsistentEntry {
            throw JournalError(
                .integrity,
                error.description,
                sequence: error.sequence,
                underlying: error
            )
        }
    }

    private func put(_ positions: [String: UInt64], _ batch: Batch) throws {
        var gone: [String] = []
        try batch.reader.scanPositions { name, _ in
            if positions[name] == nil { gone.append(name) }
            return true
        }
        for name in gone { try batch.removePosition(name) }
        for (name, sequence) in positions {
            // A reader begins where it has been: never behind the end.
            let position = min(sequence, batch.nextSequence)
            if try batch.reader.position(name) != position {
                try batch.put(position: position, of: name)
            }
        }
    }

    private static func departed(_ size: UInt64) -> ProofError {
        ProofError(
            .inconsistent,
            "the copy is not the beginning of the journal: they differ in the first \(size) entries, or somebody else has written to the copy; keep both, find out which one is right, and make a new copy at another place"
        )
    }
}
