import Testing

@testable import DaybookJournal

/// Who has to have signed (c2sp.org/tlog-policy).
@Suite struct TrustPolicyTests {
    private let log: NoteSigner
    private let witnesses: [NoteSigner]
    private let head = TreeHead(origin: "example.org/log", size: 0, root: .empty)

    init() throws {
        log = try NoteSigner(name: "example.org/log")
        witnesses = try (1...6).map { try NoteSigner(name: "example.org/w\($0)", .cosignature) }
    }

    private func key(_ place: Int) -> String { "\(witnesses[place].verifier)" }

    private func policy(_ text: String) throws -> TrustPolicy { try TrustPolicy(Array(text.utf8)) }

    private func note(_ signed: some Sequence<Int>) throws -> SignedNote {
        var note = try SignedNote(text: head.text)
        try note.sign(log)
        for place in signed { try note.sign(witnesses[place]) }
        return note
    }

    /// The example of the specification: two of the X, and one of the Y.
    private func example() throws -> TrustPolicy {
        try policy(
            """
            # Whose heads.
            log \(log.verifier) https://log.example.org/#a
              # Witnesses of one organisation, and of another.
            witness X1 \(key(0))
            witness\tX2  \(key(1)) https://x2.example.org/w
            witness X3 \(key(2))
            group X-witnesses 2 X1 X2 X3

            witness Y#1 \(key(3))
            witness Y2 \(key(4))
            witness Y3 \(key(5))
            group Y-witnesses any Y#1 Y2 Y3
            group X-and-Y all X-witnesses Y-witnesses
            quorum X-and-Y
            """
        )
    }

    @Test func aQuorumOfGroupsOfGroups() throws {
        let policy = try example()
        #expect(policy.logs == [log.verifier] && policy.witnesses.count == 6)
        #expect(policy.witnesses[1].url == "https://x2.example.org/w")
        // Every set of witnesses.
        for set in 0..<64 {
            let signed = (0..<6).filter { set >> $0 & 1 == 1 }
            let isEnough = signed.count { $0 < 3 } >= 2 && signed.contains { $0 >= 3 }
            let note = try note(signed)
            let error = proofError { _ = try policy.head(of: note) }
            #expect(error == (isEnough ? nil : .tooFewWitnesses), "\(signed)")
            #expect(try policy.signed(note).map(\.key) == signed.map { witnesses[$0].verifier })
        }
    }

    @Test func whatIsMissingIsSaid() throws {
        let policy = try example()
        for (signed, words) in [
            (
                [0],
                "X-and-Y needs 2 of 2 and has 0, without X-witnesses, Y-witnesses; X-witnesses needs 2 of 3 and has 1, without X2, X3; Y-witnesses needs 1 of 3 and has 0, without Y#1, Y2, Y3"
            ),
            (
                [0, 2],
                "X-and-Y needs 2 of 2 and has 1, without Y-witnesses; Y-witnesses needs 1 of 3"
            ),
        ] {
            do {
                _ = try policy.head(of: try note(signed))
                Issue.record("\(signed) are enough")
            } catch let error as ProofError {
                #expect(error.message.contains(words), "\(error)")
            }
        }
    }

    @Test func theLogHasToHaveSignedToo() throws {
        let policy = try example()
        var note = try SignedNote(text: head.text)
        for witness in witnesses { try note.sign(witness) }
        #expect(proofError { _ = try policy.head(of: note) } == .otherLog)
        try note.sign(try NoteSigner(name: "example.org/log"))
        #expect(proofError { _ = try policy.head(of: note) } == .otherLog)
        try note.sign(log)
        #expect(try policy.head(of: note) == head)
    }

    @Test func unknownSignaturesCountForNothing() throws {
        let policy = try example()
        var note = try note([0])
        try note.sign(try NoteSigner(name: "example.org/w2", .cosignature))
        try note.sign(try NoteSigner(name: "X2", .cosignature))
        note.add([SignedNote.Signature(name: "example.org/w3", keyID: 7, bytes: [1, 2, 3])])
        #expect(proofError { _ = try policy.head(of: note) } == .tooFewWitnesses)
        note.add(try self.note([0, 1, 3]).signatures)
        #expect(try policy.head(of: note) == head)
    }

    /// Also where there would be enough without it.
    @Test func aKnownKeyWithAWrongSignatureIsRefused() throws {
        let policy = try example()
        let other = try SignedNote(text: "example.org/log\n1\n\(TreeHash.empty.base64)\n")
        var foreign = other
        try foreign.sign(witnesses[5])
        var note = try note(0..<5)
        #expect(try policy.head(of: note) == head)
        note.add(foreign.signatures)
        #expect(proofError { _ = try policy.head(of: note) } == .badSignature)
        #expect(proofError { _ = try policy.signed(note) } == .badSignature)
    }

