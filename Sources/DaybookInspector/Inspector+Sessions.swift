import DaybookFormat
import DaybookJournal
package import DaybookModel
package import DaybookView

extension Inspector {
    /// The session that an entry opens, without a fold over the whole journal.
    /// - Throws: ``JournalError/Code/integrity`` when the entry opens none.
    package func session(_ number: UInt64) throws -> State.Session {
        let found = try store.read { reader in
            try reader.withView(of: number) { entry in
                EventKind(rawValue: entry.event) == .sessionOpened
                    ? try State.Session(openedBy: entry) : nil
            }
        }
        guard let session = found ?? nil else {
            throw JournalError(
                .integrity,
                "entry \(number): an execution is held by the session that it opens, and it opens none; run `daybook verify`",
                sequence: number
            )
        }
        return session
    }

    /// Whether nothing has been recorded of an execution since a record of it was read.
    package func isCurrent(_ record: ExecutionRecord) throws -> Bool {
        try store.read { try $0.historyEnd(of: record.number)?.last == record.last }
    }
}
