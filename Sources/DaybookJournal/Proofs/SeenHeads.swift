import DaybookFormat

/// The greatest head of each log that a witness has signed: it signs no other that does not go on from it
/// (c2sp.org/tlog-witness).
package struct SeenHeads: Equatable, Sendable {
    /// What is known of a log.
    package struct Seen: Equatable, Sendable {
        package let size: UInt64
        package let root: TreeHash
    }

    /// What a head is to those that were signed before.
    package enum Step: Equatable, Sendable {
        /// Nothing was known of the log: the head is taken on trust.
        case first
        /// The greatest one again.
        case again
        /// It goes on from one of so many entries.
        case further(from: UInt64)
    }

    private static let title = "daybook.witness/1"
    /// Names are bytes: two that look alike are two.
    private var logs: [[UInt8]: Seen] = [:]

    /// Of no log.
    package init() {}

    /// Reads what ``bytes`` are.
    /// - Throws: ``ProofError/Code/malformed``.
    package init(_ bytes: [UInt8]) throws(ProofError) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[
            ...
        ]
        guard lines.popFirst()?.elementsEqual(Self.title.utf8) == true,
            lines.popLast()?.isEmpty == true
        else {
            throw Self.malformed("its first line is not \(Self.title), or its last one has no end")
        }
        for line in lines {
            let words = line.split(
                separator: UInt8(ascii: " "),
                maxSplits: 2,
                omittingEmptySubsequences: false
            )
            let text = words.map { String(decoding: $0, as: UTF8.self) }
            guard words.count == 3, let size = UInt64(text[0]), "\(size)" == text[0],
                let root = TreeHash(base64: text[1]), !words[2].isEmpty,
                logs.updateValue(Seen(size: size, root: root), forKey: Array(words[2])) == nil
            else {
                throw Self.malformed(
                    "a line is not size, root and origin of a log, or one stands twice"
                )
            }
        }
    }

    private static func malformed(_ what: String) -> ProofError {
        ProofError(.malformed, "it is not what a witness has signed: \(what)")
    }

    /// A line of title, and for each log one of size, root and origin.
    package var bytes: [UInt8] {
        var all = Array((Self.title + "\n").utf8)
        for (origin, seen) in logs.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            all += Array("\(seen.size) \(seen.root.base64) ".utf8) + origin + [0x0A]
        }
        return all
    }

    /// What was signed of a log; nil: nothing.
    package subscript(origin: String) -> Seen? { logs[Array(origin.utf8)] }

    /// Takes a head as the greatest one, if it goes on from that.
    /// - Parameter path: the hashes from the greatest one to it.
    /// - Throws: ``ProofError/Code/outOfRange`` for one that is smaller, and for hashes where none belong; ``ProofError/Code/inconsistent``.
    package mutating func take(
        _ head: TreeHead,
        by path: [TreeHash]
    ) throws(ProofError) -> Step {
        guard head.size > 0 || head.root == .empty else {
            throw ProofError(
                .inconsistent,
                "the head of \(head.origin) is of no entry, and its root is that of some"
            )
        }
        let origin = Array(head.origin.utf8)
        let new = Seen(size: head.size, root: head.root)
        guard let old = logs[origin] else {
            guard path.isEmpty else {
                throw ProofError(
                    .outOfRange,
                    "no head of \(head.origin) was signed with the key before, and hashes were given that lead from one; give none"
                )
            }
            logs[origin] = new
            return .first
        }
        guard head.size >= old.size else {
            throw ProofError(
                .outOfRange,
                "the head of \(head.origin) is of \(head.size) entries, and one of \(old.size) was signed with the key before: a witness goes to no smaller one; take a later head"
            )
        }
        guard head.size > old.size else {
            guard head.root == old.root else {
                throw ProofError(
                    .inconsistent,
                    "the log \(head.origin) shows two histories: the root of \(head.size) entries was \(old.root.hex) when it was signed with the key before, and is \(head.root.hex) in this head; keep both heads, and ask whoever keeps the log"
                )
            }
            guard path.isEmpty else {
                throw ProofError(
                    .outOfRange,
                    "the head of \(head.size) entries is the one that was signed before, and hashes were given that lead from it; give none"
                )
            }
            return .again
        }
        try MerkleCheck.consistency(
            from: (old.size, old.root),
            to: (head.size, head.root),
            by: path
        )
        logs[origin] = new
        return .further(from: old.size)
    }
}
