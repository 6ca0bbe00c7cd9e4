import DaybookFormat

/// All that is open in a journal, folded from its entries.
///
/// It is made of parts, each folded from events of its own (`StatePart`) or following from the
/// executions (`DerivedPart`). Entries are applied where the state
/// lies. The entries of a batch that is not yet on the disk are applied too; what they touch is
/// noted, so that readers see what is on the disk and a batch that was not written is undone.
@usableFromInline
package struct State: Sendable {
    /// Executions that are not closed.
    var executions = ExecutionTable()
    /// Those of them that may be claimed, in order.
    var ready = ReadyQueues()
    /// Their deadlines.
    var timers = Timers()
    /// Children that are to be cancelled.
    var orphans = Orphans()
    /// Types of tasks, tasks, and the runbooks that they may run.
    package internal(set) var tasks = Tasks()
    /// Those of the tasks that wait for their time, in order of it.
    var due = DueTasks()
    /// The parts that are small.
    var small = SmallParts()
    /// One more than the sequence of the last entry that is on the disk and taken in.
    package internal(set) var next: UInt64 = 0
    /// One copy of each type's name, shared by its executions.
    var types: Set<Name> = []
    /// What the batch under way has changed.
    var batch = BatchNotes()

    /// The state of a journal without entries.
    package init() {}

    /// What the journal's own stream says.
    package internal(set) var journal: JournalFacts {
        get { small.journal }
        _modify { yield &small.journal }
    }

    /// Sessions that are neither closed nor known to be lost, in order.
    package internal(set) var sessions: [Session] {
        get { small.sessions }
        _modify { yield &small.sessions }
    }

    /// The one copy of a type's name.
    mutating func intern(_ type: Name) -> Name { types.insert(type).memberAfterInsert }

    // MARK: Looking

    /// How many executions are open.
    package var openCount: Int { executions.count }

    /// An open execution, as the batch under way leaves it.
    package func execution(_ number: UInt64) -> ExecutionState? { executions[number] }

    /// Whose the files of an execution are.
    package enum Workspace: Sendable {
        /// It is open.
        case open
        /// It is closed.
        case closed
        /// It is newer than what is known.
        case unknown
    }

    /// Whose the files of an execution are.
    package func workspace(of number: UInt64) -> Workspace {
        if executions.contains(number) { return .open }
        return number < next ? .closed : .unknown
    }

    /// The numbers of all open executions, ascending.
    package var openExecutions: [UInt64] { executions.numbers }

    /// Whether a session is neither closed nor known to be lost.
    func isOpen(session: UInt64) -> Bool { sessions.contains { $0.number == session } }

    /// The numbers of the executions whose lease a session holds, ascending.
    func leased(by session: UInt64) -> [UInt64] {
        executions.numbers.filter { executions[known: $0].session == session }
    }

    /// The revision that a session has said its code is of; empty: none.
    package func revision(ofSession number: UInt64) -> Name {
        sessions.first { $0.number == number }?.revision ?? ""
    }

    /// The number of the execution that has been ready for the longest of those of the given types
    /// that a session may claim.
    package mutating func firstReady(of types: [Name], for claimant: Claimant) -> UInt64? {
        let executions = executions
        let stands = { (item: ReadyQueues.Item) in
            executions.has(item.number) { $0.isQueued(item) }
        }
        if claimant.opensSecrets || secrets.isEmpty {
            return ready.first(of: types, for: claimant.revision, stands)
        }
        let secrets = secrets
        return ready.first(of: types, for: claimant.revision, stands) { secrets[$0.number] == nil }
    }

    /// Whether an execution waits, and nobody who lives holds its lease.
    func hasNoHolder(_ number: UInt64) -> Bool {
        guard let execution = executions[number] else { return false }
        return execution.status == .waiting
            && !(execution.session.map { isOpen(session: $0) } ?? false)
    }
}
