public import DaybookFormat
package import DaybookJournal
package import DaybookModel
import FoundationEssentials

/// The entries of one execution with their payloads, read from a journal or from what
/// `daybook export` wrote: to replay, or to keep beside the code that it must go on agreeing with.
public struct RecordedHistory: Sendable {
    /// The execution's id.
    public let id: String
    /// The execution's number: the sequence of its first entry.
    public let number: UInt64
    /// The journal's UUID, from which drawn values follow; nil when entry 0 was not exported too.
    public let journal: Identifier?
    /// The journal's content types; the number of one is its place, from 1. Empty when entry 0 was not
    /// exported too.
    package let contentTypes: [String]
    private let entries: [Entry]
    /// The values of signals that came in earlier runs of the id, and of children, by their entries.
    private let handedOn: [UInt64: [StoredPayload]]
    /// Who has ended by entries of other histories that hold values for this one.
    private let ended: [UInt64: EndedChildName]

    fileprivate struct Entry: Sendable {
        let sequence: UInt64
        let bytes: [UInt8]
        let payloads: [StoredPayload]
    }

    /// Reads the history of an execution from a journal, also while others write it.
    /// - Throws: ``JournalError``; ``Refusal/Code/notFound``.
    package init(of id: String, in journal: Journal) throws {
        self = try journal.store.read { reader in
            guard let record = try ExecutionReader.record(of: id, reader) else {
                throw Refusal(.notFound, "no execution has the id \(id)")
            }
            return try RecordedHistory(id, record.number, try JournalNames(reader), reader)
        }
    }

    /// Reads the history of an execution.
    /// - Parameter names: those of the journal that it is in.
    package init(
        _ id: String,
        _ number: UInt64,
        _ names: JournalNames,
        _ reader: any StoreReader
    ) throws {
        var entries: [Entry] = []
        var handedOn: [UInt64: [StoredPayload]] = [:]
        for part in try reader.historyParts(of: number) {
            try reader.scanHistory(of: part.number, from: part.number) { sequence in
                guard sequence < part.end else { return false }
                try reader.withView(of: sequence) { entry in
                    let payloads = try reader.payloads(of: entry)
                    entries.append(
                        Entry(sequence: sequence, bytes: Array(entry.bytes), payloads: payloads)
                    )
                    for source in try Self.sources(entry) {
                        handedOn[source] = try reader.payloads(of: source)
                    }
                }
                return true
            }
        }
        // What a finalizer is given lies in the histories of its family.
        var ended: [UInt64: EndedChildName] = [:]
        if let input = entries.first(where: { $0.sequence == number })?.payloads.first {
            let family = FamilyReader(
                payloads: { try reader.payloads(of: $0) },
                child: { try EndedChildName(endedBy: $0, reader) },
                contentType: { names.contentType($0) }
            )
            let sources = try family.sources(of: input, of: number)
            for source in sources.values { handedOn[source] = try reader.payloads(of: source) }
            for end in sources.ends { ended[end] = try family.name(ofChild: end) }
        }
        self.handedOn = handedOn
        self.ended = ended
        self.id = id
        self.number = number
        self.entries = entries
        journal = names.uuid
        contentTypes = names.contentTypes
    }

    /// The entries of another history that hold values for this one: that of an earlier run, of a
    /// signal; those of a child, of its end and of what its handler returned.
    private static func sources(_ entry: EntryView) throws -> [UInt64] {
        let sources: [UInt64]
        switch EventKind(rawValue: entry.event) {
        case .signalReceived: sources = [try ProtoSignalReceived(decoding: entry).origin]
        case .childEnded:
            let event = try ProtoChildEnded(decoding: entry)
            sources = [event.end, event.runOutput]
        default: sources = []
        }
        return sources.filter { $0 != 0 }
    }

    /// Whether an entry may hold a value for another history.
    private static func isSource(_ entry: EntryView) -> Bool {
        switch EventKind(rawValue: entry.event) {
        case .signalReceived, .executionCompleted, .executionFailed, .executionTimedOut,
            .executionCancelled, .executionExpired, .childrenAwaited, .executionSubmitted:
            true
        default: false
        }
    }

