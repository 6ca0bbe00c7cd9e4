import DaybookFormat
public import DaybookJournal
public import DaybookModel

/// Looks up what a command needs to know and the state does not hold.
public enum FactLookup {
    /// What is on the disk about the execution that a command names.
    /// - Throws: ``JournalError``.
    public static func facts(for command: some Command, _ reader: any StoreReader) throws -> Facts {
        var facts = Facts()
        guard let id = command.subject, Names.isValid(id), let bytes = try reader.executionRow(id)
        else {
            return facts
        }
        let row = try ExecutionReader.decodeRow(bytes, of: id)
        facts.row = row
        facts.input = try input(of: try firstRun(row.number, reader), reader)
        if command.needsHistory, row.hasClosed {
            facts.closed = try ExecutionReader.fold(row.number, reader)
        }
        return facts
    }

    /// The first run of the id that a run belongs to.
    private static func firstRun(_ number: UInt64, _ reader: any StoreReader) throws -> UInt64 {
        let first = try reader.withEntry(number) { bytes in
            try ProtoExecutionSubmitted(decoding: try EntryView(bytes)).firstRun
        }
        return first.flatMap { $0 == 0 ? nil : $0 } ?? number
    }

    private static func input(
        of number: UInt64,
        _ reader: any StoreReader
    ) throws -> Facts.RecordedInput? {
        let commitment = try reader.withEntry(number) { try EntryView($0).commitments().first }
        guard let commitment = commitment ?? nil else { return nil }
        let payloads = try reader.withPayloads(of: number) { try StoredPayload.all($0) }
        return Facts.RecordedInput(mac: commitment.mac, salt: payloads?.first?.salt)
    }
}
