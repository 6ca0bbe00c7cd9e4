import DaybookFormat
import DaybookJournal
import DaybookModel

extension ExecutionReader {
    /// What an execution that has ended gave, or failed with.
    static func outcome(
        of record: ExecutionRecord,
        _ journal: Journal
    ) throws -> Result<EncodedValue, OperationError> {
        let (sequence, facts) = try journal.store.read { reader -> (UInt64, ErrorFacts?) in
            guard let sequence = try ending(of: record, reader) else {
                throw Refusal(
                    .wrongState,
                    "\(record.id) is \(record.status.rawValue), and has no outcome yet; wait for its end"
                )
            }
            return (sequence, try reader.withView(of: sequence) { try error($0) } ?? nil)
        }
        let payloads = try payloads(of: sequence, journal)
        if payloads.first?.isErased == true { throw PayloadErased(sequence: sequence) }
        if let facts {
            return .failure(
                OperationError(
                    facts: facts,
                    message: payloads.first.map { String(decoding: $0.data, as: UTF8.self) }
                        ?? "the execution was \(facts.code)",
                    details: payloads.count > 1 ? payloads[1].data : nil
                )
            )
        }
        return .success(payloads.first?.encoded ?? EncodedValue(data: []))
    }
}
