import DaybookFormat
import DaybookJournal
public import DaybookModel

/// Submitting and executing.
extension Engine {
    /// Records an execution: nothing runs until it is executed.
    ///
    /// The id is the caller's means never to lose it: store it, then call
    /// ``ExecutionHandle/execute(by:)``. Submitting the same again answers with what is there.
    /// - Parameters:
    ///   - id: 1 to 255 bytes; a UUID version 7 when left out.
    ///   - options: what is not to be as the workflow says, and labels.
    ///   - requester: who asks, and why. Of several who submit the same, the first is recorded.
    /// - Throws: ``Refusal`` for an id that is taken by something else; ``PayloadTooLarge``;
    ///   ``SecretError``; ``UnstableInput``; what ``Workflow/validate(_:)`` throws.
    @discardableResult
    public func submit<W: Workflow>(
        _ workflow: W.Type,
        id: String? = nil,
        options: ExecutionOptions = ExecutionOptions(),
        by requester: Requester = .session,
        input: W.Input
    ) async throws -> ExecutionHandle<W> {
        let (id, terms, data) = try prepare(workflow, id, options, input)
        _ = try await engine.storing(options.secrets, of: id) { given in
            try given?.check(data, "the input")
            let answer = try await engine.perform(bytes: data.count) {
                let input = payload(data, of: W.Input.self)
                return try submission(W.name, id, terms, input, given, requester)
            }
            return (answer, !answer.existed)
        }
        return ExecutionHandle(id, opening)
    }

    /// Records an execution and asks for it to run, in one commit. Starting the same again answers
    /// with what is there.
    /// - Parameters:
    ///   - id: 1 to 255 bytes; a UUID version 7 when left out.
    ///   - options: what is not to be as the workflow says, and labels.
    ///   - requester: who asks, and why. Of several who submit the same, the first is recorded.
    /// - Throws: as ``submit(_:id:options:by:input:)``.
    @discardableResult
    public func start<W: Workflow>(
        _ workflow: W.Type,
        id: String? = nil,
        options: ExecutionOptions = ExecutionOptions(),
        by requester: Requester = .session,
        input: W.Input
    ) async throws -> ExecutionHandle<W> {
        let (id, _) = try await begin(workflow, id, options, input, requester)
        return ExecutionHandle(id, opening)
    }

    /// An execution that exists, or will. Nothing is looked up.
    public func handle<W: Workflow>(_ workflow: W.Type, id: String) -> ExecutionHandle<W> {
        ExecutionHandle(id, opening)
    }

    /// Submits, executes, and where there is room claims, all by one commit.
    private func begin<W: Workflow>(
        _ workflow: W.Type,
        _ id: String?,
        _ options: ExecutionOptions,
        _ input: W.Input,
        _ requester: Requester
    ) async throws -> (id: String, answer: SubmitAnswer) {
        let (id, terms, data) = try prepare(workflow, id, options, input)
        let answer = try await engine.storing(options.secrets, of: id) { given in
            try given?.check(data, "the input")
            let answer = try await engine.perform(bytes: data.count) {
                let input = payload(data, of: W.Input.self)
                return SubmitAndExecute(
                    try submission(W.name, id, terms, input, given, requester)
                )
            }
            return (answer, !answer.existed)
        }
        engine.claim(answer.number)
        return (id, answer)
    }

    private func prepare<W: Workflow>(
        _ workflow: W.Type,
        _ id: String?,
        _ options: ExecutionOptions,
        _ input: W.Input
    ) throws -> (id: String, terms: Submit.Terms, data: [UInt8]) {
        try StableEncoding.check(input)
        try W.validate(input)
        return (
            id ?? newID(),
            options.terms(over: RegisteredWorkflow.terms(of: workflow)),
            try engine.options.codec.encode(input)
        )
    }

