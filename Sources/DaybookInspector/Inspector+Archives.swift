public import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
public import DaybookView

/// An archive, and whether its file is the one that was recorded.
public struct ArchiveCondition: Sendable, Equatable {
    /// What the journal has of it.
    public let record: ArchiveRecord
    /// What is wrong with the file; nil: nothing, or it was not looked at.
    public let problem: String?
}

/// A file in the folder of archives, checked by itself.
public struct ArchiveFileReport: Sendable, Equatable {
    /// The UUID of the journal that it is of.
    public let journal: Identifier?
    /// The origin of that journal's heads when it was created.
    public let origin: String
    /// Its entries are proven to be in the tree of so many entries.
    public let size: UInt64
    /// The root of that: compare it with a head that somebody else keeps.
    public let root: [UInt8]
    /// The ids of the executions in it.
    public let executions: [String]
    /// How many entries it has.
    public let entries: UInt64
    /// Payloads that match their commitments.
    public let payloads: UInt64
    /// Payloads that were erased before it was made.
    public let erased: UInt64
    /// SHA-256 of its bytes.
    public let digest: [UInt8]
    /// How many they are.
    public let bytes: UInt64
}

/// What archiving would come to.
public struct ArchivablePlan: Sendable, Equatable {
    /// Executions, children included.
    public internal(set) var executions = 0
    /// Their entries.
    public internal(set) var entries: UInt64 = 0
    /// Their payloads.
    public internal(set) var payloads: UInt64 = 0
    /// Bytes of the payloads, as they were recorded.
    public internal(set) var bytes: UInt64 = 0
    /// Executions that would stay, with their families: ids, and why.
    public internal(set) var left: [Left] = []

    /// One that would stay.
    public struct Left: Sendable, Equatable {
        /// Its id.
        public let id: String
        /// Why, with it as the subject of the sentence.
        public let reason: String
    }
}

extension Inspector {
    /// What archiving would come to now.
    /// - Parameters:
    ///   - end: only families of which everything ended before then.
    ///   - query: narrows it down; what it says of the order and of what is closed does not count.
    /// - Throws: `JournalError`.
    public func archivable(
        endedBefore end: Timestamp,
        _ query: ExecutionQuery = ExecutionQuery()
    ) throws -> ArchivablePlan {
        var plan = ArchivablePlan()
        var walk = ArchiveWalk(store, query, endedBefore: end)
        while let candidate = try walk.next() {
            switch candidate {
            case .left(let id, let why): plan.left.append(.init(id: id.text, reason: why))
            case .family(let family):
                plan.executions += family.members.count
                plan.entries += family.entries
                plan.payloads += family.payloads
                plan.bytes += family.bytes
            }
        }
        return plan
    }

    /// The archives that executions lie in, in the order of their entries. Their files are not looked at.
    /// - Throws: `JournalError`.
    public func archives() throws -> [ArchiveRecord] {
        try store.read { try ArchiveRecord.all($0) }.filter { $0.droppedBy == nil }
    }

    /// The same, and their files are compared with what was recorded of them, and checked in themselves.
    /// - Parameter names: only those; nil: all.
    /// - Throws: `JournalError`; ``Refusal/Code/notFound`` for a name that no archive has; `SystemError`.
    public func verifyArchives(_ names: [String]? = nil) throws -> [ArchiveCondition] {
        let records = try archives()
        if let missing = names?.first(where: { name in !records.contains { $0.name == name } }) {
            throw Self.unknownArchive(missing)
        }
        return try records.filter { names?.contains($0.name) ?? true }.map { record in
            let problem = try ArchivesAudit.problem(of: record, in: folder.archives, store)
            return ArchiveCondition(record: record, problem: problem)
        }
    }

    /// Checks the file of an archive by itself, without the journal: entries against the root that it says,
    /// histories, payloads. Whether the root is that of a journal is for somebody to say who has a head of it.
    /// - Throws: `JournalError`, `integrity` with what is wrong; `SystemError`.
    public static func checkArchive(at path: String) throws -> ArchiveFileReport {
        let contents = try ArchiveAudit.check(path, name: path)
        let header = contents.header
        return ArchiveFileReport(
            journal: Identifier(Array(header.journal)),
            origin: header.origin,
            size: header.size,
            root: Array(header.root),
            executions: header.executions.map(\.id),
            entries: header.entries,
            payloads: contents.payloads,
            erased: contents.erased,
            digest: contents.digest,
            bytes: contents.bytes
        )
    }

