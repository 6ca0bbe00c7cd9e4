import DaybookFormat

@testable import DaybookModel

/// What a command comes to.
enum Outcome<Answer: Equatable & Sendable>: Equatable {
    case granted(Answer)
    case refused(Refusal.Code)

    func map<Other>(_ body: (Answer) -> Other) -> Outcome<Other> {
        switch self {
        case .granted(let answer): .granted(body(answer))
        case .refused(let code): .refused(code)
        }
    }
}

/// What the model should do, written a second time and plainly: no bytes, no overlay, no tables, no
/// heap; what is asked for is looked for among all there is.
///
/// It also foretells the sequence of every entry, and so how many entries each command writes.
struct ReferenceModel {
    /// One run. Those of one id follow one another.
    struct Execution {
        let id: Name
        let type: Name
        let input: String
        let number: UInt64
        let terms: Submit.Terms
        let submittedAt: Timestamp
        var continuedFrom: UInt64?
        var status = ExecutionStatus.submitted
        var isClosed = false
        var isParked = false
        var isPaused = false
        var isDelayed = false
        var beginsAttempt = true
        /// The session that has the lease, or had it last; 0: none.
        var holder: UInt64 = 0
        var lease: Lease?
        var epoch: UInt64 = 0
        var attempt: UInt32 = 0
        var losses: UInt32 = 0
        /// When something happens by itself, waits apart; 0: never.
        var deadline: UInt64 = 0
        var readySince: UInt64 = 0
        var operations: [Recorded] = []
        var waits: [Waiting] = []
        /// Of branches that were stopped because another one failed.
        var stopped: [Waiting] = []
        var signals: [(name: Name, sequence: UInt64, failure: String?)] = []
        var signalIDs: Set<Name> = []
        var store: [Name: UInt64] = [:]
        var workspace = Take(number: 0, isUnsaved: false)
        var outputs: [(name: Name, sequence: UInt64)] = []
        var refused: Set<UInt64> = []
        var previousFailure: UInt64?
        var startAt: UInt64 = 0
        var startedAt: UInt64 = 0
        /// The names of the secrets that are kept of it, and when it ended other than well.
        var secrets: [Name] = []
        /// The newest entry by which its payloads were erased.
        var erased: UInt64 = 0
        /// The entry that vouches for the archive that it lies in.
        var archived: UInt64 = 0
        var secretsEnd: UInt64 = 0
        /// The entry by which it has ended.
        var ended: UInt64 = 0
        var finishedAt: UInt64 = 0
        var updatedAt: UInt64
        var entries: UInt64 = 1
        var last: UInt64
        var errorCode = ""
        var registered: [Registered] = []
        var reopenings: UInt32 = 0
        var isSkipped = false
        var isForCleaning = false
        /// At this end only checkpoints are undone.
        var compensatesOnly = false
        /// With the failure of which operation it has ended, if that is taken back later.
        var endedBy: OperationPath?
        /// Places of values that were put, or looked for, while there was a checkpoint to undo.
        var values: Set<[UInt32]> = []
        /// Places that are open again by themselves.
        var reopened: Set<[UInt32]> = []
        /// Those that have failed since.
        var failedAgain: Set<[UInt32]> = []
        var attemptsBefore: UInt32 = 0
        /// What may have happened, and is parked for.
        var doubts: [Operation] = []
        /// The revision that it is pinned to; empty: none yet, or it is not pinned.
        var revision: Name = ""
        /// The execution that began it; 0: none did.
        var parent: UInt64 = 0
        /// Scope and position of the operation that did.
        var parentPlace: [UInt32] = []
        var depth: UInt32 = 0
        /// The number of the first run of its id.
        var firstRun: UInt64 = 0
        /// The task that it is a run of; 0: of none.
        var task: UInt64 = 0
        /// It has gone on as a new run.
        var isContinued = false
        var children: [Child] = []
        /// Spawned ones that are closed and have ended badly.
        var failedChildren: [Child] = []
        /// The entry since which it waits for what it has spawned; 0: it does not.
        var joined: UInt64 = 0
        var isAllSettled = false

        var isClaimable: Bool {
            (status == .ready || owes && children.isEmpty) && !isParked && !isPaused && !isDelayed
                && holder == 0
        }
        /// It has ended, and its code has not.
        var isCleaning: Bool { status.isFinal && !isClosed }
    }

