import DaybookFormat
import DaybookModel
import DaybookSystem
import SwiftProtobuf

/// Lines that were logged and are not yet in the journal.
struct LogBuffer: Sendable {
    private var lines: [Line] = []

    private struct Line: Sendable {
        var proto: ProtoLogLine
        /// The body of an operation wrote it, and not the handler.
        let isOfBody: Bool
    }

    /// Text bytes in one entry's payload; further lines go into the next.
    private static let chunkSize = 1 << 20

    /// Bytes that a line has in a payload besides its text: at most so many.
    private static let overhead = 32

    var isEmpty: Bool { lines.isEmpty }

    mutating func append(
        _ text: String,
        _ stream: LogStream,
        at time: Timestamp,
        isOfBody: Bool
    ) {
        let proto = ProtoLogLine.with {
            $0.time = time.rawValue
            $0.stream = stream.proto
            $0.text = text
        }
        lines.append(Line(proto: proto, isOfBody: isOfBody))
    }

    /// Drops what the handler wrote.
    mutating func keepLinesOfBodies() { lines.removeAll { !$0.isOfBody } }

    /// Adds the lines of another buffer.
    mutating func append(_ other: LogBuffer) { lines += other.lines }

    /// Takes all lines out, sealed in chunks. A line that is larger than a payload may be becomes
    /// several.
    mutating func take(limit: Int) throws -> [LogChunk] {
        defer { lines = [] }
        var chunks: [LogChunk] = []
        var batch = ProtoLogBatch()
        var size = 0
        for line in lines.flatMap({ Self.pieces(of: $0.proto, limit) }) {
            if size > 0, size + line.text.utf8.count > min(Self.chunkSize, limit / 2) {
                chunks.append(try Self.seal(batch, limit))
                batch = ProtoLogBatch()
                size = 0
            }
            batch.lines.append(line)
            size += line.text.utf8.count + Self.overhead
        }
        if !batch.lines.isEmpty { chunks.append(try Self.seal(batch, limit)) }
        return chunks
    }

    /// A line in pieces that fit into payloads, cut between characters.
    private static func pieces(of line: ProtoLogLine, _ limit: Int) -> [ProtoLogLine] {
        // A character has up to four bytes.
        let room = max(4, limit - overhead)
        if line.text.utf8.count <= room { return [line] }
        var rest = ArraySlice(line.text.utf8)
        var pieces: [ProtoLogLine] = []
        while !rest.isEmpty {
            let end = min(rest.startIndex + room, rest.endIndex)
            let border = CharacterBorder.last(in: rest, upTo: end)
            var piece = line
            piece.text = String(decoding: rest[..<border], as: UTF8.self)
            pieces.append(piece)
            rest = rest[border...]
        }
        return pieces
    }

    private static func seal(_ batch: ProtoLogBatch, _ limit: Int) throws
        -> LogChunk
    {
        LogChunk(
            lines: UInt32(batch.lines.count),
            payloads: try SealedPayloads(
                [Payload(batch.encoded(), contentType: ContentTypes.log)],
                limit: limit
            )
        )
    }
}

/// Where a line of a log comes from.
@nonexhaustive
public enum LogStream: String, Sendable {
    /// Written by code, through a context.
    case log
    /// A child process's standard output.
    case standardOutput = "stdout"
    /// A child process's standard error.
    case standardError = "stderr"

    var proto: ProtoLogLine.Stream {
        switch self {
        case .log: .log
        case .standardOutput: .stdout
        case .standardError: .stderr
        }
    }
}
