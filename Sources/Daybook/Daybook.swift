import DaybookFormat
public import DaybookJournal
public import DaybookModel
import DaybookSystem
import FoundationEssentials
import Logging
import SwiftProtobuf

/// A journal of workflows, open for work.
///
/// One process may have a journal open once; several processes on one machine may share it.
/// Everything that happens goes through the journal first: an answer means that it is on the disk.
public final class Daybook: Sendable {
    /// The version of this software.
    public static let version = "0.1.0"

    private let engine: Engine
    private let folder: OpenFolder
    private let watch: FileWatch
    private let follower: SystemThread

    private init(
        engine: Engine,
        folder: OpenFolder,
        watch: FileWatch,
        follower: SystemThread
    ) {
        self.engine = engine
        self.folder = folder
        self.watch = watch
        self.follower = follower
    }

    // MARK: Opening

    /// Makes an empty journal.
    /// - Parameter path: the folder, which must not exist or be empty. By convention its name ends
    ///   in `.daybook`.
    /// - Throws: ``JournalError``.
    public static func create(
        at path: String,
        _ options: CreationOptions = CreationOptions()
    ) throws {
        var generator = SystemRandomNumberGenerator()
        let uuid = Identifier.timeOrdered(at: options.clock.now(), using: &generator)
        let origin = options.origin ?? "daybook/\(uuid)"
        guard Names.isValid(origin), !origin.contains(where: { $0 == " " || $0 == "+" }) else {
            throw Refusal(
                .invalidArgument,
                "the origin \"\(origin)\" must have 1 to 255 bytes without spaces and plus signs"
            )
        }
        let machine = try CodeIdentity.machine()
        try JournalFolder(path).create(options.environment, clock: options.clock) {
            device,
            inode in
            ProtoEntry.OneOf_Event.journalCreated(
                .with {
                    $0.uuid = Data(uuid.bytes)
                    $0.origin = origin
                    $0.format = UInt32(Journal.format)
                    $0.settings.payloadLimit = UInt64(options.payloadLimit)
                    $0.settings.lossLimit = options.lossLimit
                    $0.settings.submissionLifetime =
                        options.submissionLifetime.wholeNanoseconds
                    $0.contentTypes = ContentTypes.initial
                    $0.binding.machine = Data(machine)
                    $0.binding.device = device
                    $0.binding.inode = inode
                }
            ).encoded()
        }
    }

    /// Opens a journal, takes over from processes that have died, and starts to run what is ready.
    ///
    /// Returns when the state is that of the journal.
    /// - Throws: ``JournalError``.
    public static func open(
        at path: String,
        _ options: DaybookOptions = DaybookOptions(),
        workflows: [any Workflow] = []
    ) async throws -> Daybook {
        let place = JournalFolder(path)
        let folder = try place.open(options.environment)
        do {
            return try await start(place, folder, options, try registry(workflows))
        } catch {
            folder.close()
            throw error
        }
    }

