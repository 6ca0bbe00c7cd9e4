#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

struct WitnessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness",
        abstract: "Have heads signed by witnesses that others run.",
        subcommands: [SubmitToWitnessCommand.self]
    )
}

struct SubmitToWitnessCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Have a witness sign a head, over HTTP.",
        discussion: """
            The witness gets the head and the hashes from the one that it has seen last \
            (c2sp.org/tlog-witness), and nothing else of the journal. Its signature is checked, and written \
            into the file of the head, which is replaced as a whole; other signatures in it stay. Exit \
            status 75 when the witness cannot be asked just now, 4 when it has seen a later head, and 5 \
            when it has seen another history or its signature is wrong.

            daybook head --key ops.key > today.head
            daybook witness submit today.head --url https://witness.example.org/w --witness @w1.pub
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "The file of the head, signed by the log.")
    var head: String

    @Option(
        help: ArgumentHelp("The witness's address: its submission prefix.", valueName: "address")
    )
    var url: String

    @Option(
        help: ArgumentHelp("The witness's public key, or a file with it.", valueName: "key|@file")
    )
    var witness: String

    @Option(help: "How long to wait for each answer.")
    var timeout = Span(seconds: 30)

    func validate() throws {
        guard timeout.duration > .zero else {
            throw ValidationError("--timeout is a span of time, as 30s.")
        }
    }

    func run() throws {
        let key = try key()
        let client = try WitnessClient(url: url, key: key, patience: timeout.duration)
        let file = HeadFile(path: head)
        let (note, submitted) = try file.contents()
        let (signatures, from) = try common.inspect { inspector in
            // A head that is none of this journal is not handed to anybody.
            try inspector.check(submitted)
            return try client.submit(note, of: submitted) {
                try inspector.consistencyProof(from: $0, to: submitted.size)
            }
        }
        let signed = try file.add(signatures, to: note)
        let time = signed.time(of: key)
        if common.json {
            common.write("daybook.witness.submit/1") { json in
                json.member("origin", submitted.origin)
                json.member("size", submitted.size)
                json.member("root", submitted.root.hex)
                json.member("witness", key.name)
                json.member("time", time.map { "\($0)" })
                json.member("from", from)
                json.member("note", String(decoding: signed.bytes, as: UTF8.self))
            }
        } else if file.isStandardInput {
            common.output.write(signed.bytes)
        } else {
            common.output.line(
                "\(time.map { "\($0)" } ?? "")  \(key.name) has signed the head of \(submitted.size) entries, \(from == 0 ? "the first that it has seen" : "which goes on from its head of \(from)"): \(head)"
            )
        }
    }

    private func key() throws -> NoteVerifier {
        let keys = try TrustOptions.keys(witness)
        guard keys.count == 1, let key = keys.first, key.algorithm == .cosignature else {
            throw UsageError(
                "one key of a witness is asked for, as `daybook keygen --witness` or whoever runs the witness has printed it"
            )
        }
        return key
    }
}

/// The file of a head, to which witnesses add their signatures.
private struct HeadFile {
    let path: String

    var isStandardInput: Bool { path == "-" }

    func contents() throws -> (note: SignedNote, head: TreeHead) {
        try TrustFile.parsed(path, "the head") { bytes throws(ProofError) in
            let note = try SignedNote(bytes)
            return (note, try TreeHead(text: note.text))
        }
    }

    /// Adds signatures to what is in the file by now: somebody may have added others meanwhile.
    /// - Throws: ``UsageError``; `ProofError`; `SystemError`.
    func add(
        _ signatures: [SignedNote.Signature],
        to submitted: SignedNote
    ) throws -> SignedNote {
        guard !isStandardInput else { return try Self.adding(signatures, to: submitted) }
        let path = try Folder.resolved(path)
        while true {
            let file = try File.open(path, .existing)
            try file.lock(.exclusive)
            // Who waited may have the lock of a file that was replaced.
            guard try file.isStill(at: path) else { continue }
            let note = try contents().note
            guard note.text.utf8.elementsEqual(submitted.text.utf8) else {
                throw UsageError(
                    "\(path) is another head by now than the one that was signed; submit that one"
                )
            }
            let signed = try Self.adding(signatures, to: note)
            var status = stat()
            guard fstat(file.descriptor, &status) == 0 else {
                throw SystemError.current("fstat", path: path)
            }
            try TrustFile.replace(path, with: signed.bytes, mode: status.st_mode & 0o777)
            return signed
        }
    }

    private static func adding(
        _ signatures: [SignedNote.Signature],
        to note: SignedNote
    ) throws -> SignedNote {
        var note = note
        note.add(signatures)
        // One signature more may be one too many.
        return try SignedNote(note.bytes)
    }
}
#endif
