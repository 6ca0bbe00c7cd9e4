import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
public import DaybookView

/// What is no more in a journal's file.
public struct PrunedPart: Sendable, Equatable {
    /// Entries from this one on are all there.
    public let horizon: UInt64
    /// How many before it are gone.
    public let entries: UInt64
    /// How many executions are gone.
    public let executions: UInt64
}

extension Inspector {
    /// What is no more in the journal's file, because it was pruned; nil: nothing.
    /// - Throws: `JournalError`.
    public func prunedPart() throws -> PrunedPart? {
        try store.read { try $0.pruning() }.map {
            PrunedPart(horizon: $0.horizon, entries: $0.entries, executions: $0.executions)
        }
    }

    /// The archive that an execution lies in which is pruned; nil: it is not pruned.
    /// - Throws: `JournalError`.
    public func archive(ofPruned id: String) throws -> ArchiveRecord? {
        try store.read { reader in
            guard try reader.withExecutionRow(id, { _ in true }) == nil else { return nil }
            return try reader.tombstone(of: id).map { try ArchiveRecord.of($0, reader) }
        }
    }

    /// Says of an entry that is pruned where it lies.
    func pruned(_ sequence: UInt64, _ reader: any StoreReader) throws -> JournalError {
        for record in try ArchiveRecord.all(reader) where record.prunedBy != nil {
            // Those that say so follow the entry of the archive.
            let isOfSeal =
                sequence > record.sequence
                && sequence <= record.sequence + UInt64(record.executions)
            guard try isOfSeal || holds(sequence, record) else { continue }
            let export = "`daybook archive export --archive \(record.name)`"
            return JournalError(
                .pruned,
                isOfSeal
                    ? "entry \(sequence) is pruned: it said that an execution lies in the archive \(record.name), as entry \(record.sequence) does; \(export) shows what is in that"
                    : "entry \(sequence) is pruned: it lies in the archive \(record.name) (entry \(record.sequence)); \(export) shows it",
                sequence: sequence
            )
        }
        return JournalError.pruned(sequence)
    }

    /// Whether the file of an archive has an entry. One that is not there or damaged is told of by a verification.
    private func holds(_ sequence: UInt64, _ record: ArchiveRecord) throws -> Bool {
        guard (record.first...record.last).contains(sequence) else { return false }
        do {
            let place = folder.archives.place(of: record.name)
            return try ArchivedStore(place, name: record.name).read {
                try $0.withEntry(sequence) { _ in true } ?? false
            }
        } catch let error as JournalError where error.code == .integrity {
            return false
        } catch let error as SystemError where error.isNotFound {
            return false
        }
    }
}
