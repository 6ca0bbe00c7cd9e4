import DaybookFormat
package import DaybookJournal
import DaybookModel

/// Reads entries one after the other, in steps: what is read at once is bounded, and no read
/// transaction stays open while somebody looks at it.
package final class EntryReader {
    private let store: any JournalStore
    /// The actors of sessions and the ids of executions that came by last.
    private var actors: [UInt64: String] = [:]
    private var executions: [UInt64: (id: String, workflow: String)] = [:]

    /// Entries of a step, and bytes after which it ends.
    package static let step = (entries: 256, bytes: 1 << 20)
    /// So many names are kept.
    private static let names = 1_024

    /// A reader of the entries in a store.
    package init(_ store: any JournalStore) { self.store = store }

    /// The next entries; none when there are no more.
    /// - Throws: ``JournalError/Code/integrity`` also for a payload that is not what was recorded.
    package func read(from sequence: UInt64) throws -> [EntryRecord] {
        var records: [EntryRecord] = []
        var bytes = 0
        try store.read { reader in
            try reader.scanEntries(from: sequence) { key, entry in
                let record = try record(try JournalEntry(key, entry, reader), reader)
                records.append(record)
                bytes += entry.count + record.payloads.reduce(0) { $0 + $1.data.count }
                return records.count < Self.step.entries && bytes < Self.step.bytes
            }
        }
        return records
    }

    private func record(
        _ entry: JournalEntry,
        _ reader: any StoreReader
    ) throws -> EntryRecord {
        let execution = try execution(of: entry, reader)
        let asked = entry.request?.actor ?? ""
        return EntryRecord(
            sequence: entry.sequence,
            time: entry.time,
            kind: entry.kind,
            event: entry.eventName,
            stream: entry.entry.stream,
            executionID: execution?.id,
            workflow: execution?.workflow,
            session: entry.entry.session,
            actor: asked.isEmpty ? try actor(of: entry, reader) : asked,
            request: entry.request,
            summary: entry.summary,
            payloads: entry.payloads,
            erasure: entry.erasure
        )
    }

    private func actor(of entry: JournalEntry, _ reader: any StoreReader) throws -> String {
        switch entry.entry.event {
        case .sessionOpened(let event): return event.actor
        case .sessionLost(let event) where !event.actor.isEmpty: return event.actor
        case .journalAdopted(let event): return event.actor
        case .journalRestored(let event): return event.actor
        case .journalRewritten(let event): return event.actor
        default: break
        }
        let number = entry.entry.session
        if let known = actors[number] { return known }
        let found = try reader.withView(of: number) { view in
            view.event == EventKind.sessionOpened.rawValue
                ? try ProtoSessionOpened(decoding: view).actor : ""
        }
        if actors.count >= Self.names { actors.removeAll(keepingCapacity: true) }
        actors[number] = found ?? ""
        return found ?? ""
    }

    private func execution(
        of entry: JournalEntry,
        _ reader: any StoreReader
    ) throws -> (id: String, workflow: String)? {
        guard entry.kind?.isOfExecution ?? true, entry.entry.stream != 0 else { return nil }
        let number = entry.entry.stream
        if let known = executions[number] { return known }
        let found = try reader.withView(of: number) { view -> (id: String, workflow: String)? in
            guard view.event == EventKind.executionSubmitted.rawValue else { return nil }
            let event = try ProtoExecutionSubmitted(decoding: view)
            return (event.id, event.type)
        }
        guard let found = found ?? nil else { return nil }
        if executions.count >= Self.names { executions.removeAll(keepingCapacity: true) }
        executions[number] = found
        return found
    }
}
