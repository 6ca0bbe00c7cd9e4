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