    /// Reads histories from lines of JSON as `daybook export --format jsonl` writes them; lines of
    /// the journal itself and of sessions are passed over. Of an earlier run there may be nothing but
    /// the signals that it handed on, and of a child, and of what a finalizer is given, nothing but the
    /// entries that hold values.
    /// - Returns: the histories, in the order of their first entries.
    /// - Throws: ``JournalError/Code/integrity``, which names the line.
    public static func all(exported lines: [UInt8]) throws -> [RecordedHistory] {
        var order: [UInt64] = []
        var entries: [UInt64: [Entry]] = [:]
        var sources: [UInt64: [StoredPayload]] = [:]
        var names = JournalNames()
        for (index, line) in lines.split(separator: UInt8(ascii: "\n")).enumerated() {
            let (entry, run) = try Self.entry(exported: Array(line), index + 1)
            guard let run else {
                try entry.bytes.withUnsafeBytes { try names.take(EntryView($0)) }
                continue
            }
            let isSource = try entry.bytes.withUnsafeBytes { Self.isSource(try EntryView($0)) }
            if isSource { sources[entry.sequence] = entry.payloads }
            if entries[run] == nil { order.append(run) }
            entries[run, default: []].append(entry)
        }
        let family = try FamilyReader(exported: entries, sources, names)
        let cut = try cutHistories(entries)
        return try order.compactMap { number in
            if cut.contains(number) { return nil }
            let own = entries[number] ?? []
            guard let first = own.first else { throw damaged(0, "there is no entry") }
            // Of an earlier run, or of the same family, nothing but what one that was exported needs of it.
            let isWhole = try first.sequence == number && Self.isWhole(own)
            if !isWhole, own.allSatisfy({ sources[$0.sequence] != nil }) { return nil }
            let id = try first.bytes.withUnsafeBytes { bytes in
                try ExecutionState(first: try EntryView(bytes)).id.text
            }
            let all = try prefix(of: number, own, entries) + own
            var handedOn = try handedOn(to: all, sources)
            var ended: [UInt64: EndedChildName] = [:]
            if let input = first.payloads.first {
                let given = try family.sources(of: input, of: number)
                for source in given.values { handedOn[source] = sources[source] }
                for end in given.ends { ended[end] = try family.name(ofChild: end) }
            }
            return RecordedHistory(
                id: id,
                number: number,
                names: names,
                entries: all,
                handedOn: handedOn,
                ended: ended
            )
        }
    }

    /// Those of which nothing is there but what a fork has of them: they end anywhere.
    private static func cutHistories(_ entries: [UInt64: [Entry]]) throws -> Set<UInt64> {
        var cut: Set<UInt64> = []
        for (number, own) in entries {
            guard let first = own.first, first.sequence == number,
                let point = try first.bytes.withUnsafeBytes({ bytes in
                    try ForkPoint(submittedBy: EntryView(bytes))
                }), let last = entries[point.origin]?.last
            else { continue }
            // An origin ends after the fork, or with it.
            if last.sequence < point.before { cut.insert(point.origin) }
        }
        return cut
    }

    /// What comes before the entries of a fork: those of its origin, up to the fork.
    private static func prefix(
        of number: UInt64,
        _ own: [Entry],
        _ entries: [UInt64: [Entry]]
    ) throws -> [Entry] {
        guard let first = own.first, first.sequence == number,
            let point = try first.bytes.withUnsafeBytes({ bytes in
                try ForkPoint(submittedBy: EntryView(bytes))
            })
        else { return [] }
        guard point.origin < number, let origin = entries[point.origin],
            origin.first?.sequence == point.origin
        else { throw JournalError.missing(point.origin, ofHistory: number) }
        return try prefix(of: point.origin, origin, entries)
            + origin.prefix { $0.sequence < point.before }
    }

    /// Whether no entry is left out between the first and the last.
    private static func isWhole(_ entries: [Entry]) throws -> Bool {
        for (before, entry) in zip(entries, entries.dropFirst()) {
            let previous = try entry.bytes.withUnsafeBytes { try EntryView($0).header.previous }
            if previous != before.sequence { return false }
        }
        return true
    }

    /// The values that a history has from others.
    private static func handedOn(
        to entries: [Entry],
        _ sources: [UInt64: [StoredPayload]]
    ) throws -> [UInt64: [StoredPayload]] {
        var values: [UInt64: [StoredPayload]] = [:]
        for entry in entries {
            let wanted = try entry.bytes.withUnsafeBytes { try Self.sources(EntryView($0)) }
            for source in wanted { values[source] = sources[source] }
        }
        return values
    }

    /// How many entries it has.
    public var count: Int { entries.count }

    /// The history as it was after its first entries: what a process that had ended then would have
    /// left. What a fork has from its origin is there from its first entry on.
    /// - Parameter length: at least 1; more than there are stands for all.
    public func prefix(_ length: Int) -> RecordedHistory {
        RecordedHistory(
            id: id,
            number: number,
            names: JournalNames(uuid: journal, contentTypes: contentTypes),
            entries: Array(
                entries.prefix(entries.count { $0.sequence < number } + max(length, 1))
            ),
            handedOn: handedOn,
            ended: ended
        )
    }

    private init(
        id: String,
        number: UInt64,
        names: JournalNames,
        entries: [Entry],
        handedOn: [UInt64: [StoredPayload]],
        ended: [UInt64: EndedChildName]
    ) {
        self.id = id
        journal = names.uuid
        contentTypes = names.contentTypes
        self.number = number
        self.entries = entries
        self.handedOn = handedOn
        self.ended = ended
    }

    private struct ExportedLine: Decodable {
        let entry: String
        let payloads: [ExportedPayload]?
    }

    private struct ExportedPayload: Decodable {
        let salt: String?
        let base64: String?
    }

