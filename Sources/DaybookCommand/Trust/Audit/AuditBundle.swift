#if CLI
import Crypto
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem

/// What a bundle of evidence is about.
struct AuditFacts {
    let id: String
    let includesDescendants: Bool
    let note: SignedNote
    let head: TreeHead
    /// The keys that have signed the head, and when, where they say so.
    let signers: [(key: NoteVerifier, time: Timestamp?)]
    /// The policy by which the head was taken, as it was given.
    let policy: [UInt8]?
}

/// A folder of evidence that stands on its own: entries, proofs, payloads, the signed head, and what checks
/// them.
struct AuditBundle {
    /// How much there is.
    struct Counts {
        var entries = 0
        var executions = 0
        var payloads = 0
        var erased = 0
    }

    private static let folders = ["entries", "payloads"]

    private let inspector: Inspector
    private let facts: AuditFacts
    private var folder: AuditFolder
    private var counts = Counts()
    private var written: Set<UInt64> = []
    /// Entries that those that are written name, and that are not written yet.
    private var named: Set<UInt64> = [0]
    private var histories = "daybook.audit/1\n"
    private let report: AuditReport
    private let progress: (UInt64) -> Void

    /// Makes a bundle at a path where nothing is.
    /// - Parameters:
    ///   - executions: each with all its runs, the first one first.
    ///   - progress: called with how many entries are written.
    /// - Returns: how much there is in it, and the SHA-256 of its list of files.
    /// - Throws: ``UsageError``; `ProofError`; `JournalError`; `SystemError`.
    static func make(
        at path: String,
        _ facts: AuditFacts,
        _ executions: [(record: ExecutionRecord, runs: [UInt64])],
        _ inspector: Inspector,
        progress: @escaping (_ entries: UInt64) -> Void
    ) throws -> (counts: Counts, digest: String) {
        let folder = try AuditFolder(path: path, folders: folders)
        do {
            var bundle = try AuditBundle(inspector, facts, folder, progress)
            let digest = try bundle.write(executions)
            try bundle.folder.finish(folders)
            return (bundle.counts, digest)
        } catch {
            folder.discard()
            throw error
        }
    }

    private init(
        _ inspector: Inspector,
        _ facts: AuditFacts,
        _ folder: AuditFolder,
        _ progress: @escaping (UInt64) -> Void
    ) throws {
        self.inspector = inspector
        self.facts = facts
        self.folder = folder
        self.progress = progress
        report = AuditReport(try folder.stream(AuditFolder.report))
    }

    private mutating func write(
        _ executions: [(record: ExecutionRecord, runs: [UInt64])]
    ) throws -> String {
        try report.begin(facts)
        for (record, runs) in executions {
            counts.executions += 1
            for (index, run) in runs.enumerated() {
                let isLast = index == runs.count - 1
                try report.begin(
                    record,
                    run: runs.count == 1 ? nil : "run \(index + 1) of \(runs.count)",
                    isLast: isLast,
                    isLast ? inspector.erasure(of: record) : nil
                )
                try write(run, of: record.id)
            }
        }
        try writeNamed()
        try report.end("Made \(SystemClock().now()) by daybook \(Engine.version).")
        folder.note(try report.file.end(), of: AuditFolder.report)
        try folder.write(facts.note.bytes, to: "head")
        let keys = facts.signers.map { "\($0.key)\n" }.joined()
        try folder.write(Array(keys.utf8), to: "keys")
        if let policy = facts.policy { try folder.write(policy, to: "policy") }
        try folder.write(Array(histories.utf8), to: "executions")
        try folder.write(Array(AuditScripts.python.utf8), to: "check.py")
        try folder.write(Array(AuditScripts.go.utf8), to: "check.go")
        try folder.write(Array(AuditScripts.readMe(facts, counts).utf8), to: "README")
        let sums = folder.sums.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        let list = Array(sums.map { "\($0.value)  \($0.key)\n" }.joined().utf8)
        try folder.write(list, to: "SHA256SUMS")
        return Array(SHA256.hash(data: list)).hexadecimal
    }

    /// Writes all entries of a run, and those that hold values for it.
    private mutating func write(_ run: UInt64, of id: String) throws {
        var own: UInt64 = 0
        let inspector = inspector
        try inspector.completeHistory(of: run) { entry in
            // What was written after the head was signed is none of this.
            guard entry.sequence < facts.head.size else { return entry.entry.stream != run }
            if entry.entry.stream == run { own += 1 }
            try add(entry)
            return true
        }
        histories += "\(run) \(own) \(id)\n"
    }

    /// Writes what is named by what is written: the journal's first entry, sessions, erasures.
    private mutating func writeNamed() throws {
        try report.begin(others: "The journal, and who wrote")
        // Those name others: a session that has erased something, for example.
        while !named.isSubset(of: written) {
            for sequence in named.subtracting(written).sorted() {
                try add(inspector.entry(sequence))
            }
        }
    }

    private mutating func add(_ entry: JournalEntry) throws {
        let sequence = entry.sequence
        guard written.insert(sequence).inserted else { return }
        let proof = try inspector.proof(of: sequence, in: facts.note, checked: facts.head)
        try folder.write(entry.bytes, to: "entries/\(sequence)")
        try folder.write(proof.bytes, to: "entries/\(sequence).tlog-proof")
        if entry.entry.session != 0 { named.insert(entry.entry.session) }
        for index in entry.entry.commitments.indices where entry.kind != .secretsStored {
            guard index < entry.payloads.count, let salt = entry.payloads[index].salt else {
                try noteErasure(of: entry)
                continue
            }
            try folder.write(entry.payloads[index].data, to: "payloads/\(sequence)-\(index)")
            try folder.write(salt.bytes, to: "payloads/\(sequence)-\(index).salt")
            counts.payloads += 1
        }
        counts.entries += 1
        try report.add(entry)
        progress(UInt64(counts.entries))
    }

    private mutating func noteErasure(of entry: JournalEntry) throws {
        guard let erasure = entry.erasure else {
            throw JournalError.integrity(
                entry.sequence,
                "a payload of it is gone, and no entry says that it was erased"
            )
        }
        guard erasure.sequence < facts.head.size else {
            throw UsageError(
                "payloads of entry \(entry.sequence) were erased by entry \(erasure.sequence), and the head is of \(facts.head.size) entries: what it is of does not say why they are gone; make the bundle with a head of today"
            )
        }
        named.insert(erasure.sequence)
        counts.erased += 1
    }
}
#endif
