import DaybookFormat
public import DaybookJournal
import DaybookSystem

/// What an export of tiles has done.
public struct TileExport: Equatable, Sendable {
    /// How many entries the head has.
    public let size: UInt64
    /// Files that were written.
    public internal(set) var written = 0
    /// Files that an earlier export had written, and that are the same.
    public internal(set) var kept = 0
}

extension Inspector {
    /// Writes the journal as the files of a static log (c2sp.org/tlog-tiles): tiles of hashes, bundles of
    /// entries, and the head as `checkpoint`. Payloads are not among them.
    ///
    /// A folder that has an earlier export of this journal is added to: what is there is compared. The
    /// head comes last, so that whoever reads the folder meanwhile finds all that the head in it needs.
    /// All hashes are made from the entries.
    /// - Parameters:
    ///   - note: a head of this journal, signed; today's or an earlier one.
    ///   - path: the folder, made if it is missing: mode 0700, its files 0600.
    ///   - progress: called with the entries that are done, and with all.
    /// - Throws: as ``check(_:)``, also for the head that the folder has; ``ProofError/Code/outOfRange``
    ///   when that is of more entries; ``ProofError/Code/inconsistent`` when a file in it is another one;
    ///   ``JournalError``; an error of the system.
    public func exportTiles(
        of note: SignedNote,
        to path: String,
        progress: (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in }
    ) throws -> TileExport {
        let head = try TreeHead(text: note.text)
        try check(head)
        var folder = try TileFolder(path, head.size)
        if let last = try folder.head() {
            try check(last)
            guard last.size <= head.size else {
                throw ProofError(
                    .outOfRange,
                    "the folder \(path) has the head of \(last.size) entries, and one of \(head.size) was to take its place; name another folder"
                )
            }
        }
        var tree = TreeRecorder()
        for first in stride(from: 0, to: head.size, by: 256) {
            let bundle = try bundle(from: first, to: min(first + 256, head.size))
            try folder.put(bundle.bytes, "entries", first / 256, width: bundle.leaves.count)
            var full: [(UInt8, UInt64, [TreeHash])] = []
            for leaf in bundle.leaves { tree.append(leaf) { full.append(($0, $1, $2)) } }
            for (level, index, hashes) in full { try folder.put(level, index, hashes) }
            progress(min(first + 256, head.size), head.size)
        }
        for (level, index, hashes) in tree.unfinishedTiles { try folder.put(level, index, hashes) }
        guard tree.root == head.root else {
            throw JournalError.integrity(
                nil,
                "its entries do not have the root that its tiles lead to"
            )
        }
        try folder.putHead(note)
        return folder.done
    }

    /// Entries as they stand in a bundle, each behind its length, and their hashes.
    private func bundle(
        from first: UInt64,
        to end: UInt64
    ) throws -> (bytes: [UInt8], leaves: [TreeHash]) {
        var (bytes, leaves): ([UInt8], [TreeHash]) = ([], [])
        // A transaction for each: one for all would keep pages from being used again.
        try store.read { reader in
            try reader.scanEntries(from: first) { sequence, entry in
                guard sequence == first + UInt64(leaves.count) else { return false }
                withUnsafeBytes(of: UInt16(entry.count).bigEndian) {
                    bytes.append(contentsOf: $0)
                }
                bytes.append(contentsOf: entry)
                leaves.append(TreeHash.leaf(entry))
                return sequence + 1 < end
            }
        }
        guard first + UInt64(leaves.count) == end else {
            let missing = first + UInt64(leaves.count)
            throw try store.read { reader in
                try missing < reader.horizon()
                    ? pruned(missing, reader) : JournalError.integrity(missing, "it is missing")
            }
        }
        return (bytes, leaves)
    }
}
