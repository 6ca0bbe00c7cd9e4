import DaybookFormat

extension ExecutionState {
    /// The entries that hold the values of its store, by key.
    package var storedEntries: [Name: UInt64] { rare.store }

    /// Takes in what an entry does with its store.
    mutating func changeStore(by entry: EntryView) throws(WireError) {
        for step in try entry.storeSteps() {
            rare.store[step.key] = step.isSet ? entry.header.sequence : nil
        }
    }
}

extension ExecutionPart {
    /// The entries that hold the values of an execution's store, by key.
    static let store = ExecutionPart(
        name: "store",
        schema: 1,
        kinds: [.operationRecorded, .checkpointSucceeded],
        apply: { state, entry, _ throws(WireError) in try state.changeStore(by: entry) },
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

/// What the success of a checkpoint says besides its outcome, read in one pass: every other entry of a history is
/// one.
struct CheckpointMarks {
    /// It is to be undone should the execution end badly.
    private(set) var compensates = false
    /// It changes the execution's store.
    private(set) var changesStore = false

    init(_ entry: EntryView) throws(WireError) {
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            switch field {
            case Wire.CheckpointSucceeded.compensates: compensates = try reader.varint() != 0
            case Wire.CheckpointSucceeded.stored, Wire.CheckpointSucceeded.removed:
                // They come last.
                changesStore = true
                return
            default: try reader.skip(field)
            }
        }
    }
}

/// What an entry does with one key of an execution's store.
package struct StoreStep: Equatable, Sendable {
    /// The key.
    package let key: Name
    /// Which payload of the entry holds the value; nil: the key is removed.
    package let payload: Int?

    /// Whether the key is given a value.
    package var isSet: Bool { payload != nil }
}

extension EntryView {
    /// What the entry does with the store of its execution, step by step: a step of the handler's is one,
    /// the outcome of a checkpoint may have several.
    package func eachStoreStep(_ body: (StoreStep) throws(WireError) -> Void) throws(WireError) {
        switch EventKind(rawValue: event) {
        case .operationRecorded:
            let operation = try operation()
            guard operation.kind == .storeSet || operation.kind == .storeDelete else { return }
            try body(
                StoreStep(key: operation.name, payload: operation.kind == .storeSet ? 0 : nil)
            )
        case .checkpointSucceeded:
            var payload = 0
            var reader = WireReader(eventBytes)
            while let field = try reader.field() {
                switch field {
                case Wire.CheckpointSucceeded.stored:
                    payload += 1
                    try body(StoreStep(key: Name(try reader.string()), payload: payload))
                case Wire.CheckpointSucceeded.removed:
                    try body(StoreStep(key: Name(try reader.string()), payload: nil))
                default: try reader.skip(field)
                }
            }
        default: break
        }
    }

    /// The steps of ``eachStoreStep(_:)``.
    package func storeSteps() throws(WireError) -> [StoreStep] {
        var steps: [StoreStep] = []
        try eachStoreStep { steps.append($0) }
        return steps
    }
}
