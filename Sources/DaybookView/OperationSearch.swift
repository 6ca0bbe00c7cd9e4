import DaybookFormat
import DaybookJournal
package import DaybookModel

/// Where an operation of an execution begins in its history: what comes before is what a fork at it takes
/// over.
package struct FoundOperation: Sendable {
    /// The operation, as it was asked for last.
    package let operation: Operation
    /// The first entry that is about it: of the last attempt that came to it.
    package let first: UInt64
}

extension HistorySource {
    /// Finds an operation.
    /// - Parameters:
    ///   - wanted: its numbers (`0/1/2`), or its name if only one has it.
    ///   - number: the execution that the history is of.
    /// - Throws: ``Refusal/Code/notFound`` when there is none, ``Refusal/Code/conflict`` when several
    ///   have the name; ``JournalError``.
    package func operation(
        _ wanted: String,
        of number: UInt64,
        _ id: String
    ) throws -> FoundOperation {
        let path = OperationPath(text: wanted)
        let found = try operations(of: number) { operation in
            path.map { $0 == OperationPath(operation) } ?? (operation.name == Name(wanted))
        }
        if let only = found.first, found.count == 1 { return only }
        guard !found.isEmpty else {
            throw Refusal(
                .notFound,
                "\(id) has recorded no operation \"\(wanted)\"; `daybook show --positions \(id)` shows those that it has"
            )
        }
        let places = found.map { OperationPath($0.operation) }.sorted().prefix(20)
            .map(\.place).joined(separator: ", ")
        throw Refusal(
            .conflict,
            "several operations of \(id) have the name \(wanted): \(places); name one by its numbers, which `daybook show --positions \(id)` shows"
        )
    }

    /// Finds operations, in no order.
    /// - Parameters:
    ///   - number: the execution that the history is of.
    ///   - isMeant: whether an operation is one of them.
    /// - Throws: ``JournalError``.
    package func operations(
        of number: UInt64,
        where isMeant: (Operation) -> Bool
    ) throws -> [FoundOperation] {
        var found: [OperationPath: FoundOperation] = [:]
        // An operation that an attempt came to again begins anew there.
        var turns: [OperationPath: UInt64] = [:]
        var lastTurn: UInt64 = 0
        // Of those that wait for a signal its coming is no beginning.
        var waited: Set<OperationPath> = []
        try scan(from: try beginning(of: number)) { view, _ in
            guard let kind = EventKind(rawValue: view.event) else { return true }
            if kind.endsAttempt { lastTurn = view.header.sequence }
            let entry = try JournalEntry(view, [])
            guard let proto = entry.operation else { return true }
            let operation = try entry.operation(proto)
            let place = OperationPath(operation)
            guard isMeant(operation) else { return true }
            let isWaited = waited.contains(place) && kind == .signalDelivered
            if kind == .signalAwaited { waited.insert(place) }
            guard kind.mayBeginOperation, !isWaited else { return true }
            let isNew = turns[place] != lastTurn || found[place] == nil
            turns[place] = lastTurn
            let first = isNew ? entry.sequence : found[place]?.first ?? entry.sequence
            found[place] = FoundOperation(operation: operation, first: first)
            return true
        }
        return Array(found.values)
    }
}

extension OperationPath {
    /// Its numbers, and which branch it lies in: that of an element of a list has the element's number.
    fileprivate var place: String {
        guard let branch = scope.last else { return description }
        return "\(description) (branch \(branch))"
    }
}

extension EventKind {
    /// Whether an operation may begin with it: what only goes on about one that has begun, or undoes it,
    /// is none.
    fileprivate var mayBeginOperation: Bool {
        switch self {
        case .timerFired, .branchSettled, .childEnded, .childrenSettled, .cleaningEnded,
            .operationResolved:
            false
        default: true
        }
    }

    /// Whether an attempt is over with it.
    fileprivate var endsAttempt: Bool {
        switch self {
        case .attemptFailed, .executionFailed, .executionTimedOut, .executionCancelled,
            .executionReopened:
            true
        default: false
        }
    }
}
