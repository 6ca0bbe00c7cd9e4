import DaybookFormat
package import DaybookJournal
import DaybookModel
import DaybookSystem
import FoundationEssentials
import Logging
import SwiftProtobuf

/// An engine without threads and without real time: one process's life over a store.
///
/// Its tasks run on the executor of the options, and whoever drives it runs that, has the writer
/// write in between, and lets the time of the options' clock pass. Nothing else goes on: the same
/// order of steps gives the same journal, byte for byte.
package final class EngineDriver: Sendable {
    /// The options, as the engine has them.
    let options: EngineOptions
    let writer: GroupWriter<EngineFold>
    let board = NewsBoard()
    private let keeper: SecretKeeper
    private let machines: EngineMachines
    let workflows: [Name: RegisteredWorkflow]
    private let scheduler: TaskScheduler?
    private let session: Identifier
    private let folder: JournalFolder?
    private let held = Locked<Opening?>(nil)

    /// Folds the journal; no session is opened yet.
    /// - Parameters:
    ///   - store: a journal to go on with, or nothing yet: then it is begun.
    ///   - creation: what is decided when it is begun.
    ///   - folder: where executions keep files; nil: nowhere.
    /// - Throws: ``JournalError``; ``Refusal``, of the workflows.
    package init(
        on store: any JournalStore,
        _ options: EngineOptions,
        creation: CreationOptions = CreationOptions(),
        folder: JournalFolder? = nil,
        workflows: [any Workflow]
    ) throws {
        var options = options
        options.snapshotInterval = nil
        self.options = options
        self.folder = folder
        let workflows = try Engine.registry(workflows)
        self.workflows = workflows
        let count = try store.read { try $0.entryCount() }
        session = Self.identifier(7, count)
        let clock = options.clock
        let journal =
            count == 0
            ? try Journal.create(in: store, event: Self.firstEvent(creation), clock: clock)
            : try Journal.open(store, clock: clock)
        machines = EngineMachines(options, board)
        keeper = SecretKeeper(folder?.keys, options)
        scheduler = options.scheduler(of: workflows)
        let fold = EngineFold(
            board,
            keeper,
            session: session,
            firing: try options.firing(),
            scheduler: scheduler,
            snapshotInterval: nil,
            claiming: options.claimedTypes(of: workflows),
            within: machines,
            from: State()
        )
        writer = try GroupWriter(journal, fold: fold, options: options.writer, isDriven: true)
        keeper.begin(writer.inspect { $0.state.journal.uuid })
    }

    /// Of two sessions of a journal, and of a session and the journal, the names differ.
    private static func identifier(_ kind: UInt8, _ number: UInt64) -> Identifier {
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
        return Identifier([kind] + [UInt8](repeating: 0, count: 7) + digits) ?? .zero
    }

    private static func firstEvent(_ options: CreationOptions) -> [UInt8] {
        Engine.firstEvent(identifier(1, 1), options.origin ?? "daybook/driven", options)
    }

    // MARK: A life

    /// Opens a session, takes over from all others, of which none can be alive, and starts to run what
    /// is ready. Called on a task of the executor.
    /// - Throws: ``JournalError``.
    package func open() async throws -> Engine {
        let facts = ProtoSessionOpened.with {
            $0.uuid = Data(session.bytes)
            $0.actor = options.actor ?? "test"
            $0.program = options.program ?? "test"
            $0.revision = options.revision ?? ""
            $0.pid = 2
        }
        let number = try await EngineCore.perform(writer, session: 0) { OpenSession(facts) }
        try await takeOver(for: number)
        try await keeper.expire(writer, session: number)
        try await keeper.collect(writer, session: number)
        let premises = try folder.map { folder in
            Premises(
                folder: folder,
                workspaces: try Workspaces.folder(folder, options, writer.journal.store),
                session: try SessionLock.create(in: folder.sessions, session),
                snapshots: StateSnapshots(of: writer.journal, in: folder.snapshots),
                isShared: false
            )
        }
        let engine = try EngineCore(
            writer,
            board,
            machines,
            keeper,
            premises,
            session: number,
            options,
            workflows,
            scheduler
        )
        let opening = Opening(driven: engine)
        held.withLock { $0 = opening }
        engine.start()
        return Engine(opening)
    }

    private func takeOver(for session: UInt64) async throws {
        let others = writer.inspect { $0.state.publishedSessions }.filter { $0.number != session }
        for other in others {
            _ = try await EngineCore.perform(writer, session: session) {
                LoseSession(other.number, parkMessage: try Takeover.parkMessage())
            }
        }
    }

    /// Stops in good order, as ``Engine/close(grace:)`` does. The store stays open.
    /// - Throws: ``JournalError``.
    package func close(grace: Duration) async throws {
        try await held.withLock { $0 }?.close(grace: grace)
    }

    /// Its process is no more: nothing of it is driven any further, and nothing is closed.
    ///
    /// What its tasks hold stays in memory: a process that died has no tasks that unwind.
    package func abandon() {
        guard let opening = held.withLock({ $0 }) else { return }
        opening.abandon()
        // On a clock that is set by hand there is no thread to wait for.
        opening.engine.alarms.stop()
        do {
            try opening.engine.premises?.session.abandon()
        } catch {
            options.logger.warning(
                "the files of a session were not removed",
                metadata: ["error": "\(error)"]
            )
        }
    }

    /// The engine, once it is open.
    var core: EngineCore? { held.withLock { $0?.engine } }

    // MARK: Steps

    /// Has the writer write, if there is something to write.
    /// - Returns: whether there was.
    package func write() -> Bool { writer.work() }

    /// The next time at which something happens by itself; nil: nothing ever does.
    package var nextTime: Timestamp? {
        [core?.alarms.next, writer.nextTime].compactMap { $0 }.min()
    }

    /// Whether code of executions runs, or is about to: all that only waits does not count.
    package var isBusy: Bool { core?.machines.tell { $0.residency.isBusy } ?? false }

    /// Whether somebody waits for the engine.
    package var isAwaited: Bool { board.hasWaiters }
}
