import DaybookFormat

extension ExecutionPart {
    /// The entries that hold an execution's named outputs.
    static let outputs = ExecutionPart(
        name: "outputs",
        schema: 1,
        kinds: [.operationRecorded],
        apply: { state, entry, _ throws(WireError) in
            let operation = try entry.operation()
            guard operation.kind == .output else { return }
            state.rare.outputs.set(operation.name, entry.header.sequence)
        },
        write: { state, writer, nested in
            for output in state.rare.outputs.inOrder {
                writer.named(output.name, output.sequence, &nested, Wire.ExecutionOutputs.outputs)
            }
        },
        read: { state, bytes throws(WireError) in
            var reader = WireReader(bytes)
            while let field = try reader.field() {
                guard field == Wire.ExecutionOutputs.outputs else {
                    try reader.skip(field)
                    continue
                }
                let (name, sequence) = try reader.named()
                state.rare.outputs.set(name, sequence)
            }
        }
    )
}
