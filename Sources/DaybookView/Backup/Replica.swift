package import DaybookFormat
package import DaybookJournal
package import DaybookModel

/// A journal that holds the entries of another one, byte for byte, with their payloads: the beginning of
/// it, to which what has come since is appended.
///
/// Its indexes are made anew from the entries. After an error it is of no use, and what it has committed
/// is: each commit is a state that the other journal was in, or could have been in between two entries.
package final class Replica {
    private let journal: Journal
    private var state = State()

    /// Opens a copy that has entries already.
    /// - Parameter snapshots: a folder in which snapshots of it may be.
    /// - Throws: ``JournalError``; `SystemError`; what the model cannot fold.
    package init(_ store: LMDBStore, snapshots: SnapshotFolder) throws {
        journal = try Journal.open(store)
        state = try StateSnapshots(of: journal, in: snapshots).newest()
        try journal.scan(from: state.next) { entry, reader in
            _ = try Self.reading { try state.apply(committed: entry, reader) }
            return true
        }
    }

    /// Begins one in an empty store.
    /// - Parameter generation: see ``Journal/copy(in:generation:clock:)``.
    /// - Throws: ``JournalError``.
    package init(empty store: LMDBStore, generation: UInt64 = 0) throws {
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
    ///   - end: the first entry that is left out; nil: none of those that are there now.
    ///   - goOn: told after each commit how many entries it has; false: that is enough.
    /// - Throws: ``ProofError/Code/inconsistent`` when it has entries that the other journal has not;
    ///   ``JournalError``; what the model cannot fold.
    package func catchUp(
        with source: any JournalStore,
        isChecked: Bool = true,
        upTo end: UInt64? = nil,
        _ goOn: (UInt64) -> Bool = { _ in true }
    ) throws {
        let source: any JournalStore = isChecked ? CheckedStore(source) : source
        let end = try end ?? source.read { try $0.entryCount() }
        var isFirst = true
        while isFirst || head.size < end {
            let part = try source.read { try Part($0, from: head.size, upTo: end) }
            if head.size < end, part.entries.isEmpty {
                throw JournalError.integrity(head.size, "it is missing")
            }
            try append(part)
            guard goOn(head.size) else { return }
            isFirst = false
        }
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
            for entry in part.entries { try append(entry, batch) }
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

/// Entries of a journal, as they lie there.
private struct Part {
    struct Entry {
        let bytes: [UInt8]
        let payloads: [UInt8]?
    }

    let first: UInt64
    private(set) var entries: [Entry] = []
    private(set) var positions: [String: UInt64] = [:]
    /// The root with the last of them, where it was recorded.
    private(set) var root: [UInt8]?

    /// Entries in one part, and bytes after which none is added.
    private static let most = 16_384
    private static let mostBytes = 8 << 20

    init(_ reader: any StoreReader, from first: UInt64, upTo end: UInt64) throws {
        self.first = first
        let count = try reader.entryCount()
        guard first <= count else {
            throw ProofError(
                .inconsistent,
                "the copy has \(first) entries, and the journal has \(count): it is another one, an older copy lies in its place, or somebody has written to the copy; keep both, and find out which one is right"
            )
        }
        var bytes = 0
        var all: [Entry] = []
        // What comes after the end is not looked at, and may be damaged.
        if first < end {
            try reader.scanEntries(from: first) { sequence, entry in
                guard sequence == first + UInt64(all.count) else {
                    throw JournalError.integrity(first + UInt64(all.count), "it is missing")
                }
                let payloads = try reader.withPayloads(of: sequence) { Array($0) }
                all.append(Entry(bytes: Array(entry), payloads: payloads))
                bytes += entry.count + (payloads?.count ?? 0)
                return sequence + 1 < end && all.count < Self.most && bytes < Self.mostBytes
            }
        }
        entries = all
        if let edge = try TreeEdge(reader), edge.size == first + UInt64(all.count) {
            root = edge.root
        }
        var places: [String: UInt64] = [:]
        try reader.scanPositions { name, sequence in
            places[name] = sequence
            return true
        }
        positions = places
    }
}