    @Test func aQuorumIsAWitnessOrNone() throws {
        let text = "log \(log.verifier)\nwitness w \(key(0))\nquorum "
        #expect(try policy(text + "none").head(of: try note([])) == head)
        #expect(try policy(text + "w").head(of: try note([0])) == head)
        let alone = try policy(text + "w")
        #expect(proofError { _ = try alone.head(of: try note([1])) } == .tooFewWitnesses)
        #expect(try TrustPolicy(logs: [log.verifier]).head(of: try note([])) == head)
    }

    @Test func theKeyOfTheLogMayComeFromElsewhere() throws {
        let own = Array("log \(log.verifier)\nquorum none\n".utf8)
        let none = Array("quorum none\n".utf8)
        #expect(try TrustPolicy(none, logs: [log.verifier]).head(of: try note([])) == head)
        #expect(proofError { _ = try TrustPolicy(none) } == .malformed)
        #expect(proofError { _ = try TrustPolicy(own, logs: [log.verifier]) } == .malformed)
    }

    /// A line that is no line of a policy, and what is said of it.
    private struct Wrong {
        let line: String
        let word: String
    }

    private var wrong: [Wrong] {
        let samples = [
            ("nonsense", "a line is one of"), ("log", "a line is one of"),
            ("log \(log.verifier) url more", "a line is one of"),
            ("Log \(log.verifier)", "a line is one of"),
            ("log key", "a key is written"), ("log \(key(5))", "none of a log"),
            ("log \(log.verifier)", "stands above already"),
            ("witness w", "a line is one of"), ("witness w \(log.verifier)", "none of a witness"),
            ("witness w \(key(5))x", "a key is written"),
            (
                "witness w other+a0059f11+\(key(5).split(separator: "+", maxSplits: 2)[2])",
                "not the one that its hash is of"
            ),
            ("witness a \(key(5))", "a name that is taken"),
            ("witness g \(key(5))", "a name that is taken"),
            ("witness none \(key(5))", "a name that is taken"),
            ("witness w \(key(0))", "one witness counts once"),
            ("group h any", "a line is one of"), ("group h 1 w", "no line above names"),
            ("group h any none", "no line above names"), ("group h any h", "no line above names"),
            ("group h 0 c", "the line says \"0\""), ("group h 2 c", "the line says \"2\""),
            ("group h 01 c", "the line says \"01\""), ("group h +1 c", "the line says \"+1\""),
            ("group h some c", "the line says \"some\""), ("group h any c c", "counts once"),
            ("group h any a c", "a member of a group in line 5 already"),
            ("group g any c", "a name that is taken"), ("group none any c", "a name that is taken"),
            ("quorum", "a line is one of"), ("quorum a c", "a line is one of"),
            ("quorum w", "no line above names"), ("quorum g\nquorum g", "stands in line 6 already"),
            ("quorum g\r", "carriage return"), ("quorum g\u{7}", "control character"),
            ("quorum\u{B}g", "control character"), ("# \u{7F}", "control character"),
            // Two names that look alike are two.
            ("quorum c\u{327}", "no line above names"),
        ]
        return samples.map { Wrong(line: $0, word: $1) }
    }

    @Test func aLineThatIsWrongIsNamedByItsNumber() throws {
        let lines = """
            log \(log.verifier)
            witness a \(key(0))
            witness b \(key(1))
            witness c \(key(2))
            group g any a b

            """
        #expect(try policy(lines + "quorum g").witnesses.count == 3)
        for wrong in wrong {
            do {
                _ = try policy(lines + wrong.line)
                Issue.record("\(wrong.line) was taken")
            } catch let error as ProofError {
                let number = wrong.line.contains("\n") ? 7 : 6
                #expect(error.code == .malformed)
                #expect(error.message.contains(": line \(number): "), "\(wrong.line): \(error)")
                #expect(error.message.contains(wrong.word), "\(wrong.line): \(error)")
            }
        }
        // What is missing has no line.
        for (text, word) in [(lines, "no line \"quorum NAME\""), ("quorum none", "whose heads")] {
            do {
                _ = try policy(text)
                Issue.record("\(text) was taken")
            } catch let error as ProofError {
                #expect(error.message.contains(word))
            }
        }
    }

    /// Bytes that are no UTF-8 are part of names as they are.
    @Test func namesAreBytes() throws {
        var bytes = Array("log \(log.verifier)\nwitness ".utf8) + [0xFF]
        bytes += Array(" \(key(0))\nwitness ".utf8) + [0xFE]
        bytes += Array(" \(key(1))\nquorum ".utf8)
        let second = try TrustPolicy(bytes + [0xFE])
        #expect(try second.head(of: try note([1])) == head)
        #expect(proofError { _ = try second.head(of: try note([0])) } == .tooFewWitnesses)
        #expect(proofError { _ = try TrustPolicy(bytes + [0xFD]) } == .malformed)
    }
}
