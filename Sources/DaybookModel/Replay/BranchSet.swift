/// Some of the branches of an operation, by their numbers: a bit for each, so that a hundred thousand
/// of them fit into an entry.
package struct BranchSet: Hashable, Sendable {
    /// The bits, that of branch 0 being the lowest of the first byte; no byte at the end is 0.
    package private(set) var bytes: [UInt8] = []
    /// How many branches there are in it.
    package private(set) var count = 0

    /// How many branches an operation may have whose entry names some of them.
    package static let limit = 400_000

    /// No branches.
    package init() {}

    /// Reads the recorded form.
    package init(_ bytes: some Collection<UInt8>) {
        self.bytes = Array(bytes)
        while self.bytes.last == 0 { self.bytes.removeLast() }
        count = self.bytes.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// Whether there are none.
    package var isEmpty: Bool { count == 0 }

    /// Adds a branch.
    package mutating func insert(_ branch: UInt32) {
        guard !contains(branch) else { return }
        let index = Int(branch / 8)
        if index >= bytes.count {
            bytes.append(contentsOf: repeatElement(0, count: index + 1 - bytes.count))
        }
        bytes[index] |= 1 << (branch % 8)
        count += 1
    }

    /// Whether a branch is in it.
    package func contains(_ branch: UInt32) -> Bool {
        let index = Int(branch / 8)
        return index < bytes.count && bytes[index] & 1 << (branch % 8) != 0
    }

    /// The greatest of its branches; nil: it has none.
    package var last: UInt32? {
        guard let byte = bytes.last else { return nil }
        return UInt32(bytes.count) * 8 - 1 - UInt32(byte.leadingZeroBitCount)
    }

    /// Its branches, ascending.
    package var branches: [UInt32] {
        var all: [UInt32] = []
        all.reserveCapacity(count)
        for (index, byte) in bytes.enumerated() {
            var rest = byte
            while rest != 0 {
                all.append(UInt32(index * 8 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return all
    }
}

/// The branches of an operation that count once one of them has decided it.
package enum CountedBranches: Hashable, Sendable {
    /// The one that decided.
    case one(UInt32)
    /// Those of which an operation gathers what they came to.
    case several(BranchSet)

    /// Whether a branch counts.
    package func contains(_ branch: UInt32) -> Bool {
        switch self {
        case .one(let one): one == branch
        case .several(let set): set.contains(branch)
        }
    }

    /// Those that count, ascending.
    package var branches: [UInt32] {
        switch self {
        case .one(let one): [one]
        case .several(let set): set.branches
        }
    }
}
