#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import FoundationEssentials

/// The form of a proof.
enum ProofFormat: String, ExpressibleByArgument, CaseIterable {
    case tlogProof = "tlog-proof"
    case cose
}

struct ProveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Write the proof that an entry, or an execution, is in the journal.",
        discussion: """
            The file (c2sp.org/tlog-proof, by convention NAME.tlog-proof) has the entry, the hashes and \
            a signed head: `daybook verify-proof` checks it without the journal. The entry is in it, and \
            its payloads are not: it commits to them.

            With --format cose it is a receipt (RFC 9942, COSE and CBOR), also of all entries of an \
            execution. It is signed by --key, as no head can be taken apart for it.

            daybook prove 17 --key ops.key > 17.tlog-proof
            daybook prove invoice-7 --format cose --key ops.key > invoice-7.cose
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var end: HeadOptions

    @Option(help: "The form: tlog-proof or cose.")
    var format = ProofFormat.tlogProof

    @Flag(help: "The argument is the id of an execution, also where it looks like a number.")
    var execution = false

    @Argument(help: "The number of the entry; with --format cose also the id of an execution.")
    var entry: String

    /// The number, where one is meant.
    private var number: UInt64? { execution ? nil : UInt64(entry) }

    func validate() throws {
        if format == .cose {
            guard end.signing.key != nil, end.file == nil else {
                throw ValidationError("a receipt is signed: give --key FILE, and no --head.")
            }
        } else {
            try end.check("a proof")
            guard number != nil else {
                throw ValidationError(
                    "\"\(entry)\" is no number of an entry; a whole execution is proven with --format cose."
                )
            }
        }
    }

    func run() throws {
        switch format {
        case .tlogProof: try proveEntry(number ?? 0)
        case .cose: try proveByReceipt()
        }
    }

    private func proveEntry(_ entry: UInt64) throws {
        let proof = try common.inspect { inspector in
            // What is not there is told before anything is signed.
            _ = try inspector.entry(entry)
            return try inspector.proof(of: entry, in: try end.head(of: inspector))
        }
        if common.json {
            common.write("daybook.prove/1") { json in
                json.member("entry", proof.index)
                json.key("hashes")
                json.array { json in
                    for hash in proof.path { json.string(hash.base64) }
                }
                json.member("note", String(decoding: proof.note.bytes, as: UTF8.self))
                json.member("proof", String(decoding: proof.bytes, as: UTF8.self))
            }
        } else {
            common.output.write(proof.bytes)
        }
    }

    private func proveByReceipt() throws {
        try common.checkOutput()
        let receipt = try common.inspect { inspector in
            // As above.
            let record = try number == nil ? inspector.record(of: entry) : nil
            if let number { _ = try inspector.entry(number) }
            let (note, signer) = try end.signing.required(inspector, size: nil)
            guard let record else {
                return try inspector.receipt(of: [number ?? 0], in: note, by: signer)
            }
            return try inspector.receipt(ofHistory: record.number, in: note, by: signer)
        }
        if common.json {
            common.write("daybook.prove/1") { json in
                json.member("execution", number == nil ? entry : nil)
                json.member("size", receipt.size)
                json.key("entries")
                json.array { json in for one in receipt.inclusions { json.number(one.index) } }
                json.member("receipt", Data(receipt.bytes).base64EncodedString())
            }
        } else {
            common.output.write(receipt.bytes)
        }
    }
}

struct ProveConsistencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove-consistency",
        abstract: "Print the hashes that lead from an earlier size of the journal to a later one.",
        discussion: """
            They show that the later tree begins with the earlier one, and so that nothing was changed \
            between two heads: in base64, one to a line, as RFC 6962 (2.1.2) orders them. Whoever has \
            both heads checks them with any implementation of it, and without the journal.

            With --format cose it is a receipt (RFC 9942, COSE and CBOR), signed by --key, which \
            `daybook verify-proof` checks with the earlier head alone.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var signing: SigningOptions

    @Option(help: "The form: hashes or cose.")
    var format = Format.hashes

    @Argument(help: "The earlier size.")
    var old: UInt64

    @Argument(help: "The later size. (default: all entries)")
    var size: UInt64?

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case hashes, cose
    }

    func validate() throws {
        guard (format == .cose) == (signing.key != nil) else {
            throw ValidationError(
                format == .cose
                    ? "a receipt is signed: give --key FILE."
                    : "hashes are not signed; --key is for --format cose."
            )
        }
    }

    func run() throws {
        if format == .cose { return try proveByReceipt() }
        let hashes = try common.inspect { try $0.consistencyProof(from: old, to: size) }
            .map(\.base64)
        if common.json {
            common.write("daybook.prove-consistency/1") { json in
                json.key("hashes")
                json.array { json in for hash in hashes { json.string(hash) } }
            }
        } else {
            for hash in hashes { common.output.line("\(hash)") }
        }
    }

    private func proveByReceipt() throws {
        try common.checkOutput()
        let receipt = try common.inspect { inspector in
            // What cannot be proven is told before anything is signed.
            _ = try inspector.consistencyProof(from: old, to: size)
            let (note, signer) = try signing.required(inspector, size: size)
            return try inspector.receipt(goingOnFrom: old, to: note, by: signer)
        }
        if common.json {
            common.write("daybook.prove-consistency/1") { json in
                json.member("from", old)
                json.member("to", receipt.size)
                json.member("receipt", Data(receipt.bytes).base64EncodedString())
            }
        } else {
            common.output.write(receipt.bytes)
        }
    }
}

extension CommonOptions {
    /// Makes sure that bytes are not written to a screen.
    fileprivate func checkOutput() throws {
        guard !json, output.isInteractive else { return }
        throw UsageError("a receipt is no text; write it into a file (> FILE), or give --json")
    }
}

extension SigningOptions {
    fileprivate func required(
        _ inspector: Inspector,
        size: UInt64?
    ) throws -> (note: SignedNote, signer: NoteSigner) {
        guard let signed = try signed(inspector, size: size) else {
            throw UsageError("a receipt is signed; give --key FILE")
        }
        return signed
    }
}
#endif
