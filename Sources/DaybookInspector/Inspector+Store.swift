import DaybookFormat

extension Inspector {
    /// The values in an execution's store, encoded, in the order of their keys' bytes; nil: erased.
    /// - Throws: `JournalError`.
    public func store(of number: UInt64) throws -> [(key: String, value: [UInt8]?)] {
        var values: [Name: [UInt8]?] = [:]
        try history(of: number) { entry in
            for step in entry.storeSteps {
                guard let place = step.payload else {
                    values.removeValue(forKey: step.key)
                    continue
                }
                let payload = place < entry.payloads.count ? entry.payloads[place] : nil
                values[step.key] = .some(payload?.isErased == false ? payload?.data : nil)
            }
            return true
        }
        return values.sorted { $0.key < $1.key }.map { (key: $0.key.text, value: $0.value) }
    }
}
