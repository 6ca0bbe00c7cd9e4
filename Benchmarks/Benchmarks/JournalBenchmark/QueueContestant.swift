import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView

/// The way that workflows take: callers hand commands to the queue, the writer's thread decides
/// them on the state, writes, folds and commits. A batch is what so many callers come to.
final class QueueContestant: Contestant {
    let key = "queue"
    let name = "commands through the queue"
    private let opened: OpenFolder
    private let path: String
    private let writer: GroupWriter<JournalState>
    private let session: UInt64
    /// Each execution's lease; its place is the execution's number in the workload.
    private let leases: [Lease]
    /// The position of the next checkpoint of each.
    private var positions: [UInt32]

    init(folder: String) async throws {
        path = folder + "/queue.daybook"
        try Engine.create(at: path)
        opened = try JournalFolder(path).open()
        let writer = try GroupWriter(try Journal.open(opened.store), fold: JournalState())
        self.writer = writer
        var facts = ProtoSessionOpened()
        facts.uuid.append(contentsOf: [UInt8](repeating: 7, count: 16))
        facts.actor = "benchmark"
        facts.program = "benchmark"
        let session = try await Self.perform(writer, session: 0, OpenSession(facts))
        self.session = session
        leases = try await Self.begin(writer, session)
        positions = [UInt32](repeating: 0, count: leases.count)
    }

    /// Begins all executions and takes their leases.
    private static func begin(
        _ writer: GroupWriter<JournalState>,
        _ session: UInt64
    ) async throws -> [Lease] {
        try await withThrowingTaskGroup(of: Lease.self) { group in
            for index in 0..<Workload.executions {
                group.addTask {
                    let submission = Submit(
                        id: "execution-\(index)",
                        type: "repository.create",
                        input: Workload.payload,
                        payloads: try Workload.unnumbered()
                    )
                    let command = SubmitAndExecute(submission)
                    let number = try await perform(writer, session: session, command).number
                    let claim = Claim(.execution(number))
                    guard let lease = try await perform(writer, session: session, claim) else {
                        throw BenchmarkFailed(what: "execution \(number) could not be claimed")
                    }
                    return lease
                }
            }
            var leases: [Lease] = []
            for try await lease in group { leases.append(lease) }
            return leases
        }
    }

    private static func perform<C: Command>(
        _ writer: GroupWriter<JournalState>,
        session: UInt64,
        bytes: Int = 0,
        _ make: @autoclosure () throws -> C
    ) async throws -> C.Answer {
        try await writer.perform(bytes: bytes) {
            let command = try make()
            return { state, batch in try state.decide(command, session: session, batch) }
        }
    }

    func append(size: Int, batches: Int) async throws -> Double {
        let start = ContinuousClock.now
        let share = Workload.executions / size
        // How far each caller's executions have come.
        let next = positions
        let (writer, session, leases) = (writer, session, leases)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<size {
                group.addTask {
                    for round in 0..<batches {
                        let index = caller + round % share * size
                        let position = next[index] + UInt32(round / share)
                        try await Self.append(writer, session, leases[index], position)
                    }
                }
            }
            try await group.waitForAll()
        }
        let time = seconds(since: start)
        for caller in 0..<size {
            for round in 0..<batches { positions[caller + round % share * size] += 1 }
        }
        return time
    }

    private static func append(
        _ writer: GroupWriter<JournalState>,
        _ session: UInt64,
        _ lease: Lease,
        _ position: UInt32
    ) async throws {
        let operation = Operation(
            scope: [],
            position: position,
            kind: .checkpoint,
            name: Name(Workload.name),
            inputDigest: []
        )
        _ = try await perform(
            writer,
            session: session,
            bytes: Workload.payload.count,
            RecordOutcome(
                lease,
                operation,
                .success(try Workload.unnumbered(), verified: false),
                startedAt: Timestamp(rawValue: 1_700_000_000_000_000_000)
            )
        )
    }

    /// The number of the last commit.
    func commits() throws -> UInt64 { try lastCommit(path) }

    func close() async throws {
        let writer = self.writer
        try await SystemThread.run { writer.stop() }
        opened.close()
    }
}

/// The model's state behind the writer's queue, as the engine has it, without the engine.
///
/// Sendable without the compiler's check: a batch's ledger is used by the writer's thread only.
struct JournalState: JournalFold, @unchecked Sendable {
    /// The state; nil while a command has it.
    private var held: State? = State()
    private var ledger: BatchLedger?

    private var state: State {
        _read { yield held! }
        _modify { yield &held! }
    }

    var next: UInt64 { state.next }

    mutating func apply(committed entry: EntryView, _ reader: any StoreReader) throws {
        try state.apply(committed: entry)
    }

    mutating func decide<C: Command>(
        _ command: C,
        session: UInt64,
        _ batch: Batch
    ) throws -> Result<C.Answer, any Error> {
        let ledger = ledger(for: batch)
        // Without a name of its own: a second reference would have every command copy the state.
        var tx = Transaction(exchange(&held, with: nil)!, ledger, session: session)
        let answer = Result { try command.decide(&tx) }
        held = tx.finish()
        return .success(try answer.get())
    }

    private mutating func ledger(for batch: Batch) -> BatchLedger {
        if let ledger, ledger.batch === batch { return ledger }
        let fresh = BatchLedger(batch)
        ledger = fresh
        return fresh
    }

    mutating func commit() {
        state.commit()
        ledger = nil
    }

    mutating func rollBack(_ reader: any StoreReader) throws {
        try state.rollBack { number, next in try reader.history(of: number, upTo: next - 1) }
        ledger = nil
    }
}

/// A batch as the model's transactions see it.
final class BatchLedger: Ledger {
    let batch: Batch

    init(_ batch: Batch) { self.batch = batch }

    var now: Timestamp { batch.now }
    var nextSequence: UInt64 { batch.nextSequence }

    func append(_ draft: EntryDraft, _ apply: (EntryView) throws -> Void) throws {
        try batch.append(draft, apply)
    }

    func put(_ row: ExecutionIndexRow) throws { try batch.put(row) }

    func row(of id: Name) throws -> ProtoExecutionRow? {
        try FactLookup.row(of: id, batch.reader)
    }

    func input(of number: UInt64) throws -> RecordedInput? {
        try FactLookup.input(of: number, batch.reader)
    }

    func history(of number: UInt64, before sequence: UInt64) throws -> ExecutionState {
        try batch.reader.history(of: number, upTo: sequence - 1)
    }

    func erasable(
        of stream: UInt64,
        before sequence: UInt64,
        limit: Int
    ) throws -> ErasableRange? {
        try FactLookup.erasable(of: stream, before: sequence, limit: limit, batch.reader)
    }

    func forks(of number: UInt64) throws -> [UInt64] {
        try FactLookup.members(of: .forks(of: number), batch.reader)
    }

    func isDamage(_ error: any Error) -> Bool { false }
}
