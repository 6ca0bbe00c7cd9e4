import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import LMDB

/// Makes a new file from the entries and payloads of a journal that others read and write, and puts it in the
/// place of the old one.
///
/// It is put together entry by entry and copied without free pages, as by ``FileRewriter``, and verified. What came
/// meanwhile is appended in rounds, each with less to do, and the last one with everybody waiting.
struct LiveRewriter {
    let file: ExchangedFile
    let options: RewriteOptions
    /// What is left out; nil: nothing that is there.
    let pruning: PruningPlan?
    let progress: (UInt64, UInt64) -> Void

    /// Entries that the last round may have to take in, and rounds in which it is tried to come so far.
    private static let (few, rounds) = (UInt64(256), 64)

    func run() throws -> Rewriting {
        let before = try bytes(of: file.journal)
        let (edge, generation) = try start()
        let inode = try inodeOfHome()
        let (new, lacking) = try copy(edge, generation, besides: inode)
        let next = try LMDBStore.open(file.folder.path)
        defer { next.close() }
        let report = try verify(next, lacking)
        let replica = try Replica(next, snapshots: file.folder.snapshots)
        try follow(replica)
        let after = try bytes(of: file.folder)
        var head = replica.head
        var sequence: UInt64?
        if options.isRehearsal {
            return rewriting(head, nil, (before, after), report)
        }
        try file.exchange(to: new) {
            try replica.catchUp(with: file.old, isChecked: false)
            head = replica.head
            sequence = try record(replica, lacking, (before, after))
            next.close()
        }
        return rewriting(head, sequence, (before, try bytes(of: file.journal)), report)
    }

    private func rewriting(
        _ head: TreeState,
        _ sequence: UInt64?,
        _ bytes: (before: UInt64, after: UInt64),
        _ report: VerificationReport
    ) -> Rewriting {
        Rewriting(
            size: head.size,
            root: head.root,
            sequence: sequence,
            bytesBefore: bytes.before,
            bytesAfter: bytes.after,
            kept: nil,
            report: report
        )
    }

    /// The tree as the last commit has recorded it, and which file of the journal the new one is.
    private func start() throws -> (edge: TreeEdge, generation: UInt64) {
        if let problem = try file.old.checkPages().first { throw damaged("\(problem)") }
        return try file.old.read { reader in
            try Journal.checkFormat(reader, file.journal.path)
            try Journal.checkLastCommit(reader)
            guard let edge = try TreeEdge(reader) else {
                throw damaged("the record of the tree's edge cannot be read")
            }
            return (edge, try reader.generation() + 1)
        }
    }

    private func damaged(_ what: String) -> JournalError {
        JournalError(
            .integrity,
            "\(file.journal.path) is not written anew, because it is damaged (\(what)); `daybook doctor` says what can be done"
        )
    }

    /// The number of the file in which the journal is at home, found without the histories.
    private func inodeOfHome() throws -> UInt64 {
        var home = ProtoBinding()
        try file.old.read { reader in
            try reader.scanEntries(from: 0) { _, bytes in
                home = try EntryView(bytes).home() ?? home
                return true
            }
        }
        return home.inode
    }

    /// Makes the new file with what there is now, but for what is left out.
    /// - Returns: its number, and what it lacks.
    private func copy(
        _ edge: TreeEdge,
        _ generation: UInt64,
        besides inode: UInt64
    ) throws -> (inode: UInt64, lacking: ProtoPruning?) {
        let draft = try StoreCopy.draft(at: file.draft, besides: inode)
        defer { draft.close() }
        let replica = try Replica(empty: draft, generation: generation, pruning: pruning)
        // None is compared with its tile: they have the root that was recorded.
        try replica.catchUp(with: file.old, isChecked: false, upTo: edge.size)
        guard replica.head.root.bytes == edge.root else {
            throw JournalError.integrity(
                nil,
                "the entries that were taken over from \(file.journal.path) do not have its root"
            )
        }
        let lacking = try replica.finishPruning(of: file.old)
        let new = try StoreCopy.file(at: file.folder.dataFile, besides: inode)
        try StoreCopy.fill(new, from: draft)
        return (try new.status().inode, lacking)
    }

    private func verify(
        _ store: LMDBStore,
        _ lacking: ProtoPruning?
    ) throws -> VerificationReport {
        let report = try Verifier.verify(store, lacking: lacking, progress: progress)
        guard let first = report.problems.first else { return report }
        throw JournalError(
            .integrity,
            "\(file.journal.path) is as it was, because what was made of its entries and payloads contradicts itself: \(first); restore it from a backup",
            sequence: first.sequence
        )
    }

    /// Takes in what has come meanwhile, until there is little that is new.
    private func follow(_ replica: Replica) throws {
        for _ in 0..<Self.rounds {
            let before = replica.head.size
            try replica.catchUp(with: file.old, isChecked: false)
            guard replica.head.size - before > Self.few else { return }
        }
    }

    /// A copy goes on nowhere: with an entry of its own it would be no beginning of its journal any more.
    private func record(
        _ replica: Replica,
        _ lacking: ProtoPruning?,
        _ bytes: (before: UInt64, after: UInt64)
    ) throws -> UInt64? {
        guard try replica.home.isSamePlace(as: ProtoBinding(of: file.journal)) else { return nil }
        let head = replica.head
        var made = RewriteJournal.File(
            binding: try ProtoBinding(of: file.folder),
            size: head.size,
            root: head.root.bytes,
            bytesBefore: bytes.before,
            bytesAfter: bytes.after
        )
        if let pruning {
            made.pruning = lacking
            made.archives = pruning.archives
        }
        return try replica.carryOut(
            RewriteJournal(
                pruning == nil ? .room : .pruning,
                made,
                actor: options.actor ?? SystemUser.name,
                reason: try SealedPayloads([.text(options.reason)], limit: 1 << 16)
            )
        )
    }

    private func bytes(of folder: JournalFolder) throws -> UInt64 {
        UInt64(try FileStatus.of(folder.dataFile)?.size ?? 0)
    }
}
