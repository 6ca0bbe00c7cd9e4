import DaybookModel

/// A workflow with its types erased: bytes in, bytes out.
struct RegisteredWorkflow: Sendable {
    let name: String
    /// How it is run unless a submission says otherwise.
    let terms: Submit.Terms
    let isRetryable: @Sendable (OperationError) -> Bool
    let run: @Sendable ([UInt8], WorkflowContext, any PayloadCodec) async throws -> [UInt8]

    init<W: Workflow>(_ workflow: W) {
        name = W.name
        terms = Self.terms(of: W.self)
        isRetryable = { workflow.isRetryable($0) }
        run = { data, context, codec in
            let input: W.Input
            do {
                input = try codec.decode(W.Input.self, from: data)
            } catch {
                throw OperationError(
                    code: "undecodable-input",
                    message: "the recorded input is not a \(W.Input.self): \(error)",
                    isRetryable: false
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
        return terms
    }
}
