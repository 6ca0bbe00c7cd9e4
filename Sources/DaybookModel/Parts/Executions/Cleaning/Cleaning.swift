import DaybookFormat

/// What is to be done should the execution end badly, in the order of the entries: what a handler has
/// registered for an end from outside, and the checkpoints that are to be undone.
struct Cleaning: Sendable {
    /// What is known of a checkpoint that is to be undone.
    enum Undoes: Sendable {
        /// Its body has begun.
        case started
        /// It failed, and nobody knows what it did before.
        case uncertain
        /// It gave a value.
        case success
    }

    /// What is to be done.
    struct Registration: Equatable, Sendable {
        /// Its entry.
        let sequence: UInt64
        /// The operation that registers it.
        let path: OperationPath
        /// The name that the handler gave it.
        let name: Name
        /// The operation is a checkpoint, and is undone by it; nil: it was registered for an end from
        /// outside.
        var undoes: Undoes?
        /// The operation that withdrew it; nil: none did.
        var finishedBy: OperationPath?
        /// Its code has run, or nobody knows how far it came.
        var hasEnded = false
        /// Its code ended with an error, or nobody knows how far it came.
        var hasFailed = false
        /// It is of a branch that has lost: what follows it is nobody's work any more.
        var isLost = false

        /// The entry by which the body of the checkpoint began; 0: its own.
        var begun: UInt64 = 0
        /// The fork that owes it; 0: the execution does itself.
        var heir: UInt64 = 0

        /// The first entry that says that there is something to do.
        var since: UInt64 { begun == 0 ? sequence : begun }
        /// Whether it is to run at an end from outside.
        var stands: Bool { finishedBy == nil && !hasEnded && heir == 0 }
        /// Whether it is a checkpoint that is to be undone.
        var compensates: Bool { undoes != nil && stands }

        /// Whether nobody would undo the checkpoint any more if an operation is open again. What has failed
        /// itself, and nobody knows with what effect, stays to be undone.
        func isTakenBack(with other: OperationPath) -> Bool {
            undoes == .success && path == other || other.isFollowed(by: path)
        }
    }

    var registrations: [Registration] = []
    /// How many of them undo a checkpoint that has not given a value: only for those is one looked for.
    private(set) var unsettled = 0
    /// How often the execution was opened again after an end.
    var reopenings: UInt32 = 0
    /// None of them runs at this end.
    var isSkipped = false
    /// The execution has ended by itself: only checkpoints are undone.
    var compensatesOnly = false
    /// The operation with whose failure it has ended. What follows it is taken back once the execution
    /// is opened again: until then it is to be undone.
    var endedBy: OperationPath?
    /// The lease was granted for cleaning.
    var isClaimed = false
    /// Operations on values that were recorded since there is a checkpoint to undo, sorted, so that those in an
    /// operation lie together: those that follow a checkpoint which is undone, and runs again, are recorded anew.
    var values: [OperationPath] = []

    /// Whether there is nothing to remember.
    var isEmpty: Bool {
        registrations.isEmpty && reopenings == 0 && !isSkipped && !isClaimed && !compensatesOnly
            && endedBy == nil && values.isEmpty
    }

    /// Registrations have been taken out.
    mutating func countUnsettled() {
        unsettled = registrations.count { $0.undoes == .started || $0.undoes == .uncertain }
    }

    /// A checkpoint is to be undone.
    mutating func add(_ registration: Registration) {
        registrations.append(registration)
        if registration.undoes != .success { unsettled += 1 }
    }

    /// A checkpoint that has not given a value is not to be undone any more.
    mutating func removeUnsettled(at index: Int) {
        registrations.remove(at: index)
        unsettled -= 1
    }

    /// Whether something is to run at this end.
    var stands: Bool { next != nil }

    /// Whether checkpoints are to be undone.
    var compensates: Bool { !isSkipped && registrations.contains { $0.compensates } }

    /// Whether something is registered for an end from outside, besides checkpoints that are to be undone.
    var registersMore: Bool {
        !isSkipped && !compensatesOnly && registrations.contains { $0.stands && !$0.compensates }
    }

    /// Whether one is to run at this end.
    func isDue(_ registration: Registration) -> Bool {
        compensatesOnly ? registration.compensates : registration.stands
    }

    /// Which of them runs next at this end: the newest; nil: none does.
    var next: Int? { isSkipped ? nil : registrations.lastIndex { isDue($0) } }

    /// The scope in which the code of a registration runs at this end: no branch of the handler, and
    /// no earlier end, has the same.
    func scope(of path: OperationPath) -> [UInt32] {
        path.scope + [path.position, OperationPath.firstEnd &+ reopenings]
    }
}

