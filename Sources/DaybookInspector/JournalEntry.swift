public import DaybookFormat
import DaybookJournal
import DaybookModel
public import DaybookView
import FoundationEssentials
import SwiftProtobuf

/// An entry, decoded in full, with its payloads.
public struct JournalEntry: Sendable {
    /// The stored bytes: the leaf of the Merkle tree.
    public let bytes: [UInt8]
    /// The entry.
    public let entry: ProtoEntry
    /// Its payloads, in order, which are what it commits to.
    public let payloads: [StoredPayload]
    /// The event's name, as in `daybook.proto`.
    public let eventName: String
    /// Who asked for it; nil: it is not of a kind that somebody asks for.
    public let request: RecordedRequest?

    init(
        _ sequence: UInt64,
        _ bytes: UnsafeRawBufferPointer,
        _ reader: any StoreReader
    ) throws {
        let view: EntryView
        do throws(WireError) {
            view = try EntryView(bytes)
        } catch {
            throw Self.unreadable(sequence, error)
        }
        self = try .init(view, try reader.payloads(of: view), reader)
    }

    /// - Parameters:
    ///   - payloads: those that it is to be shown with.
    ///   - reader: for the session by which it was asked for; nil: that is left out.
    init(
        _ view: EntryView,
        _ payloads: [StoredPayload],
        _ reader: (any StoreReader)? = nil
    ) throws {
        bytes = Array(view.bytes)
        self.payloads = payloads
        eventName = Self.name(view.event)
        do {
            entry = try ProtoEntry(serializedBytes: bytes)
        } catch {
            throw Self.unreadable(view.header.sequence, error)
        }
        guard let reader, EventKind(rawValue: view.event)?.isAskedFor == true else {
            request = nil
            return
        }
        do {
            request = try RecordedRequest(view, payloads, reader)
        } catch let error as WireError {
            throw Self.unreadable(view.header.sequence, error)
        }
    }

    private static func unreadable(_ sequence: UInt64, _ error: any Error) -> JournalError {
        JournalError(
            .integrity,
            "entry \(sequence): it cannot be read (\(error)); verify the journal",
            sequence: sequence,
            underlying: error
        )
    }

    private static func name(_ event: UInt32) -> String {
        EventKind(rawValue: event)?.name ?? "unknown_event_\(event)"
    }

    /// Its sequence.
    public var sequence: UInt64 { entry.sequence }
    /// When it was written.
    public var time: Timestamp { Timestamp(rawValue: entry.time) }

    /// Whether somebody of this name asked for it, or it says that he or she opened or ended a session,
    /// or adopted the journal.
    public func isAsked(by actor: String) -> Bool {
        let found =
            switch entry.event {
            case .sessionOpened(let event): event.actor
            case .sessionLost(let event): event.actor
            case .journalAdopted(let event): event.actor
            default: request?.actor ?? ""
            }
        return !found.isEmpty && found.hasBytes(of: actor)
    }

    /// The operation that it is about, if it is about one.
    public var operation: ProtoOperation? {
        switch entry.event {
        case .operationStarted(let event): event.operation
        case .checkpointSucceeded(let event): event.operation
        case .checkpointFailed(let event): event.operation
        case .logRecorded(let event): event.hasOperation ? event.operation : nil
        case .timerStarted(let event): event.operation
        case .timerFired(let event): event.operation
        case .signalAwaited(let event): event.operation
        case .signalDelivered(let event): event.operation
        case .branchesStarted(let event): event.operation
        case .branchSettled(let event): event.operation
        case .operationRecorded(let event): event.operation
        case .operationRetried(let event): event.operation
        default: nil
        }
    }

    /// The operation that it is about, in the model's terms.
    /// - Throws: ``JournalError/Code/newerVersion`` for one of a kind that this version does not
    ///   know; ``JournalError/Code/integrity`` for one that cannot be read.
    func operation(_ proto: ProtoOperation) throws(JournalError) -> Operation {
        do throws(WireError) {
            return try Operation(proto)
        } catch {
            throw error.unknown == nil
                ? JournalError(
                    .integrity,
                    "entry \(sequence): \(error.reason); verify the journal",
                    sequence: sequence
                )
                : JournalError(
                    .newerVersion,
                    "entry \(sequence): \(error.reason); use the version that wrote it",
                    sequence: sequence
                )
        }
    }

    /// The text of a payload; nil when there is none, or it is erased.
    public func text(ofPayload index: Int) -> String? {
        guard index < payloads.count, !payloads[index].isErased else { return nil }
        return String(decoding: payloads[index].data, as: UTF8.self)
    }

    /// The lines that it records, if it records any.
    public func logLines() throws -> [ProtoLogLine] {
        guard case .logRecorded = entry.event, let payload = payloads.first, !payload.isErased
        else {
            return []
        }
        do {
            return try ProtoLogBatch(serializedBytes: payload.data).lines
        } catch {
            throw JournalError(
                .integrity,
                "entry \(sequence): its log lines cannot be read",
                sequence: sequence,
                underlying: error
            )
        }
    }

    // MARK: JSON

    /// Writes the entry, complete: stored bytes, payloads and salts included.
    public func write(to json: inout JSONWriter) throws {
        let event = try eventJSON()
        json.object { json in
            json.member("schema", "daybook.entry/1")
            json.member("sequence", entry.sequence)
            json.member("time", time.description)
            json.member("stream", entry.stream)
            json.member("ordinal", entry.ordinal)
            json.member("previous", entry.previous == 0 ? nil : entry.previous)
            json.member("session", entry.session == 0 ? nil : entry.session)
            json.member("causation", entry.causation == 0 ? nil : entry.causation)
            json.member("event", eventName)
            if let request {
                json.key("request")
                json.object { request.write(to: &$0) }
            }
            json.key("data")
            json.raw(event)
            if !payloads.isEmpty || !entry.commitments.isEmpty {
                json.key("payloads")
                json.array { writePayloads(to: &$0) }
            }
            json.member("entry", Data(bytes).base64EncodedString())
        }
    }

    private func writePayloads(to json: inout JSONWriter) {
        for (index, commitment) in entry.commitments.enumerated() {
            json.object { json in
                json.member("size", commitment.size)
                json.member("contentType", commitment.contentType)
                json.member("mac", commitment.mac.base64EncodedString())
                guard index < payloads.count, let salt = payloads[index].salt else {
                    json.member("erased", true)
                    return
                }
                let data = payloads[index].data
                json.member("salt", Data(salt.bytes).base64EncodedString())
                json.member("base64", Data(data).base64EncodedString())
                if commitment.contentType == 1, JSONSyntax.isOneLine(data) {
                    json.key("json")
                    json.raw(data)
                }
            }
        }
    }

    private func eventJSON() throws -> [UInt8] {
        guard let event = entry.event else { return Array("{}".utf8) }
        // The JSON form of an entry that holds only the event: {"<name>":{...}}.
        var only = ProtoEntry()
        only.event = event
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        let bytes: [UInt8] = try only.jsonUTF8Bytes(options: options)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes.count > colon + 2 else {
            return Array("{}".utf8)
        }
        return Array(bytes[(colon + 1)..<(bytes.count - 1)])
    }
}

extension RecordedRequest {
    /// Writes who asked, and why.
    public func write(to json: inout JSONWriter) {
        json.member("actor", actor)
        json.member("user", user.isEmpty ? nil : user)
        json.member("session", session)
        json.member("principal", principal)
        json.member("reason", reason)
    }
}
