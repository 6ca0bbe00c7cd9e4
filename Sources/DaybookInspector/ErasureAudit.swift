import DaybookFormat
import DaybookJournal
import DaybookView

/// Payloads that are gone against the entries that say so: what is erased and no entry says it is damage,
/// or somebody has taken it out of the file; what an entry says is erased is not to be there.
struct ErasureAudit {
    typealias Note = (UInt64?, String) -> Void

    /// What the ends of histories say of late, of a bounded number.
    private var known: [UInt64: ErasedRanges] = [:]
    private static let limit = 1_024

    /// Looks for the entry that says that payloads are erased. It comes later, and may have been appended
    /// since the verification began.
    mutating func check(
        erased entry: EntryView,
        _ reader: any StoreReader,
        _ note: Note
    ) throws {
        let (sequence, stream) = (entry.header.sequence, entry.header.stream.rawValue)
        guard entry.event != EventKind.payloadsErased.rawValue else {
            return note(
                sequence,
                "a payload of it is erased, and those of such an entry never are: somebody has taken it out of the file"
            )
        }
        var ranges = known[stream]
        // What is known may be older than what has erased it.
        if ranges?.eraser(of: sequence) == nil {
            do {
                ranges = try ErasedRanges(of: stream, reader)
            } catch is WireError {
                // What cannot be read is told of by itself.
                return
            } catch let error as JournalError where error.code == .integrity {
                return
            }
            if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
            known[stream] = ranges
        }
        guard let eraser = ranges?.eraser(of: sequence), eraser > sequence else {
            return note(
                sequence,
                "a payload of it is erased, and no entry says that: somebody has taken it out of the file"
            )
        }
    }

    /// Looks whether everything is gone that an entry says is erased.
    func check(
        saying entry: EntryView,
        _ reader: any StoreReader,
        _ note: Note
    ) throws {
        let (sequence, stream) = (entry.header.sequence, entry.header.stream.rawValue)
        let event: ProtoPayloadsErased
        do throws(WireError) {
            event = try ProtoPayloadsErased(decoding: entry)
        } catch {
            return note(sequence, "it cannot be read (\(error.reason))")
        }
        var (hasFirst, hasLast) = (false, false)
        try reader.scanHistory(of: stream, from: event.from) { member in
            guard member <= event.through, member < sequence else { return false }
            if member == event.from { hasFirst = true }
            if member == event.through { hasLast = true }
            if try !isGone(member, reader) {
                note(
                    member,
                    "entry \(sequence) says that its payloads are erased, and they are there"
                )
            }
            return true
        }
        if !hasFirst || !hasLast {
            note(
                sequence,
                "it erases the payloads of entries \(event.from) to \(event.through), which are not both of its stream"
            )
        }
    }

    /// Whether nothing of an entry's payloads is left, or they are of an entry that keeps them.
    private func isGone(_ sequence: UInt64, _ reader: any StoreReader) throws -> Bool {
        do {
            let isExempt = try reader.withEntry(sequence) {
                try EntryView($0).event == EventKind.payloadsErased.rawValue
            }
            if isExempt ?? true { return true }
            return try reader.withPayloads(of: sequence) { try PayloadRecord($0).isErased() }
                ?? true
        } catch is WireError {
            // That it cannot be read is told of by itself.
            return true
        }
    }
}
