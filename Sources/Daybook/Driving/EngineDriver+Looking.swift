import DaybookFormat
import DaybookJournal
import DaybookModel
package import DaybookView

extension EngineDriver {
    /// The names of the events of some entries, in order.
    /// - Throws: ``JournalError``.
    package func events(of entries: Range<UInt64>) throws -> [String] {
        try writer.journal.store.read { reader in
            try entries.compactMap { sequence in
                try reader.withView(of: sequence) { entry in
                    EventKind(rawValue: entry.event)?.name ?? "unknown_event_\(entry.event)"
                }
            }
        }
    }

    /// How many entries the journal has.
    package func entryCount() throws -> UInt64 {
        try writer.journal.store.read { try $0.entryCount() }
    }

    /// The histories that these entries belong to, up to the last of them: of executions whose
    /// workflow is known here.
    /// - Throws: ``JournalError``.
    package func histories(of entries: Range<UInt64>) throws -> [RecordedHistory] {
        try writer.journal.store.read { reader in
            var numbers: [UInt64] = []
            for sequence in entries {
                let number = try reader.withView(of: sequence) { entry -> UInt64? in
                    guard EventKind(rawValue: entry.event)?.isOfExecution == true else {
                        return nil
                    }
                    return entry.header.stream.rawValue
                }
                if let number = number ?? nil, !numbers.contains(number) { numbers.append(number) }
            }
            let names = try JournalNames(reader)
            return try numbers.compactMap { number in
                let state = try reader.history(of: number)
                guard workflows[state.type] != nil else { return nil }
                return try RecordedHistory(state.id.text, number, names, reader)
            }
        }
    }

    /// All executions that are closed, in the order of their submission.
    /// - Throws: ``JournalError``.
    package func records(areClosed: Bool) throws -> [ExecutionRecord] {
        var query = ExecutionQuery()
        query.isClosed = areClosed
        query.order = .oldestFirst
        var records: [ExecutionRecord] = []
        var cursor: ExecutionCursor?
        repeat {
            let page = try ExecutionReader.page(query, after: cursor, writer.journal.store)
            records += page.records
            cursor = page.next
        } while cursor != nil
        return records
    }

    /// What an execution that is closed gave, or failed with, and its named outputs, encoded. What its
    /// children gave is put together: where it is recorded is none of the outcome.
    /// - Throws: ``JournalError``; ``PayloadErased``.
    package func results(
        of record: ExecutionRecord
    ) throws -> (outcome: Result<[UInt8], OperationError>, outputs: [(String, [UInt8])]) {
        let journal = writer.journal
        let outputs = try record.outputs.map { output in
            let payload = try ExecutionReader.payloads(of: output.sequence, journal).first
            return (output.name.text, payload.map { $0.isErased ? [] : $0.data } ?? [])
        }
        switch try ExecutionReader.recordedOutcome(of: record, journal) {
        case .failure(let error): return (.failure(error), outputs)
        case .success(let output):
            guard let payload = output.payload else { return (.success([]), outputs) }
            let names = try journal.store.read { try JournalNames($0) }
            let family = FamilyReader(journal.store) { names.contentType($0) }
            return (.success(try family.json(of: payload, at: output.entry)), outputs)
        }
    }
}
