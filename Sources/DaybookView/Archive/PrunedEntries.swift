import DaybookFormat
package import DaybookJournal
import DaybookSystem
import SwiftProtobuf

/// Entries that are pruned, read from the archives that have them: for proofs between heads that are of sizes inside of what
/// is gone, and for copies that have not come so far.
///
/// The entries that say that executions lie in an archive are in no file: they follow from the one that vouches for it.
package final class PrunedEntries {
    private let reader: any StoreReader
    private let folder: ArchiveFolder
    private var known: (tile: UInt64, leaves: [TreeHash])?

    /// An entry as it stood in the journal.
    package struct Entry {
        /// Its bytes, as a leaf of the tree has them.
        package let bytes: [UInt8]
        /// The record of its payloads, none in slices; nil: it has none.
        package let payloads: [UInt8]?
    }

    /// Reads in the transaction of `reader`.
    package init(_ reader: any StoreReader, _ folder: ArchiveFolder) {
        self.reader = reader
        self.folder = folder
    }

    /// The leaves of a tile of which all entries are pruned; nil: the archives that are there do not have them all.
    /// - Throws: ``JournalError``; `SystemError`.
    package func leaves(ofTile tile: UInt64) throws -> [TreeHash]? {
        if let known, known.tile == tile { return known.leaves }
        let range = tile << 8..<(tile + 1) << 8
        let found = try entries(in: range)
        let leaves = range.compactMap { sequence in
            found[sequence]?.bytes.withUnsafeBytes { TreeHash.leaf($0) }
        }
        guard leaves.count == 256, let root = try reader.prunedRoot(ofTile: tile),
            JournalTree.root(of: leaves) == root
        else { return nil }
        known = (tile, leaves)
        return leaves
    }

    /// The entries of a range that archives have, by sequence.
    /// - Throws: ``JournalError``; `SystemError`.
    package func entries(in range: Range<UInt64>) throws -> [UInt64: Entry] {
        var found: [UInt64: Entry] = [:]
        for record in try ArchiveRecord.all(reader) where record.prunedBy != nil {
            let seal = record.sequence + 1..<record.sequence + 1 + UInt64(record.executions)
            guard seal.overlaps(range) || (record.first...record.last).overlaps(range) else {
                continue
            }
            do {
                try read(record, range, seal, &found)
            } catch let error as JournalError where error.code == .integrity {
                continue
            } catch let error as SystemError where error.isNotFound {
                continue
            }
        }
        return found
    }

    private func read(
        _ record: ArchiveRecord,
        _ range: Range<UInt64>,
        _ seal: Range<UInt64>,
        _ found: inout [UInt64: Entry]
    ) throws {
        let file = try ArchiveFile(folder.place(of: record.name), name: record.name)
        /// The last entries of runs.
        var ends: [UInt64: EntryHeader] = [:]
        _ = try file.read { archived in
            let bytes = Array(archived.entry)
            let header = try bytes.withUnsafeBytes { try Self.header(of: $0, record) }
            ends[header.stream.rawValue] = header
            guard range.contains(header.sequence) else { return }
            let payloads = ProtoPayloads.with { $0.payloads = archived.payloads }
            found[header.sequence] = Entry(
                bytes: bytes,
                payloads: archived.payloads.isEmpty ? nil : payloads.encoded()
            )
        }
        guard seal.overlaps(range) else { return }
        let sealed = try reader.withView(of: record.sequence, \.header)
        for (place, execution) in file.header.executions.enumerated() {
            let sequence = record.sequence + 1 + UInt64(place)
            guard range.contains(sequence), let sealed, let run = execution.runs.last,
                let end = ends[run]
            else { continue }
            var header = EntryHeader()
            header.sequence = sequence
            header.time = sealed.time
            header.stream = end.stream
            header.ordinal = end.ordinal + 1
            header.previous = end.sequence
            header.session = sealed.session
            header.correlation = end.correlation
            header.causation = record.sequence
            let event = ProtoEntry.OneOf_Event.executionArchived(
                .with { $0.archive = record.sequence }
            ).encoded()
            var writer = WireWriter(capacity: 128)
            event.withUnsafeBytes { writer.entry(header, [], event: $0) }
            found[sequence] = Entry(bytes: Array(writer.bytes), payloads: nil)
        }
    }

    private static func header(
        of bytes: UnsafeRawBufferPointer,
        _ record: ArchiveRecord
    ) throws -> EntryHeader {
        do throws(WireError) {
            return try EntryView(bytes).header
        } catch {
            throw ArchiveFile.damaged(record.name, "an entry in it cannot be read")
        }
    }
}
