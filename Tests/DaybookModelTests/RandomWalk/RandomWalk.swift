import DaybookFormat
import SeededRandom

@testable import DaybookModel

/// What went wrong in a random walk, and what is needed to see it again.
struct WalkFailure: Error, CustomStringConvertible {
    let seed: UInt64
    let step: Int
    let reason: String
    let trace: [String]

    var description: String {
        "step \(step): \(reason); to repeat it set DAYBOOK_SEED=\(seed); what came before:\n"
            + trace.joined(separator: "\n")
    }
}

/// Commands of all kinds, drawn from a seed, in batches of which some are rolled back, checked
/// after each command and each batch against the ``ReferenceModel``.
struct RandomWalk {
    let seed: UInt64
    var generator: SeededGenerator
    var harness: ModelHarness
    /// How many deadlines are seen to at a time.
    let fireLimit: Int
    var reference: ReferenceModel
    /// The leases that were granted of late, with the session that got them.
    var leases: [(lease: Lease, session: UInt64)] = []
    private(set) var step = 0
    private(set) var rollBacks = 0
    private(set) var refusals = 0
    private(set) var trace: [String] = []
    /// Ids for which the batch under way has answered that they run.
    private var starting: [Name] = []
    var invariants = WalkInvariants()
    private(set) var audit = JournalAudit()

    /// Takes in entries one by one as a second process does.
    private var follower = State()
    /// The histories of the executions, each folded on its own.
    private(set) var folds: [UInt64: ExecutionState] = [:]
    private var followed: UInt64 = 0

    init(seed: UInt64) throws {
        self.seed = seed
        generator = SeededGenerator(seed: seed)
        fireLimit = [1, 2, 100].randomElement(using: &generator) ?? 1
        harness = try ModelHarness(lossLimit: 3, secretLifetime: .seconds(1_800))
        reference = ReferenceModel(lossLimit: 3, now: harness.now)
    }

    func failure(_ reason: String) -> WalkFailure {
        WalkFailure(seed: seed, step: step, reason: reason, trace: trace)
    }

    func check(_ condition: Bool, _ reason: @autoclosure () -> String) throws(WalkFailure) {
        if !condition { throw failure(reason()) }
    }

    // MARK: Walking

    /// Walks, then lets everything come to its end.
    mutating func walk(commands: Int) throws {
        do {
            try prepare()
            while step < commands { try runBatch() }
            try compareAll()
            try comeToAnEnd()
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
        try advanceTime()
        let isWatched = generator.chance(16)
        let before = isWatched ? text(of: harness.state) : ""
        beginBatch()
        // What is due is seen to in a batch of its own, as a journal does it.
        let isDue = reference.deadlines.first.map { $0.time <= harness.now.rawValue } ?? false
        if generator.chance(isDue ? 2 : 10) {
            try runStep { try $0.fire() }
        } else {
            for _ in 0..<Int.random(in: 1...10, using: &generator) {
                try runStep { try $0.runCommand() }
            }
        }
        guard generator.chance(6) else { return try commitBatch() }
        try harness.rollBack()
        reference = savedReference
        reference.now = harness.now
        leases.removeLast(leases.count - savedLeases)
        rollBacks += 1
        if isWatched {
            try check(text(of: harness.state) == before, "rolling back left a trace")
        }
    }

    mutating func beginBatch() {
        starting = []
        reference.now = harness.now
        reference.beginBatch()
        harness.begin()
    }

    mutating func commitBatch() throws {
        harness.commit()
        leases.removeFirst(max(0, leases.count - 40))
        try follow()
        try compareTouched()
        invariants.started.formUnion(starting)
        try invariants.check(self)
        if generator.chance(40) { try compareAll() }
    }

    mutating func runStep(_ body: (inout RandomWalk) throws -> Void) throws {
        step += 1
        let before = harness.next
        try body(&self)
        if harness.next != before {
            trace.append("  " + (try harness.names(from: before).joined(separator: ", ")))
        }
        try check(
            harness.next == reference.next,
            "\(harness.next) entries, which should be \(reference.next)"
        )
    }

    func moved(_ duration: UInt64) -> Timestamp {
        Timestamp(rawValue: harness.now.rawValue + duration)
    }

    /// Mostly a little; now and then to the next deadline, just before it, or far.
    private mutating func advanceTime() throws {
        let next = reference.deadlines.first { $0.time > harness.now.rawValue }?.time
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<3: if let next { harness.now = Timestamp(rawValue: next) }
        case 3: if let next { harness.now = Timestamp(rawValue: next - 1) }
        case 4..<6:
            harness.now = moved(UInt64.random(in: 0...20_000_000_000, using: &generator))
        case 6: if generator.chance(6) { harness.now = moved(3_600_000_000_000) }
        default: harness.now = moved(UInt64.random(in: 0...1_000_000, using: &generator))
        }
        reference.now = harness.now
        guard let first = reference.deadlines.first else { return }
        for state in [harness.state, follower] {
            let found = state.nextDeadline?.rawValue ?? .max
            try check(found <= first.time, "the next deadline is \(found), not \(first)")
        }
    }

