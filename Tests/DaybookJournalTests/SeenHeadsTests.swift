import DaybookTestKit
import Testing

@testable import DaybookJournal

/// What a witness has signed, and what it signs after that.
@Suite struct SeenHeadsTests {
    private let tree = LeafTree(count: 40)

    private func head(_ size: UInt64, of origin: String = "a log") throws -> TreeHead {
        TreeHead(origin: origin, size: size, root: try tree.root(size: size))
    }

    @Test func aLogGoesOnFromItsGreatestHead() throws {
        for old in 0...UInt64(20) {
            for new in old...20 {
                var seen = SeenHeads()
                #expect(try seen.take(head(old), by: []) == .first)
                let path = old == 0 ? [] : try tree.consistencyProof(from: old, to: new)
                let step = try seen.take(head(new), by: path)
                #expect(step == (old == new ? .again : .further(from: old)))
                #expect(seen["a log"]?.size == new)
                #expect(try SeenHeads(seen.bytes) == seen)
            }
        }
    }

    @Test func whatDoesNotGoOnChangesNothing() throws {
        var seen = SeenHeads()
        _ = try seen.take(head(10), by: [])
        let before = seen
        let good = try tree.consistencyProof(from: 10, to: 17)
        let other = TreeHead(origin: "a log", size: 17, root: .empty)
        for (head, path, code) in [
            (try head(9), [], ProofError.Code.outOfRange),
            (try head(9), try tree.consistencyProof(from: 9, to: 10), .outOfRange),
            (TreeHead(origin: "a log", size: 10, root: .empty), [], .inconsistent),
            (try head(10), good, .outOfRange),
            (try head(17), [], .inconsistent),
            (try head(17), Array(good.dropLast()), .inconsistent),
            (try head(17), good.reversed(), .inconsistent), (other, good, .inconsistent),
            (try head(17), try tree.consistencyProof(from: 9, to: 17), .inconsistent),
            // Of a log of which nothing is known there is nothing to go on from.
            (try self.head(17, of: "another"), good, .outOfRange),
            (TreeHead(origin: "another", size: 0, root: try tree.root(size: 1)), [], .inconsistent),
        ] {
            #expect(proofError { _ = try seen.take(head, by: path) } == code)
            #expect(seen == before)
        }
        #expect(try seen.take(head(17), by: good) == .further(from: 10))
    }

    @Test func eachLogHasItsOwn() throws {
        var seen = SeenHeads()
        #expect(try seen.take(head(5), by: []) == .first)
        #expect(try seen.take(head(3, of: "log with blanks"), by: []) == .first)
        // One with the same letters, and other bytes.
        #expect(try seen.take(head(2, of: "\u{E9}"), by: []) == .first)
        #expect(try seen.take(head(1, of: "e\u{301}"), by: []) == .first)
        let read = try SeenHeads(seen.bytes)
        #expect(read == seen && read["log with blanks"]?.size == 3 && read["e\u{301}"]?.size == 1)
    }

    @Test(arguments: [
        "", "daybook.witness/1", "daybook.witness/2\n", "daybook.witness/1\n\n",
        "daybook.witness/1\n1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= a",
        "daybook.witness/1\n01 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= a\n",
        "daybook.witness/1\n1 47DEQpj8HBSa a\n",
        "daybook.witness/1\n1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= \n",
        "daybook.witness/1\n1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= a\n1 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= a\n",
    ])
    func whatIsDamagedIsRefused(_ text: String) {
        #expect(proofError { _ = try SeenHeads(Array(text.utf8)) } == .malformed)
    }
}
