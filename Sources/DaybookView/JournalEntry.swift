public import DaybookFormat
package import DaybookJournal
package import DaybookModel
import SwiftProtobuf

/// An entry, decoded in full, with its payloads.
public struct JournalEntry: Sendable {
    /// The stored bytes: the leaf of the Merkle tree.
    public let bytes: [UInt8]
    /// The entry.
    package let entry: ProtoEntry
    /// Its payloads, in order, which are what it commits to.
    public let payloads: [StoredPayload]
    /// What happened; nil: a newer version of Daybook knows it.
    public let kind: EventKind?
    /// The event's name, as in `daybook.proto`.
    public let eventName: String
    /// Who asked for it; nil: it is not of a kind that somebody asks for.
    public let request: RecordedRequest?
    /// Who has erased its payloads, when and why; nil: they are there, or no entry says so.
    public let erasure: Erasure?

    package init(
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
    package init(
        _ view: EntryView,
        _ payloads: [StoredPayload],
        _ reader: (any StoreReader)? = nil
    ) throws {
        bytes = Array(view.bytes)
        self.payloads = payloads
        kind = EventKind(rawValue: view.event)
        eventName = Self.name(view.event)
        do {
            entry = try ProtoEntry(serializedBytes: bytes)
        } catch {
            throw Self.unreadable(view.header.sequence, error)
        }
        // What code that cancels itself ends with was asked for by nobody, as are secrets that are
        // wiped because of something else.
        let isItsOwn =
            switch entry.event {
            case .executionCancelled(let event): event.epoch != 0
            case .secretsWiped(let event): event.cause != .asked
            default: false
            }
        erasure = try reader.flatMap { reader in
            guard payloads.contains(where: \.isErased) else { return nil }
            let header = view.header
            return try Erasure.of(header.sequence, in: header.stream.rawValue, reader)
        }
        guard let reader, !isItsOwn, kind?.isAskedFor == true else {
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
    /// or adopted, restored or rewrote the journal.
    public func isAsked(by actor: String) -> Bool {
        let found =
            switch entry.event {
            case .sessionOpened(let event): event.actor
            case .sessionLost(let event): event.actor
            case .journalAdopted(let event): event.actor
            case .journalRestored(let event): event.actor
            case .journalRewritten(let event): event.actor
            default: request?.actor ?? ""
            }
        return !found.isEmpty && found.hasBytes(of: actor)
    }

    /// The operation that it is about, if it is about one.
    package var operation: ProtoOperation? {
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
        case .cleaningEnded(let event): event.operation
        case .operationResolved(let event): event.operation
        case .childStarted(let event): event.operation
        case .childEnded(let event): event.operation
        case .childrenAwaited(let event): event.operation
        case .childrenSettled(let event): event.operation
        default: nil
        }
    }

    /// The declared input of the operation, if this entry keeps it: which of the payloads it is.
    public var inputPayload: Int? {
        switch entry.event {
        case .operationStarted: payloads.isEmpty ? nil : 0
        case .checkpointSucceeded(let event): event.input ? payloads.count - 1 : nil
        case .checkpointFailed(let event): event.input ? payloads.count - 1 : nil
        default: nil
        }
    }

    /// The operation that it is about, in the model's terms.
    /// - Throws: ``JournalError/Code/newerVersion`` for one of a kind that this version does not
    ///   know; ``JournalError/Code/integrity`` for one that cannot be read.
    package func operation(_ proto: ProtoOperation) throws(JournalError) -> Operation {
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

    /// What stands where a payload was that is erased: by whom, when and why.
    public var erasedText: String { erasure.map { "(\($0.words))" } ?? "(erased)" }

    /// The lines that it records, if it records any.
    package func logLines() throws -> [ProtoLogLine] {
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
}
