import DaybookFormat

extension Inspector {
    /// The values in an execution's store, encoded, in the order of their keys' bytes; nil: erased.
    /// - Throws: `JournalError`.
    public func store(of number: UInt64) throws -> [(key: String, value: [UInt8]?)] {
        var values: [Name: [UInt8]?] = [:]
        try history(of: number) { entry in
            guard case .operationRecorded(let event) = entry.entry.event else { return true }
            let key = Name(event.operation.name)
            switch event.operation.kind {
            case .storeSet:
                let payload = entry.payloads.first
                values[key] = .some(payload?.isErased == false ? payload?.data : nil)
            case .storeDelete: values.removeValue(forKey: key)
            default: break
            }
            return true
        }
        return values.sorted { $0.key < $1.key }.map { (key: $0.key.text, value: $0.value) }
    }
}
