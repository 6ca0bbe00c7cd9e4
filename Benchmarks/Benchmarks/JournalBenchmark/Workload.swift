import CBaseline
import DaybookFormat
import DaybookJournal

/// The same entries for every contestant: executions that take turns, one entry each, with a
/// payload of 100 bytes.
struct Workload {
    /// As many as there are callers at most: each has executions of its own.
    static let executions = 4_096
    static let payload = [UInt8](repeating: UInt8(ascii: "x"), count: 100)
    /// What the checkpoints are called.
    static let name = "repo.creation"

    let event: [UInt8]

    init() {
        event = Self.checkpoint(position: 7, name: Self.name)
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
        var sealed = try unnumbered()
        sealed.setContentTypeNumbers { _ in 1 }
        return sealed
    }

    static func unnumbered() throws -> SealedPayloads {
        try SealedPayloads([Payload(payload, contentType: ContentTypes.json)], limit: 1 << 20)
    }

    /// Drafts for entries number `first` and following, counted from the first of the workload.
    /// - Parameter numbers: of the executions.
    func drafts(_ first: Int, _ count: Int, numbers: [UInt64]) throws -> [EntryDraft] {
        try (first..<first + count).map { index in
            EntryDraft(
                stream: .run(numbers[index % numbers.count]),
                event: event,
                session: 1,
                payloads: try Self.sealed()
            )
        }
    }

    /// The same for the contestants in C: runs `body` on `count` items.
    func withItems(
        _ first: Int,
        _ count: Int,
        numbers: [UInt64],
        _ body: (inout [baseline_item], (inout [baseline_item], Int) -> Void) throws -> Void
    ) rethrows {
        try event.withUnsafeBytes { event in
            try Self.payload.withUnsafeBytes { payload in
                var items = [baseline_item](repeating: baseline_item(), count: count)
                try body(&items) { items, first in
                    for index in 0..<count {
                        items[index].execution = numbers[(first + index) % numbers.count]
                        items[index].event = event.baseAddress
                        items[index].event_len = event.count
                        items[index].payload = payload.baseAddress
                        items[index].payload_len = payload.count
                    }
                }
            }
        }
    }
}