    /// An operation that is recorded.
    struct Recorded {
        let scope: [UInt32]
        let position: UInt32
        /// It failed, and nothing followed.
        var isOpenFailure = false
        /// Into how many branches it has split, and nothing followed.
        var branches: UInt32 = 0
        /// Whether the branch that has decided it failed; nil: none has decided.
        var settledFailed: Bool?
        /// Into how many branches it had split that are kept, because one of them failed it.
        var kept: UInt32 = 0
    }

    /// A child that is not closed.
    struct Child {
        /// The number of the first run of its id.
        let number: UInt64
        let id: Name
        let started: UInt64
        let operation: Operation
        var stoppedBy: UInt64 = 0
        var reopens: UInt64 = 0
        /// No operation waits for it.
        var isSpawned = false
        /// The entry since which it is wanted again; 0: it is not.
        var wantedBy: UInt64 = 0
        /// How it has ended, and when its parent was told.
        var ending: (status: ExecutionStatus, at: UInt64)?

        /// Its failure counts.
        var hasFailed: Bool { ending.map { stoppedBy == 0 || $0.status != .cancelled } ?? false }
        /// The entry since which there is something to do for it.
        var since: UInt64 { max(stoppedBy, wantedBy) }
    }

    /// An operation that waits.
    struct Waiting {
        let kind: Wait.Kind
        let operation: Operation
        let deadline: UInt64
        let sequence: UInt64
    }

    /// A deadline: of a wait, or with 0 as its sequence of an execution.
    struct Deadline: Equatable {
        let time: UInt64
        let number: UInt64
        let wait: UInt64
    }

    let lossLimit: UInt32
    let submissionLifetime: UInt64 = 3_600_000_000_000
    var now: Timestamp
    private(set) var executions: [UInt64: Execution] = [:]
    /// Their numbers, ascending.
    private var order: [UInt64] = []
    /// The number of the newest run of each id.
    private(set) var numbers: [Name: UInt64] = [:]
    /// Open sessions, in order.
    var sessions: [UInt64] = []
    /// The revisions of their code; empty: not said.
    var revisions: [UInt64: Name] = [:]
    private(set) var next: UInt64 = 1
    /// How many entries the newest recorded snapshot is of.
    private(set) var snapshotSize: UInt64 = 0
    /// The machine and the file that the journal is at home in.
    private var home: (machine: UInt8?, inode: UInt64) = (nil, 0)
    /// The executions that the batch under way has changed.
    private(set) var touched: Set<UInt64> = []
    private var contentTypes = Set(ContentTypes.initial)

    /// Children that were closed, and of which nobody has been told.
    var endedChildren: [UInt64] = []

    /// Types of tasks, in the order of their names; tasks; runbooks.
    var taskKinds: [TaskKind] = []
    var tasks: [UInt64: Task] = [:]
    var runbooks: [String: (version: UInt64, text: String)] = [:]
    /// Runs that have ended, and of which their tasks have not been told.
    var endedRuns: [(task: UInt64, run: UInt64)] = []

    init(lossLimit: UInt32, now: Timestamp) {
        self.lossLimit = lossLimit
        self.now = now
    }

    mutating func beginBatch() { touched = [] }

    // MARK: Looking

    /// All of them, in order.
    var all: [Execution] { order.compactMap { executions[$0] } }
    var open: [Execution] { all.filter { !$0.isClosed } }
    /// The first run of an id.
    func firstRun(of id: Name) -> Execution? {
        order.first { executions[$0]?.id == id }.flatMap { executions[$0] }
    }

    /// The newest run of an id.
    func newest(_ id: Name) -> Execution? { numbers[id].flatMap { executions[$0] } }
    /// Whether code of it may run.
    func isHeld(_ execution: Execution) -> Bool {
        execution.holder != 0 && sessions.contains(execution.holder)
    }

    /// All deadlines, in the order in which they are seen to.
    var deadlines: [Deadline] {
        var all: [Deadline] = []
        for execution in open {
            if execution.deadline != 0 {
                all.append(Deadline(time: execution.deadline, number: execution.number, wait: 0))
            }
            if execution.status.isFinal { continue }
            for wait in execution.waits where wait.deadline != 0 {
                all.append(
                    Deadline(time: wait.deadline, number: execution.number, wait: wait.sequence)
                )
            }
        }
        return all.sorted { ($0.time, $0.number, $0.wait) < ($1.time, $1.number, $1.wait) }
    }

