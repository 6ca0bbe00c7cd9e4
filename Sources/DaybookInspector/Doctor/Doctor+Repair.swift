import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

/// What was made anew in a journal.
public struct Repair: Sendable {
    /// What was wrong.
    public let diagnosis: Diagnosis
    /// The new file; nil: the old one was fit.
    public let rewriting: Rewriting?
    /// The names of the snapshots that were removed, because they were not fit.
    public let removedSnapshots: [String]
    /// What is wrong with the file of keys, which nothing makes anew; nil: nothing is.
    public let keysProblem: VerificationReport.Problem?
}

extension Doctor {
    /// Makes anew what is damaged and follows from entries and payloads: indexes, tiles, and the file as LMDB
    /// reads it. Snapshots that are not fit are removed. The file of keys stays as it is, also where it is damaged.
    ///
    /// A file is made beside the old one, in the folder `rewriting` of the journal's, from its entries and payloads as
    /// a restoration does it, and verified, all of it. It takes the place of the old one in one step: whoever is
    /// killed before that has changed nothing. Then the entry `journal_rewritten` says from how many entries and
    /// which root, by whose decision and why. The old file stays, as `damaged-TIME.mdb`. A copy or a backup
    /// gets no such entry, and stays a copy.
    ///
    /// Nobody may have the journal open meanwhile, not for reading either: what was written to a file
    /// that is replaced would be lost.
    /// - Parameters:
    ///   - path: the journal's folder.
    ///   - progress: told now and then how many entries of how many are verified.
    /// - Returns: what was done; nothing where nothing is wrong.
    /// - Throws: ``JournalError``: `integrity` where entries or payloads are damaged, which nothing makes
    ///   anew; `locked` with the processes that have it open; `full`, `system`. `Refusal` where only the file of
    ///   keys is damaged, and for an actor that is no name. The journal is as it was then.
    public static func repair(
        _ path: String,
        _ options: RewriteOptions,
        progress: @escaping (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in }
    ) throws -> Repair {
        if let actor = options.actor { try Names.check(actor, "actor") }
        let file = try RewrittenFile.begin(JournalFolder(path))
        do {
            let repair = try RepairMaker(file, options, progress).run()
            file.discard()
            return repair
        } catch {
            file.discard()
            throw JournalError.unmade(file.folder.path, error)
        }
    }
}

private struct RepairMaker {
    let file: RewrittenFile
    let options: RewriteOptions
    let progress: (UInt64, UInt64) -> Void

    init(
        _ file: RewrittenFile,
        _ options: RewriteOptions,
        _ progress: @escaping (UInt64, UInt64) -> Void
    ) {
        self.file = file
        self.options = options
        self.progress = progress
    }

    func run() throws -> Repair {
        var examination = Examination(file.journal, progress)
        let diagnosis = try examination.run {
            let store = try file.openOld()
            return (store, { store.close() })
        }
        if diagnosis.isSound {
            return Repair(
                diagnosis: diagnosis,
                rewriting: nil,
                removedSnapshots: [],
                keysProblem: nil
            )
        }
        try check(diagnosis)
        let rewriting = diagnosis.needsNewFile ? try rewrite(examination.hidden, diagnosis) : nil
        let report = rewriting?.report ?? diagnosis.report
        let unfit = report?.unfitSnapshots ?? []
        if !options.isRehearsal { _ = try SnapshotRemoval.remove(unfit, in: file.journal) }
        return Repair(
            diagnosis: diagnosis,
            rewriting: rewriting,
            removedSnapshots: unfit,
            keysProblem: report?.problems.first { $0.part == .keys }
        )
    }

    private func check(_ diagnosis: Diagnosis) throws {
        if let obstacle = diagnosis.obstacle {
            throw JournalError(
                .integrity,
                "\(file.journal.path) cannot be repaired: what everything else is made from is damaged (\(obstacle)); restore it from a backup: `daybook restore BACKUP -j NEW.daybook --reason WHY`",
                sequence: obstacle.sequence
            )
        }
        guard diagnosis.canBeRepaired else {
            throw Refusal(
                .conflict,
                "\(file.journal.path) has nothing that can be made anew: only the file keys, or files of archives, are damaged; restore those from a backup that has them, give secrets again with a retry, or take executions back from an archive"
            )
        }
    }

    private func rewrite(
        _ hidden: HidingStore.Parts,
        _ diagnosis: Diagnosis
    ) throws -> Rewriting {
        let store = try file.openOld()
        defer { store.close() }
        let rewriter = FileRewriter(file: file, options: options, progress: progress)
        return try rewriter.run(
            HidingStore(store, hidden),
            root: (diagnosis.report?.root ?? .empty).bytes
        )
    }
}
