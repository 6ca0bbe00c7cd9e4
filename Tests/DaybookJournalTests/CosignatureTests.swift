import DaybookFormat
import Testing

@testable import DaybookJournal

/// What a witness signs (c2sp.org/tlog-cosignature, cosignature/v1).
@Suite struct CosignatureTests {
    private static let text =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    /// Made by PyPI cryptography of a seed of 0, 1, 2 to 31.
    private static let verifier =
        "witness.example.com/w1+a0059f11+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    private static let signer =
        "PRIVATE+KEY+witness.example.com/w1+a0059f11+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    private static let line =
        "\u{2014} witness.example.com/w1 oAWfEQAAAABkGFDLBuRDazBLVac2NE+Y+IjbjQOcXLfF9CSDZVUIoS83rE1nFZsVE8YiWV6Ngr7lV8H6bdoBQGP/l73euDMQ9k+bBQ==\n"
    private static let time = Timestamp(rawValue: 1_679_315_147_000_000_000)

    /// The example of the specification, whose keys nobody has published.
    @Test func theExampleOfTheSpecificationIsRead() throws {
        let note = try SignedNote(
            Array(
                (Self.text
                    + "\n\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n")
                    .utf8
            )
        )
        #expect(note.signatures.map(\.bytes.count) == [64, 72])
        #expect(note.signatures[1].keyID == 0x8D66_CF3F)
        #expect(NoteVerifier.time(of: note.signatures[1].bytes) == 1_679_315_147)
        #expect(NoteVerifier.time(of: note.signatures[0].bytes) == nil)
    }

    @Test func aCosignatureOfOthersIsRight() throws {
        let key = try NoteVerifier(Self.verifier)
        #expect(key.algorithm == .cosignature && "\(key)" == Self.verifier)
        let note = try SignedNote(Array((Self.text + "\n" + Self.line).utf8))
        #expect(try note.check(by: [key]) == [key])
        #expect(note.time(of: key) == Self.time)
        // The same is written here: Ed25519 has one signature of a text and a key.
        let signer = try NoteSigner(Self.signer)
        #expect(signer.verifier == key && signer.secretText == Self.signer)
        var made = try SignedNote(text: Self.text)
        try made.sign(signer, at: Self.time)
        #expect(made == note)
    }

    @Test func theTimeIsSigned() throws {
        let key = try NoteVerifier(Self.verifier)
        let good = try #require(try SignedNote.signatures(in: Array(Self.line.utf8)).first)
        for (place, bit) in (0..<72).flatMap({ place in (0..<8).map { (place, $0) } }) {
            var bytes = good.bytes
            bytes[place] ^= 1 << UInt8(bit)
            var note = try SignedNote(text: Self.text)
            note.add([SignedNote.Signature(name: good.name, keyID: good.keyID, bytes: bytes)])
            #expect(
                proofError { try note.check(by: [key]) } == .badSignature,
                "bit \(bit) of byte \(place)"
            )
        }
        for bytes in [Array(good.bytes.dropLast()), good.bytes + [0], Array(good.bytes[8...])] {
            var note = try SignedNote(text: Self.text)
            note.add([SignedNote.Signature(name: good.name, keyID: good.keyID, bytes: bytes)])
            #expect(proofError { try note.check(by: [key]) } == .badSignature)
        }
    }

    /// Signatures of the one kind do not stand for the other, even by one and the same key.
    @Test func aWitnessIsNoLog() throws {
        let signer = try NoteSigner(Self.signer)
        let log = try NoteVerifier(name: signer.verifier.name, key: signer.verifier.key)
        #expect(log.keyID != signer.verifier.keyID)
        let head = TreeHead(origin: signer.verifier.name, size: 0, root: .empty)
        var note = try SignedNote(text: head.text)
        try note.sign(signer, at: Self.time)
        #expect(proofError { try note.check(by: [log]) } == .notSigned)
        #expect(proofError { _ = try note.head(by: [signer.verifier]) } == .otherLog)
        #expect(note.time(of: log) == nil)
    }

    @Test func aSignatureTakesThePlaceOfThatBefore() throws {
        let log = try NoteSigner(name: "example.org/log")
        let signer = try NoteSigner(Self.signer)
        var note = try SignedNote(text: Self.text)
        try note.sign(log)
        try note.cosign(signer, at: Self.time)
        let later = Timestamp(rawValue: Self.time.rawValue + 60_000_000_000)
        try note.cosign(signer, at: later)
        #expect(note.signatures.count == 2 && note.time(of: signer.verifier) == later)
        #expect(try note.check(by: [log.verifier, signer.verifier]).count == 2)
    }

    @Test(arguments: ["", "\n", "no signature\n", "\u{2014} a AAAAAAAA", "\u{2014} a AAAAAAAA\n\n"])
    func whatIsNoLineOfASignatureIsRefused(_ text: String) {
        #expect(proofError { _ = try SignedNote.signatures(in: Array(text.utf8)) } == .malformed)
    }

    @Test func noMoreSignaturesAreReadThanANoteMayHave() throws {
        let line = Array("\u{2014} a AAAAAAAA\n".utf8)
        func lines(_ count: Int) -> [UInt8] {
            Array([[UInt8]](repeating: line, count: count).joined())
        }
        #expect(try SignedNote.signatures(in: lines(100)).count == 100)
        #expect(proofError { _ = try SignedNote.signatures(in: lines(101)) } == .malformed)
    }
}
