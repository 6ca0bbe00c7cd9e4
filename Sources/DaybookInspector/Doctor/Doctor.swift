import DaybookFormat
import DaybookJournal
import DaybookView
import LMDB

/// Finds what is wrong with a journal, and makes anew what follows from its entries and payloads.
public struct Doctor: Sendable {
    private init() {}

    /// Looks at everything: the pages of the file, entries, payloads, indexes, snapshots and the file of keys.
    ///
    /// What is damaged is not read: the pages are walked first. So it comes through where a verification
    /// cannot begin. Others may use the journal meanwhile, and nobody replaces its file.
    /// - Parameters:
    ///   - path: the journal's folder.
    ///   - progress: told now and then how many entries of how many are verified.
    /// - Throws: ``JournalError``: `notFound`, `notAJournal`, `locked`, `newerVersion`, `system`. Damage is
    ///   said in what is returned.
    public static func examine(
        _ path: String,
        progress: @escaping (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in }
    ) throws -> Diagnosis {
        let folder = JournalFolder(path)
        var examination = Examination(folder, progress)
        // What is opened is the file whose pages were walked.
        return try withExtendedLifetime(try folder.holdFile()) {
            try examination.run {
                var options = EnvironmentOptions()
                options.isReadOnly = true
                let opened = try folder.open(options)
                return (opened.store, { opened.close() })
            }
        }
    }
}

/// One look at a journal.
struct Examination {
    private let folder: JournalFolder
    private let progress: (UInt64, UInt64) -> Void
    private var problems: [VerificationReport.Problem] = []
    private var unexamined: Set<VerificationReport.Part> = []

    init(_ folder: JournalFolder, _ progress: @escaping (UInt64, UInt64) -> Void) {
        self.folder = folder
        self.progress = progress
    }

    /// What can be read without harm.
    var hidden: HidingStore.Parts {
        var parts: HidingStore.Parts = []
        if has(.positions) { parts.insert(.positions) }
        if has(.tiles) { parts.insert(.tiles) }
        return parts
    }

    private func has(_ part: VerificationReport.Part) -> Bool {
        problems.contains { $0.part == part }
    }

    /// - Parameter open: opens the databases, and says how they are closed.
    mutating func run(_ open: () throws -> (LMDBStore, () -> Void)) throws -> Diagnosis {
        guard try walkPages(orFail: open) else { return diagnosis(nil) }
        let store: LMDBStore
        let close: () -> Void
        do {
            (store, close) = try open()
        } catch let error as JournalError where error.code == .integrity {
            return fileIsDamaged(error)
        }
        defer { close() }
        do {
            try store.read { try Journal.checkFormat($0, folder.path) }
        } catch let error as JournalError where error.code == .integrity {
            return fileIsDamaged(error)
        }
        let report = try verify(store)
        return diagnosis(report)
    }

    /// - Returns: whether the databases can be opened, and the primary ones be read.
    private mutating func walkPages(
        orFail open: () throws -> (LMDBStore, () -> Void)
    ) throws -> Bool {
        let pages: [PageProblem]
        do {
            pages = try LMDBStore.checkPages(folder.path)
        } catch let error as JournalError where error.code == .integrity {
            _ = fileIsDamaged(error)
            return false
        } catch {
            // What is no journal, or is in use, says so better.
            try open().1()
            throw error
        }
        for page in pages {
            let name =
                if case .database(let name) = page.owner { " of the database \(name)" } else { "" }
            problems.append(
                .init(sequence: nil, reason: "\(page)\(name)", part: Self.part(of: page.owner))
            )
        }
        return !problems.contains { $0.part.isPrimary }
    }

    private mutating func fileIsDamaged(_ error: JournalError) -> Diagnosis {
        problems.append(.init(sequence: error.sequence, reason: error.message, part: .file))
        return diagnosis(nil)
    }

    private static func part(of owner: PageProblem.Owner) -> VerificationReport.Part {
        switch owner {
        case .file, .names: return .file
        case .freeList: return .freePages
        case .database(let name):
            // What says where the entries end is among what is of the whole journal.
            if name == "meta" { return .root }
            return VerificationReport.Part(rawValue: name) ?? .file
        }
    }

    private mutating func verify(_ store: LMDBStore) throws -> VerificationReport {
        let pages = problems
        let readable = HidingStore(store, hidden)
        let needed: [VerificationReport.Part] = [.histories, .executions, .lists]
        guard !needed.contains(where: has) else { return try verifyPrimary(readable) }
        let report = try Verifier.verify(
            readable,
            snapshots: folder.snapshots,
            keys: folder.keys,
            archives: folder.archives,
            progress: progress
        )
        // What the rules are, and who has erased a payload, is found by way of the histories.
        if report.problems.contains(where: { $0.part == .histories }) {
            let primary = try verifyPrimary(readable)
            add(report.problems.filter { !$0.part.isPrimary }, besides: pages)
            return primary
        }
        add(report.problems, besides: pages)
        return report
    }

    private mutating func verifyPrimary(_ store: any JournalStore) throws -> VerificationReport {
        let pages = problems
        let report = try Verifier.verify(store, .primary, progress: progress)
        add(report.problems, besides: pages)
        unexamined = [
            .rules, .histories, .executions, .lists, .positions, .snapshots, .keys,
            .archives,
        ]
        return report
    }

    /// Adds what was found, but for what is damaged page by page: of that everything is missing.
    private mutating func add(
        _ found: [VerificationReport.Problem],
        besides pages: [VerificationReport.Problem]
    ) {
        let known = Set(pages.map(\.part))
        problems += found.filter { !known.contains($0.part) }
    }

    private func diagnosis(_ report: VerificationReport?) -> Diagnosis {
        let found = Set(problems.map(\.part))
        let all = Set(VerificationReport.Part.allCases)
        return Diagnosis(
            path: folder.path,
            problems: problems,
            isCutShort: report?.isCutShort ?? false,
            unexamined: (report == nil ? all : unexamined).subtracting(found),
            report: report
        )
    }
}
