#if CLI
import ArgumentParser
import DaybookInspector
import DaybookSystem

/// By which public keys something has to be signed.
struct TrustOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The public key of the log, as `daybook keygen` has printed it, or a file with such keys, one to a line; may be repeated.",
            valueName: "key|@file"
        )
    )
    var trust: [String] = []

    @Option(
        help: ArgumentHelp(
            "Whose signatures a head needs (c2sp.org/tlog-policy): the log's, and those of a quorum of witnesses. --trust beside it is for one that names no log.",
            valueName: "file"
        )
    )
    var policy: String?

    /// Whether it is said whose signatures are asked for.
    var isGiven: Bool { !trust.isEmpty || policy != nil }

    /// Makes sure that it is.
    func require() throws {
        guard !isGiven else { return }
        throw ValidationError(
            "a head is as good as the key that signed it: give --trust KEY, or --policy FILE."
        )
    }

    /// Makes sure that there is a head whose signatures are asked for.
    func check(against head: String?) throws {
        guard head == nil, isGiven else { return }
        throw ValidationError("\(policy == nil ? "--trust" : "--policy") needs --against FILE.")
    }

    /// Whose signatures are asked for; nil: nobody's.
    /// - Throws: ``UsageError``; `ProofError`.
    func required() throws -> TrustPolicy? {
        let keys = try keys()
        guard let policy else { return keys.isEmpty ? nil : TrustPolicy(logs: keys) }
        return try TrustFile.parsed(policy, "the policy") { bytes throws(ProofError) in
            try TrustPolicy(bytes, logs: keys)
        }
    }

    /// A head in a file that was kept elsewhere: signed, or as its text alone.
    /// - Throws: ``UsageError``; `ProofError` when it is not signed as is asked for.
    func head(in path: String) throws -> TreeHead {
        let policy = try required()
        let (head, note) = try TrustFile.parsed(path, "the head") { bytes throws(ProofError) in
            // Without an empty line it is the text of a head that nobody has signed.
            if policy == nil, let text = String(validating: bytes, as: UTF8.self),
                !text.contains("\n\n")
            {
                return (try TreeHead(text: text), nil as SignedNote?)
            }
            let note = try SignedNote(bytes)
            return (try TreeHead(text: note.text), note)
        }
        if let policy, let note { return try policy.head(of: note) }
        return head
    }

    /// - Throws: ``UsageError``; `ProofError`.
    private func keys() throws -> [NoteVerifier] {
        let keys = try trust.flatMap { try Self.keys($0) }
        // Beside the log's key it would look as if it was asked for.
        if let witness = keys.first(where: { $0.algorithm == .cosignature }) {
            throw UsageError(
                "the key of \(witness.name) is that of a witness, and --trust takes keys of logs: ask for the signatures of witnesses with --policy FILE, with the lines \"log KEY\", \"witness NAME KEY\" and \"quorum NAME\""
            )
        }
        return keys
    }

    /// The public keys that an argument is, or names a file of.
    /// - Throws: ``UsageError``; `ProofError`.
    static func keys(_ argument: String) throws -> [NoteVerifier] {
        guard argument.utf8.first == UInt8(ascii: "@") else { return [try NoteVerifier(argument)] }
        let path = String(decoding: argument.utf8.dropFirst(), as: UTF8.self)
        let lines = String(
            decoding: try TrustFile.contents(of: path, "the public key"),
            as: UTF8.self
        ).split(whereSeparator: \.isNewline)
        guard !lines.isEmpty else {
            throw UsageError("the file \(path) has no public key; name another")
        }
        return try lines.map { try NoteVerifier(String($0)) }
    }
}

/// By what heads are signed.
struct SigningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Sign with the private key in a file of `daybook keygen`. The greatest head that it has signed is kept beside it, in FILE.head.",
            valueName: "file"
        )
    )
    var key: String?

    /// Signs a head, and keeps it as the last one.
    /// - Returns: nil: no key was given.
    /// - Throws: ``UsageError``; `ProofError`; `JournalError`; `SystemError`.
    func signedHead(of inspector: Inspector, size: UInt64?) throws -> SignedNote? {
        try signed(inspector, size: size)?.note
    }

    /// The same, with the key.
    func signed(
        _ inspector: Inspector,
        size: UInt64?
    ) throws -> (note: SignedNote, signer: NoteSigner)? {
        guard let key else { return nil }
        let signer = try SigningKey(file: key)
        try signer.require(.ed25519)
        let last = try signer.lastHead()
        let note = try signer.sign(inspector, size, after: last)
        try signer.keep(note, after: last)
        return (note, signer.signer)
    }
}

