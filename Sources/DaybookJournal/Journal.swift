import DaybookFormat
import DaybookSystem

/// An append-only, ordered, durable log of entries over a store.
///
/// It gives entries their sequence, time and place, writes a batch of them with one commit, and
/// keeps the Merkle tree. It knows nothing of workflows.
package final class Journal: Sendable {
    /// Where the databases are.
    package let store: any JournalStore
    let clock: any WallClock
    private let appender: Locked<Appender>
    private let time: Locked<JournalClock>

    private init(store: any JournalStore, clock: any WallClock, appender: Appender) {
        self.store = store
        self.clock = clock
        var time = JournalClock()
        time.takeIn(appender.lastTime, elapsed: clock.elapsed())
        self.time = Locked(time)
        self.appender = Locked(appender)
    }

    /// The version of the format that this code reads and writes.
    package static let format = 1
    /// Where it stands in `meta` how many files the journal has had before.
    static let generationKey = "generation"
    /// Where it stands in `meta` what the file lacks of the entries.
    static let pruningKey = "pruned"

    /// Begins a journal in an empty store.
    /// - Parameter event: the `JournalCreated` event, with tag and length.
    /// - Throws: ``JournalError/Code/exists`` when there are entries already.
    package static func create(
        in store: any JournalStore,
        event: [UInt8],
        clock: any WallClock = SystemClock()
    ) throws -> Journal {
        try clock.check()
        let journal = Journal(store: store, clock: clock, appender: Appender())
        try journal.write { batch in
            guard try batch.reader.entryCount() == 0 else {
                throw JournalError(
                    .exists,
                    "\(store.location) is a journal already; open it, or name another folder"
                )
            }
            try batch.append(EntryDraft(stream: .journal, event: event, session: 0)) { _ in }
            try Array("\(format)".utf8).withUnsafeBytes {
                try batch.writer.put(meta: $0, for: Appender.formatKey)
            }
        }
        return journal
    }

    /// Begins a journal in an empty store that is to get the entries of another one, with
    /// ``Batch/append(copied:payloads:)``.
    /// - Parameter generation: how many files the journal has had before this one, for a copy that is to take the
    ///   place of the last.
    /// - Throws: ``JournalError/Code/exists`` when there are entries already.
    package static func copy(
        in store: any JournalStore,
        generation: UInt64 = 0,
        clock: any WallClock = SystemClock()
    ) throws -> Journal {
        let journal = Journal(store: store, clock: clock, appender: Appender())
        try journal.write { batch in
            guard try batch.reader.entryCount() == 0 else {
                throw JournalError(.exists, "\(store.location) has entries already")
            }
            try Array("\(format)".utf8).withUnsafeBytes {
                try batch.writer.put(meta: $0, for: Appender.formatKey)
            }
            guard generation > 0 else { return }
            try withUnsafeBytes(of: generation.littleEndian) {
                try batch.writer.put(meta: $0, for: generationKey)
            }
        }
        return journal
    }

    /// Opens the journal in a store and looks up where it ends.
    /// - Throws: ``JournalError``: ``JournalError/Code/notAJournal`` for an empty store,
    ///   ``JournalError/Code/newerVersion``, ``JournalError/Code/integrity``.
    package static func open(
        _ store: any JournalStore,
        clock: any WallClock = SystemClock()
    ) throws -> Journal {
        try clock.check()
        let appender = try store.read { reader in
            try checkFormat(reader, store.location)
            let edge = try TreeEdge(checking: reader)
            let appender = try Appender(reader)
            guard appender.tree.root.bytes == edge.root else {
                throw JournalError.integrity(
                    nil,
                    "the root of the tree is not the one that was recorded: an entry or a tile has changed"
                )
            }
            // What holds for the whole journal, its home and its limits: nobody else compares it.
            var leaves = LeafCheck()
            _ = try reader.withEntry(0) { try leaves.check(0, $0, reader) }
            return appender
        }
        return Journal(store: store, clock: clock, appender: appender)
    }

    /// Makes sure that the record of the last commit is that of the commit which is read: a meta
    /// page of LMDB that has changed on the disk could show an older one.
    /// - Throws: ``JournalError/Code/integrity``.
    package static func checkLastCommit(_ reader: any StoreReader) throws {
        _ = try TreeEdge(checking: reader)
    }

    /// Makes sure that there are entries, of a format that this code reads.
    /// - Throws: ``JournalError/Code/notAJournal``, ``JournalError/Code/newerVersion``.
    package static func checkFormat(_ reader: any StoreReader, _ location: String) throws {
        guard let bytes = try reader.meta(Appender.formatKey), try reader.entryCount() > 0 else {
            guard reader.commitNumber() == nil else {
                throw JournalError(
                    .integrity,
                    "\(location) has been written, and its entries or its format cannot be found: a page is damaged; run `daybook verify`, and restore it from a backup"
                )
            }
            throw JournalError(
                .notAJournal,
                "\(location) has no entries: its creation was interrupted; `daybook init` goes on with it"
            )
        }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let found = Int(text), found > 0 else {
            throw JournalError.integrity(nil, "the format in `meta` is \"\(text)\"")
        }
        guard found <= format else {
            throw JournalError(
                .newerVersion,
                "\(location) is of format \(found), and this version reads up to \(format); use a newer version of Daybook"
            )
        }
    }

    /// The size and root of the tree that this process knows.
    package var head: TreeState {
        appender.withLock { TreeState(size: $0.next, root: $0.tree.root) }
    }

    /// The root of the tree of the first entries.
    /// - Parameter size: how many; no more than there are.
    /// - Throws: ``JournalError/Code/integrity``; errors of the store.
    package func head(at size: UInt64) throws -> TreeState {
        let known = appender.withLock { $0.tree }
        return try store.read { reader in
            TreeState(size: size, root: try TreeBuilder(size: size, known: known, reader).root)
        }
    }

    // MARK: Time

    /// The journal's time: what its next entry would have, and what dueness is judged by.
    package func now() -> Timestamp {
        let reading = clock.reading()
        return time.withLock { $0.now(reading) }
    }

    /// How far the time of day is behind the journal's; zero when it is not.
    package var clockLag: Duration {
        let reading = clock.reading()
        return time.withLock { $0.lag(reading) }
    }

    /// Takes in the time of the last entry.
    private func takeIn(_ last: Timestamp) {
        let elapsed = clock.elapsed()
        time.withLock { $0.takeIn(last, elapsed: elapsed) }
    }

    // MARK: Following

    /// Takes in what other processes have appended, without writing.
    ///
    /// Goes in steps, so that no read transaction stays open for long.
    /// - Parameter body: sees each entry in order.
    package func catchUp(_ body: (EntryView) throws -> Void) throws {
        try catchUp { entry, _ in try body(entry) }
    }

    /// Takes in what other processes have appended, without writing.
    ///
    /// Goes in steps, so that no read transaction stays open for long.
    /// - Parameters:
    ///   - body: sees each entry in order, with lookups into the journal around it.
    ///   - restart: takes in everything anew, where entries that were to be taken in are pruned meanwhile; nil: that is an
    ///     error.
    package func catchUp(
        _ body: (EntryView, any StoreReader) throws -> Void,
        restart: ((any StoreReader) throws -> Void)? = nil
    ) throws {
        try appender.withLock { appender in
            var isLevel = false
            while !isLevel {
                isLevel = try store.read { reader in
                    try appender.catchUp(reader, limit: Self.scanStep, body) {
                        try self.restart($0, restart)
                    }
                }
            }
            takeIn(appender.lastTime)
        }
    }

    private func restart(
        _ reader: any StoreReader,
        _ body: ((any StoreReader) throws -> Void)?
    ) throws {
        guard let body else { throw JournalError.prunedMeanwhile(store.location) }
        try body(reader)
    }

    private static let scanStep = 65_536

    /// Runs `body` on entries in order, from `sequence` on, until it returns false.
    ///
    /// Goes in steps, each on the newest state, so that no read transaction stays open for long.
    package func scan(
        from sequence: UInt64 = 0,
        _ body: (EntryView) throws -> Bool
    ) throws {
        try scan(from: sequence) { entry, _ in try body(entry) }
    }

    /// Runs `body` on entries in order, from `sequence` on, with lookups into the journal around
    /// them, until it returns false.
    ///
    /// Goes in steps, each on the newest state, so that no read transaction stays open for long.
    /// - Throws: what `body` throws; ``JournalError/Code/locked`` where the journal is pruned meanwhile, behind `sequence`: what
    ///   is open would not be seen to end.
    package func scan(
        from sequence: UInt64 = 0,
        _ body: (EntryView, any StoreReader) throws -> Bool
    ) throws {
        var next = sequence
        var isDone = false
        var horizon: UInt64?
        while !isDone {
            var count = 0
            try store.read { reader in
                let found = try reader.horizon()
                guard horizon.map({ $0 == found }) ?? (sequence == 0 || sequence >= found) else {
                    throw JournalError.prunedMeanwhile(store.location)
                }
                horizon = found
                try reader.scanEntries(from: next) { key, bytes in
                    guard try body(Appender.decoding(key, bytes), reader) else {
                        isDone = true
                        return false
                    }
                    next = key + 1
                    count += 1
                    return count < Self.scanStep
                }
            }
            if count < Self.scanStep { isDone = true }
        }
    }

    // MARK: Writing

    /// Runs `body` with the right to append, then commits, once.
    ///
    /// What other processes have appended meanwhile is taken in first, so `body` decides on the
    /// newest state. When the disk fails in a way that leaves the outcome open, the store is opened
    /// again and asked, so that the answer is the true one.
    /// - Parameters:
    ///   - follow: sees the entries of others, in order.
    ///   - restart: see ``catchUp(_:restart:)``.
    ///   - body: appends; what it throws ends the batch, and nothing is written.
    /// - Throws: what `body` throws; ``JournalError``.
    package func write<Result>(
        follow: (EntryView, any StoreReader) throws -> Void = { _, _ in },
        restart: ((any StoreReader) throws -> Void)? = nil,
        _ body: (Batch) throws -> Result
    ) throws -> Result {
        try appender.withLock { appender in
            try write(&appender, follow, { try self.restart($0, restart) }, body)
        }
    }

    private func write<Result>(
        _ appender: inout Appender,
        _ follow: (EntryView, any StoreReader) throws -> Void,
        _ restart: (any StoreReader) throws -> Void,
        _ body: (Batch) throws -> Result
    ) throws -> Result {
        var attempt = WriteAttempt(before: appender.edge)
        var outcome: Result?
        defer { takeIn(appender.lastTime) }
        do {
            try clock.check()
            let result = try store.write { writer in
                _ = try appender.catchUp(writer.reader, follow, restart: restart)
                takeIn(appender.lastTime)
                attempt.before = appender.edge
                let batch = Batch(exchange(&appender, with: .none), writer, now())
                // Whatever happens, it is given back.
                defer { appender = batch.appender }
                let result = try body(batch)
                try batch.finish()
                attempt.after = batch.appender.edge
                outcome = result
                return result
            }
            return result
        } catch let error as JournalError where error.code == .outcomeUnknown {
            // Until it is known to be there, it is not.
            appender.reset(to: attempt.before)
            if let after = attempt.after, let outcome, try isOnDisk(after, error) {
                appender.reset(to: after)
                return outcome
            }
            throw try notWritten(error)
        } catch {
            appender.reset(to: attempt.before)
            throw error
        }
    }

    private struct WriteAttempt {
        var before: Appender.Edge
        var after: Appender.Edge?
    }

    /// What to say of a batch that is known not to be on the disk.
    private func notWritten(_ cause: JournalError) throws -> JournalError {
        // LMDB reports a write that was cut short as an I/O error, whatever cut it short.
        if try store.isOutOfRoom() {
            return JournalError(
                .full,
                "there is no room left for the journal \(store.location); make room and try again. Nothing of this batch was written",
                underlying: cause
            )
        }
        return JournalError(
            .system,
            "the disk of \(store.location) failed while a batch was committed; the journal was opened again, and nothing of the batch is in it: look after the disk, then try again",
            underlying: cause
        )
    }

    /// Opens the store again and looks whether a batch is there.
    private func isOnDisk(_ expected: Appender.Edge, _ cause: JournalError) throws -> Bool {
        do {
            try store.reopen()
            // A batch without an entry leaves nothing to look for.
            guard expected.next > 0 else { return false }
            return try store.read { reader in
                try reader.withEntry(expected.next - 1) { TreeHash.leaf($0) } == expected.lastLeaf
            }
        } catch {
            throw JournalError(
                .outcomeUnknown,
                "the disk of \(store.location) failed while a batch was committed, and the journal cannot be read to find out whether it was written (\(error)); look after the disk, then look for the batch",
                underlying: cause
            )
        }
    }

    /// Says which payloads are stored without what an earlier one of their stream has.
    func setChunkedPayloadSize(_ size: Int) {
        appender.withLock { $0.chunks.leastSize = max(size, Chunk.payloadSize) }
    }

    /// Appends drafts as a batch of their own.
    /// - Returns: their sequences.
    @discardableResult
    package func append(_ drafts: [EntryDraft]) throws -> Range<UInt64> {
        try write { batch in
            let first = batch.nextSequence
            for draft in drafts { try batch.append(draft) { _ in } }
            return first..<batch.nextSequence
        }
    }
}

/// How far a tree goes, and its root.
package struct TreeState: Equatable, Sendable {
    /// How many entries it has.
    package let size: UInt64
    /// The root at that size (RFC 6962).
    package let root: TreeHash
}
