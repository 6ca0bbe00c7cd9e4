import DaybookFormat
import DaybookJournal
import DaybookTestKit
import LMDB
import Testing

@testable import Daybook
@testable import DaybookInspector

/// What is refused of heads and proofs, and how.
@Suite struct ProofRefusalTests {
    private static let origin = "example.org/ledger"

    /// Runs `body` with two journals of one origin, and the key of that origin.
    private func withJournals(
        _ body: (_ one: String, _ other: String, NoteSigner) throws -> Void
    ) async throws {
        var creation = CreationOptions()
        creation.origin = Self.origin
        creation.environment.synchronizes = false
        try await withJournal(creation) { one in
            try await withJournal(creation) { other in
                try body(one, other, try NoteSigner(name: Self.origin))
            }
        }
    }

    /// Appends entries until there are so many.
    private func grow(_ path: String, to size: UInt64, _ word: String) throws {
        let store = try LMDBStore.open(path)
        defer { store.close() }
        let journal = try Journal.open(store)
        try journal.append(
            (journal.head.size..<size).map { number in
                var event = ProtoContentTypeInterned()
                event.contentType = "\(word)/\(number)"
                return EntryDraft(
                    stream: .journal,
                    event: ProtoEntry.OneOf_Event.contentTypeInterned(event).encoded(),
                    session: 0
                )
            }
        )
    }

    private func inspect<Result>(
        _ path: String,
        _ body: (Inspector) throws -> Result
    ) throws -> Result {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        return try body(inspector)
    }

