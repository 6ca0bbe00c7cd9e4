import Crypto
import DaybookFormat
import SwiftProtobuf

/// Gaps in the sequence of a journal's entries, as a file that is pruned has them.
package struct PrunedRanges: Sendable {
    /// How many entries are gone.
    package private(set) var count: UInt64 = 0
    private var hash = SHA256()
    private var open: Range<UInt64>?

    /// None.
    package init() {}

    /// Adds sequences that are greater than all before.
    package mutating func add(_ range: Range<UInt64>) {
        count += UInt64(range.count)
        if let last = open, last.upperBound == range.lowerBound {
            open = last.lowerBound..<range.upperBound
            return
        }
        close()
        open = range
    }

    /// SHA-256 of all gaps, each as large as it is.
    package mutating func finish() -> [UInt8] {
        close()
        return Array(hash.finalize())
    }

    private mutating func close() {
        guard let range = open else { return }
        open = nil
        for bound in [range.lowerBound, range.upperBound] {
            withUnsafeBytes(of: bound.littleEndian) { hash.update(bufferPointer: $0) }
        }
    }
}

/// What is left in the file of an id whose execution is pruned: 16 bytes of a hash of it, and the archive that it lies in.
package struct Tombstone: Hashable, Sendable, Comparable {
    /// The first 8 bytes of the hash.
    package let key: UInt64
    /// The 8 bytes after those.
    let rest: UInt64
    /// The entry that vouches for the archive.
    package let archive: UInt64

    /// Nothing is checked here.
    /// - Parameter id: of the execution.
    package init(of id: String, archive: UInt64) {
        (key, rest) = Self.hash(of: id)
        self.archive = archive
    }

    /// In the order in which a file has them.
    package static func < (left: Tombstone, right: Tombstone) -> Bool {
        (left.key, left.rest) < (right.key, right.rest)
    }

    /// SHA-256 of `daybook pruned`, a zero and the id, from its beginning.
    private static func hash(of id: String) -> (key: UInt64, rest: UInt64) {
        var hash = SHA256()
        hash.update(data: Array("daybook pruned".utf8) + [0] + Array(id.utf8))
        return hash.finalize().withUnsafeBytes { bytes in
            (
                UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)),
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// Bytes of one in a record.
    static let size = 16

    /// The record of those that have the same key: of each the rest of the hash and the archive.
    package static func record(of tombstones: [Tombstone]) -> [UInt8] {
        tombstones.flatMap { tombstone in
            [tombstone.rest, tombstone.archive].flatMap { number in
                withUnsafeBytes(of: number.littleEndian) { Array($0) }
            }
        }
    }

    /// The archive that a record has for an id; nil: it is of other ids.
    static func archive(of id: String, in record: UnsafeRawBufferPointer) -> UInt64? {
        let rest = hash(of: id).rest
        for offset in stride(from: 0, to: record.count - record.count % size, by: size) {
            func number(_ offset: Int) -> UInt64 {
                UInt64(
                    littleEndian: record.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                )
            }
            if number(offset) == rest { return number(offset + 8) }
        }
        return nil
    }
}

/// The records of tombstones, one after another, as an entry vouches for them.
package struct TombstoneDigest: Sendable {
    /// How many tombstones there are.
    package private(set) var count: UInt64 = 0
    private var hash = SHA256()

    /// Of none.
    package init() {}

    /// Adds a record; its key is greater than all before.
    package mutating func add(_ key: UInt64, _ record: [UInt8]) {
        count += UInt64(record.count / Tombstone.size)
        withUnsafeBytes(of: key.littleEndian) { hash.update(bufferPointer: $0) }
        record.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    /// SHA-256 of the records.
    package func finish() -> [UInt8] { Array(hash.finalize()) }
}

extension StoreReader {
    /// What the file lacks of the journal's entries; nil: nothing.
    /// - Throws: ``JournalError/Code/integrity`` when the record of it cannot be read.
    package func pruning() throws -> ProtoPruning? {
        guard let bytes = try meta(Journal.pruningKey) else { return nil }
        do {
            return try ProtoPruning(serializedBytes: bytes)
        } catch is BinaryDecodingError {
            throw JournalError.integrity(nil, "the record of what is pruned cannot be read")
        }
    }

    /// Entries from this one on are all there; 0: all are.
    /// - Throws: as ``pruning()``.
    package func horizon() throws -> UInt64 { try pruning()?.horizon ?? 0 }

    /// What to say of an entry that is not there.
    package func missing(_ sequence: UInt64) throws -> JournalError {
        guard try sequence < horizon() else { return .integrity(sequence, "it is missing") }
        return .pruned(sequence)
    }

    /// The leaf hash of an entry that is pruned, where its tile is there still.
    func prunedLeaf(_ sequence: UInt64) throws -> TreeHash? {
        let place = Int(sequence & 255)
        guard let tile = try tile(level: 0, index: sequence >> 8), place < tile.count else {
            return nil
        }
        return tile[place]
    }

    /// The root of a tile of level 0 that is gone, as the tile above has it.
    package func prunedRoot(ofTile index: UInt64) throws -> TreeHash? {
        let place = Int(index & 255)
        guard let tile = try tile(level: 1, index: index >> 8), place < tile.count else {
            return nil
        }
        return tile[place]
    }
}

/// What takes the place of entries that are pruned in a tree of hashes.
package enum PrunedHash: Sendable {
    /// That of one leaf.
    case leaf(TreeHash)
    /// The root of a tile of 256 leaves.
    case tile(TreeHash)

    /// How many entries it stands for.
    package var count: UInt64 {
        switch self {
        case .leaf: 1
        case .tile: 256
        }
    }
}

extension StoreReader {
    /// Runs `body` on what the tree has in the place of entries that are pruned.
    /// - Throws: ``JournalError/Code/integrity`` where it has nothing; what `body` throws.
    package func scanPruned(
        _ range: Range<UInt64>,
        _ body: (UInt64, PrunedHash) throws -> Void
    ) throws {
        var next = range.lowerBound
        while next < range.upperBound {
            let found: PrunedHash
            if let leaf = try prunedLeaf(next) {
                found = .leaf(leaf)
            } else if next & 255 == 0, range.upperBound - next >= 256,
                let root = try prunedRoot(ofTile: next >> 8)
            {
                found = .tile(root)
            } else {
                throw JournalError.integrity(next, "it is pruned, and its hash is missing")
            }
            try body(next, found)
            next += found.count
        }
    }
}

extension JournalError {
    /// An entry was asked for that is pruned.
    package static func pruned(_ sequence: UInt64) -> JournalError {
        JournalError(
            .pruned,
            "entry \(sequence) is pruned: it lies in an archive (`daybook archive list`); `daybook archive export --archive NAME` shows what is in one",
            sequence: sequence
        )
    }

    /// Entries that a process has not looked at are pruned.
    package static func prunedMeanwhile(_ location: String) -> JournalError {
        JournalError(
            .locked,
            "the journal \(location) was pruned while it was looked at; try again"
        )
    }
}