    private static func registry(
        _ workflows: [any Workflow]
    ) throws -> [String: RegisteredWorkflow] {
        var registry: [String: RegisteredWorkflow] = [:]
        for workflow in workflows {
            let registered = RegisteredWorkflow(workflow)
            try Names.check(registered.name, "workflow name")
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
        _ options: DaybookOptions,
        _ workflows: [String: RegisteredWorkflow]
    ) async throws -> Daybook {
        let journal = try Journal.open(folder.store, clock: options.clock)
        let board = NewsBoard()
        var generator = SystemRandomNumberGenerator()
        let uuid = Identifier.timeOrdered(at: options.clock.now(), using: &generator)
        let firing = try options.firing()
        let snapshots = StateSnapshots(of: journal, in: place.snapshots, options.logger)
        let fold = EngineFold(
            board,
            session: uuid,
            firing: firing,
            snapshotInterval: firing == nil ? nil : options.snapshotInterval,
            from: try snapshots.newest()
        )
        let writer = try GroupWriter(journal, fold: fold, options: options.writer)
        do {
            let lock = try SessionLock.create(in: place.sessions, uuid)
            let facts = try CodeIdentity.session(
                uuid,
                actor: options.actor,
                program: options.program
            )
            let number = try await Engine.perform(writer, session: 0) { OpenSession(facts) }
            try await Takeover(writer: writer, folder: place, session: number, options: options)
                .run(own: uuid)
            let engine = try Engine(
                writer,
                board,
                lock,
                number: number,
                at: place,
                options,
                workflows
            )
            let watch = try FileWatch(place.dataFile)
            let follower = try SystemThread.start {
                do {
                    while try watch.wait(whileBehind: writer.isBehind) { writer.refresh() }
                } catch {
                    options.logger.error(
                        "following other processes failed",
                        metadata: ["error": "\(error)"]
                    )
                }
            }
            engine.start()
            return Daybook(engine: engine, folder: folder, watch: watch, follower: follower)
        } catch {
            writer.stop()
            throw error
        }
    }

    /// Stops in good order: handlers are told, leases are given back, the session is closed.
    ///
    /// Waits for bodies that run. What was not finished goes on when the journal is opened again.
    /// - Throws: ``JournalError`` when the end of the session could not be recorded; everything is
    ///   closed all the same.
    public func close() async throws {
        await engine.stop()
        watch.stop()
        follower.join()
        let result: Result<Void, any Error>
        do {
            _ = try await engine.perform { CloseSession() }
            try engine.session.remove()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        engine.writer.stop()
        engine.board.close()
        folder.close()
        try result.get()
    }

    // MARK: Work

    /// Records an execution: nothing runs until it is executed.
    ///
    /// The id is the caller's means never to lose it: store it, then call
    /// ``ExecutionHandle/execute()``. Submitting the same again answers with what is there.
    /// - Parameters:
    ///   - id: 1 to 255 bytes; a UUID version 7 when left out.
    ///   - terms: how it is run; by default as the workflow says.
    /// - Throws: ``Refusal`` for an id that is taken by something else; ``PayloadTooLarge``;
    ///   ``UnstableInput``.
    @discardableResult
    public func submit<W: Workflow>(
        _ workflow: W.Type,
        id: String? = nil,
        terms: Submit.Terms? = nil,
        input: W.Input
    ) async throws -> ExecutionHandle<W.Output> {
        try StableEncoding.check(input)
        let data = try engine.options.codec.encode(input)
        let number = try await submit(
            type: W.name,
            id: id,
            terms: terms ?? RegisteredWorkflow.terms(of: workflow),
            data: data
        )
        return ExecutionHandle(id: number.id, number: number.answer.number, engine: engine)
    }

    /// Records an execution of a workflow by name, with an encoded input.
    /// - Parameter terms: how it is run; by default as the workflow says, if it is known here.
    /// - Returns: its id, and what is recorded under it.
    public func submit(
        type: String,
        id: String? = nil,
        terms: Submit.Terms? = nil,
        data: [UInt8]
    ) async throws -> (id: String, answer: Submit.Answer) {
        var generator = SystemRandomNumberGenerator()
        let id =
            id
            ?? Identifier.timeOrdered(at: engine.options.clock.now(), using: &generator).description
        let contentType = engine.options.codec.contentType
        let terms = terms ?? engine.workflows[type]?.terms ?? Submit.Terms()
        let answer = try await engine.perform(bytes: data.count) {
            Submit(
                id: id,
                type: type,
                input: data,
                payloads: try SealedPayloads(
                    [Payload(data, contentType: contentType)],
                    limit: engine.payloadLimit
                ),
                terms: terms
            )
        }
        return (id, answer)
    }

    /// Asks for an execution to run. Always safe to ask again.
    @discardableResult
    public func execute(_ id: String) async throws -> Execute.Answer {
        let answer = try await engine.perform { Execute(id: id) }
        engine.claim(answer.number)
        return answer
    }

    /// Submits, executes, and waits for the output.
    public func run<W: Workflow>(
        _ workflow: W.Type,
        id: String? = nil,
        input: W.Input
    ) async throws -> W.Output {
        let handle = try await submit(workflow, id: id, input: input)
        try await handle.execute()
        return try await handle.result()
    }

    // MARK: Intervening

    /// Gives an execution a signal. An operation that waits for one of its name goes on; otherwise
    /// it is kept until one asks.
    /// - Parameters:
    ///   - signalID: sending a signal of the same id again does nothing.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func signal(
        _ id: String,
        _ name: String,
        _ value: some Encodable & Sendable,
        signalID: String? = nil
    ) async throws -> Signal.Answer {
        let data = try engine.options.codec.encode(value)
        return try await signal(id, name, data: data, signalID: signalID)
    }

    /// Gives an execution a signal with an encoded value.
    @discardableResult
    public func signal(
        _ id: String,
        _ name: String,
        data: [UInt8],
        signalID: String? = nil
    ) async throws -> Signal.Answer {
        try await engine.perform(bytes: data.count) {
            Signal(
                id: id,
                name: name,
                signalID: signalID,
                actor: actor,
                payloads: try engine.seal(data)
            )
        }
    }

    /// Ends an execution, whatever it does. Its code is told, and it is closed once that has ended.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended otherwise.
    @discardableResult
    public func cancel(_ id: String, reason: String? = nil) async throws -> InterventionAnswer {
        try await engine.perform { Cancel(try intervention(id, reason)) }
    }

    /// Has nothing of an execution run until it is resumed. Timers go on, signals are kept.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func pause(_ id: String, reason: String? = nil) async throws -> InterventionAnswer {
        try await engine.perform { Pause(try intervention(id, reason)) }
    }

