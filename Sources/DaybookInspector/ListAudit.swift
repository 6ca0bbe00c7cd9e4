import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

/// The lists of executions against the entries.
struct ListAudit {
    /// What an id is listed by, under the number of its first run.
    private struct Listing: Equatable {
        /// Lists that never change: how many, and a sum over their keys.
        var count = 0
        var sum: UInt64 = 0
        /// Lists of those that are open, or ended in one way: it is on one.
        var standings = 0
        var standing: UInt64 = 0

        mutating func add(_ key: UnsafeRawBufferPointer) {
            let hash = Self.hash(key)
            if key.count > 1, key[0] == 0,
                key[1] == UInt8(ascii: "o") || key[1] == UInt8(ascii: "s")
            {
                standings += 1
                standing &+= hash
            } else {
                count += 1
                sum &+= hash
            }
        }

        mutating func stand(_ list: ExecutionList) {
            standings = 0
            standing = 0
            list.key.withUnsafeBytes { add($0) }
        }

        func hasSameNames(as other: Listing) -> Bool { count == other.count && sum == other.sum }

        /// FNV-1a.
        private static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
            key.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        }
    }

    private var listings: [UInt64: Listing] = [:]

    typealias Note = (UInt64?, String) -> Void

    /// Takes in an entry of an execution.
    /// - Parameters:
    ///   - state: as the entry leaves it.
    ///   - closed: what it has closed.
    mutating func follow(_ view: EntryView, _ state: State, closed: ExecutionState?) throws {
        switch EventKind(rawValue: view.event) {
        case .executionSubmitted:
            guard let run = state.execution(view.header.stream.rawValue) else { return }
            var listing = Listing()
            for list in run.lists(askedForBy: try state.actor(askingFor: view)) {
                list.key.withUnsafeBytes { listing.add($0) }
            }
            if listing != Listing() { listings[run.number] = listing }
        case .executionReopened:
            guard let run = state.execution(view.header.stream.rawValue) else { return }
            listings[run.firstRun]?.stand(.open)
        case .executionContinued: return
        default:
            // An id is listed as its newest run stands.
            if let closed, closed.continuedAs == nil {
                listings[closed.firstRun]?.stand(.closed(closed.status))
            }
        }
    }

    /// Compares the lists with what the entries say.
    func check(_ reader: any StoreReader, upTo count: UInt64, _ note: Note) throws {
        var found: [UInt64: Listing] = [:]
        try reader.scanLists { key, number in
            if number < count { found[number, default: Listing()].add(key) }
            return true
        }
        for number in listings.keys.sorted() {
            guard let left = listings[number] else { continue }
            let right = found.removeValue(forKey: number) ?? Listing()
            if left == right { continue }
            // What moves it from one list to another may have been appended meanwhile.
            if left.hasSameNames(as: right), right.standings == 1,
                try hasGoneOn(number, since: count, reader)
            {
                continue
            }
            note(number, "the execution that it begins is not on the lists that it belongs on")
        }
        for number in found.keys.sorted() {
            note(number, "the index lists it, and it is not the first entry of an id")
        }
    }

    /// Whether the id that an entry begins has entries after those that were looked at.
    private func hasGoneOn(
        _ number: UInt64,
        since count: UInt64,
        _ reader: any StoreReader
    ) throws -> Bool {
        guard let submission = try Submission(number, reader) else { return false }
        let run: UInt64
        do {
            guard let row = try ExecutionReader.row(of: submission.id, reader) else { return false }
            run = row.number
        } catch let error as JournalError where error.code == .integrity {
            // The rows are told of by themselves.
            return false
        }
        return try reader.historyEnd(of: run).map { $0.last >= count } ?? false
    }
}
