import DaybookFormat
import DaybookJournal

extension Sandbox {
    /// Appends entries until there are so many.
    func grow(to size: UInt64) throws {
        let store = try LMDBStore.open(journal)
        defer { store.close() }
        let journal = try Journal.open(store)
        while journal.head.size < size {
            let count = min(size - journal.head.size, 4_096)
            let first = journal.head.size
            try journal.append(
                (first..<first + count).map { number in
                    var event = ProtoContentTypeInterned()
                    event.contentType = "text/\(number)"
                    return EntryDraft(
                        stream: .journal,
                        event: ProtoEntry.OneOf_Event.contentTypeInterned(event).encoded(),
                        session: 0
                    )
                }
            )
        }
    }
}
