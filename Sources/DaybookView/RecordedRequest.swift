package import DaybookFormat
package import DaybookJournal
import DaybookModel

/// Who asked for something, and why, as it is recorded: what was claimed, beside what the operating
/// system says of the process by which it was asked.
public struct RecordedRequest: Hashable, Sendable, Codable {
    /// Who asked, as was claimed.
    public let actor: String
    /// The operating system's user of the session by which it was asked; empty: it is not known.
    public let user: String
    /// The number of that session.
    public let session: UInt64
    /// Who vouches for the actor; nil: nobody does.
    public let principal: String?
    /// Why, in words; nil: no reason was given, or it has been erased.
    public let reason: String?

    /// For example `eve (os: bank-svc)`; the user is left out where it is the actor.
    public var who: String {
        var words: [String] = []
        if !user.isEmpty, !user.hasBytes(of: actor) { words.append("os: \(user)") }
        if let principal { words.append("by \(principal)") }
        return words.isEmpty ? actor : "\(actor) (\(words.joined(separator: ", ")))"
    }
}

extension RecordedRequest {
    /// What is known of who asked for an entry.
    /// - Parameter payloads: those of the entry.
    /// - Throws: `WireError`; ``JournalError``.
    package init(
        _ entry: EntryView,
        _ payloads: [StoredPayload],
        _ reader: any StoreReader
    ) throws {
        let request = try entry.request() ?? ProtoRequest()
        let number = entry.header.session
        let session = try reader.withView(of: number) { entry -> ProtoSessionOpened? in
            guard entry.event == EventKind.sessionOpened.rawValue else { return nil }
            return try ProtoSessionOpened(decoding: entry)
        }
        let opened = session ?? nil
        let words = request.reason ? payloads.last : nil
        actor = request.actor.isEmpty ? opened?.actor ?? "" : request.actor
        user = opened?.user ?? ""
        self.session = number
        principal = request.principal.isEmpty ? nil : request.principal
        reason = words.flatMap { words in
            words.isErased ? nil : String(decoding: words.data, as: UTF8.self)
        }
    }
}

extension EventKind {
    /// Whether somebody outside of the workflow asks for such an entry: a person, or a program on
    /// somebody's behalf.
    package var isAskedFor: Bool {
        switch self {
        case .executionSubmitted, .executionReadied, .executionCancelled, .executionPaused,
            .executionResumed, .executionReopened, .executionRepinned, .operationResolved,
            .signalReceived, .cleaningSkipped, .secretsWiped, .payloadsErased, .archiveSealed,
            .archiveDropped, .taskTypeRegistered, .taskCreated, .taskDisabled, .taskRespawned,
            .taskArchived, .runbookStored:
            true
        default: false
        }
    }
}

extension ExecutionReader {
    /// The same record, with who submitted the execution: the first of its runs.
    /// - Throws: ``JournalError``.
    package static func naming(
        _ record: ExecutionRecord,
        _ reader: any StoreReader
    ) throws -> ExecutionRecord {
        try naming(record, reader, first: FactLookup.firstRun(record.number, reader))
    }

    /// - Parameter first: the number of the first run of its id.
    static func naming(
        _ record: ExecutionRecord,
        _ reader: any StoreReader,
        first: UInt64
    ) throws -> ExecutionRecord {
        let request = try reader.withView(of: first) { entry in
            let hasReason = try entry.request()?.reason == true
            return try RecordedRequest(entry, hasReason ? reader.payloads(of: entry) : [], reader)
        }
        var record = record
        record.submittedBy = request
        return record
    }
}
