import CBaseline
import DaybookFormat
import DaybookJournal

/// The same entries for every contestant: executions that take turns, one entry each, with a
/// payload of 100 bytes.
struct Workload {
    static let executions = 1_000
    static let payload = [UInt8](repeating: UInt8(ascii: "x"), count: 100)

    let event: [UInt8]

    init() {
        event = Self.checkpoint(position: 7, name: "repo.creation")
    }

    static func checkpoint(position: UInt32, name: String) -> [UInt8] {
        var event = ProtoCheckpointSucceeded()
        event.operation.position = position
        event.operation.kind = .checkpoint
        event.operation.name = name
        event.epoch = 1
        event.startedAt = 1_700_000_000_000_000_000
        return ProtoEntry.OneOf_Event.checkpointSucceeded(event).encoded()
    }

    static func sealed() throws -> SealedPayloads {
        var sealed = try SealedPayloads(
            [Payload(payload, contentType: ContentTypes.json)],
            limit: 1 << 20
        )
        sealed.setContentTypeNumbers([1])
        return sealed
    }

    /// Drafts for entries number `first` and following, counted from the first of the workload.
    /// - Parameter numbers: of the executions.
    func drafts(_ first: Int, _ count: Int, numbers: [UInt64]) throws -> [EntryDraft] {
        try (first..<first + count).map { index in
            EntryDraft(
                execution: numbers[index % numbers.count],
                event: event,
                session: 1,
                payloads: try Self.sealed()
            )
        }
    }
}
