extension NeedleSearch {
    /// A walk over a text as it is and as it comes out with its escapes for URLs (`%2F`) taken back, once
    /// and twice: whoever escapes a value has the choice which of its bytes to escape.
    ///
    /// Where a text has no such escape it costs nothing more: the other walks begin with a percent sign,
    /// and end where they stand as the first one does.
    struct DeepWalk: Sendable {
        /// Over the text as it is.
        private var plain = Walk()
        /// Over what comes out once and twice; empty: as it does for the plain walk.
        private var escaped: [EscapedWalk] = []
        private static let depth = 2
        // Kept, so that not each byte takes new memory.
        private var (input, output): ([EscapedUnit], [EscapedUnit]) = ([], [])

        /// Bytes of the text so far.
        var position: Int { plain.position }
        /// What was found, from the start of the text, in order; those that overlap are one.
        var found: [Range<Int>] { plain.found }

        /// Takes in the next byte.
        mutating func take(_ byte: UInt8, _ search: borrowing NeedleSearch) {
            if escaped.isEmpty, byte == UInt8(ascii: "%") {
                let begun = EscapedWalk(from: plain)
                escaped = [EscapedWalk](repeating: begun, count: Self.depth)
            }
            plain.take(byte, search)
            guard !escaped.isEmpty else { return }
            input.removeAll(keepingCapacity: true)
            input.append(EscapedUnit(byte: byte, range: plain.position - 1..<plain.position))
            descend(search, isEnd: false)
            let (node, depth) = (plain.node, plain.depth(search))
            let begin = plain.position - depth
            if escaped.allSatisfy({ $0.stands(at: node, since: begin) }) { escaped = [] }
        }

        /// The text has ended: what looks as if an escape began is none.
        mutating func finish(_ search: borrowing NeedleSearch) {
            input.removeAll(keepingCapacity: true)
            descend(search, isEnd: true)
        }

        /// Hands what goes in from level to level.
        private mutating func descend(_ search: borrowing NeedleSearch, isEnd: Bool) {
            for level in escaped.indices {
                output.removeAll(keepingCapacity: true)
                for unit in input { escaped[level].decode(unit, into: &output) }
                if isEnd { escaped[level].flush(into: &output) }
                for unit in output {
                    guard let range = escaped[level].take(unit, search) else { continue }
                    plain.note(range)
                }
                swap(&input, &output)
            }
        }

        /// What may be the beginning of a needle at the end of the text, of so many bytes that a needle may
        /// have, is taken for one.
        mutating func noteBeginning(_ search: borrowing NeedleSearch) {
            let count = pending(search)
            guard count >= SecretForms.minimum else { return }
            plain.note(position - count..<position)
        }

        /// So many bytes at the end may be the beginning of a needle.
        func pending(_ search: borrowing NeedleSearch) -> Int {
            var pending = plain.pending(search)
            for walk in escaped {
                pending = max(pending, plain.position - walk.beginning(search, plain.position))
            }
            return pending
        }

        /// Those that end there or before are dealt with.
        mutating func drop(upTo end: Int) { plain.drop(upTo: end) }
    }

    /// A byte that comes out, and what it stands for in the text.
    fileprivate struct EscapedUnit: Sendable {
        let byte: UInt8
        let range: Range<Int>
    }

    /// A walk over what comes out of a text.
    fileprivate struct EscapedWalk: Sendable {
        private var node: Int32
        /// Up to there the text is as it comes out.
        private let base: Int
        /// Where in the text each byte that has come out since begins.
        private var starts: [Int] = []
        /// What may be the beginning of an escape.
        private var held: [EscapedUnit] = []
        /// Where the last escape ended.
        private var lastEscape = 0

        init(from plain: Walk) {
            node = plain.node
            base = plain.position
        }

        /// Takes in the next byte of what goes in, and appends what comes out.
        mutating func decode(_ unit: EscapedUnit, into output: inout [EscapedUnit]) {
            if unit.byte == UInt8(ascii: "%") {
                flush(into: &output)
                held.append(unit)
                return
            }
            guard !held.isEmpty else { return output.append(unit) }
            held.append(unit)
            guard Self.digit(unit.byte) != nil else { return flush(into: &output) }
            guard held.count == 3, let high = Self.digit(held[1].byte),
                let low = Self.digit(unit.byte)
            else { return }
            let range = held[0].range.lowerBound..<unit.range.upperBound
            held.removeAll(keepingCapacity: true)
            lastEscape = range.upperBound
            output.append(EscapedUnit(byte: high << 4 | low, range: range))
        }

        /// What is held is no escape.
        mutating func flush(into output: inout [EscapedUnit]) {
            output += held
            held.removeAll(keepingCapacity: true)
        }

        private static func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x41 + 10
            case 0x61...0x66: byte - 0x61 + 10
            default: nil
            }
        }

        /// - Returns: what of the text the longest needle stands in that ends here; nil: none does.
        mutating func take(
            _ unit: EscapedUnit,
            _ search: borrowing NeedleSearch
        ) -> Range<Int>? {
            node = search.next(node, unit.byte)
            starts.append(unit.range.lowerBound)
            let length = search.longest(node)
            return length == 0 ? nil : start(of: length)..<unit.range.upperBound
        }

        /// Where in the text the last bytes begin that have come out.
        private func start(of count: Int) -> Int {
            count <= starts.count ? starts[starts.count - count] : base + starts.count - count
        }

        /// Whether it goes on as a walk does that stands there, whose needle begins at a place of the text.
        func stands(at node: Int32, since begin: Int) -> Bool {
            held.isEmpty && self.node == node && lastEscape <= begin
        }

        /// Where what may be the beginning of a needle begins in the text.
        func beginning(_ search: borrowing NeedleSearch, _ end: Int) -> Int {
            let pending = search.pending(node)
            if pending > 0 { return start(of: pending) }
            return held.first?.range.lowerBound ?? end
        }
    }
}
