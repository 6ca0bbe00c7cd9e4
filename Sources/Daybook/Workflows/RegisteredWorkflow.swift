import DaybookFormat
import DaybookModel

/// A workflow with its types erased: bytes in, bytes out.
struct RegisteredWorkflow: Sendable {
    let name: Name
    /// How it is run unless a submission says otherwise.
    let terms: Submit.Terms
    /// The signals that are known, by name.
    let signals: [Name: any SignalDeclaration]
    /// It declares a signal twice: which type counts is not known.
    let repeatsSignal: Bool
    /// Looks at an encoded input before it is recorded.
    let validate: @Sendable ([UInt8], any PayloadCodec) throws -> Void
    let isRetryable: @Sendable (OperationError) -> Bool
    /// What to do about a divergence, in the words of who wrote what runs.
    let correction: @Sendable (Divergence, _ isFork: Bool) -> String
    /// What differs, in the words of who wrote what runs, by the inputs of an execution and of its fork.
    let difference: @Sendable (Divergence, _ recorded: [UInt8], _ given: [UInt8]) -> String
    /// That an operation has nothing that undoes it any more, in those words, by the input of the fork.
    let lackOfUndoing: @Sendable (String, _ given: [UInt8]) -> String
    /// Whether its operations keep their declared inputs; nil: as the engine says.
    let recordsInputs: Bool?
    /// None of its children is cancelled because another one fails.
    let isAllSettled: Bool
    /// What finishes it; nil: nothing does.
    let finalizer: (any Workflow.Type)?
    /// The types of its inputs and outputs, which may have versions.
    let types: (input: Any.Type, output: Any.Type)
    /// The encoded input of a run by the arguments of a task, and the text of a stored runbook.
    let taskInput: @Sendable (TaskArguments, _ runbook: String?, any PayloadCodec) throws -> [UInt8]
    let run: @Sendable (EncodedValue, WorkflowContext, any PayloadCodec) async throws -> [UInt8]

    init<W: Workflow>(_ workflow: W) {
        name = Name(W.name)
        terms = Self.terms(of: W.self)
        signals = Dictionary(W.signals.map { (Name($0.name), $0) }) { first, _ in first }
        repeatsSignal = signals.count < W.signals.count
        validate = { data, codec in
            let input: W.Input
            do {
                input = try codec.decode(W.Input.self, from: data)
            } catch {
                let reason = UndecodableValue.sentence(error)
                throw Refusal(
                    .invalidArgument,
                    "the input cannot be decoded as \(W.Input.self) of \(W.name): \(reason)"
                )
            }
            try W.validate(input)
        }
        isRetryable = { workflow.isRetryable($0) }
        correction = { divergence, isFork in
            (W.self as? any DivergenceAdvising.Type)?.correction(of: divergence, isFork: isFork)
                ?? divergence.correction
        }
        difference = { divergence, recorded, given in
            (W.self as? any DivergenceAdvising.Type)?
                .difference(divergence, recorded: recorded, given: given) ?? "\(divergence)"
        }
        lackOfUndoing = { operation, given in
            (W.self as? any DivergenceAdvising.Type)?.lack(ofUndoing: operation, given: given)
                ?? "the code does not say any more how; put its `compensate` back"
        }
        recordsInputs = W.recordsInputs
        isAllSettled = W.childFailures == .allSettled
        finalizer = W.finalizer
        types = (W.Input.self, W.Output.self)
        taskInput = Self.taskInput(of: W.self)
        run = { data, context, codec in
            let input: W.Input
            do {
                input = try context.activation.decodeInput(W.Input.self, from: data)
            } catch let error as PayloadErased {
                throw error
            } catch let error as CancellationError {
                throw error
            } catch {
                throw context.activation.diverge(
                    Divergence(
                        undecodable: UndecodableValue.sentence(error),
                        as: "\(W.Input.self)",
                        inputOf: context.number,
                        Divergence.Origin(error)
                    )
                )
            }
            return try codec.encode(try await workflow.run(input, context))
        }
    }

    /// How executions of a workflow are run unless their submission says otherwise.
    static func terms<W: Workflow>(of workflow: W.Type) -> Submit.Terms {
        var terms = Submit.Terms()
        terms.retry = W.retry
        terms.timeout = W.timeout
        terms.delay = W.delay
        terms.isPinned = W.isPinned
        return terms
    }
}
