import DaybookFormat
import DaybookJournal
import DaybookModel

/// An execution, with its workflow's types.
///
/// It is a name, not a look: an execution of that id need not exist. Whatever is asked of one that is
/// of another workflow is refused as a conflict.
public struct ExecutionHandle<W: Workflow>: Sendable {
    /// The id that it was submitted under.
    public let id: String
    /// As long as there is a handle the journal stays open.
    let opening: Opening
    private var engine: EngineCore { opening.engine }
    private var daybook: Engine { Engine(opening) }

    init(_ id: String, _ opening: Opening) {
        self.id = id
        self.opening = opening
    }

    // MARK: Looking

    /// What is known of it.
    /// - Throws: ``Refusal/Code/notFound``; ``Refusal/Code/conflict`` when it is of another workflow;
    ///   ``JournalError``.
    public func record() throws -> ExecutionRecord { try engine.naming(bareRecord()) }

    private func bareRecord() throws -> ExecutionRecord {
        guard let record = try engine.record(of: id) else {
            throw Refusal(.notFound, "no execution has the id \(id)")
        }
        try check(record)
        return record
    }

    /// Before anything is done to it: the workflow of an id never changes.
    private func checkType() throws { _ = try bareRecord() }

    private func check(_ record: ExecutionRecord) throws(Refusal) {
        guard record.type.utf8.elementsEqual(W.name.utf8) else {
            throw Refusal(
                .conflict,
                "\(id) is an execution of \(record.type), and was asked for as one of \(W.name); ask for it as what it is"
            )
        }
    }

    /// Where it stands.
    /// - Throws: as ``record()``.
    public func status() throws -> ExecutionStatus { try bareRecord().status }

    /// Waits for its end.
    /// - Returns: what its handler returned. With children that it has spawned, or a finalizer, its output is
    ///   another one: see ``output(as:)``.
    /// - Throws: ``OperationError`` when it failed; ``ExecutionParked``; ``JournalError``;
    ///   ``Refusal``, as ``record()``; `CancellationError`.
    public func result() async throws -> W.Output {
        try checkType()
        let data = try await engine.output(of: id)
        return try engine.decode(W.Output.self, from: data)
    }

    /// Waits for its end.
    /// - Returns: its output: what its finalizer gave; without one, if it has spawned children, what
    ///   ``FamilyOutput`` describes; else what ``result()`` gives.
    /// - Throws: as ``result()``.
    public func output<Value: Decodable & Sendable>(as type: Value.Type) async throws -> Value {
        try checkType()
        let record = try await engine.waitForEnd(of: id)
        guard record.isClosed else { throw ExecutionParked(record) }
        let output = try ExecutionReader.recordedOutcome(of: record, engine.writer.journal).get()
        return try engine.decodeOutput(Value.self, from: output.payload, at: output.entry)
    }

    /// The last value that it gave under a name: while it runs, and once it has ended.
    /// - Returns: nil: it has given none.
    /// - Throws: as ``record()``; ``PayloadErased``; what the codec says of a value that is none of
    ///   the key's type.
    public func value<Value>(of key: OutputKey<Value>) throws -> Value? {
        let outputs = try bareRecord().outputs
        guard let output = outputs.last(where: { $0.name == Name(key.name) }) else { return nil }
        let payload = try ExecutionReader.payloads(of: output.sequence, engine.writer.journal).first
        guard let payload, !payload.isErased else {
            throw PayloadErased(sequence: output.sequence)
        }
        return try engine.decode(Value.self, from: payload.encoded)
    }

    // MARK: Doing

    /// Asks for it to run. Always safe to ask again.
    /// - Throws: ``Refusal``: there is none, or it has expired.
    @discardableResult
    public func execute(by requester: Requester = .session) async throws -> ExecutionStatus {
        try checkType()
        return try await daybook.execute(id, by: requester).status
    }

    /// Gives it a signal. An operation that waits for one of its name goes on; otherwise it is kept
    /// until one asks.
    /// - Parameter deduplicationID: sending a signal with the same again does nothing.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    public func send<Value>(
        _ value: Value,
        to key: SignalKey<Value>,
        deduplicationID: String? = nil,
        by requester: Requester = .session
    ) async throws {
        try checkType()
        try await daybook.signal(
            id,
            key.name,
            value,
            signalID: deduplicationID,
            by: requester
        )
    }

    /// Tells it that what it waits for by a signal has failed: the wait throws the error.
    /// - Parameter deduplicationID: sending a signal with the same again does nothing.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended.
    public func fail<Value>(
        _ key: SignalKey<Value>,
        with error: OperationError,
        deduplicationID: String? = nil,
        by requester: Requester = .session
    ) async throws {
        try checkType()
        try await daybook.fail(
            id,
            signal: key.name,
            with: error,
            signalID: deduplicationID,
            by: requester
        )
    }

    /// Ends it, whatever it does. See ``Engine/cancel(_:force:by:)``.
    /// - Throws: ``Refusal``: there is no such execution, or it has ended otherwise.
    public func cancel(force: Bool = false, by requester: Requester = .session) async throws {
        try checkType()
        try await daybook.cancel(id, force: force, by: requester)
    }

    /// Has it run again from what failed.
    /// - Throws: ``Refusal``: there is no such execution, it is under way, or it has ended well.
    public func retry(by requester: Requester = .session) async throws {
        try checkType()
        try await daybook.retry(id, by: requester)
    }
}

/// An execution waits for a person: its code diverged from its history, its process was lost too often,
/// or an operation of it may have happened.
public struct ExecutionParked: Error, Hashable, Sendable, CustomStringConvertible {
    /// The execution.
    public let id: String
    /// Why, with the code `divergence`, `losses` or `doubt`; nil: that is not known.
    public let reason: RecordedError?

    /// Says which execution it is, and why it is parked.
    public init(id: String, reason: RecordedError? = nil) {
        self.id = id
        self.reason = reason
    }

    init(_ record: ExecutionRecord) {
        self.init(id: record.id, reason: record.parkingReason)
    }

    /// Why it is parked, and what to do.
    public var description: String {
        let why = reason.map { " (\($0.code))" + ($0.message.map { ": \($0)" } ?? "") } ?? ""
        let advice =
            switch reason?.code {
            // The message says what to mend, and to retry it then.
            case "divergence" where reason?.message != nil: ""
            case "doubt": "; say whether it has happened (resolve), or cancel it"
            default: "; retry it once the cause is gone, or cancel it"
            }
        return "the execution \(id) is parked\(why)\(advice)"
    }
}
