public import DaybookFormat
package import DaybookJournal
import DaybookModel

/// An archive of executions that are closed, as the journal has it.
public struct ArchiveRecord: Sendable, Equatable {
    /// The entry that vouches for it.
    public let sequence: UInt64
    /// When it was recorded.
    public let time: Timestamp
    /// Who asked for it, and why.
    public let request: RecordedRequest
    /// The name of the file, in the folder `archive`.
    public let name: String
    /// SHA-256 of its bytes.
    public let digest: [UInt8]
    /// How many they are.
    public let bytes: UInt64
    /// Its entries are proven to be in the tree of so many entries.
    public let size: UInt64
    /// The root of that.
    public let root: [UInt8]
    /// The first entry of the executions.
    public let first: UInt64
    /// The last.
    public let last: UInt64
    /// How many executions lie in it.
    public let executions: Int
    /// How many entries.
    public let entries: UInt64
    /// How many payloads.
    public let payloads: UInt64
    /// The entry by which the executions are archived no longer; nil: they are.
    public internal(set) var droppedBy: UInt64?

    /// The entry by which the executions were taken out of the journal's file; nil: they are in it.
    public internal(set) var prunedBy: UInt64?

    /// For example `archived by eve, 2026-01-31T12:00:00.000Z: older than a year`.
    public var words: String {
        let who = request.actor.isEmpty ? "nobody who is known" : request.who
        return "archived by \(who), \(time.milliseconds)"
            + (request.reason.map { ": \($0)" } ?? "")
    }

    /// What an entry says.
    /// - Throws: `WireError`; ``JournalError``.
    package init(_ entry: EntryView, _ reader: any StoreReader) throws {
        let event = try ProtoArchiveSealed(decoding: entry)
        sequence = entry.header.sequence
        time = entry.header.time
        request = try RecordedRequest(entry, reader.payloads(of: entry), reader)
        name = event.name
        digest = Array(event.digest)
        bytes = event.bytes
        size = event.size
        root = Array(event.root)
        first = event.first
        last = event.last
        executions = Int(event.executions)
        entries = event.entries
        payloads = event.payloads
    }

    /// All that the journal's own history tells of, dropped ones included, in the order of their entries.
    /// - Throws: `WireError`; ``JournalError``.
    package static func all(_ reader: any StoreReader) throws -> [ArchiveRecord] {
        var all: [ArchiveRecord] = []
        let horizon = try reader.horizon()
        try reader.scanHistory(of: 0, from: 0) { sequence in
            let found: Void? = try reader.withView(of: sequence) { entry in
                switch EventKind(rawValue: entry.event) {
                case .archiveSealed: all.append(try ArchiveRecord(entry, reader))
                case .archiveDropped:
                    let archive = try ProtoArchiveDropped(decoding: entry).archive
                    if let index = all.firstIndex(where: { $0.sequence == archive }) {
                        all[index].droppedBy = sequence
                    }
                case .journalRewritten where horizon > 0:
                    let archives = Set(try ProtoJournalRewritten(decoding: entry).archives)
                    for index in all.indices where archives.contains(all[index].sequence) {
                        all[index].prunedBy = sequence
                    }
                default: break
                }
            }
            guard found != nil else { throw JournalError.missing(sequence, ofHistory: 0) }
            return true
        }
        return all
    }

    /// The archive that an entry vouches for.
    /// - Throws: ``JournalError/Code/integrity`` when it does not.
    package static func of(
        _ sequence: UInt64,
        _ reader: any StoreReader
    ) throws -> ArchiveRecord {
        let found = try reader.withView(of: sequence) { entry -> ArchiveRecord? in
            guard entry.event == EventKind.archiveSealed.rawValue else { return nil }
            return try ArchiveRecord(entry, reader)
        }
        guard let record = found ?? nil else {
            throw JournalError.integrity(
                sequence,
                "it is said to vouch for an archive, and does not"
            )
        }
        return record
    }
}
