public import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
public import DaybookView

/// What was archived.
public struct ArchivingAnswer: Sendable {
    /// The archives that were made, in the order of their entries.
    public internal(set) var archives: [ArchiveRecord] = []
    /// Secrets that were kept, and are wiped.
    public internal(set) var secrets = 0
    /// Executions that were meant and stay as they are, with all that belongs to their family.
    public internal(set) var left: [LeftExecution] = []

    /// An execution that is not archived.
    public struct LeftExecution: Sendable, Equatable {
        /// Its id.
        public let id: String
        /// Why, with it as the subject of the sentence.
        public let reason: String
    }
}

/// What became of an archive whose executions were taken back.
public struct ArchiveReturn: Sendable {
    /// The archive.
    public let archive: ArchiveRecord
    /// The entry that says that it is one no longer.
    public let sequence: UInt64
    /// How many executions lie in it no longer; 0: that was so before.
    public let executions: Int
}

extension Engine {
    /// Puts what is recorded of executions that are closed into files of their own, in the journal's folder
    /// `archive`: entries, payloads, and what proves the entries against the tree of the journal as it was then. A
    /// file can be verified by itself. It is on the disk before the entry that vouches for it; that entry, and one for
    /// each execution, are one commit: killed at any moment, executions lie in an archive or they do not.
    ///
    /// A family goes as one: an execution without a parent and all that it has begun. What is archived is neither retried nor
    /// forked, its id is not given again, and nothing of it is erased, until it is taken back
    /// (``takeBack(archive:by:)``). Secrets that are kept are wiped before, each time by an entry of its own. What somebody has to
    /// look at stays, and so does what an open fork goes on by.
    /// - Parameters:
    ///   - end: only families of which everything ended before then.
    ///   - query: narrows it down; what it says of the order and of what is closed does not count.
    ///   - requester: who asks, and why: for the record.
    /// - Throws: ``JournalError``, `locked` while another process archives; `SecretError` when keys of secrets could
    ///   not be overwritten; `SystemError`. What was archived before that stays so.
    public func archive(
        endedBefore end: Timestamp,
        _ query: ExecutionQuery = ExecutionQuery(),
        by requester: Requester = .session
    ) async throws -> ArchivingAnswer {
        let archiver = try await Archiver(engine, requester, endedBefore: end)
        return try await archiver.run(query)
    }

    /// Takes executions back from the archive that they lie in: they can be retried, forked and erased again. Secrets that were wiped stay so. The
    /// file is removed after the entry that says so. Asked once more, it removes what a crash has left.
    /// - Parameters:
    ///   - name: of the file.
    ///   - requester: who asks, and why.
    /// - Throws: ``Refusal/Code/notFound``: there is no such archive; ``JournalError``, `locked` while another
    ///   process archives; `SystemError`.
    @discardableResult
    public func takeBack(
        archive name: String,
        by requester: Requester = .session
    ) async throws -> ArchiveReturn {
        let archiver = try await Archiver(engine, requester, endedBefore: .init(rawValue: 0))
        return try await archiver.takeBack(name)
    }
}

/// Archives, or takes back, holding the lock of the folder.
private struct Archiver {
    let engine: EngineCore
    let requester: Requester
    let end: Timestamp
    let folder: ArchiveFolder
    let lock: HeldLock

    /// What one archive has, unless a single family has more.
    private static let limits = (entries: UInt64(65_536), bytes: UInt64(64 << 20))

    /// Begins, and removes what a process that was killed has left.
    init(_ engine: EngineCore, _ requester: Requester, endedBefore end: Timestamp) async throws {
        guard let folder = engine.premises?.folder else {
            throw JournalError(.system, "a journal in memory has no folder for archives")
        }
        let archives = folder.archives
        let lock = try await SystemThread.run { try archives.lock() }
        guard let lock else {
            throw JournalError(
                .locked,
                "another process archives executions of \(folder.path); try again when it has finished"
            )
        }
        self.engine = engine
        self.requester = requester
        self.end = end
        self.folder = archives
        self.lock = lock
        try await sweep()
    }

    /// Removes files that no entry vouches for, or none any more.
    private func sweep() async throws {
        let (folder, lock, store) = (folder, lock, engine.writer.journal.store)
        try await SystemThread.run {
            let names = try folder.names()
            guard !names.isEmpty else { return }
            let records = try store.read { try ArchiveRecord.all($0) }
            let live = Set(records.filter { $0.droppedBy == nil }.map(\.name))
            for name in names where !live.contains(name) {
                try folder.remove(name, holding: lock)
            }
        }
    }

    // MARK: Archiving

    func run(_ query: ExecutionQuery) async throws -> ArchivingAnswer {
        var answer = ArchivingAnswer()
        var requester = requester
        var walk = ArchiveWalk(engine.writer.journal.store, query, endedBefore: end)
        var group = Group()
        while let candidate = try walk.next() {
            switch candidate {
            case .left(let id, let why): answer.left.append(.init(id: id.text, reason: why))
            case .family(let family):
                if !group.hasRoom(for: family) {
                    try await seal(group.families, &requester, &answer)
                    group = Group()
                }
                group.add(family)
            }
        }
        try await seal(group.families, &requester, &answer)
        return answer
    }

