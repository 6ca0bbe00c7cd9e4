import DaybookFormat
import DaybookTestKit
import Testing

@testable import DaybookJournal

/// Receipts of COSE, and all that is refused of them.
@Suite struct ReceiptTests {
    private static let origin = "example.org/ledger"

    private let tree = LeafTree(count: 40)
    private let signer: NoteSigner
    private let policy: TrustPolicy

    init() throws {
        signer = try NoteSigner(name: Self.origin)
        policy = TrustPolicy(logs: [signer.verifier])
    }

    private func head(_ size: UInt64) throws -> TreeHead {
        TreeHead(origin: Self.origin, size: size, root: try tree.root(size: size))
    }

    private func inclusion(_ index: UInt64, in size: UInt64) throws -> Receipt.Inclusion {
        Receipt.Inclusion(
            index: index,
            entry: LeafTree.bytes(of: index),
            path: try tree.inclusionProof(of: index, size: size)
        )
    }

    private func consistency(_ old: UInt64, _ size: UInt64) throws -> Receipt.Consistency {
        Receipt.Consistency(old: old, path: try tree.consistencyProof(from: old, to: size))
    }

    /// The parts of a receipt, to be changed.
    private struct Parts {
        var tag: UInt64 = 18
        var protected: [CBOR: CBOR]
        var unprotected: [CBOR: CBOR]
        var payload = CBOR.null
        var signature: CBOR

        init(_ receipt: Receipt) throws {
            guard case .tag(_, .array(let parts)) = try CBOR(decoding: receipt.bytes),
                let header = parts[0].bytes
            else { throw ProofError(.malformed, "no parts") }
            protected = try CBOR(decoding: header).map ?? [:]
            unprotected = parts[1].map ?? [:]
            signature = parts[3]
        }

        var bytes: [UInt8] {
            CBOR.tag(
                tag,
                .array([
                    .bytes(CBOR.map(protected).encoded), .map(unprotected), payload, signature,
                ])
            ).encoded
        }

        /// Changes the first proof of a kind.
        mutating func change(
            _ kind: CBOR,
            _ body: (inout [CBOR]) -> Void
        ) throws {
            var all = try #require(unprotected[Receipt.Label.proofs]?.map?[kind]?.array)
            let first = try #require(all[0].bytes)
            var proof = try #require(try CBOR(decoding: first).array)
            body(&proof)
            all[0] = .bytes(CBOR.array(proof).encoded)
            unprotected[Receipt.Label.proofs] = .map([kind: .array(all)])
        }
    }

