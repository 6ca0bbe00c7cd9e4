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
            try entry.eachStoreStep { _ in isFound = true }
            return !isFound
        }
        return isFound
    }

    private func foldStore(upTo last: UInt64) throws -> [Name: UInt64] {
        var entries: [Name: UInt64] = [:]
        try history.scan(from: drawsAs + 1) { entry, _ in
            guard entry.header.sequence <= last else { return false }
            try entry.eachStoreStep { step in
                entries[step.key] = step.isSet ? entry.header.sequence : nil
            }
            return true
        }
        return entries
    }

    /// The value that an entry has put into the store under a key.
    /// - Throws: ``PayloadErased``; `CancellationError` when the journal cannot be read.
    func storedValue(_ key: Name, at sequence: UInt64) throws -> EncodedValue {
        try storedValues([key], at: sequence)[0]
    }

    /// The values that an entry has put into the store under keys, in their order.
    /// - Throws: ``PayloadErased``; `CancellationError` when the journal cannot be read.
    func storedValues(_ keys: [Name], at sequence: UInt64) throws -> [EncodedValue] {
        let payloads = try reading {
            var places: [Name: Int] = [:]
            try history.scan(from: sequence) { entry, _ in
                try entry.eachStoreStep { places[$0.key] = $0.payload }
                return false
            }
            let payloads = try history.payloads(of: sequence)
            return try keys.map { key in
                guard let place = places[key], place < payloads.count else {
                    throw ExecutionReader.missingPayload(of: sequence)
                }
                return payloads[place]
            }
        }
        return try payloads.map { payload in
            guard !payload.isErased else { throw PayloadErased(sequence: sequence) }
            return payload.encoded
        }
    }
}
