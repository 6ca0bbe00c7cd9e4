package import DaybookFormat
package import DaybookJournal
import DaybookModel

/// Where the history of one execution is read from.
package protocol HistorySource: Sendable {
    /// The first entry of all that counts for an execution: of a fork that of its origin.
    /// - Parameter number: the execution that the history is of.
    func beginning(of number: UInt64) throws -> UInt64

    /// Runs `body` on the execution's entries in order, from `sequence` on, until it returns false. Those
    /// of a fork's origin, up to the fork, come before its own.
    /// - Parameter body: is given the entry, and a function that reads its payloads and checks them
    ///   against what the entry commits to.
    func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws

    /// The payloads of an entry, checked against what it commits to.
    /// - Throws: ``JournalError/Code/integrity`` for an entry that is not there, or other payloads.
    func payloads(of sequence: UInt64) throws -> [StoredPayload]

    /// Who has ended by an entry of another history.
    /// - Throws: ``JournalError/Code/integrity`` for an entry that is not there.
    func child(endedBy sequence: UInt64) throws -> EndedChildName
}

extension HistorySource {
    /// It is no fork's.
    package func beginning(of number: UInt64) throws -> UInt64 { number }

    /// It has no others.
    package func child(endedBy sequence: UInt64) throws -> EndedChildName {
        throw JournalError.missing(sequence, ofHistory: sequence)
    }
}

/// A history in a journal. It is read in steps, each on the newest state, so that no read
/// transaction stays open for long.
package struct JournalHistory: HistorySource {
    private let store: any JournalStore
    private let execution: UInt64

    /// Entries of a step.
    private static let step = 4_096

    /// The history of an execution, as far as the journal has it when it is read.
    package init(store: any JournalStore, execution: UInt64) {
        self.store = store
        self.execution = execution
    }

    /// The history of an execution, as far as the journal has it when it is read.
    package init(journal: Journal, execution: UInt64) {
        self.init(store: journal.store, execution: execution)
    }

    package func beginning(of number: UInt64) throws -> UInt64 {
        try store.read { try $0.historyParts(of: number).first?.number ?? number }
    }

    package func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws {
        let parts =
            sequence < execution
            ? try store.read { try $0.historyParts(of: execution) }
            : [HistoryPart(number: execution)]
        for part in parts where part.end > sequence {
            var step = Step.goesOn(max(sequence, part.number))
            while case .goesOn(let first) = step {
                step = try store.read { try self.step(part, from: first, $0, body) }
            }
            if case .isEnough = step { return }
        }
    }

    /// What comes after some entries were read.
    private enum Step {
        /// More of them, from here on.
        case goesOn(UInt64)
        /// That was all of a part.
        case isAtEnd
        /// `body` wants no more.
        case isEnough
    }

    private func step(
        _ part: HistoryPart,
        from first: UInt64,
        _ reader: any StoreReader,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws -> Step {
        var step = Step.isAtEnd
        var count = 0
        try reader.scanHistory(of: part.number, from: first) { sequence in
            guard sequence < part.end else { return false }
            guard count < Self.step else {
                step = .goesOn(sequence)
                return false
            }
            count += 1
            let goesOn = try reader.withView(of: sequence) { entry in
                try body(entry) { try reader.payloads(of: entry) }
            }
            guard let goesOn else { throw JournalError.missing(sequence, ofHistory: part.number) }
            if !goesOn { step = .isEnough }
            return goesOn
        }
        return step
    }

    package func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        try store.read { try $0.payloads(of: sequence) }
    }

    package func child(endedBy sequence: UInt64) throws -> EndedChildName {
        try store.read { try EndedChildName(endedBy: sequence, $0) }
    }
}

/// Entries of one execution that count for the history of another, or for its own.
package struct HistoryPart: Sendable {
    /// Whose they are.
    package let number: UInt64
    /// The first entry that does not count.
    package var end = UInt64.max
}

extension StoreReader {
    /// What the history of an execution is made of: of a fork its origin's entries up to the fork come
    /// first, and so on.
    /// - Throws: ``JournalError/Code/integrity`` for a fork of what does not come before it.
    package func historyParts(of number: UInt64) throws -> [HistoryPart] {
        var parts = [HistoryPart(number: number)]
        while let last = parts.last, let point = try forkPoint(of: last.number) {
            guard point.origin < last.number, point.before <= last.number else {
                throw JournalError(
                    .integrity,
                    "entry \(last.number): it is a fork of the execution \(point.origin) before the entry \(point.before), which come after it; verify the journal",
                    sequence: last.number
                )
            }
            parts.append(HistoryPart(number: point.origin, end: point.before))
        }
        return parts.reversed()
    }

    private func forkPoint(of number: UInt64) throws -> ForkPoint? {
        let point = try withView(of: number) { entry -> ForkPoint? in
            guard entry.event == EventKind.executionSubmitted.rawValue else { return nil }
            return try ForkPoint(submittedBy: entry)
        }
        return point ?? nil
    }
}