    /// Records an execution of a workflow by name, with an encoded input.
    /// - Parameters:
    ///   - options: what is not to be as the workflow says, if it is known here, and labels.
    ///   - requester: who asks, and why.
    /// - Returns: its id, and what is recorded under it.
    /// - Throws: as ``submit(_:id:options:by:input:)``; for a workflow that is known here also
    ///   ``Refusal/Code/invalidArgument`` when the input does not decode as its.
    public func submit(
        type: String,
        id: String? = nil,
        options: ExecutionOptions = ExecutionOptions(),
        by requester: Requester = .session,
        data: [UInt8]
    ) async throws -> (id: String, answer: SubmitAnswer) {
        let id = id ?? newID()
        let workflow = engine.workflows[Name(type)]
        try workflow?.validate(data, engine.options.codec)
        let terms = options.terms(over: workflow?.terms ?? Submit.Terms())
        let answer = try await engine.storing(options.secrets, of: id) { given in
            try given?.check(data, "the input")
            let answer = try await engine.perform(bytes: data.count) {
                let input = payload(data, of: workflow?.types.input ?? Nothing.self)
                return try submission(type, id, terms, input, given, requester)
            }
            return (answer, !answer.existed)
        }
        return (id, answer)
    }

    func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        return Identifier.timeOrdered(at: engine.options.clock.now(), using: &generator).description
    }

    /// An input, with the version of its type.
    private func payload(_ data: [UInt8], of type: Any.Type) -> Payload {
        Payload(data, contentType: engine.options.codec.contentType(of: type))
    }

    private func submission(
        _ type: String,
        _ id: String,
        _ terms: Submit.Terms,
        _ payload: Payload,
        _ secrets: GivenSecrets?,
        _ requester: Requester
    ) throws -> Submit {
        Submit(
            id: Name(id),
            type: Name(type),
            input: payload.data,
            payloads: try SealedPayloads(payload, limit: engine.payloadLimit),
            terms: terms,
            secrets: secrets?.sealed,
            by: try engine.request(requester, of: nil, secrets?.redactor)
        )
    }

    /// Asks for an execution to run. Always safe to ask again.
    /// - Parameter requester: who asks, and why: recorded if it was not asked for before.
    /// - Throws: ``Refusal``: there is none, or it has expired.
    @discardableResult
    public func execute(
        _ id: String,
        by requester: Requester = .session
    ) async throws -> ExecuteAnswer {
        let answer = try await engine.perform {
            Execute(id: Name(id), by: try engine.request(requester, of: Name(id)))
        }
        engine.claim(answer.number)
        return answer
    }

    /// Submits an execution, executes it, and waits for its output. What is submitted here is executed,
    /// and where there is room claimed, by the same commit.
    ///
    /// Running the same id again, here or in a later process, gives the recorded output, or waits for
    /// what is under way: it begins nothing anew. Cancelling the task that calls ends the waiting alone; the
    /// execution goes on, and ``cancel(_:force:by:)`` ends it.
    ///
    /// It waits as long as it takes. When no process runs the workflow, neither this one
    /// (``EngineOptions/claims``, and the workflows it was opened with) nor another that has the journal
    /// open, a warning in the log says so, once for each workflow.
    /// - Parameters:
    ///   - id: 1 to 255 bytes; a UUID version 7 when left out. It is then known to nobody who could ask
    ///     again after a crash: leave it out only for what may be submitted twice.
    ///   - options: what is not to be as the workflow says, and labels.
    ///   - requester: who asks, and why. Of several who submit the same, the first is recorded.
    ///   - input: what the handler is given. Another input under an id that is taken is refused.
    /// - Returns: what the handler returned, also when a finalizer made another output of it.
    /// - Throws: ``OperationError`` for what it failed with, also when it was cancelled, timed out or
    ///   expired; ``ExecutionParked`` when a person must look first: it then ends later, and running the same id
    ///   again waits for that; `CancellationError` when the calling task is cancelled; ``JournalError``, also
    ///   when the engine is closed meanwhile; and as ``submit(_:id:options:by:input:)``.
    public func run<W: Workflow>(
        _ workflow: W.Type,
        id: String? = nil,
        options: ExecutionOptions = ExecutionOptions(),
        by requester: Requester = .session,
        input: W.Input
    ) async throws -> W.Output {
        let (id, answer) = try await begin(workflow, id, options, input, requester)
        let isOpen = !answer.existed
        if isOpen { engine.noteWait(for: W.name) }
        let output = try await engine.output(of: id, number: isOpen ? answer.number : nil)
        return try engine.decode(W.Output.self, from: output)
    }
}
