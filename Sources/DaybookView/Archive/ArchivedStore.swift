import DaybookFormat
package import DaybookJournal
import SwiftProtobuf

/// What an archive's file holds, to be read as entries of a journal are: with gaps, and without the index.
///
/// It is held in memory: a file has no more than an archive has.
package struct ArchivedStore: JournalStore {
    package let location: String
    private let contents: Contents
    private let none = MemoryStore()

    fileprivate struct Contents: Sendable {
        var entries: [UInt64: [UInt8]] = [:]
        /// Ascending.
        var sequences: [UInt64] = []
        var payloads: [UInt64: [UInt8]] = [:]
        var histories: [UInt64: [UInt64]] = [:]
        var size: UInt64 = 0
    }

    /// Reads a file, once it is found to agree with itself.
    /// - Throws: as ``ArchiveAudit/check(_:name:)``.
    package init(_ path: String, name: String) throws {
        location = name
        let checked = try ArchiveAudit.check(path, name: name)
        var contents = Contents()
        contents.size = checked.header.size
        let file = try ArchiveFile(path, name: name)
        let read = try file.read { archived in
            let bytes = Array(archived.entry)
            let header = try bytes.withUnsafeBytes { try EntryView($0).header }
            contents.entries[header.sequence] = bytes
            contents.sequences.append(header.sequence)
            contents.histories[header.stream.rawValue, default: []].append(header.sequence)
            guard !archived.payloads.isEmpty else { return }
            let record = ProtoPayloads.with { $0.payloads = archived.payloads }
            contents.payloads[header.sequence] = record.encoded()
        }
        // Somebody could put another one in its place between the two.
        guard read.digest == checked.digest else {
            throw ArchiveFile.damaged(name, "it changes while it is read")
        }
        self.contents = contents
    }

    package func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        try none.read { try body(Reader(reader: $0, contents: contents)) }
    }

    package func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        throw JournalError(.readOnly, "the archive \(location) is never written to")
    }

    package func reopen() throws {}

    package func close() {}

    private struct Reader: ForwardingReader {
        let reader: any StoreReader
        let contents: Contents

        func entryCount() throws -> UInt64 { contents.size }

        func withEntry<Result>(
            _ sequence: UInt64,
            _ body: (UnsafeRawBufferPointer) throws -> Result
        ) throws -> Result? {
            try contents.entries[sequence].map { try $0.withUnsafeBytes(body) }
        }

        func scanEntries(
            from sequence: UInt64,
            _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
        ) throws {
            for member in contents.sequences where member >= sequence {
                let goesOn = try withEntry(member) { try body(member, $0) }
                guard goesOn == true else { return }
            }
        }

        func withPayloads<Result>(
            of sequence: UInt64,
            _ body: (UnsafeRawBufferPointer) throws -> Result
        ) throws -> Result? {
            try contents.payloads[sequence].map { try $0.withUnsafeBytes(body) }
        }

        func scanHistory(
            of stream: UInt64,
            from sequence: UInt64,
            _ body: (UInt64) throws -> Bool
        ) throws {
            for member in contents.histories[stream] ?? [] where member >= sequence {
                guard try body(member) else { return }
            }
        }

        func historyEnd(of stream: UInt64) throws -> HistoryEnd? {
            guard let members = contents.histories[stream], let last = members.last else {
                return nil
            }
            return HistoryEnd(count: UInt64(members.count), last: last)
        }
    }
}
