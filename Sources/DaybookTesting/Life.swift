import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem

/// The life of one process: an engine, the program that uses it, and whatever drives both.
final class Life<Value: Sendable>: Sendable {
    typealias Body = @Sendable (Engine) async throws -> Value

    /// How it ended.
    enum End: Sendable {
        case returned(Result<Value, any Error>)
        /// The process is gone, and the program is started again.
        case again
    }

    private struct State {
        var task: Task<Void, Never>?
        var result: Result<Value, any Error>?
        var isClosing = false
        var isClosed = false
        /// It ends because it is shut down.
        var isShutDown = false
    }

    private let state = Locked(State())
    private let driver: EngineDriver
    private let executor = StepExecutor()
    private let clock: ProcessClock
    private let options: TestEngine.Options
    private let trial: Trial
    /// The number of the engine in the trial.
    private let engine: Int
    private let checker: ReplayChecker?
    private let salts: Locked<SplitMix>

    init(
        _ store: any JournalStore,
        _ folder: JournalFolder?,
        _ clock: ProcessClock,
        _ options: TestEngine.Options,
        _ place: (trial: Trial, engine: Int),
        _ workflows: [any Workflow]
    ) throws {
        self.clock = clock
        self.options = options
        (trial, self.engine) = place
        var engine = options.engine
        engine.executor = executor
        engine.clock = clock
        let count = try store.read { try $0.entryCount() }
        salts = Locked(SplitMix(seed: count &+ 1))
        driver = try Salt.drawing(from: Self.source(salts)) {
            try EngineDriver(
                on: CrashingStore(store, place.trial, place.engine),
                engine,
                creation: options.creation,
                folder: folder,
                workflows: workflows
            )
        }
        checker =
            options.replaysAlways || TestEngine.replaysAlways
            ? ReplayChecker(workflows, engine.codec, options.patience) : nil
    }

    // MARK: Tasks

    /// Starts the program. Nothing runs until it is driven.
    func begin(_ body: @escaping Body) {
        Salt.drawing(from: Self.source(salts)) {
            let task = Task(executorPreference: executor) { [self] in
                let result: Result<Value, any Error>
                do {
                    result = .success(try await body(try await driver.open()))
                } catch {
                    result = .failure(error)
                }
                state.withLock { $0.result = result }
            }
            state.withLock { $0.task = task }
        }
    }

    private static func source(_ salts: Locked<SplitMix>) -> @Sendable () -> Salt {
        { salts.withLock { Salt($0.next(), $0.next()) } }
    }

    /// Whoever waits for it does not any more.
    func cancel() { state.withLock { $0.task }?.cancel() }

    private func close(isShutdown: Bool) {
        let isFirst = state.withLock { state in
            if isShutdown { state.isShutDown = true }
            defer { state.isClosing = true }
            return !state.isClosing
        }
        guard isFirst else { return }
        Salt.drawing(from: Self.source(salts)) {
            _ = Task(executorPreference: executor) { [self] in
                do {
                    try await driver.close(grace: isShutdown ? .zero : .seconds(30))
                } catch {
                    // What the program was told counts more than how its end is recorded.
                    state.withLock { state in
                        if case .success = state.result { state.result = .failure(error) }
                    }
                }
                state.withLock { $0.isClosed = true }
            }
        }
    }

    // MARK: Driving

    /// Drives it to its end, on a thread that may block.
    /// - Throws: ``TestEngine/Stuck``; ``HiddenState``; ``JournalError``.
    func drive() throws -> End {
        defer { clock.forget() }
        do {
            return try driveToEnd()
        } catch {
            driver.abandon()
            throw error
        }
    }

    private func driveToEnd() throws -> End {
        var steps = 0
        while true {
            if trial.takeDeath(of: engine) {
                driver.abandon()
                return .again
            }
            if trial.takeShutdown(of: engine) { close(isShutdown: true) }
            if try step() {
                steps += 1
                if steps > options.limit { throw try stuck("it goes on for ever") }
                continue
            }
            let (hasResult, isClosing, isClosed) = state.withLock {
                ($0.result != nil, $0.isClosing, $0.isClosed)
            }
            // Here nothing is ready, so what has ended has left nothing behind that would run at once.
            if isClosed, let end = end() { return end }
            if hasResult, !isClosing {
                close(isShutdown: false)
                continue
            }
            steps += try letTimePass(mayWait: !(hasResult || isClosing))
            if steps > options.limit { throw try stuck("it goes on for ever") }
        }
    }

    private func end() -> End? {
        state.withLock { state in
            // A program that does not notice that its engine is gone is abandoned as a whole.
            if state.isShutDown { return .again }
            return state.result.map { .returned($0) }
        }
    }

    /// Does one thing.
    /// - Returns: whether there was anything to do.
    private func step() throws -> Bool {
        let ready = executor.ready
        guard ready > 0 else { return try write() }
        // The writer may come in between at any moment.
        let turn = trial.turn(among: ready + 1)
        if turn == ready, try write() { return true }
        executor.run(turn == ready ? 0 : turn)
        return true
    }

    private func write() throws -> Bool {
        guard let checker else { return driver.write() }
        let before = try driver.entryCount()
        guard driver.write() else { return false }
        try checker.check(driver, before..<(try driver.entryCount()))
        return true
    }

    // MARK: Waiting

    /// Sets the clock to the next time at which something happens by itself. As long as code that runs
    /// may be waiting for something of its own it is given a moment of real time first.
    /// - Parameter mayWait: whether the program itself may be waiting for something of its own.
    /// - Returns: as how many steps that counts.
    private func letTimePass(mayWait: Bool) throws -> Int {
        let mayBeElsewhere = driver.isBusy || (mayWait && !driver.isAwaited)
        if mayBeElsewhere, executor.waitForJob(options.patience) { return 0 }
        if let next = driver.nextTime, next > clock.now() {
            clock.pass(next.since(clock.now()))
            // Beside a body that hangs time could pass for ever, a moment of real time for each wait.
            return mayBeElsewhere ? 100 : 0
        }
        let longest = TestEngine.Options.longest
        let patience = mayBeElsewhere ? longest.elsewhere : longest.engine
        for _ in 0..<patience where executor.waitForJob(options.patience) { return 0 }
        throw try stuck("nothing can go on")
    }

    private func stuck(_ reason: String) throws -> TestEngine.Stuck {
        let open = try driver.records(areClosed: false).map { record in
            let waits = record.waits.map { "\($0.kind) \($0.operation.name)" }
            let what = waits.isEmpty ? "" : ", waits for \(waits.joined(separator: ", "))"
            return "\(record.id) is \(record.status)\(what)"
        }
        return TestEngine.Stuck(reason: reason, open: open)
    }

    /// What its executions came to.
    func endings() throws -> [Ending] { try Ending.all(of: driver) }
}