    // MARK: Comparing

    /// Compares what a command came to with what it should come to.
    mutating func compare<Answer: Equatable>(
        _ what: String,
        _ found: Outcome<Answer>,
        _ expected: Outcome<Answer>
    ) throws {
        reference.settleFamilies()
        trace.append("\(step): \(what): \(found)")
        if trace.count > 40 { trace.removeFirst(20) }
        if case .refused = found { refusals += 1 }
        try check(found == expected, "\(what) came to \(found), which should be \(expected)")
    }

    mutating func noteStart(_ id: Name) { starting.append(id) }

    /// Has the other folds and the auditor take in what was committed.
    private mutating func follow() throws {
        // It looks at the clock too, and drops what no longer stands.
        if generator.chance(2) { follower.lookAtClock(harness.now) }
        while followed < harness.next {
            let bytes = harness.bytes(followed)
            followed += 1
            try audit.read(bytes)
            try withEntry(bytes) { entry in
                try follower.apply(committed: entry) { try harness.fold($0, before: $1) }
                let number = entry.header.stream.rawValue
                if try !State.kind(of: entry).isOfExecution { return }
                if folds[number] == nil {
                    folds[number] = try ExecutionState(first: entry)
                } else {
                    try folds[number]?.apply(entry)
                }
                if entry.event == EventKind.executionReopened.rawValue {
                    invariants.finals[number] = nil
                }
            }
        }
    }

    private mutating func compareTouched() throws {
        for number in reference.touched.sorted() {
            if let expected = reference.executions[number] { try compare(expected) }
        }
        try check(
            harness.state.openExecutions == reference.open.map(\.number),
            "\(harness.state.openExecutions) are open"
        )
    }

    private func compare(_ expected: ReferenceModel.Execution) throws {
        let (id, number) = (expected.id, expected.number)
        let state = harness.state.execution(number)
        guard let folded = folds[number] else { throw failure("no history of \(id)") }
        if let difference = expected.difference(from: folded) { throw failure(difference) }
        if reference.numbers[id] == number {
            guard let row = try harness.row(id) else { throw failure("\(id) has no row") }
            if let difference = expected.difference(from: row) { throw failure(difference) }
        }
        guard !expected.isClosed else {
            return try check(state == nil, "\(id) is closed and in memory")
        }
        guard let state else { throw failure("\(id) is open and not in memory") }
        if let difference = expected.difference(from: state) { throw failure(difference) }
        guard step.isMultiple(of: 8) else { return }
        let words = text(of: state)
        try check(
            harness.state.committed(number).map { text(of: $0) } == words
                && harness.state.published(number) == ExecutionStanding(state),
            "the batch of \(id) is on the disk and not merged"
        )
        try check(
            words == text(of: folded),
            "the history of \(id) comes to \(text(of: folded)), the journal to \(words)"
        )
    }

    /// The first lines that differ; nil: none do.
    private static func difference(_ found: String, _ expected: String) -> String? {
        let lines = (found.split(separator: "\n"), expected.split(separator: "\n"))
        guard let index = zip(lines.0, lines.1).enumerated().first(where: { $1.0 != $1.1 })?.offset
        else { return lines.0.count == lines.1.count ? nil : "one has more lines" }
        let place = max(0, index - 4)...index
        return "\(lines.0[place].joined()), which should be \(lines.1[place].joined())"
    }

    /// Compares all there is, and goes on as a process does that has just opened the journal.
    mutating func compareAll() throws {
        try compareLists()
        for expected in reference.all { try compare(expected) }
        try check(harness.state.sessions.map(\.number) == reference.sessions, "wrong sessions")
        try invariants.check(self)
        try compareReplays()
        let state = text(of: harness.state)
        if let difference = Self.difference(text(of: follower), state) {
            throw failure("a follower has come to another state: \(difference)")
        }
        let recovered = try harness.recovered()
        try check(text(of: recovered) == state, "a recovery comes to another state")
        let restored = try snapshot(of: recovered).state()
        if let difference = Self.difference(text(of: restored), state) {
            throw failure("a snapshot comes back as another state: \(difference)")
        }
        // What the deadlines of a restored state are must show in what is done with it.
        harness.continueFrom(generator.chance(2) ? restored : recovered)
    }
}