    private func expect(
        _ code: ProofError.Code,
        _ body: () throws -> Void,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            sourceLocation: sourceLocation,
            performing: body,
            throws: { ($0 as? ProofError)?.code == code }
        )
    }

    @Test func whatIsOfAnotherLog() async throws {
        try await withJournals { path, _, signer in
            try grow(path, to: 300, "a")
            let stranger = try NoteSigner(name: "example.org/other")
            var foreign = try SignedNote(
                text: TreeHead(origin: "example.org/other", size: 1, root: .empty).text
            )
            try foreign.sign(stranger)
            try inspect(path) { inspector in
                let head = try TreeHead(text: foreign.text)
                expect(.otherLog) { try inspector.check(head) }
                expect(.otherLog) { _ = try inspector.proof(of: 0, in: foreign) }
                expect(.otherLog) { _ = try inspector.signedHead(by: stranger, after: nil) }
                // The head that another log's key has signed does not count as this one's.
                let ours = try inspector.signedHead(by: signer, after: nil)
                expect(.notSigned) { _ = try ours.head(by: [stranger.verifier]) }
                var theirs = try SignedNote(text: ours.text)
                try theirs.sign(stranger)
                expect(.otherLog) { _ = try theirs.head(by: [stranger.verifier]) }
                expect(.otherLog) { _ = try theirs.head(by: [stranger.verifier, signer.verifier]) }
            }
        }
    }

    @Test func aProofThatWasChanged() async throws {
        try await withJournals { path, other, signer in
            try grow(path, to: 700, "a")
            try grow(other, to: 700, "b")
            try inspect(path) { inspector in
                let note = try inspector.signedHead(by: signer, after: nil)
                let key = [signer.verifier]
                for index in [0, 1, 255, 256, 511, 512, 699] as [UInt64] {
                    let proof = try inspector.proof(of: index, in: note)
                    #expect(try proof.check(by: key).size == 700)
                    func changed(
                        index: UInt64? = nil,
                        entry: [UInt8]? = nil,
                        path: [TreeHash]? = nil
                    ) throws {
                        _ = try EntryProof(
                            index: index ?? proof.index,
                            entry: entry ?? proof.entry,
                            path: path ?? proof.path,
                            note: note
                        ).check(by: key)
                    }
                    try changed()
                    expect(.badProof) { try changed(index: (index + 1) % 700) }
                    expect(.outOfRange) { try changed(index: 700) }
                    expect(.badProof) { try changed(path: Array(proof.path.dropLast())) }
                    expect(.badProof) { try changed(path: Array(proof.path.dropFirst())) }
                    expect(.badProof) { try changed(path: proof.path + [.empty]) }
                    for left in proof.path.indices.dropLast() {
                        var swapped = proof.path
                        swapped.swapAt(left, left + 1)
                        expect(.badProof) { try changed(path: swapped) }
                    }
                    expect(.badProof) { try changed(entry: proof.entry + [0]) }
                }
                // A valid entry of another journal.
                let proof = try inspector.proof(of: 300, in: note)
                let entry = try otherEntry(300, other)
                expect(.badProof) {
                    _ = try EntryProof(index: 300, entry: entry, path: proof.path, note: note)
                        .check(by: key)
                }
                expect(.outOfRange) { _ = try inspector.proof(of: 700, in: note) }
                expect(.outOfRange) { _ = try inspector.head(size: 701) }
                expect(.outOfRange) { _ = try inspector.consistencyProof(from: 701) }
                expect(.outOfRange) { _ = try inspector.consistencyProof(from: 5, to: 4) }
            }
        }
    }

    private func otherEntry(_ sequence: UInt64, _ path: String) throws -> [UInt8] {
        // A process opens one journal at a time here; the first is open for reading.
        try inspect(path) { try $0.entry(sequence).bytes }
    }

    @Test func aKnownKeyWithABadSignature() async throws {
        try await withJournals { path, _, signer in
            try grow(path, to: 10, "a")
            try inspect(path) { inspector in
                let note = try inspector.signedHead(by: signer, after: nil)
                let smaller = try inspector.signedHead(by: signer, size: 9, after: note)
                let text = String(decoding: note.bytes, as: UTF8.self)
                let lines = String(decoding: smaller.bytes, as: UTF8.self)
                    .split(separator: "\n", omittingEmptySubsequences: false)
                let signature = try #require(lines.dropLast().last)
                let own = try #require(
                    text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().last
                )
                let mixed = try SignedNote(Array(text.replacing(own, with: signature).utf8))
                expect(.badSignature) { _ = try mixed.head(by: [signer.verifier]) }
                // Also when somebody else who is trusted has signed it well.
                var both = mixed
                let witness = try NoteSigner(name: "example.org/witness")
                try both.sign(witness)
                expect(.badSignature) {
                    _ = try both.head(by: [witness.verifier, signer.verifier])
                }
            }
        }
    }

    /// An older copy of the file lies in its place; then it grows beyond the head that was kept.
    @Test func aJournalThatWasRolledBack() async throws {
        try await withJournals { path, other, signer in
            try grow(path, to: 300, "a")
            let note = try inspect(path) { try $0.signedHead(by: signer, after: nil) }
            let kept = try TreeHead(text: note.text)
            // Its entries replaced by valid ones of another journal: shorter, as long, and longer.
            for size in [200, 300, 400] as [UInt64] {
                try grow(other, to: size, "b")
                try inspect(other) { inspector in
                    #expect(try inspector.verify().isGood)
                    expect(.inconsistent) { try inspector.check(kept) }
                    expect(.inconsistent) { _ = try inspector.proof(of: 5, in: note) }
                    // The key signs no second history.
                    expect(.inconsistent) { _ = try inspector.signedHead(by: signer, after: note) }
                    // Whoever has lost count, or means harm, signs it all the same.
                    let forged = try inspector.signedHead(by: signer, after: nil)
                    let head = try forged.head(by: [signer.verifier])
                    guard size >= kept.size else {
                        expect(.outOfRange) { _ = try inspector.consistencyProof(from: kept.size) }
                        expect(.outOfRange) { try head.check(goesOnFrom: kept, by: []) }
                        return
                    }
                    let hashes = try inspector.consistencyProof(from: kept.size)
                    expect(.inconsistent) { try head.check(goesOnFrom: kept, by: hashes) }
                }
            }
            try grow(path, to: 400, "a")
            try inspect(path) { inspector in
                try inspector.check(kept)
                let later = try inspector.head()
                let hashes = try inspector.consistencyProof(from: kept.size)
                try later.check(goesOnFrom: kept, by: hashes)
                expect(.inconsistent) {
                    try later.check(goesOnFrom: kept, by: Array(hashes.dropLast()))
                }
                let foreign = TreeHead(origin: "x", size: kept.size, root: kept.root)
                expect(.otherLog) { try later.check(goesOnFrom: foreign, by: hashes) }
            }
        }
    }
}

/// Where the files of a static log lie.
@Suite struct TilePlaceTests {
    private static let places: [(UInt64, String)] = [
        (0, "000"), (7, "007"), (999, "999"), (1_000, "x001/000"), (1_234_067, "x001/x234/067"),
        (72_057_594_037_927_935, "x072/x057/x594/x037/x927/935"),
    ]

    @Test(arguments: places)
    func aFolderForThreeDigits(_ index: UInt64, _ place: String) {
        #expect(TileFolder.place(of: index) == place)
    }
}
