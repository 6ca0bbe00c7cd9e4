#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Write a folder of evidence of an execution, for somebody without this program.",
        discussion: """
            The folder has every entry of the execution with its proof, the payloads that are not erased, \
            the signed head, the public keys, a report to read (report.html), and a README with the commands \
            that check all of it with programs of others. Secrets are left out, sealed as they are. Where \
            payloads are erased it says by whom, when and why. It is made for its owner alone (0700), and \
            has its name once it is whole.

            Hand the digest that is printed on by another way than the folder: it stands for every file in it.

            daybook audit order-17 -o evidence --key ops.key
            daybook audit order-17 -o evidence --head seen.head --policy policy
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var end: HeadOptions
    @OptionGroup var trusted: TrustOptions

    @Argument(help: "The execution's id.")
    var id: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The new folder.", valueName: "folder"))
    var output: String

    @Flag(help: "With all that it has begun, and what that has begun.")
    var descendants = false

    func validate() throws {
        try end.check("a bundle")
        guard trusted.isGiven == (end.file != nil) else {
            throw ValidationError(
                "--trust KEY or --policy FILE says by whom the head in --head FILE is signed."
            )
        }
        guard trusted.policy != "-" else {
            throw ValidationError("the policy goes into the bundle: name its file.")
        }
    }

    func run() throws {
        let (facts, made) = try common.inspect { try make($0) }
        let counts = made.counts
        if common.json {
            common.write("daybook.audit/1") { json in
                json.member("folder", output)
                json.member("origin", facts.head.origin)
                json.member("size", facts.head.size)
                json.member("root", facts.head.root.hex)
                json.member("executions", UInt64(counts.executions))
                json.member("entries", UInt64(counts.entries))
                json.member("payloads", UInt64(counts.payloads))
                json.member("erased", UInt64(counts.erased))
                json.member("digest", made.digest)
            }
        } else {
            common.output.line(
                "\(output): executions \(counts.executions), entries \(counts.entries), payloads \(counts.payloads), erased \(counts.erased), in the tree of \(facts.head.size) entries"
            )
            common.output.line("SHA-256 of \(output)/SHA256SUMS: \(made.digest)")
        }
    }

    private func make(
        _ inspector: Inspector
    ) throws -> (facts: AuditFacts, made: (counts: AuditBundle.Counts, digest: String)) {
        let executions = try executions(inspector)
        let facts = try facts(inspector)
        // The head is signed after the executions were looked at, unless it is an earlier one.
        if let late = executions.first(where: { $0.record.last >= facts.head.size }) {
            throw UsageError(
                "the execution \(late.record.id) has entries up to \(late.record.last), and the head is of \(facts.head.size): its end would be missing; name a later head, or sign one with --key"
            )
        }
        let bar = ProgressBar(common.errors, "writing")
        defer { bar.finish() }
        // Of earlier runs it is not known before how many they have.
        let all = executions.reduce(0) { $0 + $1.record.entries }
        let made = try AuditBundle.make(at: output, facts, executions, inspector) {
            bar.update(min($0, all), of: all)
        }
        return (facts, made)
    }

    /// The executions with all their runs, the first one first.
    private func executions(
        _ inspector: Inspector
    ) throws -> [(record: ExecutionRecord, runs: [UInt64])] {
        let record = try inspector.record(of: id)
        var all: [ExecutionRecord] = [record]
        if descendants {
            all = []
            try inspector.family(of: record) { member in
                all.append(member.record)
                return true
            }
        }
        return try all.map { ($0, try inspector.runs(of: $0)) }
    }

    private func facts(_ inspector: Inspector) throws -> AuditFacts {
        let note = try end.head(of: inspector)
        let policy =
            if let key = end.signing.key {
                TrustPolicy(logs: [try SigningKey(file: key).signer.verifier])
            } else {
                try trusted.required() ?? TrustPolicy(logs: [])
            }
        let head = try policy.head(of: note)
        try inspector.check(head)
        let logs = policy.logs.filter { $0.name.hasBytes(of: head.origin) }
        // Of several keys of the log those that have signed it.
        let signers =
            try note.check(by: logs).map { ($0, nil as Timestamp?) }
            + policy.signed(note).map { ($0.key, note.time(of: $0.key)) }
        return AuditFacts(
            id: id,
            includesDescendants: descendants,
            note: note,
            head: head,
            signers: signers,
            policy: try trusted.policy.map { try TrustFile.contents(of: $0, "the policy") }
        )
    }
}
#endif
