import Crypto
import DaybookFormat
import DaybookSystem
import SwiftProtobuf

/// A file with what is recorded of executions that are closed: entries, their payloads, and what proves that
/// the entries are in the tree of the journal's first ones. It is read from its beginning to its end, a
/// piece at a time.
package struct ArchiveFile: ~Copyable {
    static let magic = Array("DAYBOOK ARCHIVE 1\n".utf8)
    /// No message is longer: an entry has payloads of 4 GiB at most, and nobody has so many.
    private static let longest = 1 << 31

    /// What it says of itself.
    package let header: ProtoArchiveHeader
    /// The place of its first entry.
    private let first: Int
    private let file: File
    private let name: String

    /// Opens a file, and reads what it says of itself.
    /// - Parameters:
    ///   - path: of the file.
    ///   - name: for messages.
    /// - Throws: ``JournalError/Code/integrity`` when it is no such file; `SystemError`.
    package init(_ path: String, name: String) throws {
        let file = try File.open(path, .read, followsLink: false)
        var reading = Reading(0, name)
        (header, first) = try reading.beginning(of: file)
        self.name = name
        self.file = file
    }

    /// Runs `body` on its entries, in order.
    /// - Returns: SHA-256 of all its bytes, and how many they are.
    /// - Throws: ``JournalError/Code/integrity``; `SystemError`; what `body` throws.
    package func read(
        _ body: (ProtoArchivedEntry) throws -> Void
    ) throws -> (digest: [UInt8], bytes: UInt64) {
        var reading = Reading(0, name)
        // The beginning was looked at before.
        try reading.skip(to: first, of: file)
        while let message = try reading.message(of: file) {
            let entry: ProtoArchivedEntry
            do {
                entry = try ProtoArchivedEntry(serializedBytes: Array(message))
            } catch {
                throw Self.damaged(name, "one of its messages cannot be read")
            }
            try body(entry)
        }
        return (reading.digest, UInt64(reading.offset))
    }

    static func append(lengthOf message: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(message.count).littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// - Parameter what: is wrong, with the file as its subject.
    package static func damaged(_ name: String, _ what: String) -> JournalError {
        JournalError(
            .integrity,
            "the archive \(name) is damaged: \(what); take it from a backup (`daybook archive verify` compares it with the journal)"
        )
    }

    /// How far the file is read.
    private struct Reading {
        /// The next byte that is asked for.
        private(set) var offset: Int
        private var buffer: [UInt8] = []
        /// Where in the file the buffer begins.
        private var begin: Int
        private var hash = SHA256()
        private let name: String

        init(_ offset: Int, _ name: String) {
            (self.offset, begin) = (offset, offset)
            self.name = name
        }

        var digest: [UInt8] { Array(hash.finalize()) }

        /// What it says of itself, and the place of the first entry.
        mutating func beginning(
            of file: borrowing File
        ) throws -> (header: ProtoArchiveHeader, first: Int) {
            let magic = try bytes(ArchiveFile.magic.count, of: file)
            guard magic.elementsEqual(ArchiveFile.magic) else {
                throw ArchiveFile.damaged(name, "it does not begin as an archive does")
            }
            guard let message = try message(of: file) else {
                throw ArchiveFile.damaged(name, "it ends too early")
            }
            do {
                return (try ProtoArchiveHeader(serializedBytes: Array(message)), offset)
            } catch {
                throw ArchiveFile.damaged(name, "what it says of itself cannot be read")
            }
        }

        /// The next message; nil: the file ends.
        mutating func message(of file: borrowing File) throws -> ArraySlice<UInt8>? {
            try fill(4, of: file)
            if buffer.count == offset - begin { return nil }
            let length = try bytes(4, of: file).reversed().reduce(0) { $0 << 8 | Int($1) }
            guard length <= ArchiveFile.longest else {
                throw ArchiveFile.damaged(name, "one of its messages has \(length) bytes")
            }
            return try bytes(length, of: file)
        }

        mutating func bytes(_ count: Int, of file: borrowing File) throws -> ArraySlice<UInt8> {
            try fill(count, of: file)
            let start = offset - begin
            guard buffer.count - start >= count else {
                throw ArchiveFile.damaged(name, "it ends too early")
            }
            let bytes = buffer[start..<start + count]
            bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
            offset += count
            return bytes
        }

        /// Passes over what is known.
        mutating func skip(to end: Int, of file: borrowing File) throws {
            while offset < end { _ = try bytes(min(end - offset, 1 << 20), of: file) }
        }

        /// Has so many bytes in the buffer, unless the file ends before.
        private mutating func fill(_ count: Int, of file: borrowing File) throws {
            guard buffer.count - (offset - begin) < count else { return }
            buffer.removeFirst(offset - begin)
            begin = offset
            let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
            defer { piece.deallocate() }
            while buffer.count < count {
                let done = try file.read(into: piece, at: begin + buffer.count)
                buffer.append(contentsOf: piece[..<done])
                if done < piece.count { return }
            }
        }
    }
}
