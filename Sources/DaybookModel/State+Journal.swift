import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

extension JournalFacts {
    /// Takes in an entry about the journal itself.
    mutating func apply(_ kind: EventKind, _ entry: EntryView) throws {
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
        case .contentTypeInterned:
            contentTypes.append(try ProtoContentTypeInterned(decoding: entry).contentType)
        default: break
        }
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
        if event.settings.submissionLifetime > 0 {
            submissionLifetime = event.settings.submissionLifetime
        }
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
            $0.contentTypes = contentTypes
            $0.binding = binding
        }
    }
}

extension State {
    /// Takes in an entry about a session.
    static func apply(_ kind: EventKind, _ entry: EntryView, _ sessions: inout [Session]) throws {
        switch kind {
        case .sessionOpened:
            let event = try ProtoSessionOpened(decoding: entry)
            guard let uuid = Identifier(Array(event.uuid)) else {
                throw WireError("the UUID of a session has \(event.uuid.count) bytes")
            }
            sessions.append(
                Session(
                    number: entry.header.sequence,
                    uuid: uuid,
                    openedAt: entry.header.time,
                    actor: event.actor,
                    host: event.host,
                    pid: event.pid,
                    pidNamespace: event.pidNamespace,
                    program: event.program
                )
            )
        case .sessionClosed:
            let number = try ProtoSessionClosed(decoding: entry).session
            sessions.removeAll { $0.number == number }
        case .sessionLost:
            let number = try ProtoSessionLost(decoding: entry).session
            sessions.removeAll { $0.number == number }
        case .journalCreated, .contentTypeInterned, .snapshotTaken, .journalAdopted,
            .commandRefused:
            break
        default: throw WireError("\(kind.name) belongs into an execution's history")
        }
    }
}
