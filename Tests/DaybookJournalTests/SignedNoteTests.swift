import Testing

@testable import DaybookJournal

/// Notes, keys and heads, as the standards have them.
@Suite struct SignedNoteTests {
    /// The example of c2sp.org/signed-note's first implementation, golang.org/x/mod/sumdb/note.
    private static let verifier =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    private static let signer =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    private static let text = """
        If you think cryptography is the answer to your problem,
        then you don't know what your problem is.

        """
    private static let signature =
        "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

    private var note: String { Self.text + "\n" + Self.signature }

    @Test func theExampleOfOthersIsRight() throws {
        let note = try SignedNote(Array(note.utf8))
        #expect(note.text == Self.text)
        let key = try NoteVerifier(Self.verifier)
        #expect("\(key)" == Self.verifier)
        #expect(try note.check(by: [key]) == [key])
        #expect(String(decoding: note.bytes, as: UTF8.self) == self.note)
    }

    @Test func whatIsSignedHereIsRight() throws {
        let signer = try NoteSigner(Self.signer)
        #expect("\(signer.verifier)" == Self.verifier)
        #expect(signer.secretText == Self.signer)
        var note = try SignedNote(text: Self.text)
        try note.sign(signer)
        try SignedNote(note.bytes).check(by: [signer.verifier])
        // A new key signs too, and does not stand for the other.
        let other = try NoteSigner(name: "example.org/log")
        try note.sign(other)
        let read = try SignedNote(note.bytes)
        #expect(try read.check(by: [other.verifier]) == [other.verifier])
        #expect(try read.check(by: [other.verifier, signer.verifier]).count == 2)
        #expect(try NoteSigner(other.secretText).verifier == other.verifier)
        #expect(try NoteVerifier("\(other.verifier)") == other.verifier)
    }

    /// The example of the specification.
    @Test func aKeyHasTheHashOfNameAndKey() throws {
        let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
        let key = try NoteVerifier(text)
        #expect(key.name == "example.com/foo" && key.keyID == 0x530D_903A)
        #expect(
            proofError { _ = try NoteVerifier(text.replacing("530d903a", with: "530d903b")) }
                == .malformed
        )
    }

    @Test(arguments: [
        "", "name", "name+12345678", "name+1234567+AA==",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+BekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l",
    ])
    func whatIsNoKeyIsRefused(_ text: String) {
        #expect(proofError { _ = try NoteVerifier(text) } == .malformed)
        #expect(proofError { _ = try NoteSigner("PRIVATE+KEY+" + text) } == .malformed)
    }

    @Test func aChangeIsFound() throws {
        let key = try NoteVerifier(Self.verifier)
        let changed = note.replacing("don't know", with: "do know")
        #expect(
            proofError { try SignedNote(Array(changed.utf8)).check(by: [key]) } == .badSignature
        )
        // A key of the same name is another one.
        let other = try NoteSigner(name: "PeterNeumann").verifier
        #expect(proofError { try SignedNote(Array(note.utf8)).check(by: [other]) } == .notSigned)
        #expect(proofError { try SignedNote(Array(note.utf8)).check(by: []) } == .notSigned)
        // Every bit of the text and of the signature counts.
        let bytes = Array(note.utf8)
        for index in bytes.indices {
            for bit in 0..<8 {
                var flipped = bytes
                flipped[index] ^= 1 << UInt8(bit)
                #expect(
                    proofError { try SignedNote(flipped).check(by: [key]) } != nil,
                    "bit \(bit) of byte \(index)"
                )
            }
        }
    }

    @Test(arguments: [
        "", "\n", "text\n", "text\n\n", "text\n\nno signature\n", "text\n\n\u{2014} a !!!!\n",
        "text\n\n\u{2014} a AAAA\n", "text\n\n\u{2014} a b AAAAAAAA\n",
        "te\u{1}xt\n\n\u{2014} a AAAAAAAA\n",
        "text\n\n\u{2014} a AAAAAAAA", "\n\u{2014} a AAAAAAAA\n", "text\n\n- a AAAAAAAA\n",
    ])
    func whatIsNoNoteIsRefused(_ text: String) {
        #expect(proofError { _ = try SignedNote(Array(text.utf8)) } == .malformed)
    }

    @Test func aHeadIsThreeLinesAndMore() throws {
        let root = TreeHash.empty
        let head = TreeHead(origin: "example.org/log", size: 0, root: root)
        #expect(
            head.text == "example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
        )
        #expect(try TreeHead(text: head.text) == head)
        let more = try TreeHead(text: head.text + "an extension\n")
        #expect(more.extensions == ["an extension"])
        #expect(more.text == head.text + "an extension\n")
        for wrong in [
            "", "a\n0\n", head.text + "\n", head.text.replacing("\n0\n", with: "\n00\n"),
            head.text.replacing("\n0\n", with: "\n-1\n"), head.text.replacing("47D", with: "47"),
            "\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", String(head.text.dropLast()),
        ] {
            #expect(proofError { _ = try TreeHead(text: wrong) } == .malformed, "\(wrong)")
        }
    }

    @Test func aProofIsAFileOfItsOwn() throws {
        let signer = try NoteSigner(name: "example.org/log")
        let entry = Array("an entry".utf8)
        let leaf = entry.withUnsafeBytes { TreeHash.leaf($0) }
        let head = TreeHead(origin: "example.org/log", size: 2, root: .node(.empty, leaf))
        var note = try SignedNote(text: head.text)
        try note.sign(signer)
        let proof = EntryProof(index: 1, entry: entry, path: [.empty], note: note)
        let read = try EntryProof(proof.bytes)
        #expect(read == proof)
        #expect(try read.check(by: [signer.verifier]) == head)
        // A trusted key of another log says nothing of this one.
        let stranger = try NoteSigner(name: "example.org/other")
        var foreign = try SignedNote(text: head.text)
        try foreign.sign(stranger)
        let vouched = EntryProof(index: 1, entry: entry, path: [.empty], note: foreign)
        #expect(proofError { _ = try vouched.check(by: [stranger.verifier]) } == .otherLog)
        let other = EntryProof(index: 0, entry: entry, path: [.empty], note: note)
        #expect(proofError { _ = try other.check(by: [signer.verifier]) } == .badProof)
        let cut = EntryProof(index: 1, entry: entry, path: [], note: note)
        #expect(proofError { _ = try cut.check(by: [signer.verifier]) } == .badProof)
        let text = String(decoding: proof.bytes, as: UTF8.self)
        for wrong in [
            "", text.replacing("@v1", with: "@v2"), text.replacing("index 1", with: "index 01"),
            text.replacing("extra ", with: "other "), String(text.dropLast(200)),
        ] {
            #expect(proofError { _ = try EntryProof(Array(wrong.utf8)) } == .malformed)
        }
    }
}
