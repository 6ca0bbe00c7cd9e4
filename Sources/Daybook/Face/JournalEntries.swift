import DaybookJournal
import DaybookModel
import DaybookSystem

/// The entries of a journal from a place on, in order: those that are there, and then those that come,
/// by whatever process.
///
/// It reads when it is asked for the next one, a few at a time: who takes long over one holds nobody
/// up, and nothing is collected meanwhile. It ends when the engine is closed or the task is
/// cancelled.
///
/// For work that must not be missed, keep the place under a name once an entry is dealt with:
///
///     let start = try await engine.position(named: "mailer") ?? 0
///     for try await entry in engine.entries(from: start) {
///         try await mail(entry)
///         try await engine.setPosition(entry.sequence + 1, named: "mailer")
///     }
///
/// After a crash in between the entry comes again: at least once, and never not at all.
public struct JournalEntries: AsyncSequence, Sendable {
    /// What it gives.
    public typealias Element = EntryRecord
    private let opening: Opening
    private let start: UInt64

    init(_ opening: Opening, from start: UInt64) {
        self.opening = opening
        self.start = start
    }

    /// Begins to read.
    public func makeAsyncIterator() -> Iterator { Iterator(opening, from: start) }

    /// Reads one entry after the other.
    public struct Iterator: AsyncIteratorProtocol {
        private let opening: Opening
        private let source: Locked<Source>
        private var read: ArraySlice<EntryRecord> = []
        private var next: UInt64
        /// How many entries it has read and not given.
        var held: Int { read.count }

        /// Sendable without the compiler's check: it is used by one thread at a time, under a lock.
        private struct Source: @unchecked Sendable {
            let reader: EntryReader
        }

        fileprivate init(_ opening: Opening, from start: UInt64) {
            self.opening = opening
            next = start
            let store = opening.engine.writer.journal.store
            source = Locked(Source(reader: EntryReader(store)))
        }

        /// The next entry, as soon as there is one.
        /// - Returns: nil: the engine was closed, or the task was cancelled.
        /// - Throws: ``JournalError``.
        public mutating func next() async throws -> EntryRecord? {
            while read.isEmpty {
                let engine = opening.engine
                if Task.isCancelled || engine.isStopped { return nil }
                let (source, first) = (source, next)
                read = try await SystemThread.run {
                    try source.withLock { try $0.reader.read(from: first)[...] }
                }
                if !read.isEmpty { break }
                try await engine.board.wait(for: .entries) {
                    try engine.isStopped || engine.hasEntries(from: first)
                }
            }
            guard let entry = read.popFirst() else { return nil }
            next = entry.sequence + 1
            return entry
        }
    }
}

extension EngineCore {
    /// Whether there is an entry from that place on.
    fileprivate func hasEntries(from sequence: UInt64) throws -> Bool {
        try writer.journal.store.read { try $0.entryCount() > sequence }
    }
}

/// Following what happens.
extension Engine {
    /// The entries of the journal from a place on: those that are there, and those that come.
    /// - Parameter sequence: the first one; 0: all. One that is not there yet is waited for.
    public func entries(from sequence: UInt64 = 0) -> JournalEntries {
        JournalEntries(opening, from: sequence)
    }

    /// How far the reader of that name has come: the sequence of the entry that it has not dealt with.
    /// - Returns: nil: there is no such reader.
    /// - Throws: ``Refusal/Code/invalidArgument`` for what is no name; ``JournalError``.
    public func position(named name: String) async throws -> UInt64? {
        try Names.check(name, "name of a position")
        let store = engine.writer.journal.store
        return try await SystemThread.run { try store.read { try $0.position(name) } }
    }

    /// All named positions, in the order of their names.
    /// - Throws: ``JournalError``.
    public func positions() async throws -> [(name: String, sequence: UInt64)] {
        let store = engine.writer.journal.store
        return try await SystemThread.run {
            var all: [(name: String, sequence: UInt64)] = []
            try store.read { reader in
                try reader.scanPositions { name, sequence in
                    all.append((name, sequence))
                    return true
                }
            }
            return all
        }
    }

    /// Keeps how far the reader of a name has come, on the disk. It never goes back: of several who
    /// keep a place under one name the farthest counts.
    ///
    /// It is kept beside the entries and is none: a reader leaves no trace in what it reads.
    /// - Parameters:
    ///   - sequence: the entry that comes next; at most one more than the last one.
    ///   - name: 1 to 255 bytes.
    /// - Returns: the position that stands.
    /// - Throws: ``Refusal/Code/invalidArgument`` for what is no name, and for a place behind the end
    ///   of the journal; ``JournalError``.
    @discardableResult
    public func setPosition(_ sequence: UInt64, named name: String) async throws -> UInt64 {
        try Names.check(name, "name of a position")
        return try await engine.writer.perform {
            { _, batch in
                let end = batch.nextSequence
                guard sequence <= end else {
                    return .failure(
                        Refusal(
                            .invalidArgument,
                            "the position \(sequence) was given for \(name), and the journal has \(end) entries; give the sequence of the entry that comes next"
                        )
                    )
                }
                let before = try batch.reader.position(name)
                if let before, before >= sequence { return .success(before) }
                try batch.put(position: sequence, of: name)
                return .success(sequence)
            }
        }
    }

    /// Forgets a reader and its position.
    /// - Throws: ``Refusal/Code/invalidArgument`` for what is no name; ``JournalError``.
    public func removePosition(named name: String) async throws {
        try Names.check(name, "name of a position")
        try await engine.writer.perform {
            { _, batch in
                if try batch.reader.position(name) != nil { try batch.removePosition(name) }
                return .success(())
            }
        }
    }
}
