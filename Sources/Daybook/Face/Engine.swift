import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import FoundationEssentials
import Logging
import SwiftProtobuf

/// A journal of workflows, open for work.
///
/// One process may have a journal open once; several processes on one machine may share it.
/// Everything that happens goes through the journal first: an answer means that it is on the disk.
public final class Engine: Sendable {
    /// The version of this software.
    public static let version = "0.1.0"

    let opening: Opening
    var engine: EngineCore { opening.engine }

    init(_ opening: Opening) { self.opening = opening }

    // MARK: Opening

    /// Makes an empty journal.
    /// - Parameter path: the folder, which must not exist or be empty. By convention its name ends
    ///   in `.daybook`.
    /// - Throws: ``JournalError``.
    public static func create(
        at path: String,
        _ options: CreationOptions = CreationOptions()
    ) throws {
        try options.clock.check()
        if let lifetime = options.submissionLifetime, lifetime <= .zero {
            throw Refusal(
                .invalidArgument,
                "the submission lifetime is \(lifetime); give one above zero, or none, so that nothing expires"
            )
        }
        if let lifetime = options.secretLifetime, lifetime <= .zero {
            throw Refusal(
                .invalidArgument,
                "the lifetime of secrets is \(lifetime); give one above zero, or none, so that they are kept"
            )
        }
        var generator = SystemRandomNumberGenerator()
        let uuid = Identifier.timeOrdered(at: options.clock.now(), using: &generator)
        let origin = options.origin ?? "daybook/\(uuid)"
        // The key that signs its heads has this name.
        guard Names.isValid(origin), NoteVerifier.isName(origin) else {
            throw Refusal(
                .invalidArgument,
                "the origin \"\(origin)\" must have 1 to 255 bytes without spaces and plus signs"
            )
        }
        let machine = try MachineIdentity.digest()
        try JournalFolder(path).create(options.environment, clock: options.clock) {
            device,
            inode in
            let madeAt = FileStatus.madeAt(JournalFolder(path).dataFile)
            return firstEvent(
                uuid,
                origin,
                options,
                .with {
                    $0.machine = Data(machine)
                    $0.device = device
                    $0.inode = inode
                    $0.madeAt = madeAt
                }
            )
        }
    }

    /// The event of entry 0, encoded.
    /// - Parameter binding: where the journal is at home; nil: in no file.
    static func firstEvent(
        _ uuid: Identifier,
        _ origin: String,
        _ options: CreationOptions,
        _ binding: ProtoBinding? = nil
    ) -> [UInt8] {
        ProtoEntry.OneOf_Event.journalCreated(
            .with {
                $0.uuid = Data(uuid.bytes)
                $0.origin = origin
                $0.format = UInt32(Journal.format)
                $0.settings.payloadLimit = UInt64(options.payloadLimit)
                $0.settings.lossLimit = options.lossLimit
                $0.settings.submissionLifetime =
                    options.submissionLifetime?.wholeNanoseconds ?? 0
                $0.settings.secretLifetime = options.secretLifetime?.wholeNanoseconds ?? 0
                $0.contentTypes = ContentTypes.initial
                if let binding { $0.binding = binding }
            }
        ).encoded()
    }

    /// Opens a journal, takes over from processes that have died, and starts to run what is ready.
    ///
    /// Returns when the state is that of the journal.
    /// - Parameter creation: has the journal made with these settings when there is none: no folder,
    ///   or an empty one. Several processes may do so at once; one of them makes it.
    /// - Throws: ``JournalError``.
    public static func open(
        at path: String,
        _ options: EngineOptions = EngineOptions(),
        creatingIfMissing creation: CreationOptions? = nil,
        workflows: [any Workflow] = []
    ) async throws -> Engine {
        guard let creation else { return try await openExisting(at: path, options, workflows) }
        while true {
            do {
                try createIfMissing(at: path, creation)
                return try await openExisting(at: path, options, workflows)
            } catch let error as JournalError where error.code == .locked {
                // Another process makes it at this moment, or gives that up.
                try await SystemThread.run { try JournalFolder(path).waitUntilShared() }
            }
        }
    }

    private static func openExisting(
        at path: String,
        _ options: EngineOptions,
        _ workflows: [any Workflow]
    ) async throws -> Engine {
        let place = JournalFolder(path)
        let folder = try place.open(options.environment)
        do {
            return try await start(place, folder, options, try registry(workflows))
        } catch {
            folder.close()
            throw error
        }
    }

    /// Opens a journal, runs `body`, and closes it, whatever comes of that. See
    /// ``open(at:_:creatingIfMissing:workflows:)``.
    /// - Throws: what `body` throws, or else what ``close(grace:)`` does.
    public static func withOpen<Result>(
        at path: String,
        _ options: EngineOptions = EngineOptions(),
        creatingIfMissing creation: CreationOptions? = nil,
        workflows: [any Workflow] = [],
        _ body: (Engine) async throws -> Result
    ) async throws -> Result {
        let daybook = try await open(
            at: path,
            options,
            creatingIfMissing: creation,
            workflows: workflows
        )
        let result: Result
        do {
            result = try await body(daybook)
        } catch {
            do {
                try await daybook.close()
            } catch let failure {
                options.logger.error(
                    "closing a journal failed after another error",
                    metadata: ["error": "\(failure)"]
                )
            }
            throw error
        }
        try await daybook.close()
        return result
    }

    /// Makes a journal unless there is one.
    private static func createIfMissing(at path: String, _ options: CreationOptions) throws {
        do {
            try create(at: path, options)
        } catch let error as JournalError where error.code == .exists || error.code == .locked {
            // It is opened, or will be, as soon as whoever makes it has done so.
        }
    }

