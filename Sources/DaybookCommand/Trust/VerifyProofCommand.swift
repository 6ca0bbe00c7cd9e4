#if CLI
import ArgumentParser
import DaybookFormat
import DaybookInspector
import DaybookSystem

struct VerifyProofCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-proof",
        abstract: "Check a proof or a receipt, without the journal.",
        discussion: """
            The head in it has to be signed by the key of the log that it is of: give the public key \
            that you have got from whoever keeps the journal, and not one that came with the proof. \
            Exit status 5 when it is not the proof of what it says.

            A receipt (RFC 9942) is told by its first byte. One that the journal goes on from an earlier \
            head is checked with that head.

            daybook verify-proof 17.tlog-proof --trust @ops.pub
            daybook verify-proof august.cose --earlier july.head --trust @ops.pub
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var trusted: TrustOptions

    @Option(
        help: ArgumentHelp(
            "The signed head that the journal is to go on from, for a receipt of consistency.",
            valueName: "file"
        )
    )
    var earlier: String?

    @Argument(help: "The file; - is standard input.")
    var file: String

    func validate() throws { try trusted.require() }

    func run() throws {
        let policy = try trusted.required() ?? TrustPolicy(logs: [])
        let bytes = try TrustFile.contents(of: file, "the proof", limit: Receipt.byteLimit)
        if Receipt.isBegun(by: bytes) {
            let receipt = try TrustFile.parsed(bytes, file, "the receipt") {
                bytes throws(ProofError) in try Receipt(bytes)
            }
            if let earlier { return try check(receipt, from: earlier, policy) }
            return try check(receipt, policy)
        }
        guard earlier == nil else {
            throw UsageError("--earlier is for a receipt, and \(file) is none; leave it out")
        }
        let proof = try TrustFile.parsed(bytes, file, "the proof") { bytes throws(ProofError) in
            guard bytes.count <= TrustFile.limit else {
                throw ProofError(.malformed, "it is too large for one")
            }
            return try EntryProof(bytes)
        }
        try check(proof, policy)
    }

    private func check(_ proof: EntryProof, _ policy: TrustPolicy) throws {
        let head = try proof.check(by: policy)
        let seen = try policy.seen(proof.note)
        let entry = proof.decoded()
        if common.json {
            common.write("daybook.verify-proof/1") { json in
                write(head, to: &json)
                json.member("entry", proof.index)
                json.member("event", entry?.eventName)
                json.member("time", entry.map { "\($0.time)" })
                seen.write(to: &json)
            }
        } else {
            common.output.line(
                "entry \(proof.index) is in \(head.origin), of \(head.size) entries"
            )
            if let entry { common.output.line("  \(entry.time)  \(entry.eventName)") }
            seen.write(to: common.output)
        }
    }

    private func check(_ receipt: Receipt, _ policy: TrustPolicy) throws {
        guard receipt.consistency == nil else {
            throw UsageError(
                "\(file) shows that a journal goes on from an earlier head; give that head: --earlier FILE"
            )
        }
        let head = try receipt.check(by: policy)
        let history = receipt.history()
        let entries = zip(receipt.inclusions, receipt.decoded())
        if common.json {
            common.write("daybook.verify-proof/1") { json in
                write(head, to: &json)
                json.member("execution", history?.execution)
                json.key("entries")
                json.array { json in
                    for (proof, entry) in entries {
                        json.object { json in
                            json.member("entry", proof.index)
                            json.member("event", entry?.eventName)
                            json.member("time", entry.map { "\($0.time)" })
                        }
                    }
                }
            }
        } else {
            let what =
                if let history {
                    "execution \(history.execution), from its first entry on and without a gap,"
                } else if receipt.inclusions.count == 1 {
                    "1 entry"
                } else {
                    "\(receipt.inclusions.count) entries, of no whole history,"
                }
            let verb = history == nil && receipt.inclusions.count > 1 ? "are" : "is"
            common.output.line("\(what) \(verb) in \(head.origin), of \(head.size) entries")
            for (proof, entry) in entries {
                common.output.line(
                    "  \(proof.index)\(entry.map { "  \($0.time)  \($0.eventName)" } ?? "")"
                )
            }
        }
    }

    private func check(_ receipt: Receipt, from earlier: String, _ policy: TrustPolicy) throws {
        let note = try TrustFile.parsed(earlier, "the earlier head") { bytes throws(ProofError) in
            try SignedNote(bytes)
        }
        let old = try policy.head(of: note)
        let head = try receipt.check(from: old, by: policy)
        if common.json {
            common.write("daybook.verify-proof/1") { json in
                write(head, to: &json)
                json.member("from", old.size)
            }
        } else {
            common.output.line(
                "\(head.origin), of \(head.size) entries, goes on from its head of \(old.size)"
            )
        }
    }

    private func write(_ head: TreeHead, to json: inout JSONWriter) {
        json.member("good", true)
        json.member("origin", head.origin)
        json.member("size", head.size)
        json.member("root", head.root.hex)
    }
}
#endif