    private static func entry(
        exported line: [UInt8],
        _ number: Int
    ) throws -> (Entry, run: UInt64?) {
        do {
            let exported = try JSONDecoder().decode(ExportedLine.self, from: Data(line))
            guard let bytes = Data(base64Encoded: exported.entry).map({ Array($0) }) else {
                throw damaged(number, "its entry is not base64")
            }
            let (header, event, commitments) = try bytes.withUnsafeBytes { bytes in
                let view = try EntryView(bytes)
                return (view.header, view.event, try view.commitments())
            }
            let payloads = try checked(exported.payloads ?? [], commitments)
            let entry = Entry(sequence: header.sequence, bytes: bytes, payloads: payloads)
            // What is not known is for the fold to refuse.
            let isOfRun =
                header.stream != .journal
                && EventKind(rawValue: event).map(\.isOfExecution) ?? true
            return (entry, isOfRun ? header.stream.rawValue : nil)
        } catch let error as JournalError {
            throw error
        } catch {
            throw damaged(number, "\(error)")
        }
    }

    private static func checked(
        _ payloads: [ExportedPayload],
        _ commitments: [Commitment]
    ) throws(WireError) -> [StoredPayload] {
        guard payloads.count == commitments.count else {
            throw WireError(
                "its entry commits to \(commitments.count) payloads, and \(payloads.count) are there"
            )
        }
        var checked: [StoredPayload] = []
        for (payload, commitment) in zip(payloads, commitments) {
            let salt = payload.salt.flatMap { Data(base64Encoded: $0) }
            let data = payload.base64.flatMap { Data(base64Encoded: $0) }
            checked.append(
                try StoredPayload(
                    salt: salt.map { Array($0) },
                    data: data.map { Array($0) } ?? [],
                    commitment
                )
            )
        }
        return checked
    }

    private static func damaged(_ line: Int, _ reason: String) -> JournalError {
        JournalError(
            .integrity,
            "line \(line) of the export cannot be read (\(reason)); export it again"
        )
    }

    /// The execution as its history leaves it.
    /// - Throws: ``JournalError/Code/integrity``; what the model cannot fold.
    package func state() throws -> ExecutionState { try history(of: number) }

    /// How a part of a history ended.
    package struct Turn {
        /// The entry.
        package let sequence: UInt64
        /// What it holds.
        package let payloads: [StoredPayload]
        /// The handler ended it.
        package let endsByItself: Bool
        /// Its time was up.
        package let isTimeout: Bool
    }

    /// The last entry of one of the given kinds.
    package func last(of kinds: [EventKind]) throws -> Turn? {
        for entry in entries.reversed() {
            let turn = try entry.bytes.withUnsafeBytes { bytes -> Turn? in
                let view = try EntryView(bytes)
                guard let kind = EventKind(rawValue: view.event), kinds.contains(kind) else {
                    return nil
                }
                let ends: [EventKind] = [.executionCompleted, .executionFailed, .attemptFailed]
                return Turn(
                    sequence: entry.sequence,
                    payloads: entry.payloads,
                    endsByItself: ends.contains(kind),
                    isTimeout: try ExecutionReader.error(view)?.kind == .timedOut
                )
            }
            if let turn { return turn }
        }
        return nil
    }
}

extension RecordedHistory: HistorySource {
    package func beginning(of number: UInt64) -> UInt64 { entries.first?.sequence ?? number }

    package func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws {
        // The first one that counts, by halving.
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        for entry in entries[low...] {
            let goesOn = try entry.bytes.withUnsafeBytes { bytes in
                try body(try EntryView(bytes)) { entry.payloads }
            }
            if !goesOn { return }
        }
    }

    package func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        if let payloads = handedOn[sequence] { return payloads }
        var payloads: [StoredPayload] = []
        try scan(from: sequence) { entry, read in
            if entry.header.sequence == sequence { payloads = try read() }
            return false
        }
        return payloads
    }

    package func child(endedBy sequence: UInt64) throws -> EndedChildName {
        guard let name = ended[sequence] else {
            throw JournalError.missing(sequence, ofHistory: number)
        }
        return name
    }
}

extension FamilyReader {
    /// Reads from lines of an export.
    fileprivate init(
        exported entries: [UInt64: [RecordedHistory.Entry]],
        _ sources: [UInt64: [StoredPayload]],
        _ names: JournalNames
    ) throws {
        var streams: [UInt64: UInt64] = [:]
        for (number, all) in entries { for entry in all { streams[entry.sequence] = number } }
        self.init(
            payloads: { sources[$0] ?? [] },
            child: { [streams] end in
                guard let number = streams[end], let first = entries[number]?.first,
                    first.sequence == number
                else { throw JournalError.missing(end, ofHistory: end) }
                return try first.bytes.withUnsafeBytes {
                    try EndedChildName(submittedBy: EntryView($0))
                }
            },
            contentType: { names.contentType($0) }
        )
    }
}
