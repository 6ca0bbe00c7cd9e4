import DaybookFormat

/// What is to be done at an end is owed by one execution: a fork takes it over from its origin, whose entry
/// says so.
extension Cleaning {
    /// Has a fork owe what was begun before an entry, and what undoes the operation whose result it was given.
    /// - Throws: `WireError` when nothing of that is to be done.
    mutating func handOn(
        to heir: UInt64,
        before sequence: UInt64,
        or given: OperationPath?
    ) throws(WireError) {
        var isEmpty = true
        for index in registrations.indices
        where registrations[index].isOwed(before: sequence, or: given) {
            registrations[index].heir = heir
            isEmpty = false
        }
        if isEmpty { throw WireError("it hands on what is not registered") }
    }

    /// Whether something is to be done at an end that no other owes, and that was begun before an entry or
    /// undoes an operation.
    func owes(before sequence: UInt64, or given: OperationPath?) -> Bool {
        registrations.contains { $0.isOwed(before: sequence, or: given) }
    }

    /// The fork that owes something which was begun before an entry; nil: none does.
    /// - Parameter spared: the operation whose registration does not count.
    func heir(before sequence: UInt64 = .max, except spared: OperationPath? = nil) -> UInt64? {
        registrations.first { $0.heir != 0 && $0.since < sequence && $0.path != spared }?.heir
    }
}

/// What an execution has registered for an end, as that is now, to be compared with what was registered
/// earlier.
package struct StandingDebts: Sendable {
    /// By the entries that registered it.
    private let registrations: [UInt64: Cleaning.Registration]
    private let cleaning: Cleaning

    /// Those of an execution as it is now.
    package init(_ state: ExecutionState) { self.init(state.rare.cleaning) }

    init(_ cleaning: Cleaning) {
        self.cleaning = cleaning
        registrations = Dictionary(
            cleaning.registrations.map { ($0.sequence, $0) },
            uniquingKeysWith: { $1 }
        )
    }

    /// The fork that owes something which was begun before an entry; nil: none does.
    /// - Parameter spared: the operation whose registration does not count.
    package func heir(before sequence: UInt64, except spared: OperationPath?) -> UInt64? {
        cleaning.heir(before: sequence, except: spared)
    }

    /// What gave a value earlier, and was to be undone then, and has been undone since; nil: nothing. A fork
    /// would take it for done.
    /// - Parameters:
    ///   - earlier: the execution as it was then.
    ///   - spared: the operation whose registration undoes nothing.
    ///   - hasEnded: whether what an operation has registered is known to have run since.
    /// - Returns: what was begun first: before that nothing is undone.
    package func undone(
        since earlier: ExecutionState,
        except spared: OperationPath?,
        or hasEnded: (OperationPath) -> Bool = { _ in false }
    ) -> (name: Name, path: OperationPath)? {
        let undone = earlier.rare.cleaning.registrations.filter { old in
            guard old.stands, old.path != spared else { return false }
            if hasEnded(old.path) { return true }
            guard old.undoes == .success else { return false }
            // What was undone is registered anew, by another entry, once it has run again.
            guard let now = registrations[old.sequence] else { return true }
            return now.hasEnded && !now.hasFailed
        }
        return undone.min { $0.since < $1.since }.map { ($0.name, $0.path) }
    }
}

extension ExecutionState {
    /// The forks that owe what it registered for an end, by the operations that did.
    package var heirs: [OperationPath: UInt64] {
        Dictionary(
            rare.cleaning.registrations.filter { $0.heir != 0 }.map { ($0.path, $0.heir) },
            uniquingKeysWith: { $1 }
        )
    }

    /// What would run should it be cancelled because it is forked, what was registered last first: the rest of
    /// ``standingCleaning`` the fork owes.
    /// - Parameters:
    ///   - sequence: the first entry that the fork does not take over.
    ///   - given: the operation whose result the fork is given; nil: none.
    package func standingCleaning(
        beyond sequence: UInt64,
        or given: OperationPath?
    ) -> [DueCleaning] {
        let cleaning = rare.cleaning
        return cleaning.registrations.reversed()
            .filter { $0.stands && !$0.isOwed(before: sequence, or: given) }
            .map { DueCleaning($0, scope: cleaning.scope(of: $0.path)) }
    }

    /// How it stands with what is to be undone should the execution end badly.
    package enum Compensation: Sendable {
        /// It is to be undone.
        case registered
        case undone
        /// Its undoing ended with an error, or nobody knows how far it came.
        case failed
        /// A person has left it out.
        case leftOut
        /// A fork owes it.
        case handedOn
    }

    /// The checkpoints that are to be undone should it end badly, or were.
    package var compensations: [OperationPath: Compensation] {
        let cleaning = rare.cleaning
        // Of what has ended well nothing is undone, and nothing was left out.
        let isLeftOut = cleaning.isSkipped && status.isFinal && status != .completed
        return Dictionary(
            cleaning.registrations.filter { $0.undoes != nil }.map { registration in
                let standing: Compensation =
                    if registration.heir != 0 {
                        .handedOn
                    } else if registration.hasEnded {
                        registration.hasFailed ? .failed : .undone
                    } else {
                        isLeftOut ? .leftOut : .registered
                    }
                return (registration.path, standing)
            },
            uniquingKeysWith: { $1 }
        )
    }
}

extension Cleaning.Registration {
    /// Whether it was begun before an entry, or undoes an operation, and is to be done by the execution
    /// itself: at this end, or at the next one because it has failed.
    fileprivate func isOwed(before sequence: UInt64, or given: OperationPath?) -> Bool {
        let isDone = finishedBy != nil || hasEnded && !hasFailed
        return !isDone && heir == 0 && (since < sequence || undoes != nil && path == given)
    }
}

extension Transaction {
    /// What an execution would have to do at its end, as that is now.
    func debts(of number: UInt64) throws -> Cleaning {
        // A closed one is folded from its history.
        try self[number]?.rare.cleaning ?? closed(number).rare.cleaning
    }

    /// The fork that owes what an execution has registered for an end: the last one, where that was handed
    /// on more than once; nil: it owes it itself.
    /// - Parameter spared: the operation whose registration does not count.
    func lastHeir(of number: UInt64, except spared: OperationPath? = nil) throws -> UInt64? {
        var last: UInt64?
        while let heir = try debts(of: last ?? number).heir(except: spared),
            heir > last ?? number
        {
            last = heir
        }
        return last
    }

    /// The id of an execution.
    func id(of number: UInt64) throws -> Name {
        try self[number]?.id ?? past(of: number, before: number + 1).id
    }
}