    private struct Group {
        private(set) var families: [ArchivableFamily] = []
        private var (members, entries, bytes) = (0, UInt64(0), UInt64(0))

        func hasRoom(for family: ArchivableFamily) -> Bool {
            families.isEmpty
                || members + family.members.count <= SealArchive.limit
                    && entries + family.entries <= Archiver.limits.entries
                    && bytes + family.bytes <= Archiver.limits.bytes
        }

        mutating func add(_ family: ArchivableFamily) {
            families.append(family)
            members += family.members.count
            entries += family.entries
            bytes += family.bytes
        }
    }

    /// - Parameter requester: its reason has no secret any more of what is archived.
    private func seal(
        _ families: [ArchivableFamily],
        _ requester: inout Requester,
        _ answer: inout ArchivingAnswer
    ) async throws {
        let families = try await wipingSecrets(of: families, &requester, &answer)
        guard !families.isEmpty else { return }
        let (folder, lock, store) = (folder, lock, engine.writer.journal.store)
        let made = try await SystemThread.run {
            let made = try ArchiveWriter.write(families, of: store, to: folder, holding: lock)
            do {
                // What is damaged in the journal must not be vouched for: the file is read again.
                _ = try ArchiveAudit.check(folder.place(of: made.event.name), name: made.event.name)
                return made
            } catch {
                try folder.remove(made.event.name, holding: lock)
                throw error
            }
        }
        do {
            let who = requester
            let sequence = try await engine.perform {
                SealArchive(made.event, made.members, by: try engine.request(who))
            }
            answer.archives.append(try store.read { try ArchiveRecord.of(sequence, $0) })
        } catch let refusal as Refusal where refusal.code == .conflict {
            try await SystemThread.run { try folder.remove(made.event.name, holding: lock) }
            if families.count == 1 {
                answer.left.append(.init(id: families[0].id.text, reason: refusal.message))
                return
            }
            // The others are meant too.
            for family in families { try await seal([family], &requester, &answer) }
        } catch let refusal as Refusal {
            try await SystemThread.run { try folder.remove(made.event.name, holding: lock) }
            throw refusal
        }
    }

    /// Destroys the keys of what is kept. A family that has changed by that is looked at again.
    private func wipingSecrets(
        of families: [ArchivableFamily],
        _ requester: inout Requester,
        _ answer: inout ArchivingAnswer
    ) async throws -> [ArchivableFamily] {
        guard !families.isEmpty else { return [] }
        let keepers = try await engine.perform { LookUpSecretKeepers() }
        guard !keepers.isEmpty else { return families }
        var ready: [ArchivableFamily] = []
        for family in families {
            let kept = family.members.filter { keepers.contains($0.seen.number) }
            if kept.isEmpty {
                ready.append(family)
                continue
            }
            for member in kept {
                let id = member.seen.id
                // Once its secrets are wiped nothing finds them in a reason any more.
                requester = engine.redacted(requester, of: id)
                let who = requester
                let wiped = try await engine.perform {
                    WipeSecrets(Intervention(id: id, by: try engine.request(who)), names: nil)
                }
                answer.secrets += wiped.count
                try await engine.checkDestroyed(for: id.text)
            }
            let store = engine.writer.journal.store
            switch try ArchivePlanner.candidate(family.id, store, endedBefore: end) {
            case .family(let family): ready.append(family)
            case .left(let id, let why): answer.left.append(.init(id: id.text, reason: why))
            case nil: break
            }
        }
        return ready
    }

    // MARK: Taking back

    func takeBack(_ name: String) async throws -> ArchiveReturn {
        let (folder, lock, store) = (folder, lock, engine.writer.journal.store)
        let record = try store.read { try ArchiveRecord.all($0) }.last { $0.name == name }
        guard let record else {
            throw Refusal(
                .notFound,
                "the journal has no archive \(name); `daybook archive list` shows those that it has"
            )
        }
        let ids = try await SystemThread.run { try Self.ids(in: record, store) }
        if let sequence = record.droppedBy, ids.isEmpty {
            return ArchiveReturn(archive: record, sequence: sequence, executions: 0)
        }
        guard ids.count == record.executions else {
            throw Refusal(
                .archived,
                "executions of the archive \(name) are pruned: their entries are no more in the journal, and its file is the one place that has them; `daybook archive export --archive \(name)` shows them"
            )
        }
        let sequence = try await engine.perform {
            DropArchive(record.sequence, ids, by: try engine.request(requester))
        }
        try await SystemThread.run { try folder.remove(name, holding: lock) }
        return ArchiveReturn(archive: record, sequence: sequence, executions: ids.count)
    }

    /// The executions of an archive, as their rows say it: also where its file is damaged.
    private static func ids(
        in record: ArchiveRecord,
        _ store: any JournalStore
    ) throws -> [Name] {
        var query = ExecutionQuery()
        query.isClosed = true
        query.order = .oldestFirst
        query.submittedSince = try store.read { reader in
            try reader.withView(of: record.first, \.header.time)
        }
        var ids: [Name] = []
        try ExecutionReader.scan(query, store) { found in
            if found.archivedBy == record.sequence { ids.append(Name(found.id)) }
            return ids.count < record.executions
        }
        return ids
    }
}