    // MARK: Writing

    /// Numbers the entries that intern what is new among content types.
    mutating func intern(_ types: [String]) {
        for type in types where contentTypes.insert(type).inserted { next += 1 }
    }

    /// Numbers an entry, after those that intern what is new among the content types of its
    /// payloads, and does to the execution what it says.
    @discardableResult
    mutating func write(
        _ number: UInt64 = 0,
        _ types: [String] = [],
        _ body: (inout Execution) -> Void = { _ in }
    ) -> UInt64 {
        intern(types)
        let sequence = next
        next += 1
        guard var execution = executions[number] else { return sequence }
        let wasClaimable = execution.isClaimable
        let wasClosed = execution.isClosed
        let wasParked = execution.isParked
        execution.entries += 1
        execution.last = sequence
        execution.updatedAt = now.rawValue
        body(&execution)
        if execution.isClaimable, !wasClaimable { execution.readySince = sequence }
        executions[number] = execution
        touched.insert(number)
        if execution.isClosed, !wasClosed, execution.parent != 0, !execution.isContinued {
            endedChildren.append(number)
        }
        let isLost =
            execution.isParked && !wasParked && tasks[execution.task]?.run == execution.firstRun
        if execution.task != 0, isLost || execution.isClosed && !wasClosed && !execution.isContinued
        {
            endedRuns.append((execution.task, execution.firstRun))
        }
        return sequence
    }

    /// Numbers an entry that submits a run.
    mutating func writeSubmission(
        _ id: Name,
        type: Name,
        input: String,
        _ terms: Submit.Terms,
        _ types: [String],
        continuing: UInt64? = nil
    ) -> UInt64 {
        let number = write(0, types)
        numbers[id] = number
        order.append(number)
        touched.insert(number)
        executions[number] = Execution(
            id: id,
            type: type,
            input: input,
            number: number,
            terms: terms,
            submittedAt: now,
            continuedFrom: continuing,
            deadline: continuing == nil ? now.rawValue + submissionLifetime : 0,
            updatedAt: now.rawValue,
            last: number
        )
        let first = continuing.flatMap { executions[$0]?.firstRun } ?? number
        executions[number]?.firstRun = first
        let task = continuing.flatMap { executions[$0]?.task } ?? 0
        executions[number]?.task = task
        return number
    }

    /// A signal has been given to an operation.
    mutating func take(_ number: UInt64, _ signal: UInt64) {
        executions[number]?.signals.removeAll { $0.sequence == signal }
    }

    /// - Parameter machine: nil: it has no id, and can be any.
    mutating func adopt(
        _ machine: UInt8?,
        _ inode: UInt64,
        byNobody: Bool,
        isRestored: Bool
    ) -> Outcome<Bool> {
        guard !byNobody else { return .refused(.invalidArgument) }
        let isSame = home.machine == machine || home.machine == nil || machine == nil
        guard isRestored || !isSame || home.inode != inode else { return .granted(false) }
        home = (machine, inode)
        _ = write()
        return .granted(true)
    }

    /// The file with so many entries takes the place of the journal's own.
    mutating func rewrite(
        _ machine: UInt8,
        _ inode: UInt64,
        size: UInt64,
        byNobody: Bool
    ) -> Outcome<UInt64> {
        guard !byNobody else { return .refused(.invalidArgument) }
        guard size == next else { return .refused(.conflict) }
        home = (machine, inode)
        return .granted(write())
    }

    mutating func recordSnapshot(_ size: UInt64, isWhole: Bool) -> Outcome<UInt64> {
        guard isWhole, size > 0, size <= next else { return .refused(.invalidArgument) }
        guard size > snapshotSize else { return .refused(.conflict) }
        snapshotSize = size
        return .granted(write())
    }

    /// Does something to an execution that follows from an entry that is written already.
    mutating func change(_ number: UInt64, _ body: (inout Execution) -> Void) {
        guard var execution = executions[number] else { return }
        body(&execution)
        executions[number] = execution
    }

