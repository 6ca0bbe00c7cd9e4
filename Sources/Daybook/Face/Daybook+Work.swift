import DaybookFormat
import DaybookJournal
public import DaybookModel

/// Submitting and executing.
extension Daybook {
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
        return ExecutionHandle(id: number.id, number: number.answer.number, opening: opening)
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
        let id = id ?? newID()
        let terms = terms ?? engine.workflows[type]?.terms ?? Submit.Terms()
        let answer = try await engine.perform(bytes: data.count) {
            try submission(type: type, id: id, terms: terms, data: data)
        }
        return (id, answer)
    }

    private func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        return Identifier.timeOrdered(at: engine.options.clock.now(), using: &generator).description
    }

    private func submission(
        type: String,
        id: String,
        terms: Submit.Terms,
        data: [UInt8]
    ) throws -> Submit {
        let payload = Payload(data, contentType: engine.options.codec.contentType)
        return Submit(
            id: id,
            type: type,
            input: data,
            payloads: try SealedPayloads(payload, limit: engine.payloadLimit),
            terms: terms
        )
    }

    /// Asks for an execution to run. Always safe to ask again.
    @discardableResult
    public func execute(_ id: String) async throws -> Execute.Answer {
        let answer = try await engine.perform { Execute(id: id) }
        engine.claim(answer.number)
        return answer
    }

    /// Submits, executes, and waits for the output. What is submitted here is executed, and where
    /// there is room claimed, by the same commit.
    public func run<W: Workflow>(
        _ workflow: W.Type,
        id: String? = nil,
        input: W.Input
    ) async throws -> W.Output {
        try StableEncoding.check(input)
        let data = try engine.options.codec.encode(input)
        let id = id ?? newID()
        let terms = RegisteredWorkflow.terms(of: workflow)
        let answer = try await engine.perform(bytes: data.count) {
            SubmitAndExecute(try submission(type: W.name, id: id, terms: terms, data: data))
        }
        engine.claim(answer.number)
        let isOpen = !answer.existed
        let output = try await engine.output(of: id, number: isOpen ? answer.number : nil)
        return try engine.options.codec.decode(W.Output.self, from: output)
    }
}

/// An execution, with the type of its output.
public struct ExecutionHandle<Output: Codable & Sendable>: Sendable {
    /// The id that it was submitted under.
    public let id: String
    /// The sequence of its first entry.
    public let number: UInt64
    /// As long as there is a handle the journal stays open.
    let opening: Opening
    private var engine: Engine { opening.engine }

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
        let data = try await engine.output(of: id)
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
        "the execution \(id) is parked; look why, then retry or cancel it"
    }
}
