import DaybookFormat

/// What a handler has registered for an end from outside, in the order of the entries.
struct Cleaning: Sendable {
    /// What is to be done should the execution be ended from outside.
    struct Registration: Equatable, Sendable {
        /// Its entry.
        let sequence: UInt64
        /// The operation that registers it.
        let path: OperationPath
        /// The name that the handler gave it.
        let name: Name
        /// The operation that withdrew it; nil: none did.
        var finishedBy: OperationPath?
        /// Its code has run, or nobody knows how far it came.
        var hasEnded = false
        /// It is of a branch that has lost: what follows it is nobody's work any more.
        var isLost = false

        /// Whether it is to run at an end.
        var stands: Bool { finishedBy == nil && !hasEnded }
    }

    var registrations: [Registration] = []
    /// How often the execution was opened again after an end.
    var reopenings: UInt32 = 0
    /// None of them runs at this end.
    var isSkipped = false
    /// The lease was granted for cleaning.
    var isClaimed = false

    /// Whether there is nothing to remember.
    var isEmpty: Bool {
        registrations.isEmpty && reopenings == 0 && !isSkipped && !isClaimed
    }

    /// Whether something is to run at an end.
    var stands: Bool { !isSkipped && registrations.contains { $0.stands } }

    /// The scope in which the code of a registration runs at this end: no branch of the handler, and
    /// no earlier end, has the same.
    func scope(of path: OperationPath) -> [UInt32] { path.scope + [path.position, reopenings] }
}

/// Something that is to be done because an execution was ended from outside.
package struct DueCleaning: Equatable, Sendable {
    /// The entry of its registration.
    package let sequence: UInt64
    /// The operation that registered it.
    package let path: OperationPath
    /// The name that the handler gave it.
    package let name: Name
    /// The scope in which its code runs.
    package let scope: [UInt32]
}

extension ExecutionState {
    /// It was ended from outside, and what was registered for that has not all run.
    package var owesCleaning: Bool { status.isFinal && rare.cleaning.stands }

    /// What is to run because it was ended from outside, in the order in which it does: what was
    /// registered last comes first. Empty: nothing is.
    package var dueCleaning: [DueCleaning] {
        guard owesCleaning else { return [] }
        return rare.cleaning.registrations.reversed().filter(\.stands).map { registration in
            DueCleaning(
                sequence: registration.sequence,
                path: registration.path,
                name: registration.name,
                scope: rare.cleaning.scope(of: registration.path)
            )
        }
    }

    /// All that is registered, also what has run: what a replay of the cleaning goes over, in the
    /// order in which it ran.
    package var registeredCleaning: [DueCleaning] {
        rare.cleaning.registrations.reversed().filter { $0.finishedBy == nil }.map { registration in
            DueCleaning(
                sequence: registration.sequence,
                path: registration.path,
                name: registration.name,
                scope: rare.cleaning.scope(of: registration.path)
            )
        }
    }

    /// How often it was opened again after an end.
    package var reopenings: UInt32 { rare.cleaning.reopenings }

    /// Whether its lease was granted for cleaning.
    package var isClaimedForCleaning: Bool { status.isFinal && rare.cleaning.isClaimed }

    /// The scope of the cleaning that a scope is of, or lies in; nil: it is none of what is due next.
    func cleaningScope(around scope: [UInt32]) -> [UInt32]? {
        guard isClaimedForCleaning, !rare.cleaning.isSkipped,
            let next = rare.cleaning.registrations.last(where: { $0.stands })
        else { return nil }
        let root = rare.cleaning.scope(of: next.path)
        return scope.starts(with: root) ? root : nil
    }
}