    /// Lets an execution that was paused run again.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    @discardableResult
    public func resume(_ id: String, reason: String? = nil) async throws -> InterventionAnswer {
        try await engine.perform { Resume(try intervention(id, reason)) }
    }

    /// Has an execution that failed, timed out, was cancelled or is parked run again from what
    /// failed.
    /// - Throws: ``Refusal``: there is no such execution, it is under way, or it has ended well.
    @discardableResult
    public func retry(_ id: String, reason: String? = nil) async throws -> InterventionAnswer {
        let answer = try await engine.perform { Retry(try intervention(id, reason)) }
        engine.claim(answer.number)
        return answer
    }

    private var actor: String {
        let number = engine.sessionNumber
        return sessions.first { $0.number == number }?.actor ?? engine.options.actor ?? "unknown"
    }

    private func intervention(_ id: String, _ reason: String?) throws -> Intervention {
        let payloads = try reason.map {
            try SealedPayloads([.text($0)], limit: engine.payloadLimit)
        }
        return Intervention(id: id, actor: actor, reason: payloads)
    }

    // MARK: Keeping

    /// Writes the state to a file, from which recovery then begins. Done by itself after every
    /// ``DaybookOptions/snapshotInterval`` entries; a program may do it before it stops.
    /// - Returns: how many entries it is the fold of; nil when another process takes one at this
    ///   moment, or when nothing has been appended since the last.
    /// - Throws: ``JournalError``; `SystemError`, for example of a disk that is full.
    @discardableResult
    public func takeSnapshot() async throws -> UInt64? { try await engine.takeSnapshot() }

    // MARK: Looking

    /// What is known of an execution; nil when there is none of that id.
    public func record(of id: String) throws -> ExecutionRecord? {
        try engine.record(of: id)
    }

    /// The executions that a query asks for. Without ids every row of the index is read.
    /// - Throws: ``JournalError``; ``Refusal/Code/newerVersion``.
    public func executions(_ query: ExecutionQuery) throws -> [ExecutionRecord] {
        try engine.records(query)
    }

