import DaybookFormat
import DaybookModel

extension Inspector {
    /// The values in an execution's store, encoded, in the order of their keys' bytes; nil: erased. A fork has
    /// those that its origin had before the fork.
    /// - Throws: `JournalError`.
    public func store(of number: UInt64) throws -> [(key: String, value: [UInt8]?)] {
        var values: [Name: [UInt8]?] = [:]
        let history = JournalHistory(store: store, execution: number)
        try history.scan(from: try history.beginning(of: number)) { view, payloads in
            let steps = try view.storeSteps()
            guard !steps.isEmpty else { return true }
            let entry = try JournalEntry(view, payloads())
            for step in steps {
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