/// Something that is to be done because an execution has ended badly.
package struct DueCleaning: Equatable, Sendable {
    /// The entry of its registration.
    package let sequence: UInt64
    /// The operation that registered it.
    package let path: OperationPath
    /// The name that the handler gave it.
    package let name: Name
    /// The scope in which its code runs.
    package let scope: [UInt32]
    /// It undoes the checkpoint that registered it.
    package let compensates: Bool
    /// The entry that registers it holds the value of the checkpoint.
    package let hasValue: Bool

    /// What it is called where people read of it.
    package var title: String { compensates ? "undo \(name)" : name.text }

    init(
        sequence: UInt64,
        path: OperationPath,
        name: Name,
        scope: [UInt32],
        compensates: Bool = false,
        hasValue: Bool = false
    ) {
        self.sequence = sequence
        self.path = path
        self.name = name
        self.scope = scope
        self.compensates = compensates
        self.hasValue = hasValue
    }

    init(_ registration: Cleaning.Registration, scope: [UInt32]) {
        self.init(
            sequence: registration.sequence,
            path: registration.path,
            name: registration.name,
            scope: scope,
            compensates: registration.undoes != nil,
            hasValue: registration.undoes == .success
        )
    }
}

extension ExecutionState {
    /// The first entry that registers something for an end, which has not run; nil: none does.
    package var firstRegistration: UInt64? {
        rare.cleaning.registrations.first { $0.stands }?.sequence
    }

    /// Where the handler registered something for an end under a name, outside of branches and before all
    /// else of that name; nil: it did not, or that has run.
    package func firstRegistration(named name: Name) -> OperationPath? {
        rare.cleaning.registrations.lazy
            .filter { $0.stands && $0.name == name && $0.path.scope.isEmpty }
            .map(\.path).min { $0.position < $1.position }
    }

    /// The first entry of what an operation has registered for an end, and which has not run; nil: it has
    /// not.
    package func registration(by path: OperationPath) -> UInt64? {
        rare.cleaning.registrations.first { $0.path == path && $0.stands }?.since
    }

    /// The fork that owes what it has registered for an end; nil: it owes that itself.
    package var heir: UInt64? { rare.cleaning.heir() }

    /// It has ended, and what was registered for that has not all run.
    package var owesCleaning: Bool { status.isFinal && rare.cleaning.stands }

    /// What is to run because it has ended badly, in the order in which it does: what was registered
    /// last comes first. Empty: nothing is.
    package var dueCleaning: [DueCleaning] {
        guard owesCleaning else { return [] }
        let cleaning = rare.cleaning
        return cleaning.registrations.reversed().filter { cleaning.isDue($0) }.map {
            DueCleaning($0, scope: cleaning.scope(of: $0.path))
        }
    }

    /// What would run should it be ended from outside now, what was registered last first.
    package var standingCleaning: [DueCleaning] {
        let cleaning = rare.cleaning
        return cleaning.registrations.reversed().filter(\.stands).map {
            DueCleaning($0, scope: cleaning.scope(of: $0.path))
        }
    }

    /// Checkpoints that are to be undone and have not given a value, in the order of their entries.
    package var unsettledCompensations: [DueCleaning] {
        let cleaning = rare.cleaning
        guard cleaning.unsettled > 0, !status.isFinal else { return [] }
        return cleaning.registrations
            .filter { $0.compensates && $0.undoes != .success }
            .map { DueCleaning($0, scope: cleaning.scope(of: $0.path)) }
    }

    /// The first of them; nil: nothing is to run.
    var nextCleaning: DueCleaning? {
        guard status.isFinal, let next = rare.cleaning.next else { return nil }
        let registration = rare.cleaning.registrations[next]
        return DueCleaning(registration, scope: rare.cleaning.scope(of: registration.path))
    }

    /// How often it was opened again after an end.
    package var reopenings: UInt32 { rare.cleaning.reopenings }

    /// Whether its lease was granted for cleaning.
    package var isClaimedForCleaning: Bool { status.isFinal && rare.cleaning.isClaimed }

    /// The scope of the cleaning that a scope is of, or lies in; nil: it is none of what is due next.
    func cleaningScope(around scope: [UInt32]) -> [UInt32]? {
        guard isClaimedForCleaning, let next = rare.cleaning.next else { return nil }
        let root = rare.cleaning.scope(of: rare.cleaning.registrations[next].path)
        return scope.starts(with: root) ? root : nil
    }
}
