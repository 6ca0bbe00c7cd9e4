import DaybookFormat

@testable import DaybookModel

/// What went wrong in a random walk, and what is needed to see it again.
struct WalkFailure: Error, CustomStringConvertible {
    let seed: UInt64
    let step: Int
    let reason: String

    var description: String {
        "step \(step): \(reason); to repeat it set DAYBOOK_SEED=\(seed)"
    }
}

/// Thousands of commands, drawn from a seed, in batches of which some are rolled back, checked
/// after each command and each batch against the ``ReferenceModel``.
struct RandomWalk {
    let seed: UInt64
    var generator: SeededGenerator
    var harness: ModelHarness
    var reference: ReferenceModel
    /// The leases that were granted of late, with the session that got them.
    var leases: [(lease: Lease, session: UInt64)] = []
    private(set) var step = 0
    private(set) var rollBacks = 0
    private(set) var refusals = 0

    /// Takes in entries one by one as a second process does.
    private var follower = State()
    /// The histories of the executions, each folded on its own.
    private var folds: [UInt64: ExecutionState] = [:]
    private var followed: UInt64 = 0
    /// Submissions that were acknowledged, with their numbers.
    private var acknowledged: [String: UInt64] = [:]
    private var finals: [String: ExecutionStatus] = [:]
    private(set) var audit = JournalAudit()

    init(seed: UInt64) throws {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        harness = try ModelHarness(lossLimit: 3)
        reference = ReferenceModel(lossLimit: 3, now: harness.now)
    }

    func failure(_ reason: String) -> WalkFailure {
        WalkFailure(seed: seed, step: step, reason: reason)
    }

    func check(_ condition: Bool, _ reason: @autoclosure () -> String) throws(WalkFailure) {
        if !condition { throw failure(reason()) }
    }

    // MARK: Walking

    mutating func walk(commands: Int) throws {
        do {
            try prepare()
            while step < commands { try runBatch() }
            try compareAll()
        } catch let error where !(error is WalkFailure) {
            throw failure("\(error)")
        }
    }

    /// A few sessions, and one execution of each type.
    private mutating func prepare() throws {
        for _ in 0..<3 { try openSession() }
        for type in Self.types { try submitNew(type) }
        try follow()
    }

    private mutating func runBatch() throws {
        let savedReference = reference
        let savedLeases = leases.count
        let pace = UInt64.random(in: 0...1_000_000, using: &generator)
        harness.now = Timestamp(rawValue: harness.now.rawValue + pace)
        reference.now = harness.now
        reference.beginBatch()
        let isWatched = generator.chance(8)
        let before = isWatched ? text(of: harness.state) : ""
        harness.begin()
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
            step += 1
            try runCommand()
            try check(
                harness.next == reference.next,
                "\(harness.next) entries, which should be \(reference.next)"
            )
        }
        if generator.chance(6) {
            harness.rollBack()
            reference = savedReference
            reference.now = harness.now
            leases.removeLast(leases.count - savedLeases)
            rollBacks += 1
            if isWatched {
                try check(text(of: harness.state) == before, "rolling back left a trace")
            }
            return
        }
        harness.commit()
        leases.removeFirst(max(0, leases.count - 100))
        try follow()
        try compareTouched()
        if generator.chance(40) { try compareAll() }
    }

    /// Compares what a command came to with what it should come to.
    mutating func compare<Answer: Equatable>(
        _ what: String,
        _ found: Outcome<Answer>,
        _ expected: Outcome<Answer>
    ) throws {
        if case .refused = found { refusals += 1 }
        try check(found == expected, "\(what) came to \(found), which should be \(expected)")
    }

    // MARK: After a batch

    /// Has the other folds and the auditor take in what was committed.
    private mutating func follow() throws {
        while followed < harness.next {
            let bytes = harness.bytes(followed)
            followed += 1
            try audit.read(bytes)
            try withEntry(bytes) { entry in
                try follower.apply(committed: entry)
                let number = entry.header.execution
                if number == 0 { return }
                if folds[number] == nil {
                    folds[number] = try ExecutionState(first: entry)
                } else {
                    try folds[number]?.apply(entry)
                }
            }
        }
    }

    private mutating func compareTouched() throws {
        for id in reference.touched {
            guard let expected = reference.executions[id] else { continue }
            try compare(expected)
            acknowledged[id] = acknowledged[id] ?? expected.number
            if expected.status.isFinal { finals[id] = finals[id] ?? expected.status }
        }
        try check(
            harness.state.openCount == reference.openNumbers.count,
            "\(harness.state.openCount) are open"
        )
    }

    private func compare(_ expected: ReferenceModel.Execution) throws {
        guard let row = try harness.row(expected.id), row.number == expected.number else {
            throw failure("\(expected.id) has a wrong row or none")
        }
        let state = harness.state.execution(expected.number)
        guard let folded = folds[expected.number] else { throw failure("no history") }
        try check(
            text(of: state as Any) == text(of: harness.state.committed(expected.number) as Any),
            "the batch of \(expected.id) is on the disk and not merged"
        )
        if expected.status.isFinal {
            try check(state == nil, "\(expected.id) is closed and in memory")
            if let difference = expected.difference(from: row) { throw failure(difference) }
            try check(
                folded.status == expected.status && folded.last == expected.last
                    && folded.entries == expected.entries,
                "the history of \(expected.id) comes to \(folded)"
            )
            return
        }
        guard let state else { throw failure("\(expected.id) is open and not in memory") }
        if let difference = expected.difference(from: state) { throw failure(difference) }
        try check(!row.hasClosed, "\(expected.id) is open and its row closed")
        if generator.isSample(of: step) {
            try check(
                text(of: folded) == text(of: state),
                "the history of \(expected.id) comes to \(folded), the journal to \(state)"
            )
        }
    }

    /// Compares all there is, and goes on as a process does that has just opened the journal.
    private mutating func compareAll() throws {
        for expected in reference.executions.values { try compare(expected) }
        try check(harness.state.openExecutions == reference.openNumbers, "others are open")
        try check(harness.state.sessions.map(\.number) == reference.sessions, "wrong sessions")
        for (id, number) in acknowledged {
            try check(try harness.row(id)?.number == number, "\(id) was acknowledged and is gone")
        }
        for (id, status) in finals {
            try check(
                try harness.row(id)?.closed.status == status.proto,
                "\(id) has changed its end"
            )
        }
        let state = text(of: harness.state)
        try check(text(of: follower) == state, "a follower has come to another state")
        let recovered = try harness.recovered()
        try check(text(of: recovered) == state, "a recovery comes to another state")
        harness.continueFrom(recovered)
    }
}

extension SeededGenerator {
    /// Whether a costly comparison is made at this step: now and then, without a draw.
    func isSample(of step: Int) -> Bool { step.isMultiple(of: 4) }
}
