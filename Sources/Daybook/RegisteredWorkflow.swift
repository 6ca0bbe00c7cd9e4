/// A workflow with its types erased: bytes in, bytes out.
struct RegisteredWorkflow: Sendable {
    let name: String
    let run: @Sendable ([UInt8], WorkflowContext, any PayloadCodec) async throws -> [UInt8]

    init<W: Workflow>(_ workflow: W) {
        name = W.name
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
}
