package import DaybookFormat
package import DaybookJournal
import DaybookModel
import FoundationEssentials
import SwiftProtobuf

/// What a file of an archive has, once it is found to agree with itself.
package struct ArchiveContents: Sendable {
    /// What it says of itself.
    package let header: ProtoArchiveHeader
    /// SHA-256 of its bytes.
    package let digest: [UInt8]
    /// How many they are.
    package let bytes: UInt64
    /// Payloads that match their commitments.
    package let payloads: UInt64
    /// Payloads that were erased before it was made.
    package let erased: UInt64
}

/// Checks a file of an archive: alone, without the journal.
///
/// The entries, with the hashes beside them, have the root that the file says; each history in it is whole up to its
/// last entry there; each payload is what its entry commits to.
package enum ArchiveAudit {
    /// Checks a file.
    /// - Parameter name: for messages.
    /// - Throws: ``JournalError/Code/integrity`` with what is wrong; `SystemError`.
    package static func check(_ path: String, name: String) throws -> ArchiveContents {
        let file = try ArchiveFile(path, name: name)
        let header = file.header
        var audit = Audit(header, name)
        let (digest, bytes) = try file.read { try audit.take($0) }
        try audit.finish()
        return ArchiveContents(
            header: header,
            digest: digest,
            bytes: bytes,
            payloads: audit.payloads,
            erased: audit.erased
        )
    }

    /// Checks the file of an archive against the entry that vouches for it.
    /// - Throws: as ``check(_:name:)``.
    package static func check(
        _ record: ArchiveRecord,
        in folder: ArchiveFolder
    ) throws -> ArchiveContents {
        let contents = try check(folder.place(of: record.name), name: record.name)
        let header = contents.header
        guard contents.digest == record.digest, contents.bytes == record.bytes,
            header.size == record.size, Array(header.root) == record.root
        else {
            throw ArchiveFile.damaged(
                record.name,
                "it is not the file that entry \(record.sequence) vouches for"
            )
        }
        return contents
    }

    private struct Audit {
        let header: ProtoArchiveHeader
        let name: String
        var payloads: UInt64 = 0
        var erased: UInt64 = 0
        private var leaves: [(place: UInt64, hash: TreeHash)] = []
        /// The runs of executions that are to come, and their ids.
        private var ids: [UInt64: String] = [:]
        /// The ends of histories: how many entries, and the last.
        private var ends: [UInt64: HistoryEnd] = [:]

        init(_ header: ProtoArchiveHeader, _ name: String) {
            self.header = header
            self.name = name
            for execution in header.executions {
                for run in execution.runs { ids[run] = execution.id }
            }
        }

        mutating func take(_ archived: ProtoArchivedEntry) throws {
            try Array(archived.entry).withUnsafeBytes { bytes in
                do {
                    let entry = try EntryView(bytes)
                    try follow(entry)
                    leaves.append((entry.header.sequence, .leaf(bytes)))
                    try check(archived.payloads, of: entry)
                } catch let error as WireError {
                    let place = leaves.count
                    throw ArchiveFile.damaged(
                        name,
                        "its entry of place \(place) contradicts the others (\(error.reason))"
                    )
                }
            }
        }

        private mutating func follow(_ entry: EntryView) throws {
            let (sequence, stream) = (entry.header.sequence, entry.header.stream.rawValue)
            guard let id = ids[stream] else {
                let kind = EventKind(rawValue: entry.event)
                guard
                    kind == .journalCreated || kind == .contentTypeInterned
                        || kind == .sessionOpened
                else { throw WireError("entry \(sequence) is of none of its executions") }
                return
            }
            if sequence == stream {
                guard entry.event == EventKind.executionSubmitted.rawValue,
                    try ProtoExecutionSubmitted(decoding: entry).id == id
                else { throw WireError("entry \(sequence) does not begin \(id)") }
            }
            let end = ends[stream]
            guard entry.header.ordinal == end?.count ?? 0, entry.header.previous == end?.last ?? 0
            else { throw WireError("an entry before entry \(sequence) is left out of its history") }
            ends[stream] = HistoryEnd(count: entry.header.ordinal + 1, last: sequence)
        }

        private mutating func check(
            _ stored: [ProtoPayload],
            of entry: EntryView
        ) throws {
            let commitments = try entry.commitments()
            guard stored.count == commitments.count else {
                throw WireError(
                    "entry \(entry.header.sequence) commits to \(commitments.count) payloads, and \(stored.count) are there"
                )
            }
            for (payload, commitment) in zip(stored, commitments) {
                guard payload.slices.isEmpty else {
                    throw WireError("a payload of entry \(entry.header.sequence) is in slices")
                }
                let found = try StoredPayload(
                    salt: Array(payload.salt),
                    data: Array(payload.data),
                    commitment
                )
                if found.isErased { erased += 1 } else { payloads += 1 }
            }
        }

        func finish() throws {
            guard UInt64(leaves.count) == header.entries,
                payloads + erased == header.payloads
            else {
                throw ArchiveFile.damaged(
                    name,
                    "it says that it has \(header.entries) entries and \(header.payloads) payloads, and has \(leaves.count) and \(payloads + erased)"
                )
            }
            if let missing = ids.keys.filter({ ends[$0] == nil }).min() {
                throw ArchiveFile.damaged(
                    name,
                    "the execution that entry \(missing) begins is not in it"
                )
            }
            let root = SubtreeProof.root(
                of: leaves,
                size: header.size,
                rest: TreeHash.all(Array(header.proof))
            )
            guard let root, root.bytes == Array(header.root), header.proof.count % 32 == 0 else {
                throw ArchiveFile.damaged(
                    name,
                    "its entries do not have the root that it says"
                )
            }
        }
    }
}
