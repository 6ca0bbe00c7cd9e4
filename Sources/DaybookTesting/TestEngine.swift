public import Daybook
import DaybookJournal
import DaybookSystem
import FoundationEssentials
import Logging

/// An engine for tests: without threads, without real time, and with a process that can die.
///
/// Its program, the closure of ``run(_:_:)``, its handlers and its bodies run one step at a time. The
/// clock is set on by itself whenever all of them wait, so that nothing waits for real time. Each
/// ``run(_:_:)`` is the life of one process, and the next one finds the journal that it has left:
///
/// ```swift
/// let test = try TestEngine(workflows: [ProcessOrder(shop: shop)])
/// let receipt = try await test.run(.crash(after: 5)) { engine in
///     try await engine.run(ProcessOrder.self, id: "order-1", input: order)
/// }
/// #expect(shop.charges == 1)
/// ```
public final class TestEngine: Sendable {
    /// Where the journal is.
    @nonexhaustive
    public enum Place: Sendable {
        /// In memory: nothing is left behind.
        case memory
        /// In a folder of its own below that for temporary files, which is removed with the engine, and
        /// under ``crashEverywhere(schedules:only:_:)`` at the end of each run of the test.
        case temporaryFolder
    }

    /// How a test's engine is set up.
    public struct Options: Sendable {
        /// Where the journal is.
        public var place = Place.memory
        /// The engine's own options. Its clock and its executor are the test's, and no snapshots are
        /// taken.
        public var engine = EngineOptions()
        /// What is decided when the journal is made. Its clock is the test's.
        public var creation = CreationOptions()
        /// Each handler is replayed over its history whenever an entry is added to that.
        public var replaysAlways = false
        /// So long, in real time, code may wait for something that is not the engine's before the clock
        /// is set on all the same. When nothing at all can go on the test is stuck after 20 times as
        /// long, and where code waits for something that is not the engine's after 300 times as long. So
        /// long a handler that is replayed may wait for it too, as one that changes to the main actor does.
        public var patience = Duration.milliseconds(100)
        /// Steps after which a test goes on for ever. So long a wait in vain counts as 100 of them.
        public var limit = 1_000_000

        /// Real time that passes while nothing at all can go on, in units of the patience: when all waits
        /// for the engine, and when something may be waiting for something else.
        static var longest: (engine: Int, elsewhere: Int) { (20, 300) }

        /// The defaults.
        public init() { engine.logger.logLevel = .critical }
    }

    /// The test has not ended, and nothing can go on, or goes on for ever.
    public struct Stuck: Error, CustomStringConvertible {
        /// Which of both.
        public let reason: String
        /// The executions that are open, and what they wait for.
        public let open: [String]

        /// What is open, and what to do.
        public var description: String {
            let executions = open.isEmpty ? "no execution is open" : open.joined(separator: "; ")
            return
                "the test has not ended and \(reason): \(executions). Send what is waited for, or end what runs"
        }
    }

    /// What was to be done to a process was not: it ended before it had written the entry, or an earlier
    /// one has written it.
    public struct NotReached: Error, CustomStringConvertible {
        /// What was to be done.
        public let disturbance: Disturbance
        /// How many entries the journal has.
        public let entries: Int

        /// What was asked, what was found, what to do.
        public var description: String {
            "nothing was done to the process at entry \(disturbance.entry): the journal has \(entries) entries, numbered from 0; name one that the program writes in this run"
        }
    }

    /// Whether handlers are replayed always in the tests of this task.
    @TaskLocal static var replaysAlways = false

    /// The clock, which is set on by itself.
    public let clock: ManualClock
    private let options: Options
    private let workflows: @Sendable () -> [any Workflow]
    private let store: any JournalStore
    private let folder: TemporaryJournal?
    private let trial: Trial
    /// Its number in the trial.
    private let number: Int
    private let processClock: ProcessClock

    /// An engine with an empty journal.
    /// - Parameters:
    ///   - clock: by default one that begins with the year 2026.
    ///   - workflows: evaluated anew for each process, so that what handlers keep in variables of their
    ///     own is gone with it. What stands for the outside world is made before, and handed in.
    /// - Throws: ``JournalError``, when no folder could be made.
    public init(
        _ options: Options = Options(),
        clock: ManualClock = ManualClock(),
        workflows: @escaping @Sendable @autoclosure () -> [any Workflow]
    ) throws {
        var options = options
        options.creation.clock = clock
        self.options = options
        self.clock = clock
        self.workflows = workflows
        switch options.place {
        case .memory:
            folder = nil
            store = MemoryStore()
        case .temporaryFolder:
            let made = try TemporaryJournal(options.creation, options.engine)
            folder = made
            store = made.store
        }
        let trial = Trial.current ?? Trial(Schedule(), isCompared: false)
        self.trial = trial
        number = trial.newEngine(entries: Int(try store.read { try $0.entryCount() }), folder)
        processClock = ProcessClock(clock)
    }

    // MARK: Running

    /// Opens the engine, runs a program with it, and closes it. When its process ends before that, the
    /// same program is run again by another process on the same journal, as a service is that is started
    /// again: so it names its executions by ids of its own.
    /// - Parameters:
    ///   - disturbance: what is done to the process; by default nothing, or what the test's trait says.
    ///   - body: the program. Once it has returned what can run at once still does; what waits stays
    ///     for the next run.
    /// - Returns: what the program returned that was not disturbed.
    /// - Throws: what that one threw; ``NotReached``, also when the entry is there already; ``Stuck``;
    ///   ``HiddenState``; ``JournalError``.
    public func run<Value: Sendable>(
        _ disturbance: Disturbance? = nil,
        _ body: @escaping @Sendable (Engine) async throws -> Value
    ) async throws -> Value {
        if let disturbance {
            guard disturbance.entry >= (try entryCount()) else {
                throw NotReached(disturbance: disturbance, entries: try entryCount())
            }
            trial.arm(disturbance, of: number)
        }
        // It is meant for this run, however that ends.
        defer { trial.arm(nil, of: number) }
        while true {
            let life = try Life<Value>(
                store,
                folder?.place,
                processClock,
                options,
                (trial, number),
                workflows()
            )
            life.begin(body)
            let end = try await withTaskCancellationHandler {
                try await SystemThread.run { try life.drive() }
            } onCancel: {
                life.cancel()
            }
            guard case .returned(let result) = end else { continue }
            if trial.isCompared { trial.note(try life.endings(), of: number) }
            let value = try result.get()
            if let disturbance, trial.isArmed(number) {
                throw NotReached(disturbance: disturbance, entries: try entryCount())
            }
            return value
        }
    }

    /// How many entries the journal has.
    /// - Throws: ``JournalError``.
    public func entryCount() throws -> Int { Int(try store.read { try $0.entryCount() }) }

    /// The folder of the journal, to look into with the `daybook` command; nil: it is in memory.
    public var path: String? { folder?.place.path }

    /// The journal below.
    package var journalStore: any JournalStore { store }
}
