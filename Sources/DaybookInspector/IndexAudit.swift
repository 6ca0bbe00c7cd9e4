import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView
import SwiftProtobuf

/// The model's rules, and the indexes `histories` and `executions` against the entries.
struct IndexAudit {
    private struct Expected {
        var count: UInt64 = 0
        /// Two sums over the sequences, which tell sets apart that have the same count.
        var sum: UInt64 = 0
        var mix: UInt64 = 0
        var last: UInt64 = 0
        /// It is the history of a run of an execution.
        var isRun = false
        /// The hash of the row that its closing entry makes.
        var closedRow: TreeHash?
        /// It goes on as another run of the same id, whose row took the place of its own.
        var isContinued = false

        mutating func add(_ sequence: UInt64) {
            count += 1
            sum &+= sequence
            mix ^= sequence &* 0x9E37_79B9_7F4A_7C15
            last = sequence
        }
    }

    private var streams: [UInt64: Expected] = [:]
    private var lists = ListAudit()
    private var state = State()
    private var isStateBroken = false

    typealias Note = (UInt64?, String) -> Void

    /// The fold of the entries; nil once one contradicted those before it.
    var foldedState: State? { isStateBroken ? nil : state }

    var executionCount: Int { streams.values.count { $0.isRun } }

    /// Takes in an entry.
    mutating func follow(
        _ view: EntryView,
        at sequence: UInt64,
        _ reader: any StoreReader,
        _ note: Note
    ) {
        let stream = view.header.stream.rawValue
        streams[stream, default: Expected()].add(sequence)
        if view.event == EventKind.executionSubmitted.rawValue { streams[stream]?.isRun = true }
        guard !isStateBroken else { return }
        do {
            let closed = try state.apply(committed: view, reader)
            try lists.follow(view, state, closed: closed)
            if let closed {
                streams[stream]?.isContinued = closed.continuedAs != nil
                streams[stream]?.closedRow =
                    closed.closedRow.withUnsafeBytes { TreeHash.leaf($0) }
            } else if view.event == EventKind.executionReopened.rawValue {
                streams[stream]?.closedRow = nil
            }
        } catch let error as InconsistentEntry {
            // What follows from a broken entry would only repeat it.
            isStateBroken = true
            note(sequence, error.reason)
        } catch {
            isStateBroken = true
            note(sequence, "\(error)")
        }
    }

    /// Compares the indexes with what the entries say.
    func check(_ reader: any StoreReader, upTo count: UInt64, _ notes: ProblemNotes) throws {
        try checkHistories(reader, upTo: count, notes.histories)
        try checkRows(reader, upTo: count, notes.executions)
        // What is missing in the fold is not missing on a list.
        if !isStateBroken { try lists.check(reader, upTo: count, notes.lists) }
    }

    private func checkHistories(
        _ reader: any StoreReader,
        upTo count: UInt64,
        _ note: Note
    ) throws {
        var found: [UInt64: Expected] = [:]
        try reader.scanHistories(from: 0) { execution, sequence in
            if sequence < count { found[execution, default: Expected()].add(sequence) }
            return true
        }
        for number in streams.keys.sorted() {
            guard let left = streams[number] else { continue }
            let right = found.removeValue(forKey: number) ?? Expected()
            if left.count != right.count || left.sum != right.sum || left.mix != right.mix {
                note(
                    number,
                    "the index of its stream's history does not agree with the entries (\(right.count) of \(left.count))"
                )
            }
        }
        for number in found.keys.sorted() {
            note(number, "the index holds a history of it, and it begins no stream")
        }
    }

    private func checkRows(_ reader: any StoreReader, upTo count: UInt64, _ note: Note) throws {
        var seen: Set<UInt64> = []
        // What is closed may have got an entry more meanwhile.
        let end = try reader.entryCount()
        try reader.scanExecutions(after: nil) { id, bytes in
            let row: ProtoExecutionRow
            do {
                row = try ProtoExecutionRow(serializedBytes: Array(bytes))
            } catch {
                note(nil, "the index row of \(id) cannot be read")
                return true
            }
            let isWritten = ExecutionRowCheck.holds(for: bytes, of: id)
            if !isWritten { note(nil, "the index row of \(id) is not the one that was written") }
            guard row.number < count else { return true }
            guard try recordedID(row.number, reader) == Name(id), seen.insert(row.number).inserted
            else {
                note(
                    row.number,
                    "the index row of \(id) points to it, and it does not submit that id"
                )
                return true
            }
            // What it says besides is told of once.
            let isNewer = row.closed.last >= count && row.closed.last < end
            if isWritten, !isNewer { checkClosing(row, bytes, id, upTo: count, note) }
            return true
        }
        for (number, stream) in streams.sorted(by: { $0.key < $1.key })
        where stream.isRun && !stream.isContinued && !seen.contains(number) {
            note(number, "the execution that it begins has no row in the index")
        }
    }

    private func checkClosing(
        _ row: ProtoExecutionRow,
        _ bytes: UnsafeRawBufferPointer,
        _ id: String,
        upTo count: UInt64,
        _ note: Note
    ) {
        guard let expected = streams[row.number] else { return }
        guard row.hasClosed else {
            if expected.closedRow != nil {
                note(row.number, "\(id) is closed, and its row says that it is open")
            }
            return
        }
        // What closes it may have been appended meanwhile.
        if expected.closedRow == nil, row.closed.last >= count { return }
        let said = UnsafeRawBufferPointer(rebasing: bytes.dropLast(ExecutionRowCheck.size))
        if TreeHash.leaf(said) != expected.closedRow {
            note(row.number, "the index row of \(id) does not agree with its history")
        }
    }

    private func recordedID(_ number: UInt64, _ reader: any StoreReader) throws -> Name? {
        let id = try reader.withEntry(number) { bytes -> Name? in
            do {
                let view = try EntryView(bytes)
                guard EventKind(rawValue: view.event) == .executionSubmitted else { return nil }
                return Name(try ProtoExecutionSubmitted(decoding: view).id)
            } catch {
                // What cannot be read has been noted when the entries were gone through.
                return nil
            }
        }
        return id ?? nil
    }
}
