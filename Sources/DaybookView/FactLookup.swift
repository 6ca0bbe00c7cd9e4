package import DaybookFormat
package import DaybookJournal
package import DaybookModel

/// Looks up what a command needs to know and the state does not hold.
package enum FactLookup {
    /// The row of an execution's id.
    /// - Throws: ``JournalError``.
    package static func row(of id: Name, _ reader: any StoreReader) throws -> ProtoExecutionRow? {
        try ExecutionReader.row(of: id.text, reader)
    }

    /// What is recorded of the input of an id's first run.
    /// - Parameter number: any run of the id.
    /// - Throws: ``JournalError``.
    package static func input(
        of number: UInt64,
        _ reader: any StoreReader
    ) throws -> RecordedInput? {
        let first = try firstRun(number, reader)
        let commitment = try reader.withView(of: first) { try $0.commitments().first }
        guard let commitment = commitment ?? nil else { return nil }
        // Only the salt, because this runs in the writer: a given input is compared under it with
        // the commitment, so that a damaged one can only refuse.
        let salt = try reader.withPayloads(of: first) { try PayloadRecord.firstSalt($0) }
        return RecordedInput(mac: commitment.mac, salt: salt ?? nil)
    }

    /// The first run of the id that a run belongs to.
    static func firstRun(_ number: UInt64, _ reader: any StoreReader) throws -> UInt64 {
        let first = try reader.withView(of: number) { entry in
            try ProtoExecutionSubmitted(decoding: entry).firstRun
        }
        return first.flatMap { $0 == 0 ? nil : $0 } ?? number
    }
}
