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
            The private key is written into a new file that only you may read. Keep it where those who \
            write the journal cannot read it, if you can: whoever has it signs in the journal's name. \
            Hand the public key on: whoever has it can check heads and proofs, also with tools of \
            others. The key has the name of the log that it signs for, which `daybook info` calls origin. \
            That of a witness (--witness) signs heads of others (`daybook head --cosign`) and has a name of \
            its own.

            daybook keygen --output ops.key > ops.pub
            daybook keygen --witness --name audit.example.org/w1 --output w1.key > w1.pub
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The new file of the private key.", valueName: "file")
    )
    var output: String?

    @Option(
        help: ArgumentHelp(
            "The key's name: the origin of the journal that it is for. (default: that of the journal)"
        )
    )
    var name: String?

    @Flag(help: "Make the key of a witness; --name is its name.")
    var witness = false

    @Option(
        name: .customLong("public"),
        help: ArgumentHelp(
            "Make no key: print the public key of the private one in this file again.",
            valueName: "file"
        )
    )
    var existing: String?

    func validate() throws {
        guard (output == nil) != (existing == nil) else {
            throw ValidationError("give --output FILE for a new key, or --public FILE of one.")
        }
        if existing != nil, name != nil || witness {
            throw ValidationError("a key that is there has its name, and is of its kind.")
        }
        if witness, name == nil {
            throw ValidationError("a witness has a name of its own: give --name NAME.")
        }
    }

    func run() throws {
        let key = try existing.map { try SigningKey(file: $0).signer } ?? made()
        if common.json {
            common.write("daybook.keygen/1") { $0.member("key", "\(key.verifier)") }
        } else {
            // As it is, also where a person would be shown something else.
            common.output.write(Array("\(key.verifier)\n".utf8))
        }
    }

    private func made() throws -> NoteSigner {
        let name = try name ?? common.inspect { try $0.head(size: 0).origin }
        let signer = try NoteSigner(name: name, witness ? .cosignature : .ed25519)
        try writeNew(
            Array((signer.secretText + "\n").utf8),
            to: output ?? "",
            "the private key"
        )
        return signer
    }
}

struct HeadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "head",
        abstract: "Print the journal's size and root, for somebody else to keep.",
        discussion: """
            The form is that of a checkpoint of c2sp.org/tlog-checkpoint: origin, size and root; with \
            --key it is a signed note. A journal that was cut, rolled back or rewritten shows against a \
            head that is kept elsewhere (`daybook verify --against FILE`), and only so. A key signs no \
            head that contradicts one that it has signed before.

            With --cosign it is a witness that signs the head of somebody else's journal, and needs no \
            journal: it says that the log has only grown since all heads that it has signed before, and when \
            it was seen. The greatest of each log is kept beside the key, in FILE.seen.

            daybook head --key ops.key > 2026-07-31.head
            daybook head --cosign 2026-07-31.head --key w1.key --trust @ops.pub > seen.head
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions

    @OptionGroup var trusted: TrustOptions

    @Option(help: "The head of the first so many entries. (default: all)")
    var size: UInt64?

    @Option(
        help: ArgumentHelp(
            "Sign the head in this file, as a witness with the key of one; --trust is the log's key.",
            valueName: "file"
        )
    )
    var cosign: String?

    @Option(
        help: ArgumentHelp(
            "What `daybook prove-consistency` has printed, from the head that the witness has signed last to this one.",
            valueName: "file"
        )
    )
    var consistency: String?

    func validate() throws {
        if cosign == nil {
            guard consistency == nil, !trusted.isGiven else {
                throw ValidationError("--trust, --policy and --consistency are for --cosign FILE.")
            }
        } else {
            guard signing.key != nil, trusted.isGiven else {
                throw ValidationError(
                    "a witness signs by its key what the log has signed: give --key FILE and --trust KEY."
                )
            }
            guard size == nil else { throw ValidationError("a head that is there has its size.") }
        }
    }

    func run() throws {
        if let cosign { return try runAsWitness(cosign) }
        let (head, note) = try common.inspect { inspector in
            let note = try signing.signedHead(of: inspector, size: size)
            return (
                try note.map { try TreeHead(text: $0.text) } ?? inspector.head(size: size), note
            )
        }
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

/// Writes a file that is not there yet, and that only its owner may read.
/// - Throws: ``UsageError``; `SystemError`.
private func writeNew(_ bytes: [UInt8], to path: String, _ what: String) throws {
    guard try FileStatus.ofLink(path) == nil else {
        throw UsageError(
            "\(what) was to be written into \(path), which exists; name a new file"
        )
    }
    let file = try File.open(path, .create)
    do {
        try file.append(bytes)
        try file.synchronize()
    } catch {
        // What is half written bars the same command once there is room.
        Folder.discardFile(path)
        throw error
    }
}
#endif
