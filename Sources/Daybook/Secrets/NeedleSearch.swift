/// Finds all of a set of byte strings in a text, in one walk over it (Aho and Corasick, 1975).
struct NeedleSearch: Sendable {
    private struct Node: Sendable {
        /// Bytes from the start to here.
        let depth: Int32
        /// The node of the longest proper end of these bytes that begins a needle too.
        var fallback: Int32 = 0
        /// Bytes of the longest needle that ends here; 0: none does.
        var longest: Int32 = 0
        /// A needle goes on from here.
        var goesOn = false
    }

    private struct Edge: Hashable, Sendable {
        let node: Int32
        let byte: UInt8
    }

    private var nodes = [Node(depth: 0)]
    private var edges: [Edge: Int32] = [:]
    /// The edges of the first node, by byte: most of a text goes by these.
    private var first = [Int32](repeating: 0, count: 256)

    /// - Parameter needles: those that are empty are left out.
    init(_ needles: some Sequence<[UInt8]>) {
        for needle in needles where !needle.isEmpty {
            var node: Int32 = 0
            for byte in needle {
                if let next = edges[Edge(node: node, byte: byte)] {
                    node = next
                    continue
                }
                let next = Int32(nodes.count)
                nodes.append(Node(depth: nodes[Int(node)].depth + 1))
                edges[Edge(node: node, byte: byte)] = next
                nodes[Int(node)].goesOn = true
                if node == 0 { first[Int(byte)] = next }
                node = next
            }
            nodes[Int(node)].longest = Int32(needle.count)
        }
        linkFallbacks()
    }

    /// Those of fewer bytes first: each is made from those.
    private mutating func linkFallbacks() {
        let ordered = edges.sorted { nodes[Int($0.value)].depth < nodes[Int($1.value)].depth }
        for (edge, node) in ordered where edge.node != 0 {
            let target = next(nodes[Int(edge.node)].fallback, edge.byte)
            nodes[Int(node)].fallback = target
            nodes[Int(node)].longest = max(nodes[Int(node)].longest, nodes[Int(target)].longest)
        }
    }

    func next(_ node: Int32, _ byte: UInt8) -> Int32 {
        var node = node
        while node != 0 {
            if let next = edges[Edge(node: node, byte: byte)] { return next }
            node = nodes[Int(node)].fallback
        }
        return first[Int(byte)]
    }

    /// Bytes of the longest needle that ends at a node; 0: none does.
    func longest(_ node: Int32) -> Int { Int(nodes[Int(node)].longest) }

    /// Bytes at the end of what leads to a node that may be the beginning of a needle.
    func pending(_ node: Int32) -> Int {
        var node = node
        while node != 0, !nodes[Int(node)].goesOn { node = nodes[Int(node)].fallback }
        return Int(nodes[Int(node)].depth)
    }

    /// A walk over a text, also one that comes in pieces.
    struct Walk: Sendable {
        private(set) var node: Int32 = 0
        /// Bytes of the text so far.
        private(set) var position = 0
        /// What was found, from the start of the text, in order; those that overlap are one.
        private(set) var found: [Range<Int>] = []

        /// Takes in the next byte.
        mutating func take(_ byte: UInt8, _ search: borrowing NeedleSearch) {
            node = search.next(node, byte)
            position += 1
            let length = search.longest(node)
            if length > 0 { note(position - length..<position) }
        }

        /// Something was found, which ends behind all that was found before but for a few bytes.
        mutating func note(_ range: Range<Int>) {
            var (start, end) = (range.lowerBound, range.upperBound)
            var behind: [Range<Int>] = []
            while let last = found.last, last.upperBound > start {
                found.removeLast()
                if last.lowerBound >= end {
                    behind.append(last)
                } else {
                    start = min(start, last.lowerBound)
                    end = max(end, last.upperBound)
                }
            }
            found.append(start..<end)
            found += behind.reversed()
        }

        /// So many bytes at the end may be the beginning of a needle.
        func pending(_ search: borrowing NeedleSearch) -> Int { search.pending(node) }

        /// Bytes of the text that led to where it stands.
        func depth(_ search: borrowing NeedleSearch) -> Int { Int(search.nodes[Int(node)].depth) }

        /// Those that end there or before are dealt with.
        mutating func drop(upTo end: Int) { found.removeAll { $0.upperBound <= end } }
    }
}
