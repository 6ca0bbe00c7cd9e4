#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookSystem

/// The key of a witness in a file, and beside it in `FILE.seen` the greatest head of each log that it has
/// signed.
struct WitnessKey {
    private let key: SigningKey

    /// - Throws: as ``SigningKey/init(file:)``; ``UsageError`` for the key of a log.
    init(file path: String) throws {
        key = try SigningKey(file: path)
        try key.require(.cosignature)
    }

    var name: String { key.signer.verifier.name }
    private var seenPath: String { key.path + ".seen" }
    private var lockPath: String { key.path + ".lock" }

    /// Signs a head that goes on from the one that was signed before. That it was is on the disk before the
    /// signature is handed out.
    /// - Parameter path: the hashes from the one before; nil: none were given.
    /// - Returns: the head with the signature, and what it is to the one before.
    /// - Throws: ``UsageError``; `ProofError`; `SystemError`.
    func cosign(
        _ note: SignedNote,
        of head: TreeHead,
        by path: [TreeHash]?
    ) throws -> (note: SignedNote, step: SeenHeads.Step) {
        // Two at once would both compare with the same head, and keep the smaller one.
        let lock = try keeping { () throws(SystemError) in
            let lock = try File.open(lockPath, .readWrite, followsLink: false)
            try lock.lock(.exclusive)
            return lock
        }
        var seen = try seenHeads()
        if path == nil, let old = seen[head.origin], 0 < old.size, old.size < head.size {
            throw UsageError(
                "a head of \(old.size) entries of \(head.origin) was signed with the key before, and this one is of \(head.size): give the hashes between them with --consistency FILE, which whoever keeps the journal prints with `daybook prove-consistency \(old.size) \(head.size)`"
            )
        }
        let before = seen
        let step = try seen.take(head, by: path ?? [])
        if seen != before {
            try keeping { () throws(SystemError) in
                try TrustFile.replace(seenPath, with: seen.bytes)
            }
        }
        var signed = note
        try signed.cosign(key.signer, at: SystemClock().now())
        // One signature more may be one too many.
        let read = try SignedNote(signed.bytes)
        try keeping { () throws(SystemError) in try lock.unlock() }
        return (read, step)
    }

    private func seenHeads() throws -> SeenHeads {
        guard
            let bytes = try TrustFile.contents(ifPresent: seenPath, "what the key has signed")
        else { return SeenHeads() }
        do throws(ProofError) {
            return try SeenHeads(bytes)
        } catch {
            throw UsageError(
                "what the key has signed before cannot be taken from \(seenPath): \(error); put it back from a copy: without it the key could sign a second history"
            )
        }
    }

    private func keeping<Value: ~Copyable>(
        _ body: () throws(SystemError) -> Value
    ) throws -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            if error.isShortage { throw error }
            throw UsageError(
                "the head was not signed: it has to be kept in \(seenPath), so that none which contradicts it is signed later, and it cannot be kept there: \(error); put the key into a folder that you may write to"
            )
        }
    }
}

extension HeadCommand {
    /// Signs somebody else's head, as a witness.
    func runAsWitness(_ file: String) throws {
        guard let path = signing.key, let policy = try trusted.required() else {
            throw UsageError(
                "neither a key nor a log's key was named; give --key FILE and --trust KEY"
            )
        }
        let key = try WitnessKey(file: path)
        let note = try TrustFile.parsed(file, "the head") { bytes throws(ProofError) in
            try SignedNote(bytes)
        }
        let head = try policy.head(of: note)
        let hashes = try consistency.map { file in
            try TrustFile.parsed(file, "the hashes") { bytes throws(ProofError) in
                try TreeHash.lines(bytes)
            }
        }
        let (signed, step) = try key.cosign(note, of: head, by: hashes)
        if common.json {
            common.write("daybook.head/1") { json in
                json.member("origin", head.origin)
                json.member("size", head.size)
                json.member("root", head.root.hex)
                json.member("note", String(decoding: signed.bytes, as: UTF8.self))
                json.member("witness", key.name)
                json.member("first", step == .first)
                if case .further(let size) = step { json.member("from", size) }
            }
        } else {
            common.output.write(signed.bytes)
        }
        if step == .first {
            common.errors.line(
                "daybook: no head of \(head.origin) was signed with the key before: this one, of \(head.size) entries, is taken on trust, and later ones have to go on from it"
            )
        }
    }
}
#endif