    /// Runs `body` on the entries in the file of an archive, in order, with their payloads, as ``scan(from:_:)`` does
    /// on those of a journal: without the journal. The file is checked by itself before.
    /// - Parameters:
    ///   - id: only those of this execution, and entry 0; nil: all, with those of the journal and of sessions that
    ///     tell what theirs mean.
    ///   - body: returns false when no more is wanted.
    /// - Throws: as ``checkArchive(at:)``; ``Refusal/Code/notFound`` when it does not have that execution; what
    ///   `body` throws.
    public static func scanArchive(
        at path: String,
        of id: String? = nil,
        _ body: (JournalEntry) throws -> Bool
    ) throws {
        let store = try ArchivedStore(path, name: path)
        var runs: Set<UInt64>?
        if let id {
            guard
                let found = try ArchiveFile(path, name: path).header.executions
                    .first(where: { $0.id.utf8.elementsEqual(id.utf8) })
            else {
                throw Refusal(
                    .notFound,
                    "the archive \(path) has no execution \(id); `daybook archive verify --file \(path) --json` names those that it has"
                )
            }
            runs = Set(found.runs)
        }
        try store.read { reader in
            try reader.scanEntries(from: 0) { sequence, bytes in
                let entry = try JournalEntry(sequence, bytes, reader)
                guard sequence == 0 || runs?.contains(entry.entry.stream) ?? true else {
                    return true
                }
                return try body(entry)
            }
        }
    }

    /// The path of the file of an archive.
    /// - Throws: as ``verifyArchives(_:)``.
    public func archivePath(of name: String) throws -> String {
        guard try archives().contains(where: { $0.name == name }) else {
            throw Self.unknownArchive(name)
        }
        return folder.archives.place(of: name)
    }

    private static func unknownArchive(_ name: String) -> Refusal {
        Refusal(
            .notFound,
            "the journal has no archive \(name); `daybook archive list` shows those that it has"
        )
    }

    /// Files in the folder of archives that no entry vouches for, or none any more: what a process that was
    /// killed has left. Whoever archives next removes them.
    /// - Throws: `JournalError`; `SystemError`.
    public func leftArchiveFiles() throws -> [String] {
        let names = try folder.archives.names()
        guard !names.isEmpty else { return [] }
        let known = Set(try archives().map(\.name))
        return names.filter { !known.contains($0) }
    }

    /// The archive that an execution lies in; nil: it lies in none.
    /// - Throws: `JournalError`.
    public func archive(of record: ExecutionRecord) throws -> ArchiveRecord? {
        guard let sequence = record.archivedBy else { return nil }
        return try store.read { try ArchiveRecord.of(sequence, $0) }
    }
}

/// Files of archives against the entries that vouch for them.
enum ArchivesAudit {
    /// What is wrong with the file of an archive; nil: nothing.
    /// - Throws: ``JournalError`` when the journal cannot be read; `SystemError`.
    static func problem(
        of record: ArchiveRecord,
        in folder: ArchiveFolder,
        _ store: any JournalStore
    ) throws -> String? {
        do {
            let root = try root(at: record.size, store)
            guard root.map({ $0.bytes == record.root }) ?? true else {
                return
                    "the root that it says the archive \(record.name) was made at is not that of the first \(record.size) entries"
            }
            _ = try ArchiveAudit.check(record, in: folder)
            return nil
        } catch let error as JournalError where error.code == .integrity {
            return error.message
        } catch let error as SystemError where error.isNotFound {
            return
                "the archive \(record.name), which it vouches for, is missing; take the file from a backup"
        }
    }

    /// The root of the first entries; nil: hashes that it takes are pruned, and before that it was compared.
    private static func root(at size: UInt64, _ store: any JournalStore) throws -> TreeHash? {
        do {
            return try store.read { try JournalTree($0).root(size: size) }
        } catch let error as JournalError where error.code == .pruned {
            return nil
        }
    }
}
