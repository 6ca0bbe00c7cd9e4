#if CLI
import ArgumentParser
import DaybookFormat
import DaybookInspector

struct VerifyConsistencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-consistency",
        abstract: "Check that a later head goes on from an earlier one, without the journal.",
        discussion: """
            Exit status 5 when it does not: something that the earlier head is of was changed or is gone.

            daybook prove-consistency 120 340 > hashes
            daybook verify-consistency july.head august.head hashes --trust @ops.pub
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var trusted: TrustOptions

    @Argument(help: "The file of the earlier head, signed.")
    var earlier: String

    @Argument(help: "The file of the later head, signed.")
    var later: String

    @Argument(help: "What `daybook prove-consistency` has printed; - is standard input.")
    var hashes: String

    func validate() throws { try trusted.require() }

    func run() throws {
        let policy = try trusted.required() ?? TrustPolicy(logs: [])
        let notes = try [(earlier, "the earlier head"), (later, "the later head")].map {
            file,
            what in
            try TrustFile.parsed(file, what) { bytes throws(ProofError) in try SignedNote(bytes) }
        }
        let heads = try notes.map { try policy.head(of: $0) }
        let seen = try policy.seen(notes[1])
        let path = try TrustFile.parsed(hashes, "the hashes") { bytes throws(ProofError) in
            try TreeHash.lines(bytes)
        }
        try heads[1].check(goesOnFrom: heads[0], by: path)
        if common.json {
            common.write("daybook.verify-consistency/1") { json in
                json.member("good", true)
                json.member("origin", heads[1].origin)
                json.member("from", heads[0].size)
                json.member("to", heads[1].size)
                seen.write(to: &json)
            }
        } else {
            common.output.line(
                "\(heads[1].origin), of \(heads[1].size) entries, goes on from its head of \(heads[0].size)"
            )
            seen.write(to: common.output)
        }
    }
}

/// The witnesses of a policy that have signed a head, and when.
struct Sightings {
    let all: [(witness: TrustPolicy.Witness, time: Timestamp?)]

    func write(to json: inout JSONWriter) {
        guard !all.isEmpty else { return }
        json.key("witnesses")
        json.array { json in
            for (witness, time) in all {
                json.object { json in
                    json.member("name", witness.name)
                    json.member("key", "\(witness.key)")
                    json.member("time", time.map { "\($0)" })
                }
            }
        }
    }

    func write(to output: Terminal) {
        for (witness, time) in all {
            output.line("  \(time.map { "\($0)" } ?? "")  seen by \(witness.name)")
        }
    }
}

extension TrustPolicy {
    func seen(_ note: SignedNote) throws(ProofError) -> Sightings {
        Sightings(all: try signed(note).map { ($0, note.time(of: $0.key)) })
    }
}
#endif
