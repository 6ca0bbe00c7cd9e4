import DaybookFormat
import DaybookModel
import DaybookSystem

/// The store of an execution as the bodies of its operations see it.
extension Activation {
    /// Up to which entry a body sees the store that begins now; nil: nothing else of the execution runs
    /// that could change it meanwhile.
    func storeMark(for operation: Operation) -> UInt64? {
        operation.scope.isEmpty ? nil : state.withLock { $0.storeChange }
    }

    /// The store has changed by an entry.
    func noteStoreChange(_ sequence: UInt64) {
        state.withLock { $0.storeChange = max($0.storeChange, sequence) }
    }

    /// The entries that hold the values of the store, by key.
    /// - Parameter mark: what ``storeMark(for:)`` gave.
    /// - Throws: `CancellationError` when the journal cannot be read.
    func storedEntries(upTo mark: UInt64?) throws(CancellationError) -> [Name: UInt64] {
        try reading {
            guard let mark else {
                return try host.storedEntries(of: lease.execution) ?? foldStore(upTo: .max)
            }
            let isAsItWas = try !hasStoreChange(after: max(mark, lease.execution))
            if isAsItWas, let entries = host.storedEntries(of: lease.execution) { return entries }
            return try foldStore(upTo: isAsItWas ? .max : mark)
        }
    }

    private func hasStoreChange(after mark: UInt64) throws -> Bool {
        var isFound = false
        try history.scan(from: mark + 1) { entry, _ in
            isFound = try Self.storeStep(entry) != nil
            return !isFound
        }
        return isFound
    }

    private func foldStore(upTo last: UInt64) throws -> [Name: UInt64] {
        var entries: [Name: UInt64] = [:]
        try history.scan(from: drawsAs + 1) { entry, _ in
            guard entry.header.sequence <= last else { return false }
            if let step = try Self.storeStep(entry) {
                entries[step.key] = step.isSet ? entry.header.sequence : nil
            }
            return true
        }
        return entries
    }

    /// What an entry does to the store; nil: nothing.
    private static func storeStep(_ entry: EntryView) throws -> (key: Name, isSet: Bool)? {
        guard entry.event == EventKind.operationRecorded.rawValue else { return nil }
        let operation = try ProtoOperationRecorded(decoding: entry).operation
        switch operation.kind {
        case .storeSet: return (Name(operation.name), true)
        case .storeDelete: return (Name(operation.name), false)
        default: return nil
        }
    }
}
