import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

extension StatePart {
    /// What holds for the journal as a whole: its own stream.
    static let journal = StatePart(
        name: "journal",
        schema: 3,
        kinds: [
            .journalCreated, .contentTypeInterned, .snapshotTaken, .journalAdopted,
            .journalRestored, .journalRewritten, .archiveSealed, .archiveDropped,
        ],
        apply: { state, kind, entry, _ in
            try state.checkIsOfNoExecution(kind, entry)
            try state.journal.apply(kind, entry)
            return false
        },
        items: { _ in [0] },
        write: { state, _, writer, _ in state.journal.writeSnapshot(to: &writer) },
        read: JournalFacts.readSnapshot
    )
}

extension JournalFacts {
    /// Takes in an entry about the journal itself.
    mutating func apply(_ kind: EventKind, _ entry: EntryView) throws {
        guard entry.header.stream == .journal else {
            throw WireError("\(kind.name) belongs into the journal's own history")
        }
        try link(entry)
        switch kind {
        case .journalCreated:
            apply(try ProtoJournalCreated(decoding: entry))
        case .snapshotTaken:
            let event = try ProtoSnapshotTaken(decoding: entry)
            guard event.size <= entry.header.sequence else {
                throw WireError("it is of \(event.size) entries, and there are fewer before it")
            }
            if event.projection == State.projection { snapshotSize = event.size }
        case .journalAdopted:
            binding = try ProtoJournalAdopted(decoding: entry).binding
        case .journalRestored:
            let event = try ProtoJournalRestored(decoding: entry)
            guard event.size == entry.header.sequence else {
                throw WireError("it says that \(event.size) entries were restored before it")
            }
            binding = event.binding
            if !event.origin.isEmpty { origin = event.origin }
        case .journalRewritten:
            let event = try ProtoJournalRewritten(decoding: entry)
            guard event.size == entry.header.sequence else {
                throw WireError("it says that \(event.size) entries were taken over before it")
            }
            if case .UNRECOGNIZED(let number) = event.cause {
                throw WireError.newer("cause of a rewriting", number)
            }
            binding = event.binding
        case .archiveSealed:
            let event = try ProtoArchiveSealed(decoding: entry)
            guard event.size <= entry.header.sequence else {
                throw WireError("it is of \(event.size) entries, and there are fewer before it")
            }
        case .archiveDropped:
            guard try entry.number(Wire.ArchiveDropped.archive) < entry.header.sequence else {
                throw WireError("it drops an archive that is not recorded before it")
            }
        case .contentTypeInterned:
            contentTypes.append(try ProtoContentTypeInterned(decoding: entry).contentType)
        default: break
        }
    }

    /// Takes in that an entry is the next one of the journal's own stream.
    mutating func link(_ entry: EntryView) throws(WireError) {
        try entry.header.check(follows: last, of: entries)
        entries += 1
        last = entry.header.sequence
    }

    /// Takes in what entry 0 says.
    mutating func apply(_ event: ProtoJournalCreated) {
        uuid = Identifier(Array(event.uuid))
        origin = event.origin
        binding = event.binding
        contentTypes = event.contentTypes
        if event.settings.payloadLimit > 0 {
            payloadLimit = Int(clamping: event.settings.payloadLimit)
        }
        submissionLifetime = event.settings.submissionLifetime
        secretLifetime = event.settings.secretLifetime
        if event.settings.lossLimit > 0 { lossLimit = event.settings.lossLimit }
    }

    /// What holds now, as entry 0 of a journal would say it.
    var created: ProtoJournalCreated {
        .with {
            $0.uuid = Data(uuid?.bytes ?? [])
            $0.origin = origin
            $0.settings.payloadLimit = UInt64(payloadLimit)
            $0.settings.lossLimit = lossLimit
            $0.settings.submissionLifetime = submissionLifetime
            $0.settings.secretLifetime = secretLifetime
            $0.contentTypes = contentTypes
            $0.binding = binding
        }
    }
}

extension JournalFacts {
    /// Writes a `daybook.v1.JournalState`.
    fileprivate func writeSnapshot(to writer: inout WireWriter) {
        writer.message(created.encoded(), Wire.JournalState.created)
        writer.varint(snapshotSize, Wire.JournalState.snapshotSize)
        writer.varint(entries, Wire.JournalState.entries)
        writer.varint(last, Wire.JournalState.last)
    }

    @Sendable
    fileprivate static func readSnapshot(
        _ state: inout State,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.JournalState.created:
                state.journal.apply(try ProtoJournalCreated(wire: try reader.bytes()))
            case Wire.JournalState.snapshotSize:
                state.journal.snapshotSize = try reader.varint()
            case Wire.JournalState.entries: state.journal.entries = try reader.varint()
            case Wire.JournalState.last: state.journal.last = try reader.varint()
            default: try reader.skip(field)
            }
        }
    }
}