    private static func warn(ofLag lag: Duration, _ options: EngineOptions) {
        guard lag > options.clockTolerance else { return }
        options.logger.warning(
            "the machine's clock is behind the journal's last entry: the journal's time runs on from there",
            metadata: ["seconds": "\(lag.components.seconds)"]
        )
    }

    /// How far the machine's time of day is behind the journal's time; zero when it is not. The
    /// journal's time runs on meanwhile.
    public var clockLag: Duration { engine.writer.journal.clockLag }

    static func registry(
        _ workflows: [any Workflow]
    ) throws -> [Name: RegisteredWorkflow] {
        var registry: [Name: RegisteredWorkflow] = [:]
        for workflow in workflows {
            let registered = RegisteredWorkflow(workflow)
            try Names.check(registered.name, "workflow name")
            guard !registered.repeatsSignal else {
                throw Refusal(
                    .conflict,
                    "the workflow \(registered.name) declares a signal twice; declare each name once"
                )
            }
            guard registry.updateValue(registered, forKey: registered.name) == nil else {
                throw Refusal(
                    .conflict,
                    "two workflows of the name \(registered.name) were given; names are unique"
                )
            }
        }
        return registry
    }

    private static func start(
        _ place: JournalFolder,
        _ folder: OpenFolder,
        _ options: EngineOptions,
        _ workflows: [Name: RegisteredWorkflow]
    ) async throws -> Engine {
        let journal = try Journal.open(folder.store, clock: options.clock)
        warn(ofLag: journal.clockLag, options)
        // Looked at before the state: what belongs to an execution that is not in that is left over.
        let workspaces = try Workspaces.folder(place, options, folder.store)
        let left = try Workspaces.names(in: workspaces)
        let board = NewsBoard()
        let machines = EngineMachines(options, board)
        var generator = SystemRandomNumberGenerator()
        let uuid = Identifier.timeOrdered(at: options.clock.now(), using: &generator)
        let firing = try options.firing()
        let scheduler = options.scheduler(of: workflows)
        let snapshots = StateSnapshots(of: journal, in: place.snapshots, options)
        let keeper = SecretKeeper(place.keys, options)
        let fold = EngineFold(
            board,
            keeper,
            session: uuid,
            firing: firing,
            scheduler: scheduler,
            snapshotInterval: firing == nil ? nil : options.snapshotInterval,
            claiming: options.claimedTypes(of: workflows),
            within: machines,
            from: try snapshots.newest()
        )
        let writer = try GroupWriter(
            journal,
            fold: fold,
            options: options.writer,
            loneThread: options.executor == nil ? LoneThread() : nil
        )
        do {
            keeper.begin(writer.inspect { $0.state.journal.uuid })
            let home = try Home(of: place)
            try home.check(writer, isAdopted: options.adoption != nil)
            try OpenIndex.check(writer)
            let lock = try SessionLock.create(in: place.sessions, uuid)
            let number = try await openSession(uuid, writer, home, options)
            try await Takeover(writer: writer, folder: place, session: number, options: options)
                .run(own: uuid)
            try await keeper.expire(writer, session: number)
            try await keeper.collect(writer, session: number)
            let engine = try EngineCore(
                writer,
                board,
                machines,
                keeper,
                Premises(
                    folder: place,
                    workspaces: workspaces,
                    session: lock,
                    snapshots: snapshots
                ),
                session: number,
                options,
                workflows,
                scheduler
            )
            do {
                let opening = try Opening(engine, folder, following: place.dataFile, of: lock)
                engine.workspaces?.removeLeftOver(left, options) { number in
                    writer.inspect { $0.state.workspace(of: number) }
                }
                engine.lookForKey()
                engine.start()
                return Engine(opening)
            } catch {
                await engine.stop()
                throw error
            }
        } catch {
            await SystemThread.runBlocking { writer.stop() }
            throw error
        }
    }

    /// - Returns: the session's number.
    private static func openSession(
        _ uuid: Identifier,
        _ writer: GroupWriter<EngineFold>,
        _ home: Home,
        _ options: EngineOptions
    ) async throws -> UInt64 {
        if let revision = options.revision { try Names.check(revision, "revision of the code") }
        let facts = try CodeIdentity.session(
            uuid,
            actor: options.actor,
            program: options.program,
            revision: options.revision
        )
        let number = try await EngineCore.perform(writer, session: 0) { OpenSession(facts) }
        if let reason = options.adoption {
            try await home.adopt(writer, session: number, actor: facts.actor, reason)
        }
        return number
    }

    /// Stops in good order: nothing new begins, bodies that run may end and are recorded, leases are
    /// given back, the session is closed.
    ///
    /// What was not finished goes on when the journal is opened again. Handlers that only wait do not
    /// hold it up. Bodies that run when `grace` is over are told through task cancellation, and waited
    /// for; calling it once more with a grace of zero has them told at once.
    /// A daybook that is dropped without it is closed all the same, a moment later, and an error is
    /// logged: nobody learns then whether that went well. Otherwise closing it again does nothing.
    /// - Parameter grace: so long bodies that run may go on.
    /// - Throws: ``JournalError`` when the end of the session could not be recorded; everything is
    ///   closed all the same.
    public func close(grace: Duration = .seconds(30)) async throws {
        try await opening.close(grace: grace)
    }

    /// Whether code of executions runs here, or is about to.
    package var isBusy: Bool { engine.machines.tell { $0.residency.isBusy } }
}
