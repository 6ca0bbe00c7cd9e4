import DaybookFormat
import FoundationEssentials
import SeededRandom

/// An entry with any contents, in both forms: as our writer takes it and as the generated code does.
struct RandomEntry {
    var header = EntryHeader()
    var commitments: [Commitment] = []
    var proto = ProtoEntry()

    init(_ generator: inout SeededGenerator) {
        header.sequence = generator.number()
        header.time = Timestamp(rawValue: generator.number())
        header.stream = StreamID(generator.number())
        header.ordinal = generator.number()
        header.previous = generator.number()
        header.schema = UInt32(truncatingIfNeeded: generator.number())
        header.session = generator.number()
        header.correlation = generator.number()
        header.causation = generator.number()
        commitments = (0..<generator.next() % 4).map { _ in
            Commitment(
                mac: generator.bytes(32),
                size: generator.number(),
                contentType: UInt32(truncatingIfNeeded: generator.number())
            )
        }
        setProto()
        proto.event = Self.event(&generator)
    }

    private mutating func setProto() {
        proto.sequence = header.sequence
        proto.time = header.time.rawValue
        proto.stream = header.stream.rawValue
        proto.ordinal = header.ordinal
        proto.previous = header.previous
        proto.schema = header.schema
        proto.session = header.session
        proto.correlation = header.correlation
        proto.causation = header.causation
        proto.commitments = commitments.map { commitment in
            var message = ProtoCommitment()
            message.mac = .init(commitment.mac)
            message.size = commitment.size
            message.contentType = commitment.contentType
            return message
        }
    }

    private static func event(_ generator: inout SeededGenerator) -> ProtoEntry.OneOf_Event {
        switch generator.next() % 4 {
        case 0: return .executionReadied(ProtoExecutionReadied())
        case 1:
            var event = ProtoExecutionSubmitted()
            event.id = String(repeating: "é", count: Int(generator.next() % 100))
            event.type = "a.b"
            return .executionSubmitted(event)
        case 2:
            var event = ProtoCheckpointSucceeded()
            event.operation.position = UInt32(truncatingIfNeeded: generator.next())
            event.operation.scope = [1, 0, UInt32(truncatingIfNeeded: generator.next())]
            event.epoch = generator.number()
            event.startedAt = generator.next()
            return .checkpointSucceeded(event)
        default:
            var event = ProtoJournalCreated()
            event.uuid = .init(generator.bytes(16))
            event.contentTypes = ContentTypes.initial
            return .journalCreated(event)
        }
    }

    /// What our writer makes of it.
    func written(by writer: inout WireWriter) -> [UInt8] {
        writer.removeAll()
        let event = proto.event?.encoded() ?? []
        event.withUnsafeBytes { writer.entry(header, commitments, event: $0) }
        return Array(writer.bytes)
    }
}
