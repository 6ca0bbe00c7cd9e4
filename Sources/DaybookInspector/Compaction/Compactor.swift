public import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import LMDB

/// What compaction would do with a journal, rung by rung.
public struct CompactionPlan: Sendable {
    /// The payloads of executions that are closed: what erasing them for ever would come to.
    public struct Erasing: Sendable, Equatable {
        /// Executions, children included.
        public let executions: Int
        /// Entries that have payloads.
        public let entries: Int
        /// Payloads.
        public let payloads: Int
        /// Bytes that they were recorded with.
        public let bytes: UInt64
    }

    /// The file, written anew without what nothing uses.
    public struct Shrinking: Sendable, Equatable {
        /// Bytes of the file.
        public let bytesBefore: UInt64
        /// Bytes of its pages that are in use: about what the new one has.
        public let bytesInUse: UInt64
        /// The processes that have the journal open, for example `process 4711 (daybook)`: they go on with the new
        /// file. Those of other users are not seen.
        public let openIn: [String]
        /// Bytes that are free on its disk. The new file is made beside the old one, twice.
        public let room: UInt64

        /// Why it would be refused; nil: it would not.
        public var obstacle: String? {
            guard room < 2 * bytesInUse else { return nil }
            return "\(2 * bytesInUse) bytes are needed for a while, and \(room) are free"
        }
    }

    /// First rung. What ``Engine`` erases, it erases for ever, and entries and proofs stay.
    public let erasing: Erasing
    /// Last rung. Entries, payloads and proofs stay; what was erased is gone from the file.
    public let shrinking: Shrinking
}

extension Inspector {
    /// What compaction would come to. Reads all pages of the file, and the ends of the histories of what is closed.
    /// - Parameter end: only what ended before then counts for erasing.
    /// - Throws: `JournalError`; `SystemError`.
    public func compaction(erasing end: Timestamp? = nil) throws -> CompactionPlan {
        let found = try erasable(ExecutionQuery(), endedBefore: end)
        let path = folder.path
        return CompactionPlan(
            erasing: .init(
                executions: found.reduce(0) { $0 + $1.executions },
                entries: found.reduce(0) { $0 + $1.entries },
                payloads: found.reduce(0) { $0 + $1.payloads },
                bytes: found.reduce(0) { $0 + $1.bytes }
            ),
            shrinking: .init(
                bytesBefore: UInt64(try FileStatus.of(folder.dataFile)?.size ?? 0),
                bytesInUse: try database.compactedSize(),
                openIn: try folder.otherHolders().map(\.description),
                room: UInt64(try FreeSpace.bytes(at: path))
            )
        )
    }
}

/// Makes a journal's file smaller.
public struct Compactor: Sendable {
    private init() {}

    /// Writes the file anew, without the room that nothing uses: what was erased is in it no more, not in pages that are
    /// free and not in gaps of others.
    ///
    /// Entries, payloads, root and proofs stay. It is done as a repair is (``Doctor/repair(_:_:progress:)``): from
    /// entries and payloads, verified, in one last step, and recorded by the entry `journal_rewritten`. The old file does not
    /// stay. What the disk keeps of its blocks is out of reach.
    ///
    /// Others may read and write the journal meanwhile, and go on with the new file. What is erased after it has
    /// begun may lie in free pages of the new file. This process must not have the journal open.
    /// - Parameters:
    ///   - path: the journal's folder.
    ///   - progress: told now and then how many entries of how many are verified.
    /// - Throws: ``JournalError``: `locked` while another process makes a file of it anew; `integrity` where anything is
    ///   damaged; `full`, `system`. `Refusal` for an actor that is no name. The journal is as it was then.
    public static func shrink(
        _ path: String,
        _ options: RewriteOptions,
        progress: @escaping (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in }
    ) throws -> Rewriting {
        if let actor = options.actor { try Names.check(actor, "actor") }
        let file = try ExchangedFile.begin(JournalFolder(path))
        defer { file.close() }
        do {
            return try LiveRewriter(
                file: file,
                options: options,
                pruning: nil,
                progress: progress
            ).run()
        } catch {
            throw JournalError.unmade(file.folder.path, error)
        }
    }

    /// Takes what lies in archives out of the file, and writes that anew without it.
    ///
    /// Entries, payloads, histories, rows and lists of executions that are archived are no more in the journal; their
    /// archives have them, and become the only place that has. Their ids are not given again. The tree keeps the hashes
    /// that lead to its root, so that heads and proofs of what stays hold. It is done as ``shrink(_:_:progress:)`` is,
    /// one commit decides, and others go on meanwhile. The entry `journal_rewritten` says what is gone, by whose
    /// decision and why.
    /// - Parameters:
    ///   - path: the journal's folder.
    ///   - progress: told now and then how many entries of how many are verified.
    /// - Throws: as ``shrink(_:_:progress:)``; `integrity` also where the file of an archive is damaged or missing;
    ///   `locked` also while another process archives; `elsewhere` for a copy. The journal is as it was then.
    public static func prune(
        _ path: String,
        _ options: RewriteOptions,
        progress: @escaping (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in }
    ) throws -> Pruned {
        if let actor = options.actor { try Names.check(actor, "actor") }
        let file = try ExchangedFile.begin(JournalFolder(path))
        defer { file.close() }
        do {
            guard let lock = try file.journal.archives.lock() else {
                throw JournalError(
                    .locked,
                    "another process archives executions of \(path), or takes them back; try again when it has finished"
                )
            }
            defer { withExtendedLifetime(lock) {} }
            guard
                try file.old.read({ try $0.home() }).isSamePlace(as: ProtoBinding(of: file.journal))
            else {
                throw JournalError(
                    .elsewhere,
                    "\(path) is a copy, and is not pruned: it would be no beginning of its journal any more; prune that, or adopt the copy (`daybook adopt`)"
                )
            }
            let planner = PrunePlanner(store: file.old, folder: file.journal.archives)
            let (plan, words) = try planner.plan(checksFiles: true)
            guard !plan.archives.isEmpty else { return Pruned(plan: words, rewriting: nil) }
            let rewriter = LiveRewriter(
                file: file,
                options: options,
                pruning: plan,
                progress: progress
            )
            return Pruned(plan: words, rewriting: try rewriter.run())
        } catch {
            throw JournalError.unmade(file.folder.path, error)
        }
    }
}

/// Executions that were taken out of a journal's file.
public struct Pruned: Sendable {
    /// What is gone, and what has stayed.
    public let plan: PrunablePlan
    /// The file that was made; nil: there was nothing to prune.
    public let rewriting: Rewriting?
}

extension Inspector {
    /// What pruning would come to now. Files of archives are opened, and not compared with the journal.
    /// - Throws: `JournalError`; `SystemError`.
    public func prunable() throws -> PrunablePlan {
        try PrunePlanner(store: store, folder: folder.archives).plan(checksFiles: false).words
    }
}
