import DaybookFormat

@testable import DaybookModel

/// Where an execution can stand when something is asked of it.
enum Situation: String, CaseIterable {
    /// Submitted; ready; ready, and held back by its delay.
    case submitted = "sub"
    case ready = "rdy"
    case delayed = "dly"
    /// It runs; it runs while an operation waits.
    case running = "run"
    case runningWithWait = "rnw"
    /// It waits for a time; for a signal; for a time, and the session that held it is lost.
    case waitingForTimer = "tim"
    case waitingForSignal = "sig"
    case orphaned = "orp"
    /// The same, and something is registered for an end from outside.
    case orphanedUnfinished = "oru"
    /// Paused in each of these.
    case pausedSubmitted = "psu"
    case pausedReady = "prd"
    case pausedDelayed = "pdl"
    case pausedRunning = "pru"
    case pausedWaitingForTimer = "pti"
    case pausedWaitingForSignal = "psi"
    /// Its code diverged.
    case parked = "prk"
    /// It is parked because an operation may have happened.
    case inDoubt = "dbt"
    /// It is pinned to the revision that claimed it, and ready again.
    case pinned = "pin"
    /// Ready again, because its lease was lost.
    case lost = "lst"
    /// Ready for its next attempt, while code of the last one still runs.
    case held = "hld"
    /// Ended and closed.
    case completed = "cmp"
    case failed = "fai"
    case timedOut = "tmo"
    case cancelled = "can"
    case expired = "exp"
    /// Ended, while its code still runs.
    case timedOutInCleaning = "tcl"
    case cancelledInCleaning = "ccl"
    /// Cancelled, and what it registered for that is to run; runs; its code diverged.
    case cancelledUnfinished = "due"
    case cleaning = "cln"
    case parkedInCleaning = "pcn"
    /// Ended, and the next run of its id is ready.
    case continued = "cnt"
    /// It waits for a child that is ready.
    case waitingForChild = "chd"
    /// Cancelled, and code of its child still runs.
    case cancelledWithChild = "cch"
    /// It is a child, and runs; it has failed, and its parent was told.
    case child = "kid"
    case failedChild = "kfa"
    /// It has spawned a child that is ready, and its code runs; its code has returned, and it waits; so
    /// it does while the child runs, whose sibling has failed.
    case spawning = "spn"
    case waitingForSpawned = "jon"
    case siblingFailed = "sib"
    /// All that it has spawned has ended, and it runs again.
    case settled = "set"
    /// It runs, and a checkpoint of it is to be undone should it end badly; and something is registered for an
    /// end from outside too.
    case undoable = "udb"
    case undoableUnfinished = "udu"
    /// It has failed, and the checkpoint is to be undone; is being undone; that diverged.
    case failedUndone = "fud"
    case undoing = "und"
    case parkedInUndoing = "pun"
    /// It has failed, was undone, and was opened again: it runs.
    case renewed = "rnd"
    /// It has a secret, and is submitted; runs; has failed; is parked.
    case submittedWithSecret = "sse"
    case runningWithSecret = "rse"
    case failedWithSecret = "fse"
    case parkedWithSecret = "pse"
}

/// An execution in a situation, and who had the lease.
struct Standing {
    var harness: ModelHarness
    /// It submits, claims and holds.
    let holder: UInt64
    /// It looks on.
    let other: UInt64
    let id: Name = "a"
    var lease: Lease

    /// Brings an execution there. Those that have run have split into two branches; what waits
    /// waits in the first one.
    init(_ situation: Situation) throws {
        harness = try ModelHarness()
        holder = try harness.open("holder", revision: "r1")
        other = try harness.open("other")
        var terms = Submit.Terms()
        terms.timeout = .seconds(60)
        if situation == .held {
            terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
        }
        if [.delayed, .pausedDelayed].contains(situation) { terms.delay = .seconds(10) }
        terms.isPinned = situation == .pinned
        if situation == .child || situation == .failedChild {
            lease = try harness.lease("parent", by: holder)
            try harness.begin("a", of: lease, by: holder)
            lease = try harness.claim(try harness.number(of: "a"), by: holder)
            try harness.run(StartBranches(lease, .op(.race, 0), count: 2), session: holder)
            if situation == .failedChild { try harness.fail(lease, by: holder) }
            return
        }
        let submit = Submit(
            id: "a",
            type: "copy",
            input: [0x31],
            payloads: try harness.sealed([.json([0x31])]),
            terms: terms,
            secrets: situation.hasSecret ? try harness.secrets(["TOKEN"]) : nil
        )
        let number = try harness.run(submit, session: holder).number
        // For those that were never claimed: a lease that nobody was given.
        lease = Lease(execution: number, epoch: 1, id: "a", type: "copy", attempt: 1, claim: 0)
        try begin(situation)
        if situation.isPaused { try harness.pause("a", by: other) }
    }

