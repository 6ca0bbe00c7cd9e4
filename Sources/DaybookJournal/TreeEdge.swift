import DaybookFormat
import SwiftProtobuf

/// The record of the tree's edge, as the last commit left it.
package struct TreeEdge: Sendable {
    /// How many entries there were.
    package let size: UInt64
    /// The root of their tree.
    package let root: [UInt8]
    /// The first four bytes of the hash of each leaf after the last full tile.
    package let leaves: [UInt8]
    /// The store's number of the commit; 0 for a store that does not count.
    package let commit: UInt64

    /// Reads it.
    /// - Returns: nil when it is missing or cannot be read.
    package init?(_ reader: any StoreReader) throws {
        guard let bytes = try reader.meta(Appender.edgeKey) else { return nil }
        do {
            let edge = try ProtoTreeEdge(serializedBytes: bytes)
            size = edge.size
            root = Array(edge.root)
            leaves = Array(edge.leaves)
            commit = edge.commit
        } catch is BinaryDecodingError {
            return nil
        }
    }

    /// Reads it.
    /// - Throws: ``JournalError/Code/integrity`` when it is missing or cannot be read.
    init(present reader: any StoreReader) throws {
        guard let edge = try TreeEdge(reader) else {
            throw JournalError.integrity(
                nil,
                "the record of the tree's edge is missing or cannot be read"
            )
        }
        self = edge
    }

    /// Reads it, and compares it with where the store is.
    /// - Throws: ``JournalError/Code/integrity``.
    init(checking reader: any StoreReader) throws {
        let edge = try TreeEdge(present: reader)
        if let problem = try edge.problem(reader) { throw JournalError.integrity(nil, problem) }
        self = edge
    }

    /// What contradicts it; nil: nothing.
    package func problem(_ reader: any StoreReader) throws -> String? {
        if let commit = reader.commitNumber(), commit != self.commit {
            return
                "the file is at commit \(commit), and its last batch was commit \(self.commit): a page that names the newest commit has changed"
        }
        let count = try reader.entryCount()
        if count == size { return nil }
        return
            "the record of the tree's edge speaks of \(size) entries, and there are \(count)"
    }

    /// The recorded start of a leaf's hash; nil when it lies in a full tile.
    package func prefix(of sequence: UInt64) -> [UInt8]? {
        let first = size & ~255
        guard sequence >= first, sequence < size else { return nil }
        let offset = Int(sequence - first) * 4
        return offset + 4 <= leaves.count ? Array(leaves[offset..<offset + 4]) : nil
    }
}
