import DaybookFormat

/// Where an open execution stands by what is on the disk: what is published of it.
///
/// A few words, whatever the execution holds: to be copied freely.
package struct ExecutionStanding: Equatable, Sendable {
    /// The sequence of its first entry.
    package let number: UInt64
    /// Its status.
    package let status: ExecutionStatus
    /// Nothing runs until a person has looked.
    package let isParked: Bool
    /// Nothing runs until it is resumed.
    package let isPaused: Bool
    /// Whether somebody may claim it.
    package let isClaimable: Bool
    /// The only revision whose sessions may claim it; nil: those of any.
    package let pinnedRevision: Name?
    /// The session that holds the lease, or held it last; nil: none does.
    package let session: UInt64?
    /// How often it has been claimed.
    package let epoch: UInt64
    /// Its last entry.
    package let last: UInt64

    /// Something that was registered for its end has not run yet.
    package let owesCleaning: Bool

    /// It has ended, and waits for its code to end too.
    package var isCleaning: Bool { status.isFinal }

    /// Whether a session of a revision may claim it.
    package func isClaimable(by revision: Name) -> Bool {
        isClaimable && (pinnedRevision == nil || pinnedRevision == revision)
    }

    @inline(__always)
    init(_ state: borrowing ExecutionState) {
        number = state.number
        status = state.status
        isParked = state.isParked
        isPaused = state.isPaused
        isClaimable = state.isClaimable
        pinnedRevision = state.pinnedRevision
        session = state.session
        epoch = state.epoch
        last = state.last
        owesCleaning = state.owesCleaning
    }
}

/// What a batch that is not yet on the disk has touched.
struct BatchNotes: Sendable {
    /// A batch is under way.
    var isOpen = false
    /// How the executions that it touched stood before it; nil: they were not open.
    var before: [UInt64: ExecutionStanding?] = [:]
    /// The execution that it touched last; 0: none.
    var lastTouched: UInt64 = 0
    /// Deadlines were taken out, of which nothing that it touched need tell.
    var hasTakenDeadlines = false
    /// The parts that are small, as they were before it.
    var small = SmallParts()
    /// One more than its last entry; 0: it has none.
    var next: UInt64 = 0
    /// Children that were closed, and of which their parents are to be told.
    var endedChildren: [EndedChild] = []
    /// Forks that can begin.
    var successors: [Successor] = []
    /// Runs of tasks that have ended, and of which their tasks are to be told.
    var endedRuns: [EndedRun] = []
    /// What it has changed of tasks.
    var tasks = TaskNotes()
    /// The lists of the last submission without labels: most of the next ones are on the same, also in
    /// the next batch.
    var usualLists: UsualLists?
}

/// A fork that can begin because what it goes on in the place of is closed.
struct Successor: Sendable {
    /// Its number.
    let fork: UInt64
    /// The entry that closed its origin.
    let end: UInt64
}

/// The lists on which submissions of a workflow by an actor are put, which name no labels.
struct UsualLists: Sendable {
    let type: Name
    let actor: String
    let keys: [[UInt8]]
}

extension State {
    /// A batch begins, or goes on: from here on entries are not on the disk yet.
    mutating func begin() {
        guard !batch.isOpen else { return }
        batch.isOpen = true
        batch.small = small
    }

    /// Notes how an execution stands before the batch touches it.
    mutating func noteTouch(_ number: UInt64) {
        // One search of the table, whether it was touched before or not.
        if batch.lastTouched == number { return }
        batch.lastTouched = number
        guard batch.before[number] == nil else { return }
        batch.before[number] = .some(executions.standing(number))
    }

    /// The batch is on the disk.
    package mutating func commit() {
        if batch.next != 0 { next = batch.next }
        batch.isOpen = false
        batch.before.removeAll(keepingCapacity: batch.before.count < 8_192)
        batch.lastTouched = 0
        batch.hasTakenDeadlines = false
        batch.endedChildren = []
        batch.successors = []
        if !batch.endedRuns.isEmpty { batch.endedRuns = [] }
        if !batch.tasks.isEmpty { batch.tasks = TaskNotes() }
        batch.next = 0
        small.secrets.endBatch()
    }

    /// The batch is not on the disk, and will not be: what it touched is folded again.
    ///
    /// - Parameter history: folds the history of an execution that was open before the batch, without
    ///   the entries from ``next`` on: those are by others, and are still to be taken in.
    /// - Throws: what `history` throws. The state is then neither; it is to be tried again.
    package mutating func rollBack(_ history: HistoryFold) throws {
        guard batch.isOpen else { return }
        var restored: [ExecutionState] = []
        var gone: [UInt64] = []
        for (number, before) in batch.before {
            if before == nil {
                gone.append(number)
            } else {
                restored.append(try history(number, next))
            }
        }
        for number in gone { executions.remove(number) }
        for state in restored {
            var state = state
            state.type = intern(state.type)
            executions.insert(state)
        }
        small = batch.small
        batch.next = 0
        let hasChanged =
            !batch.before.isEmpty || batch.hasTakenDeadlines || !batch.tasks.isEmpty
        tasks.restore(batch.tasks)
        commit()
        if hasChanged { for part in DerivedPart.all { part.rebuild(&self) } }
    }

    // MARK: What is published

    /// Where an open execution stands by what is on the disk.
    package func published(_ number: UInt64) -> ExecutionStanding? {
        if let before = batch.before[number] { return before }
        return executions.standing(number)
    }

    /// An open execution by what is on the disk; nil also when the batch under way has touched it:
    /// then its history is to be folded.
    package func committed(_ number: UInt64) -> ExecutionState? {
        batch.before[number] == nil ? executions[number] : nil
    }

    /// When the first of the waits of an open execution ends by itself, by the batch under way; nil:
    /// none does.
    package func firstDeadline(ofWaitsOf number: UInt64) -> Timestamp? {
        executions.contains(number) ? executions[known: number].firstWaitDeadline : nil
    }

    /// Whether an execution of one of the given types may be claimed by a session, by what is on the disk
    /// or by the batch under way.
    package func hasReady(of types: [Name], for claimant: Claimant) -> Bool {
        ready.hasItem(of: types, for: claimant.revision) { item in
            executions.has(item.number) { $0.isQueued(item) }
                && (claimant.opensSecrets || secrets[item.number] == nil)
        }
    }

    /// Whether an execution of one of the given types that has secrets may be claimed by a session of a
    /// revision, by what is on the disk or by the batch under way.
    package func hasReadySecrets(of types: [Name], for revision: Name) -> Bool {
        secrets.openNumbers.contains { isReady($0, of: types, for: revision) }
    }

    /// The ids of those executions, in order of their numbers.
    package func readyWithSecrets(of types: [Name], for revision: Name) -> [Name] {
        secrets.openNumbers.filter { isReady($0, of: types, for: revision) }.sorted()
            .compactMap { secrets[$0]?.id }
    }

    private func isReady(_ number: UInt64, of types: [Name], for revision: Name) -> Bool {
        executions.has(number) { state in
            types.contains(state.type) && ExecutionStanding(state).isClaimable(by: revision)
        }
    }

    /// The sessions that are open by what is on the disk, in order.
    package var publishedSessions: [Session] { batch.isOpen ? batch.small.sessions : sessions }
}