    private mutating func begin(_ situation: Situation) throws {
        switch situation {
        case .submitted, .pausedSubmitted, .submittedWithSecret: return
        case .expired:
            try harness.pass(.seconds(3_600), by: other)
            return
        case .cancelled:
            try harness.cancel("a", by: other)
            return
        default: try harness.run(Execute(id: "a"), session: holder)
        }
        if [.ready, .pausedReady, .delayed, .pausedDelayed].contains(situation) { return }
        lease = try harness.claim(lease.execution, by: holder)
        try harness.run(StartBranches(lease, .op(.race, 0), count: 2), session: holder)
        if situation.isUnfinished {
            let operation = Operation.op(.onUnfinished, 1, "undo")
            try harness.run(RecordOperation(lease, operation), session: holder)
        }
        switch situation {
        case .runningWithWait: try sleep(suspended: nil)
        case .waitingForTimer, .pausedWaitingForTimer: try sleep(suspended: 1)
        case .waitingForSignal, .pausedWaitingForSignal:
            try harness.await(lease, .op(.signal, 0, "go", in: [0, 0]), by: holder)
        case .cancelledUnfinished, .cleaning, .parkedInCleaning:
            try harness.cancel("a", by: other)
            try harness.run(Release(lease), session: holder)
            if situation == .cancelledUnfinished { return }
            lease = try harness.claim(lease.execution, by: holder)
            if situation == .parkedInCleaning { try harness.park(lease, by: holder) }
        case .orphaned, .orphanedUnfinished:
            try sleep(suspended: 1)
            try harness.lose(holder, by: other)
        case .parked, .parkedWithSecret: try harness.park(lease, by: holder)
        case .inDoubt:
            try harness.run(
                StartOperation(lease, .op(.checkpoint, 1), asks: true),
                session: holder
            )
            try harness.doubt(lease, [.op(.checkpoint, 1)], by: holder)
        case .lost, .pinned: try harness.lose(holder, by: other)
        case .held, .timedOutInCleaning: try harness.pass(.seconds(60), by: other)
        case .timedOut:
            try harness.pass(.seconds(60), by: other)
            try harness.run(Release(lease), session: holder)
        case .waitingForChild:
            try harness.begin("kid", of: lease, .op(.child, 0, in: [0, 0]), by: holder)
        case .spawning, .waitingForSpawned, .settled, .siblingFailed:
            try harness.settleBranches(lease, .op(.race, 0), by: holder)
            try spawn(situation)
        case .cancelledWithChild:
            try harness.begin("kid", of: lease, .op(.child, 0, in: [0, 0]), by: holder)
            _ = try harness.claim(try harness.number(of: "kid"), by: other)
            try harness.cancel("a", by: other)
            try harness.run(Release(lease), session: holder)
        case .completed: try harness.complete(lease, by: holder)
        case .failed, .failedWithSecret: try harness.fail(lease, by: holder)
        case .cancelledInCleaning: try harness.cancel("a", by: other)
        case .continued:
            let input = try harness.sealed([.json([0x32])])
            try harness.run(ContinueAsNew(lease, input: input), session: holder)
        case .undoable, .undoableUnfinished, .failedUndone, .undoing, .parkedInUndoing, .renewed:
            try beginUndoing(situation)
        default: break
        }
    }

    /// What the handler has done is a checkpoint, and, unless it is to end by itself, nothing after it.
    private mutating func beginUndoing(_ situation: Situation) throws {
        let operation = Operation.op(.checkpoint, 1, "undo")
        try harness.succeed(lease, operation, compensates: true, by: holder)
        if situation == .undoableUnfinished {
            let registration = Operation.op(.onUnfinished, 2, "release")
            try harness.run(RecordOperation(lease, registration), session: holder)
        }
        if situation == .undoable || situation == .undoableUnfinished { return }
        try harness.fail(lease, by: holder)
        if situation == .failedUndone { return }
        lease = try harness.claim(lease.execution, by: holder)
        if situation == .undoing { return }
        if situation == .parkedInUndoing {
            try harness.park(lease, by: holder)
            return
        }
        try harness.run(EndCleaning(lease, operation), session: holder)
        try harness.run(Release(lease), session: holder)
        try harness.retry("a", by: other)
        lease = try harness.claim(lease.execution, by: holder)
    }

    private mutating func spawn(_ situation: Situation) throws {
        let ids: [Name] = situation == .siblingFailed ? ["kid", "other kid"] : ["kid"]
        try harness.spawn(ids, of: lease, from: 1, by: holder)
        if situation == .spawning { return }
        let position = UInt32(ids.count) + 1
        let kid = try harness.claim(try harness.number(of: "kid"), by: other)
        if situation == .settled { try harness.complete(kid, by: other) }
        if situation == .siblingFailed {
            let sibling = try harness.number(of: "other kid")
            try harness.fail(try harness.claim(sibling, by: other), by: other)
        }
        try harness.join(lease, .op(.join, position), by: holder)
    }

    private mutating func sleep(suspended: Int?) throws {
        let operation = Operation.op(.sleep, 0, in: [0, 0])
        try harness.sleep(lease, operation, for: .seconds(30), suspended: suspended, by: holder)
    }
}

extension Situation {
    /// It has registered something for an end from outside.
    var isUnfinished: Bool {
        [.orphanedUnfinished, .cancelledUnfinished, .cleaning, .parkedInCleaning].contains(self)
    }

    /// A secret came with its submission.
    var hasSecret: Bool {
        [.submittedWithSecret, .runningWithSecret, .failedWithSecret, .parkedWithSecret]
            .contains(self)
    }

    var isPaused: Bool {
        rawValue.hasPrefix("p")
            && ![.parked, .pinned, .parkedInCleaning, .parkedInUndoing, .parkedWithSecret].contains(
                self
            )
    }
}