    private func code(_ body: () throws -> Void) -> ProofError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ProofError)?.code
        }
    }

    /// Reads and checks, as whoever gets it does.
    private func check(_ bytes: [UInt8], by policy: TrustPolicy? = nil) -> ProofError.Code? {
        code { _ = try Receipt(bytes).check(by: policy ?? self.policy) }
    }

    @Test func everyLeafOfEveryTreeHasAReceipt() throws {
        for size in 2...UInt64(40) {
            let head = try head(size)
            let all = try (0..<size).map { try inclusion($0, in: size) }
            let receipt = try Receipt(of: all, in: head, by: signer)
            let read = try Receipt(receipt.bytes)
            #expect(read == receipt && Receipt.isBegun(by: receipt.bytes))
            #expect(try read.check(by: policy) == head)
            for old in 1..<size {
                let receipt = try Receipt(of: consistency(old, size), to: head, by: signer)
                let read = try Receipt(receipt.bytes)
                #expect(try read.check(from: self.head(old), by: policy) == head)
            }
        }
    }

    @Test func everyByteCounts() throws {
        let receipt = try Receipt(of: [inclusion(5, in: 11)], in: head(11), by: signer)
        let bytes = receipt.bytes
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                #expect(check(changed) != nil, "byte \(place), bit \(bit)")
            }
            #expect(check(Array(bytes[..<place])) == .malformed)
        }
        #expect(check(bytes + [0]) == .malformed)
        #expect(check(bytes) == nil)
    }

    @Test func everyByteOfAReceiptOfConsistencyCounts() throws {
        let (old, new) = (try head(6), try head(11))
        let bytes = try Receipt(of: consistency(6, 11), to: new, by: signer).bytes
        #expect(try Receipt(bytes).check(from: old, by: policy) == new)
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                let code = code { _ = try Receipt(changed).check(from: old, by: policy) }
                #expect(code != nil, "byte \(place), bit \(bit)")
            }
        }
    }

    @Test func whatIsOfAnotherLogOrKey() throws {
        let bytes = try Receipt(of: [inclusion(5, in: 11)], in: head(11), by: signer).bytes
        let stranger = try NoteSigner(name: Self.origin)
        #expect(check(bytes, by: TrustPolicy(logs: [stranger.verifier])) == .notSigned)
        // The key of another log that is trusted does not vouch for this one.
        let other = try NoteSigner(name: "example.org/other")
        let foreign = try Receipt(of: [inclusion(5, in: 11)], in: head(11), by: other).bytes
        #expect(check(foreign, by: TrustPolicy(logs: [other.verifier])) == .otherLog)
        let elsewhere = TreeHead(origin: "example.org/other", size: 6, root: try tree.root(size: 6))
        let receipt = try Receipt(of: consistency(6, 11), to: head(11), by: signer)
        #expect(code { _ = try receipt.check(from: elsewhere, by: policy) } == .otherLog)
        // A note that the key has signed is no receipt, and the other way round.
        var note = try SignedNote(text: head(11).text)
        try note.sign(signer)
        var parts = try Parts(Receipt(bytes))
        parts.signature = .bytes(note.signatures[0].bytes)
        #expect(check(parts.bytes) == .badProof)
    }

    @Test func whatIsProvenIsNotExchanged() throws {
        let receipt = try Receipt(
            of: [inclusion(4, in: 5), inclusion(1, in: 5)],
            in: head(5),
            by: signer
        )
        let good = try Parts(receipt)
        #expect(check(good.bytes) == nil)
        func changed(_ body: (inout Parts) throws -> Void) rethrows -> ProofError.Code? {
            var parts = good
            try body(&parts)
            return check(parts.bytes)
        }
        let kind = Receipt.Label.inclusion
        // The same hashes lead from place 1 of a tree of 2 to the same root: the signed size says which it is.
        #expect(
            try changed {
                try $0.change(kind) { ($0[0], $0[1]) = (.unsigned(2), .unsigned(1)) }
            } == .badProof
        )
        #expect(try changed { try $0.change(kind) { $0[1] = .unsigned(3) } } == .badProof)
        #expect(try changed { try $0.change(kind) { $0[1] = .unsigned(9) } } == .badProof)
        #expect(try changed { try $0.change(kind) { $0[2] = .array([]) } } == .malformed)
        #expect(
            try changed { parts in
                let proofs = try #require(
                    parts.unprotected[Receipt.Label.proofs]?.map?[kind]?.array
                )
                parts.unprotected[Receipt.Label.proofs] = .map([kind: .array(proofs.reversed())])
            } == .badProof
        )
        #expect(
            changed { $0.unprotected[Receipt.Label.entries] = .array([.bytes([1]), .bytes([2])]) }
                == .badProof
        )
        #expect(
            changed { $0.unprotected[Receipt.Label.entries] = .array([.bytes([1])]) } == .malformed
        )
        // Two hashes in each other's place.
        let path = try Receipt(of: [inclusion(2, in: 11)], in: head(11), by: signer)
        var swapped = try Parts(path)
        try swapped.change(kind) { proof in
            let hashes = proof[2].array ?? []
            proof[2] = .array([hashes[1], hashes[0]] + hashes[2...])
        }
        #expect(check(swapped.bytes) == .badProof)
    }

    @Test func whatIsSignedBesideTheRootIsNotExchanged() throws {
        let good = try Parts(Receipt(of: [inclusion(5, in: 11)], in: head(11), by: signer))
        func changed(_ body: (inout Parts) -> Void) -> ProofError.Code? {
            var parts = good
            body(&parts)
            return check(parts.bytes)
        }
        typealias Label = Receipt.Label
        let claims = { (size: String) in
            CBOR.map([Label.issuer: .text(Self.origin), Label.subject: .text(size)])
        }
        #expect(changed { _ in } == nil)
        // Nothing of it is understood, and it was not signed.
        #expect(changed { $0.protected[CBOR(99)] = .null } == .badProof)
        #expect(changed { $0.protected[Label.critical] = .array([CBOR(99)]) } == .malformed)
        #expect(changed { $0.protected[Label.structure] = CBOR(2) } == .malformed)
        #expect(changed { $0.protected[Label.structure] = nil } == .malformed)
        #expect(changed { $0.protected[Label.algorithm] = CBOR(-7) } == .malformed)
        #expect(changed { $0.protected[Label.claims] = claims("12") } == .badProof)
        #expect(changed { $0.protected[Label.claims] = claims("011") } == .malformed)
        #expect(changed { $0.protected[Label.keyID] = .bytes([1, 2, 3, 4]) } == .notSigned)
        #expect(changed { $0.payload = .bytes([1]) } == .malformed)
        #expect(changed { $0.tag = 98 } == .malformed)
        #expect(changed { $0.signature = .bytes([]) } == .badProof)
        #expect(changed { $0.unprotected[Label.proofs] = .map([:]) } == .malformed)
        // What is beside the proofs is signed by nobody, and says nothing.
        #expect(changed { $0.unprotected[CBOR(99)] = .text("seen") } == nil)
    }

    @Test func whatEachKindIsFor() throws {
        let inclusion = try Receipt(of: [inclusion(5, in: 11)], in: head(11), by: signer)
        let consistency = try Receipt(of: consistency(6, 11), to: head(11), by: signer)
        #expect(code { _ = try consistency.check(by: policy) } == .outOfRange)
        #expect(code { _ = try inclusion.check(from: head(6), by: policy) } == .outOfRange)
        #expect(code { _ = try consistency.check(from: head(7), by: policy) } == .outOfRange)
        // An earlier head of the same size, with something else in it.
        let other = TreeHead(origin: Self.origin, size: 6, root: try tree.root(size: 7))
        #expect(code { _ = try consistency.check(from: other, by: policy) } == .badProof)
    }

    @Test func aPolicyThatAsksForWitnessesTakesNone() throws {
        let witness = try NoteSigner(name: "example.org/w", .cosignature)
        let text = """
            log \(signer.verifier)
            witness w \(witness.verifier)
            group all 1 w
            quorum all

            """
        let receipt = try Receipt(of: [inclusion(5, in: 11)], in: head(11), by: signer)
        let asking = try TrustPolicy(Array(text.utf8))
        #expect(check(receipt.bytes, by: asking) == .tooFewWitnesses)
        let none = text.replacing("quorum all", with: "quorum none")
        #expect(check(receipt.bytes, by: try TrustPolicy(Array(none.utf8))) == nil)
    }
}
