import DaybookFormat

extension StoreReader {
    /// Runs `body` on an entry.
    /// - Returns: nil when there is no such entry.
    /// - Throws: what `body` throws; ``JournalError/Code/integrity`` when it cannot be read, or says
    ///   of itself that it is another one.
    package func withView<Result>(
        of sequence: UInt64,
        _ body: (EntryView) throws -> Result
    ) throws -> Result? {
        try withEntry(sequence) { try body(Appender.decoding(sequence, $0)) }
    }

    /// The payloads of an entry, in order, each checked against what the entry commits to: none
    /// when it commits to none.
    /// - Throws: ``JournalError/Code/integrity``, which names the entry.
    package func payloads(of entry: EntryView) throws -> [StoredPayload] {
        let sequence = entry.header.sequence
        do {
            let commitments = try entry.commitments()
            if commitments.isEmpty { return [] }
            let payloads = try withPayloads(of: sequence) { record in
                try PayloadRecord(record).payloads(of: commitments, withPayloads)
            }
            guard let payloads else {
                throw JournalError.integrity(sequence, "its payloads are missing")
            }
            return payloads
        } catch let error as WireError {
            throw JournalError.integrity(sequence, error.reason)
        }
    }

    /// The payloads of the entry with a number.
    /// - Throws: ``JournalError/Code/integrity``, also when there is no such entry.
    package func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        guard let payloads = try withView(of: sequence, { try payloads(of: $0) }) else {
            throw JournalError.integrity(sequence, "it is missing")
        }
        return payloads
    }
}
