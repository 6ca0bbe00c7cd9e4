package import DaybookFormat
package import DaybookJournal
package import DaybookModel
import FoundationEssentials
import SwiftProtobuf

/// Writes what is recorded of executions into a file of its own.
package enum ArchiveWriter {
    /// A file on the disk that no entry vouches for yet.
    package struct Made: Sendable {
        /// What is to be recorded of it.
        package let event: ProtoArchiveSealed
        /// The executions in it.
        package let members: [SealArchive.Member]
    }

    /// Writes all entries of families, with their payloads, and with those of the journal and of sessions that
    /// tell what theirs mean.
    /// - Throws: ``JournalError``, also where a payload is not what its entry commits to; `SystemError`.
    package static func write(
        _ families: [ArchivableFamily],
        of store: any JournalStore,
        to folder: ArchiveFolder,
        holding lock: HeldLock
    ) throws -> Made {
        let members = families.flatMap(\.members)
        return try store.read { reader in
            let size = try reader.entryCount()
            let tree = JournalTree(reader)
            let root = try tree.root(size: size)
            let chosen = try Chosen(members.flatMap(\.runs), reader)
            let header = try ProtoArchiveHeader.with {
                let names = try reader.journalName()
                $0.journal = Data(names.uuid)
                $0.origin = names.origin
                $0.size = size
                $0.root = Data(root.bytes)
                $0.executions = members.map { member in
                    .with {
                        $0.id = member.seen.id.text
                        $0.runs = member.runs
                    }
                }
                $0.entries = UInt64(chosen.all.count)
                $0.payloads = chosen.payloads
                $0.proof = Data(try tree.rest(of: chosen.all, size: size).flatMap(\.bytes))
            }
            let written = try folder.write(size: size, holding: lock) { put in
                try header.encoded().withUnsafeBytes { try put($0) }
                for sequence in chosen.all {
                    let found: Void? = try reader.withView(of: sequence) { entry in
                        var writer = WireWriter(capacity: 1 << 12)
                        writer.bytes(entry.bytes, Wire.ArchivedEntry.entry)
                        for payload in try reader.payloads(of: entry) {
                            writer.append(payload, Wire.ArchivedEntry.payloads)
                        }
                        try put(writer.bytes)
                    }
                    guard found != nil else { throw JournalError.missing(sequence, ofHistory: 0) }
                }
            }
            return Made(
                event: .with {
                    $0.name = written.name
                    $0.digest = Data(written.digest)
                    $0.bytes = written.bytes
                    $0.size = size
                    $0.root = Data(root.bytes)
                    $0.first = chosen.first
                    $0.last = chosen.last
                    $0.executions = UInt32(members.count)
                    $0.entries = header.entries
                    $0.payloads = header.payloads
                },
                members: members.map(\.seen)
            )
        }
    }

    /// The entries that go into a file.
    private struct Chosen {
        /// All of them, ascending.
        private(set) var all: [UInt64] = []
        private(set) var payloads: UInt64 = 0
        /// The first and the last of executions.
        private(set) var (first, last): (UInt64, UInt64) = (.max, 0)

        init(_ runs: [UInt64], _ reader: any StoreReader) throws {
            var sessions: Set<UInt64> = []
            for run in runs {
                try reader.scanHistory(of: run, from: run) { sequence in
                    try take(sequence, &sessions, reader)
                    first = min(first, sequence)
                    last = max(last, sequence)
                    return true
                }
            }
            // What numbers of content types stand for.
            try reader.scanHistory(of: 0, from: 0) { sequence in
                let event = try reader.withView(of: sequence, \.event)
                if sequence == 0 || event == EventKind.contentTypeInterned.rawValue {
                    try take(sequence, &sessions, reader)
                }
                return true
            }
            for session in sessions where session != 0 {
                // Of what was restored or adopted no session has written it.
                let event = try reader.withView(of: session, \.event)
                guard event == EventKind.sessionOpened.rawValue else { continue }
                var none: Set<UInt64> = []
                try take(session, &none, reader)
            }
            all.sort()
        }

        private mutating func take(
            _ sequence: UInt64,
            _ sessions: inout Set<UInt64>,
            _ reader: any StoreReader
        ) throws {
            let found = try reader.withView(of: sequence) {
                (session: $0.header.session, payloads: try $0.commitments().count)
            }
            guard let found else { throw JournalError.missing(sequence, ofHistory: 0) }
            all.append(sequence)
            payloads += UInt64(found.payloads)
            sessions.insert(found.session)
        }
    }
}

extension StoreReader {
    /// What entry 0 calls the journal.
    fileprivate func journalName() throws -> (uuid: [UInt8], origin: String) {
        let found = try withView(of: 0) { try ProtoJournalCreated(decoding: $0) }
        guard let found else { throw JournalError.missing(0, ofHistory: 0) }
        return (Array(found.uuid), found.origin)
    }
}
