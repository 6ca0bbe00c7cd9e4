#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookSystem
import FoundationEssentials

struct KeygenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keygen",
        abstract: "Make a key that signs heads, and print the public key.",
        discussion: """
            The private key is written into a new file that only you may read. Hand the public key on: \
            whoever has it, and a head, can check the journal with tools of others. The key's name is \
            the log's: by default `daybook info` calls it origin.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The new file of the private key.", valueName: "file")
    )
    var output: String

    @Option(help: "The key's name. (default: the origin of the journal)")
    var name: String?

    func run() throws {
        let signer = try NoteSigner(
            name: try name ?? common.inspect { try $0.head(size: 0).origin }
        )
        try writeNew(Array((signer.secretText + "\n").utf8), to: output, "the private key")
        if common.json {
            common.write("daybook.keygen/1") { $0.member("key", "\(signer.verifier)") }
        } else {
            common.output.line("\(signer.verifier)")
        }
    }
}

struct HeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "Print the journal's size and root, for somebody else to keep.",
        discussion: """
            The form is that of a checkpoint of c2sp.org/tlog-checkpoint; with --key it is a signed \
            note. A journal that was cut, rolled back or rewritten shows against a head that is kept \
            elsewhere (`daybook verify --against FILE`), and only so.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions

    @Option(help: "The head of the first so many entries. (default: all)")
    var size: UInt64?

    func run() throws {
        let head = try common.inspect { try $0.head(size: size) }
        let note = try signing.signed(head)
        if common.json {
            common.write("daybook.head/1") { json in
                json.member("origin", head.origin)
                json.member("size", head.size)
                json.member("root", head.root.hex)
                json.member("note", note.map { String(decoding: $0.bytes, as: UTF8.self) })
            }
        } else {
            common.output.write(note?.bytes ?? Array(head.text.utf8))
        }
    }
}

struct ProveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Write the proof that an entry is in the journal.",
        discussion: """
            The file (c2sp.org/tlog-proof, by convention NAME.tlog-proof) has the entry, the hashes and \
            a signed head: `daybook verify-proof` checks it without the journal.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions

    @Option(
        name: .customLong("head"),
        help: ArgumentHelp(
            "A head that was signed before, in place of one of now with --key.",
            valueName: "file"
        )
    )
    var headFile: String?

    @Argument(help: "The number of the entry.")
    var entry: UInt64

    func validate() throws {
        guard (headFile == nil) != (signing.key == nil) else {
            throw ValidationError("a proof ends at a signed head: give --key FILE or --head FILE.")
        }
    }

    func run() throws {
        let proof = try common.inspect { inspector in
            let note =
                if let headFile { try SignedNote(try File.contents(of: headFile)) } else {
                    try signing.signed(try inspector.head())
                }
            guard let note else {
                throw UsageError("a proof ends at a signed head; give --key FILE")
            }
            return try inspector.proof(of: entry, in: note)
        }
        common.output.write(proof.bytes)
    }
}

struct ProveConsistencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove-consistency",
        abstract: "Print the hashes that lead from an earlier size of the journal to a later one.",
        discussion: "In base64, one to a line, as RFC 6962 (2.1.2) orders them."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "The earlier size.")
    var old: UInt64

    @Argument(help: "The later size. (default: all entries)")
    var size: UInt64?

    func run() throws {
        let hashes = try common.inspect { try $0.consistencyProof(from: old, to: size) }
            .map { Data($0.bytes).base64EncodedString() }
        if common.json {
            common.write("daybook.prove-consistency/1") { json in
                json.key("hashes")
                json.array { json in for hash in hashes { json.string(hash) } }
            }
        } else {
            for hash in hashes { common.output.line("\(hash)") }
        }
    }
}

struct VerifyProofCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-proof",
        abstract: "Check the proof of an entry, without the journal.",
        discussion: "Exit status 5 when it is not the proof of what it says."
    )

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "A public key that you trust; may be repeated. One of them has to have signed the head.",
            valueName: "NAME+HASH+KEY"
        )
    )
    var trust: [String]

    @Argument(help: "The file; - is standard input.")
    var file: String

    func run() throws {
        let keys = try trust.map { try NoteVerifier($0) }
        let proof = try EntryProof(try File.contents(of: file == "-" ? "/dev/stdin" : file))
        let head = try proof.check(by: keys)
        if common.json {
            common.write("daybook.verify-proof/1") { json in
                json.member("good", true)
                json.member("origin", head.origin)
                json.member("size", head.size)
                json.member("root", head.root.hex)
                json.member("entry", proof.index)
            }
        } else {
            common.output.line(
                "entry \(proof.index) is in \(TerminalText(head.origin).raw), of \(head.size) entries"
            )
        }
    }
}

/// By what a head is signed.
struct SigningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Sign with the private key in a file of `daybook keygen`.",
            valueName: "file"
        )
    )
    var key: String?

    /// - Returns: nil: no key was given.
    func signed(_ head: TreeHead) throws -> SignedNote? {
        guard let key else { return nil }
        let text = String(decoding: try File.contents(of: key), as: UTF8.self)
        var note = try SignedNote(text: head.text)
        try note.sign(try NoteSigner(text.hasSuffix("\n") ? String(text.dropLast()) : text))
        return note
    }
}

/// Writes a file that is not there yet, and that only its owner may read.
/// - Throws: ``UsageError``; `SystemError`.
private func writeNew(_ bytes: [UInt8], to path: String, _ what: String) throws {
    guard try FileStatus.ofLink(path) == nil else {
        throw UsageError(
            "\(what) was to be written into \(path), which exists; name a new file"
        )
    }
    let file = try File.open(path, .create)
    try file.append(bytes)
    try file.synchronize()
}
#endif