    /// Waits until an execution has ended or is parked.
    /// - Throws: ``Refusal/Code/notFound``; ``JournalError``; `CancellationError`.
    public func waitForEnd(of id: String) async throws -> ExecutionRecord {
        try await engine.waitForEnd(of: id)
    }

    /// Waits until what is known of an execution fulfils a condition.
    /// - Throws: ``Refusal/Code/notFound``; ``JournalError``; `CancellationError`.
    public func wait(
        for id: String,
        until condition: (ExecutionRecord) -> Bool
    ) async throws -> ExecutionRecord {
        try await engine.wait(for: id, until: condition)
    }

    /// What an execution that has ended gave or failed with.
    public func outcome(
        of record: ExecutionRecord
    ) throws -> Result<[UInt8], OperationError> {
        try ExecutionReader.outcome(of: record, engine.writer.journal)
    }

    /// The named outputs of an open execution, encoded, in the order of their names' first use.
    /// - Throws: ``PayloadErased``; ``JournalError``.
    public func outputs(
        of record: ExecutionRecord
    ) throws -> [(name: String, value: [UInt8])] {
        try record.outputs.map { output in
            let payload = try ExecutionReader.payloads(of: output.sequence, journal).first
            guard let payload, !payload.isErased else {
                throw PayloadErased(sequence: output.sequence)
            }
            return (output.name, payload.data)
        }
    }

    /// The encoded input of an execution.
    /// - Throws: ``PayloadErased``; ``JournalError``.
    public func input(of record: ExecutionRecord) throws -> [UInt8] {
        try ExecutionReader.input(of: record.number, engine.writer.journal)
    }

    /// Waits until this process has given up claiming because the journal could not be written.
    /// - Throws: what the journal failed with; `CancellationError`.
    public func waitForFailure() async throws { try await engine.waitForHalt() }

    /// Waits until this process runs nothing and finds nothing that it could claim.
    /// - Throws: `CancellationError`.
    public func waitUntilIdle() async throws { try await engine.waitUntilIdle() }

    /// The journal below.
    public var journal: Journal { engine.writer.journal }
    /// The number of this process's session.
    public var session: UInt64 { engine.sessionNumber }
    /// Sessions that are neither closed nor known to be lost.
    public var sessions: [State.Session] { engine.writer.inspect { $0.state.sessions } }
}

/// An execution, with the type of its output.
public struct ExecutionHandle<Output: Codable & Sendable>: Sendable {
    /// The id that it was submitted under.
    public let id: String
    /// The sequence of its first entry.
    public let number: UInt64
    let engine: Engine

    /// Asks for it to run. Always safe to ask again.
    @discardableResult
    public func execute() async throws -> ExecutionStatus {
        let answer = try await engine.perform { Execute(id: id) }
        engine.claim(number)
        return answer.status
    }

    /// Where it stands.
    public func status() throws -> ExecutionStatus {
        guard let record = try engine.record(of: id) else {
            throw Refusal(.notFound, "no execution has the id \(id)")
        }
        return record.status
    }

    /// Waits for its end.
    /// - Returns: its output.
    /// - Throws: ``OperationError`` when it failed; ``ExecutionParked``; ``JournalError``;
    ///   `CancellationError`.
    public func result() async throws -> Output {
        let record = try await engine.waitForEnd(of: id)
        guard record.isClosed else { throw ExecutionParked(id: id) }
        let data = try ExecutionReader.outcome(of: record, engine.writer.journal).get()
        return try engine.options.codec.decode(Output.self, from: data)
    }
}

/// An execution waits for a person: its code diverged from its history, or its process was lost
/// too often.
public struct ExecutionParked: Error, Hashable, Sendable, CustomStringConvertible {
    /// The execution.
    public let id: String

    /// Says which execution it is.
    public init(id: String) { self.id = id }

    /// What to do.
    public var description: String {
        "the execution \(id) is parked; look at it with `daybook show \(id)`"
    }
}
