import DaybookFormat
public import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import LMDB

/// How the file of a journal is made anew.
public struct RewriteOptions: Sendable {
    /// Why, for the record.
    public var reason: String
    /// Who has decided it, for the record. By default the operating system's user.
    public var actor: String?
    /// Whether everything is done but the last step: nothing is changed.
    public var isRehearsal = false

    /// The defaults.
    public init(reason: String) { self.reason = reason }
}

/// A file of a journal that was made anew, and is in the place of the old one.
public struct Rewriting: Sendable {
    /// How many entries it has from the old one.
    public let size: UInt64
    /// The root of their tree.
    public let root: TreeHash
    /// The entry that says so; nil: none does, because the journal is a copy, and stays one.
    public let sequence: UInt64?
    /// Bytes of the old file.
    public let bytesBefore: UInt64
    /// Bytes of the new one.
    public let bytesAfter: UInt64
    /// Where the old one is kept; nil: nowhere.
    public let kept: String?
    /// What a verification of the new one found.
    public let report: VerificationReport
}

/// Makes a new file from the entries and payloads of the old one, which is damaged, verifies it, records it, and
/// puts it in the place of the old one, which is kept.
///
/// It is put together entry by entry, and then copied without the pages that were used on the way. So nothing
/// is in it that no entry or payload has: a copy of the old one's pages would have what lies in their gaps.
struct FileRewriter {
    let file: RewrittenFile
    let options: RewriteOptions
    let progress: (UInt64, UInt64) -> Void

    /// - Parameters:
    ///   - old: what is to be read of the old file.
    ///   - root: that of its entries.
    func run(_ old: any JournalStore, root: [UInt8]) throws -> Rewriting {
        let inode = try inodeOfHome(old)
        let draft = try StoreCopy.draft(at: file.draft, besides: inode)
        defer { draft.close() }
        let replica = try Replica(empty: draft)
        // None is compared with its tile, which may be wrong: they have the root that was recorded.
        try replica.catchUp(with: old, isChecked: false)
        let head = replica.head
        guard head.root.bytes == root else {
            throw JournalError.integrity(
                nil,
                "the entries that were taken over from \(file.journal.path) do not have its root"
            )
        }
        let lacking = try replica.finishPruning(of: old)
        let new = try StoreCopy.file(at: file.folder.dataFile, besides: inode)
        let before = try bytes(of: file.journal)
        let sequence = try record(draft, replica, before)
        try StoreCopy.fill(new, from: draft)
        draft.close()
        let report = try verify(lacking)
        let after = try bytes(of: file.folder)
        var kept: String?
        if !options.isRehearsal {
            let name = try file.nameForOld(mark())
            try file.install(keepingOldAs: name)
            kept = name
        }
        return Rewriting(
            size: head.size,
            root: head.root,
            sequence: sequence,
            bytesBefore: before,
            bytesAfter: after,
            kept: kept,
            report: report
        )
    }

    /// The number of the file in which the journal is at home, found without the histories.
    private func inodeOfHome(_ store: any JournalStore) throws -> UInt64 {
        var home = ProtoBinding()
        try store.read { reader in
            try reader.scanEntries(from: 0) { _, bytes in
                home = try EntryView(bytes).home() ?? home
                return true
            }
        }
        return home.inode
    }

    /// A copy goes on nowhere: with an entry of its own it would be no beginning of its journal any more.
    private func record(
        _ draft: LMDBStore,
        _ replica: Replica,
        _ before: UInt64
    ) throws -> UInt64? {
        guard try replica.home.isSamePlace(as: ProtoBinding(of: file.journal)) else { return nil }
        let head = replica.head
        return try replica.carryOut(
            RewriteJournal(
                .damage,
                .init(
                    binding: try ProtoBinding(of: file.folder),
                    size: head.size,
                    root: head.root.bytes,
                    bytesBefore: before,
                    bytesAfter: try draft.compactedSize()
                ),
                actor: options.actor ?? SystemUser.name,
                reason: try SealedPayloads([.text(options.reason)], limit: 1 << 16)
            )
        )
    }

    private func verify(_ lacking: ProtoPruning?) throws -> VerificationReport {
        var readOnly = EnvironmentOptions()
        readOnly.isReadOnly = true
        let store = try LMDBStore.open(file.folder.path, readOnly)
        defer { store.close() }
        let report = try Verifier.verify(
            store,
            lacking: lacking,
            snapshots: file.journal.snapshots,
            keys: file.journal.keys,
            progress: progress
        )
        // Snapshots and keys are in files of their own, which stay as they are.
        let others: [VerificationReport.Part] = [.snapshots, .keys]
        guard let first = report.problems.first(where: { !others.contains($0.part) }) else {
            return report
        }
        throw JournalError(
            .integrity,
            "\(file.journal.path) is as it was, because what was made of its entries and payloads contradicts itself: \(first); restore it from a backup",
            sequence: first.sequence
        )
    }

    private func bytes(of folder: JournalFolder) throws -> UInt64 {
        UInt64(try FileStatus.of(folder.dataFile)?.size ?? 0)
    }

    /// The time, as it can stand in a name.
    private func mark() -> String {
        String(SystemClock().now().milliseconds.filter { $0.isNumber || $0 == "T" || $0 == "Z" })
    }
}