    mutating func noteLease(_ lease: Lease) { executions[lease.execution]?.lease = lease }
}

extension ReferenceModel.Execution {
    /// The position that the next operation of a scope has.
    func next(in scope: [UInt32]) -> UInt32 {
        operations.last { $0.scope == scope }.map { $0.position + 1 } ?? 0
    }

    /// What is done again behind a checkpoint that was undone.
    static var valueKinds: [Operation.Kind] { [.storeGet, .storeSet, .storeDelete, .output] }

    /// The position of what is to be recorded next in a scope.
    func due(in scope: [UInt32]) -> UInt32 {
        reopened.filter { $0.dropLast() == scope[...] }.compactMap(\.last).min() ?? next(in: scope)
    }

    /// Whether an operation may be recorded: it is the next one, and does not wait for another try.
    func takes(_ operation: Operation) -> Bool {
        guard operation.position == due(in: operation.scope) else { return false }
        let mayRenew = [.checkpoint] + Self.valueKinds
        if !mayRenew.contains(operation.kind),
            reopened.contains(operation.scope + [operation.position])
        {
            return false
        }
        return status.isFinal
            || !waits.contains {
                $0.operation.scope == operation.scope
                    && $0.operation.position == operation.position
            }
    }

    /// The last operation of a scope, if it splits into branches.
    func split(in scope: [UInt32]) -> ReferenceModel.Recorded? {
        guard let last = operations.last(where: { $0.scope == scope }), last.branches > 0 else {
            return nil
        }
        return last
    }

    /// Takes in that a body begins: a failure before it was dealt with.
    mutating func start(_ operation: Operation) {
        let scope = operation.scope
        guard operation.position == next(in: scope),
            let last = operations.lastIndex(where: { $0.scope == scope })
        else { return }
        operations[last].isOpenFailure = false
        guard operations[last].settledFailed == true, operations[last].branches > 0 else { return }
        operations[last].kept = operations[last].branches
        operations[last].branches = 0
    }

    /// Takes in the first entry of an operation.
    mutating func record(_ operation: Operation, failed: Bool = false, branches: UInt32 = 0) {
        let scope = operation.scope
        let place = scope + [operation.position]
        if reopened.remove(place) != nil {
            let index = operations.lastIndex { $0.scope == scope }
            if failed, let index, operations[index].position == operation.position,
                isCurrent(scope)
            {
                operations[index].isOpenFailure = true
            } else if failed {
                failedAgain.insert(place)
            }
            losses = 0
            return
        }
        if let last = operations.lastIndex(where: { $0.scope == scope }) {
            operations[last].isOpenFailure = false
            let branches = operations[last].branches
            operations[last].branches = 0
            if operations[last].settledFailed == true {
                operations[last].kept = branches
            } else if branches > 0 {
                // They are over.
                let path = scope + [operations[last].position]
                operations.removeAll {
                    $0.scope.count > scope.count && Array($0.scope.prefix(path.count)) == path
                }
            }
        }
        operations.append(
            ReferenceModel.Recorded(
                scope: scope,
                position: operation.position,
                isOpenFailure: failed,
                branches: branches
            )
        )
        losses = 0
    }

    /// Code of it runs.
    mutating func goOn() { if status == .waiting { status = .running } }

    /// What nobody has dealt with runs again.
    mutating func beginNextAttempt() {
        beginsAttempt = true
        reopened.formUnion(failedAgain)
        failedAgain = []
        let before = self
        operations.removeAll { $0.isOpenFailure && before.isCurrent($0.scope) }
        for index in operations.indices
        where operations[index].settledFailed == true && operations[index].branches > 0
            && before.isCurrent(operations[index].scope)
        {
            operations[index].settledFailed = nil
        }
        waits.removeAll { $0.kind == .retry }
        wantSpawned()
        resume()
    }

    /// What was stopped by a failure that is no longer there waits again.
    mutating func resume() {
        let isResumed = { [self] (wait: ReferenceModel.Waiting) in
            next(in: wait.operation.scope) == wait.operation.position + 1
                && counts(wait.operation.scope, from: 0)
        }
        waits += stopped.filter(isResumed)
        waits.sort { $0.sequence < $1.sequence }
        stopped.removeAll(where: isResumed)
    }
}
