import DaybookFormat
import DaybookJournal
import DaybookModel

extension ExecutionReader {
    /// What an execution that has ended gave, or failed with.
    /// - Parameter ofRun: what its handler returned, if the output is another one.
    static func outcome(
        of record: ExecutionRecord,
        _ journal: Journal,
        ofRun: Bool = false
    ) throws -> Result<EncodedValue, OperationError> {
        try recordedOutcome(of: record, journal, ofRun: ofRun).map {
            $0.payload?.encoded ?? EncodedValue(data: [])
        }
    }

    /// The same with the entry that holds it.
    static func recordedOutcome(
        of record: ExecutionRecord,
        _ journal: Journal,
        ofRun: Bool = false
    ) throws -> Result<(payload: StoredPayload?, entry: UInt64), OperationError> {
        let (sequence, facts) = try journal.store.read { reader -> (UInt64, ErrorFacts?) in
            guard let sequence = try ending(of: record, reader) else {
                throw Refusal(
                    .wrongState,
                    "\(record.id) is \(record.status.rawValue), and has no outcome yet; wait for its end"
                )
            }
            let (facts, run) =
                try reader.withView(of: sequence) { (try error($0), try runOutput($0)) } ?? (nil, 0)
            return (ofRun && run != 0 ? run : sequence, facts)
        }
        let payloads = try payloads(of: sequence, journal)
        if payloads.first?.isErased == true { throw PayloadErased(sequence: sequence) }
        if let facts {
            return .failure(
                OperationError(
                    facts: facts,
                    message: try payloads.first.map { String(decoding: $0.data, as: UTF8.self) }
                        ?? siblingMessage(of: record, sequence, facts, journal)
                        ?? "the execution was \(facts.code)",
                    details: payloads.count > 1 ? payloads[1].data : nil
                )
            )
        }
        return .success((payloads.first, sequence))
    }
}

extension ExecutionReader {
    /// The entry that holds what a handler returned, if an entry says that the output is another one;
    /// 0: it does not.
    private static func runOutput(_ entry: EntryView) throws -> UInt64 {
        guard entry.event == EventKind.executionCompleted.rawValue else { return 0 }
        return try ProtoExecutionCompleted(decoding: entry).runOutput
    }

    private static func siblingMessage(
        of record: ExecutionRecord,
        _ sequence: UInt64,
        _ facts: ErrorFacts,
        _ journal: Journal
    ) throws -> String? {
        guard facts == .siblingFailed else { return nil }
        return try journal.store.read { try siblingMessage(of: record, sequence, $0) }
    }
}
