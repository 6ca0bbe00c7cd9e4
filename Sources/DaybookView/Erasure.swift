public import DaybookFormat
package import DaybookJournal
import DaybookModel

/// Who had payloads erased, when and why.
public struct Erasure: Hashable, Sendable, Codable {
    /// The entry that says so.
    public let sequence: UInt64
    /// When it was written: the payloads were gone with it.
    public let time: Timestamp
    /// Who asked for it, and why.
    public let request: RecordedRequest
    /// It followed from a rule that somebody has set.
    public let isByRule: Bool

    /// For example `erased by eve, 2026-01-31T12:00:00.000Z: the customer has asked for it`.
    public var words: String {
        let who = request.actor.isEmpty ? "nobody who is known" : request.who
        return "erased by \(who), \(time.milliseconds)" + (request.reason.map { ": \($0)" } ?? "")
    }

    /// What an entry says.
    /// - Throws: `WireError`; ``JournalError``.
    package init(_ entry: EntryView, _ reader: any StoreReader) throws {
        sequence = entry.header.sequence
        time = entry.header.time
        request = try RecordedRequest(entry, reader.payloads(of: entry), reader)
        isByRule = try ProtoPayloadsErased(decoding: entry).cause == .policy
    }
}

/// The ranges of a history that are erased: what its last entries say.
///
/// A history that is erased is closed, and nothing comes after the first of them but such entries, and that it is
/// archived or taken back: so they are found from its end.
package struct ErasedRanges: Sendable {
    /// An entry that says that others are erased.
    package struct Range: Sendable {
        /// The entry.
        package let sequence: UInt64
        /// Whose payloads are.
        package let range: ClosedRange<UInt64>
    }

    /// In the order of their entries.
    package let all: [Range]

    /// - Parameter stream: the number of the history.
    /// - Throws: `WireError`; ``JournalError``.
    package init(of stream: UInt64, _ reader: any StoreReader) throws {
        var all: [Range] = []
        var next = try reader.historyEnd(of: stream)?.last
        while let sequence = next {
            next = nil
            _ = try reader.withView(of: sequence) { entry in
                guard entry.header.stream.rawValue == stream else { return }
                if entry.event == EventKind.executionArchived.rawValue {
                    if entry.header.previous < sequence { next = entry.header.previous }
                    return
                }
                guard entry.event == EventKind.payloadsErased.rawValue else { return }
                let event = try ProtoPayloadsErased(decoding: entry)
                if event.from <= event.through {
                    all.append(Range(sequence: sequence, range: event.from...event.through))
                }
                if entry.header.previous < sequence { next = entry.header.previous }
            }
        }
        self.all = all.reversed()
    }

    /// The entry by which the payloads of another one were erased: the first that says so.
    package func eraser(of sequence: UInt64) -> UInt64? {
        all.first { $0.range.contains(sequence) }?.sequence
    }
}

extension Erasure {
    /// Who has erased payloads of an entry.
    /// - Parameter stream: the number of the history that the entry is of.
    /// - Returns: nil when no entry says so: somebody has taken them out of the file.
    /// - Throws: ``JournalError``.
    package static func of(
        _ sequence: UInt64,
        in stream: UInt64,
        _ reader: any StoreReader
    ) throws -> Erasure? {
        do {
            guard let eraser = try ErasedRanges(of: stream, reader).eraser(of: sequence) else {
                return nil
            }
            return try reader.withView(of: eraser) { try Erasure($0, reader) }
        } catch let error as WireError {
            throw JournalError(
                .integrity,
                "who has erased the payloads of entry \(sequence) cannot be read (\(error.reason)); run `daybook verify`",
                sequence: sequence
            )
        }
    }
}
