package import DaybookFormat
package import DaybookJournal
package import DaybookModel

/// The one way from a history to what it says: entries of one execution, in order, into its state.
private struct ExecutionFold {
    private let number: UInt64
    private let collectsUndone: Bool
    private(set) var state: ExecutionState?

    init(_ number: UInt64, undone: Bool) {
        self.number = number
        collectsUndone = undone
    }

    /// - Parameter origin: folds the history of a fork's origin up to the fork.
    mutating func take(
        _ entry: EntryView,
        origin: (ForkPoint) throws -> ExecutionState
    ) throws {
        let begins = entry.event == EventKind.executionSubmitted.rawValue
        guard begins || state == nil else {
            try state?.apply(entry)
            return
        }
        if begins, let point = try ForkPoint(submittedBy: entry) {
            state = try ExecutionState(fork: entry, of: try state ?? origin(point))
        } else {
            state = try ExecutionState(first: entry)
        }
        if collectsUndone, state?.collectsUndone == false { state?.collectUndone() }
    }

    func finish() throws(JournalError) -> ExecutionState {
        if let state { return state }
        throw JournalError(
            .integrity,
            "entry \(number): the execution that it begins has no history; verify the journal",
            sequence: number
        )
    }
}

extension StoreReader {
    /// Folds the history of one execution.
    /// - Parameter end: the last entry that counts.
    /// - Throws: ``JournalError/Code/integrity`` when it has none, or an entry of it is missing; what
    ///   the model cannot fold.
    package func history(of number: UInt64, upTo end: UInt64 = .max) throws -> ExecutionState {
        var fold = ExecutionFold(number, undone: false)
        try scanHistory(of: number, from: number) { sequence in
            guard sequence <= end else { return false }
            let found: Void? = try withView(of: sequence) { entry in
                try fold.take(entry) { try history(of: $0.origin, upTo: $0.before - 1) }
            }
            guard found != nil else {
                throw JournalError.missing(sequence, ofHistory: number)
            }
            return true
        }
        return try fold.finish()
    }
}

extension HistorySource {
    /// Folds the history.
    /// - Parameters:
    ///   - number: the execution that it is of.
    ///   - end: the last entry that counts.
    ///   - undone: what later attempts have undone is collected too.
    /// - Throws: ``JournalError/Code/integrity`` when there is none, or an entry of it is missing;
    ///   what the model cannot fold.
    package func history(
        of number: UInt64,
        upTo end: UInt64 = .max,
        undone: Bool = false
    ) throws -> ExecutionState {
        var fold = ExecutionFold(number, undone: undone)
        try scan(from: try beginning(of: number)) { entry, _ in
            guard entry.header.sequence <= end else { return false }
            try fold.take(entry) { throw JournalError.missing($0.origin, ofHistory: number) }
            return true
        }
        return try fold.finish()
    }

    /// Folds the history once, and looks at the execution as it was before some of its entries. Before those
    /// of a fork's origin that is the origin.
    /// - Parameters:
    ///   - number: the execution that it is of.
    ///   - isMeant: whether it is looked at before an entry, which is not its first.
    package func fold(
        of number: UInt64,
        before isMeant: (UInt64) -> Bool,
        _ look: (UInt64, ExecutionState) throws -> Void
    ) throws {
        var fold = ExecutionFold(number, undone: false)
        try scan(from: try beginning(of: number)) { entry, _ in
            let sequence = entry.header.sequence
            if isMeant(sequence), let state = fold.state { try look(sequence, state) }
            try fold.take(entry) { throw JournalError.missing($0.origin, ofHistory: number) }
            return true
        }
    }
}

extension State {
    /// Takes in an entry that is in the journal. An execution that is no longer in memory and goes
    /// on is folded from its history.
    /// - Returns: the execution that the entry closes, if it closes one.
    /// - Throws: ``UnknownEvent``; ``InconsistentEntry``; ``JournalError``.
    @discardableResult
    package mutating func apply(
        committed entry: EntryView,
        _ reader: any StoreReader
    ) throws -> ExecutionState? {
        try apply(committed: entry) { number, sequence in
            try reader.history(of: number, upTo: sequence - 1)
        }
    }
}

extension JournalError {
    /// The index names an entry that is not there.
    package static func missing(_ sequence: UInt64, ofHistory number: UInt64) -> JournalError {
        JournalError(
            .integrity,
            "entry \(sequence): the history of execution \(number) names it, and it is missing; verify the journal",
            sequence: sequence
        )
    }
}