/// At which signed head something ends.
struct HeadOptions: ParsableArguments {
    @OptionGroup var signing: SigningOptions

    @Option(
        name: .customLong("head"),
        help: ArgumentHelp(
            "A head that was signed before, in place of one of now with --key.",
            valueName: "file"
        )
    )
    var file: String?

    /// - Parameter what: what ends there, for the message.
    func check(_ what: String) throws {
        guard (file == nil) != (signing.key == nil) else {
            throw ValidationError("\(what) ends at a signed head: give --key FILE or --head FILE.")
        }
    }

    /// - Throws: ``UsageError``; as ``SigningOptions/signedHead(of:size:)``.
    func head(of inspector: Inspector) throws -> SignedNote {
        if let file {
            return try TrustFile.parsed(file, "the head") { bytes throws(ProofError) in
                try SignedNote(bytes)
            }
        }
        guard let note = try signing.signedHead(of: inspector, size: nil) else {
            throw UsageError("neither a key nor a head was named; give --key FILE or --head FILE")
        }
        return note
    }
}

/// A private key in a file, and what it has signed last beside it.
struct SigningKey {
    let signer: NoteSigner
    let path: String

    /// Reads a key that only its owner may read.
    /// - Throws: ``UsageError``; `ProofError`; `SystemError`.
    init(file path: String) throws {
        self.path = path
        let bytes = try TrustFile.contents(of: path, "the private key")
        guard try FileStatus.of(path)?.isOpenToOthers != true else {
            throw UsageError(
                "the private key in \(path) can be read by others than its owner; run `chmod 600` on it, and make a new key if somebody may have read it"
            )
        }
        let text = String(decoding: bytes, as: UTF8.self)
        do throws(ProofError) {
            signer = try NoteSigner(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        } catch {
            throw UsageError("the private key cannot be taken from \(path): \(error)")
        }
    }

    /// Makes sure that it is the key of a log, or that of a witness.
    /// - Throws: ``UsageError``.
    func require(_ algorithm: NoteVerifier.Algorithm) throws {
        guard signer.verifier.algorithm != algorithm else { return }
        throw UsageError(
            algorithm == .cosignature
                ? "the key in \(path) is that of a log, and heads of others are signed with the key of a witness; make one with `daybook keygen --witness`"
                : "the key in \(path) is that of a witness, and a journal's own head is signed with the key of the log; name that, or a head to sign as a witness with --cosign FILE"
        )
    }

    fileprivate func sign(
        _ inspector: Inspector,
        _ size: UInt64?,
        after last: SignedNote?
    ) throws -> SignedNote {
        do {
            return try inspector.signedHead(by: signer, size: size, after: last)
        } catch let error as ProofError where error.code == .otherLog {
            throw UsageError("nothing was signed: \(error)")
        } catch let error as ProofError where error.code == .inconsistent {
            throw ProofError(
                .inconsistent,
                "nothing was signed, because it would contradict the head in \(headPath), which the key has signed before: \(error)"
            )
        }
    }

    private var headPath: String { path + ".head" }

    /// The greatest head that it has signed; nil: none that is known of.
    func lastHead() throws -> SignedNote? {
        try TrustFile.contents(ifPresent: headPath, "the last head that the key has signed")
            .map { bytes in
                do throws(ProofError) {
                    return try SignedNote(bytes)
                } catch {
                    throw UsageError(
                        "the last head that the key has signed cannot be taken from \(headPath): \(error); put it back from a copy, or remove the file if it was never one"
                    )
                }
            }
    }

    /// Keeps a head, so that none which contradicts it is signed later. It is on the disk before the
    /// signature is handed out.
    /// - Throws: ``UsageError``; `ProofError`.
    func keep(_ note: SignedNote, after last: SignedNote?) throws {
        if let last, try TreeHead(text: last.text).size >= TreeHead(text: note.text).size { return }
        do throws(SystemError) {
            try TrustFile.replace(headPath, with: note.bytes)
        } catch {
            if error.isShortage { throw error }
            throw UsageError(
                "the head was not signed: it has to be kept in \(headPath), so that none which contradicts it is signed later, and it cannot be written there: \(error); put the key into a folder that you may write to"
            )
        }
    }
}
#endif
