import DaybookFormat

extension ExecutionState {
    /// The entries that hold the values of its store, by key.
    package var storedEntries: [Name: UInt64] { rare.store }
}

extension ExecutionPart {
    /// The entries that hold the values of an execution's store, by key.
    static let store = ExecutionPart(
        name: "store",
        schema: 1,
        kinds: [.operationRecorded],
        apply: { state, entry, _ throws(WireError) in
            let operation = try entry.operation()
            switch operation.kind {
            case .storeSet: state.rare.store[operation.name] = entry.header.sequence
            case .storeDelete: state.rare.store[operation.name] = nil
            default: break
            }
        },
        write: { state, writer, nested in
            for (key, sequence) in state.rare.store.sorted(by: { $0.key < $1.key }) {
                writer.named(key, sequence, &nested, Wire.ExecutionStore.values)
            }
        },
        read: { state, bytes throws(WireError) in
            var reader = WireReader(bytes)
            while let field = try reader.field() {
                guard field == Wire.ExecutionStore.values else {
                    try reader.skip(field)
                    continue
                }
                let (key, sequence) = try reader.named()
                state.rare.store[key] = sequence
            }
        }
    )
}
