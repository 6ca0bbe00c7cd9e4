import DaybookFormat
import DaybookSystem
import DaybookTestKit
import DaybookTesting
import Logging
import Testing

@testable import Daybook
@testable import DaybookJournal
@testable import DaybookModel

/// An engine without disk, threads and real time.
///
/// The journal is in memory, tasks run one at a time in an order that follows from a seed, the writer
/// works in between, and the clock jumps to the next time at which something happens. The same seed
/// gives the same journal, byte for byte.
final class Simulation: Sendable {
    let clock: ManualClock
    let store: MemoryStore
    let executor = StepExecutor()
    private let driver: EngineDriver
    private let held = Locked<EngineCore?>(nil)
    private let salts: Locked<SplitMix>
    private let turns: Locked<SplitMix>
    private let faults = Locked<[Int: MemoryStore.Fault]>([:])
    private let counts = Locked(Counts())

    var board: NewsBoard { driver.board }
    var writer: GroupWriter<EngineFold> { driver.writer }

    /// What has been done so far.
    struct Counts: Sendable, Equatable {
        /// Jobs of tasks.
        var jobs = 0
        /// Batches of the writer.
        var batches = 0
        /// Jumps of the clock.
        var jumps = 0
    }

    /// The work is not done, and nothing can go on, or goes on for ever.
    struct Stuck: Error {}

    /// Jobs, and jumps of the clock, after which it is stuck.
    private static let limit = 100_000

    /// - Parameters:
    ///   - store: a journal to go on with; by default an empty one.
    ///   - code: of the workflow ``Scripted``.
    init(
        seed: UInt64,
        _ options: EngineOptions = EngineOptions(),
        in store: MemoryStore = MemoryStore(),
        clock: ManualClock = ManualClock(),
        code: @escaping @Sendable (Int, WorkflowContext) async throws -> String
    ) throws {
        var options = options
        turns = Locked(SplitMix(seed: seed))
        salts = Locked(SplitMix(seed: seed &+ 1))
        options.executor = executor
        options.clock = clock
        options.logger.logLevel = .critical
        self.clock = clock
        self.store = store
        var creation = CreationOptions()
        creation.payloadLimit = 1 << 20
        creation.submissionLifetime = .seconds(3_600)
        driver = try Salt.drawing(from: Self.source(salts)) {
            try EngineDriver(
                on: store,
                options,
                creation: creation,
                workflows: [Scripted(body: code)]
            )
        }
    }

    private static func source(_ state: Locked<SplitMix>) -> @Sendable () -> Salt {
        { state.withLock { Salt($0.next(), $0.next()) } }
    }

    /// The engine, once ``run(_:)`` has begun.
    var engine: EngineCore {
        get throws {
            guard let engine = held.withLock({ $0 }) else { throw Stuck() }
            return engine
        }
    }

    var counted: Counts { counts.withLock { $0 } }

    /// Lets a write fail: the first one has the number 1.
    func inject(_ fault: MemoryStore.Fault, at write: Int) {
        faults.withLock { $0[write] = fault }
    }

    // MARK: Running

    /// Opens the engine, runs `body` and all that goes on meanwhile, and stops the engine.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (Simulation) async throws -> Value
    ) throws -> Value {
        let result = Locked<Result<Value, any Error>?>(nil)
        Salt.drawing(from: Self.source(salts)) {
            _ = Task(executorPreference: executor) {
                let outcome: Result<Value, any Error>
                do {
                    let engine = try await self.open()
                    do {
                        outcome = .success(try await body(self))
                    } catch {
                        outcome = .failure(error)
                    }
                    await engine.stop()
                } catch {
                    outcome = .failure(error)
                }
                result.withLock { $0 = outcome }
            }
        }
        while true {
            if let result = result.withLock({ $0 }) { return try result.get() }
            guard step() || jump(), counted.jobs < Self.limit, counted.jumps < Self.limit else {
                throw Stuck()
            }
        }
    }

    /// Opens the engine and runs `body`, as far as it is let go on.
    func begin(
        _ body: @escaping @Sendable (Simulation) async throws -> Void,
        _ isOver: @escaping @Sendable () -> Void
    ) throws {
        Salt.drawing(from: Self.source(salts)) {
            _ = Task(executorPreference: executor) {
                do {
                    _ = try await self.open()
                    try await body(self)
                } catch {
                    Issue.record(error)
                }
                isOver()
            }
        }
    }

    /// Does one thing.
    /// - Returns: false: there is nothing to do, nor ever will be.
    func goOn() -> Bool { step() || jump() }

    private func open() async throws -> EngineCore {
        let engine = try await driver.open().engine
        held.withLock { $0 = engine }
        return engine
    }

    /// Runs one job, or has the writer write.
    /// - Returns: whether there was anything to do.
    func step() -> Bool {
        let ready = executor.ready
        // The writer may come in between at any moment.
        if ready == 0 || random(below: ready + 1) == 0, write() { return true }
        guard ready > 0 else { return false }
        executor.run(random(below: ready))
        counts.withLock { $0.jobs += 1 }
        return true
    }

    private func random(below limit: Int) -> Int {
        turns.withLock { Int.random(in: 0..<limit, using: &$0) }
    }

    /// Has the writer write, if there is something to write.
    func write() -> Bool {
        let number = counts.withLock { $0.batches } + 1
        if let fault = faults.withLock({ $0[number] }) { store.inject(fault) }
        guard driver.write() else { return false }
        counts.withLock { $0.batches += 1 }
        return true
    }

    /// Lets the time pass until something happens by itself. A clock that is set by hand has passed as
    /// much as it shows, so that alarms and entries can be compared.
    /// - Returns: whether anything ever does.
    private func jump() -> Bool {
        guard let next = driver.nextTime, next > clock.now() else { return false }
        clock.pass(next.since(clock.now()))
        counts.withLock { $0.jumps += 1 }
        return true
    }

    // MARK: What a test asks for

    /// Submits and executes.
    func start(_ id: String, _ input: Int = 1, retry: RetryPolicy = .none) async throws {
        let engine = try engine
        let data = try engine.codec.encode(input)
        var terms = Submit.Terms()
        terms.retry = retry
        let number = try await engine.perform(bytes: data.count) {
            Submit(
                id: Name(id),
                type: Name(Scripted.name),
                input: data,
                payloads: try engine.seal(data),
                terms: terms
            )
        }.number
        _ = try await engine.perform { Execute(id: Name(id)) }
        engine.claim(number)
    }

    func end(_ id: String) async throws -> ExecutionRecord {
        try await engine.waitForEnd(of: id)
    }

    func wait(
        _ id: String,
        until condition: @Sendable (ExecutionRecord) -> Bool
    ) async throws -> ExecutionRecord {
        try await engine.wait(for: id, until: condition)
    }

    func signal(_ id: String, _ name: String, _ value: Int) async throws {
        let engine = try engine
        _ = try await engine.perform {
            Signal(
                id: Name(id),
                name: Name(name),
                signalID: nil,
                payloads: try engine.seal(try engine.codec.encode(value))
            )
        }
    }

    /// The entries, byte for byte.
    func entries() throws -> [[UInt8]] {
        var all: [[UInt8]] = []
        try store.read { reader in
            try reader.scanEntries(from: 0) { _, bytes in
                all.append(Array(bytes))
                return true
            }
        }
        return all
    }

    /// The sequences of all events of a name.
    func sequences(of name: String) throws -> [UInt64] {
        try events().enumerated().filter { $0.element == name }.map { UInt64($0.offset) }
    }

    /// The names of an execution's events, or of all.
    func events(_ number: UInt64? = nil) throws -> [String] {
        try entries().compactMap { bytes in
            let entry = try bytes.withUnsafeBytes { bytes in
                let view = try EntryView(bytes)
                return (view.header.stream.rawValue, view.event)
            }
            if let number, entry.0 != number { return nil }
            return EventKind(rawValue: entry.1)?.name
        }
    }
}
