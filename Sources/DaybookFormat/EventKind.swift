public import SwiftProtobuf

/// The events that this version knows: the field numbers of `daybook.v1.Entry`'s oneof.
public enum EventKind: UInt32, Sendable, CaseIterable {
    /// Entry 0.
    case journalCreated = 16
    /// A process opened the journal for writing.
    case sessionOpened = 17
    /// It closed it in good order.
    case sessionClosed = 18
    /// It is gone without having done so.
    case sessionLost = 19
    /// A content type got its number.
    case contentTypeInterned = 20
    /// An execution exists.
    case executionSubmitted = 32
    /// It has been asked to run.
    case executionReadied = 33
    /// A session runs it.
    case executionClaimed = 34
    /// It ended well.
    case executionCompleted = 35
    /// It ended in an error.
    case executionFailed = 36
    /// A person must look.
    case executionParked = 37
    /// Its session is gone.
    case leaseLost = 38
    /// Its session gave it back.
    case leaseReleased = 39
    /// Something was refused that is worth keeping.
    case commandRefused = 40
    /// A body is about to run.
    case operationStarted = 64
    /// A body gave a value.
    case checkpointSucceeded = 65
    /// A body threw.
    case checkpointFailed = 66
    /// Lines were logged.
    case logRecorded = 67

    /// The name in `daybook.proto`, as the JSON form of an entry has it: `execution_submitted`.
    public var name: String {
        switch self {
        case .journalCreated: "journal_created"
        case .sessionOpened: "session_opened"
        case .sessionClosed: "session_closed"
        case .sessionLost: "session_lost"
        case .contentTypeInterned: "content_type_interned"
        case .executionSubmitted: "execution_submitted"
        case .executionReadied: "execution_readied"
        case .executionClaimed: "execution_claimed"
        case .executionCompleted: "execution_completed"
        case .executionFailed: "execution_failed"
        case .executionParked: "execution_parked"
        case .leaseLost: "lease_lost"
        case .leaseReleased: "lease_released"
        case .commandRefused: "command_refused"
        case .operationStarted: "operation_started"
        case .checkpointSucceeded: "checkpoint_succeeded"
        case .checkpointFailed: "checkpoint_failed"
        case .logRecorded: "log_recorded"
        }
    }
}

extension ProtoEntry.OneOf_Event {
    /// The event as it stands in an entry: tag, length, message.
    public func encoded() -> [UInt8] {
        var entry = ProtoEntry()
        entry.event = self
        do {
            return try entry.serializedBytes()
        } catch {
            // Only a required field that is missing, or a message over 2 GiB, could be the cause,
            // and proto3 has no required fields.
            fatalError("an event cannot be encoded: \(error)")
        }
    }
}

extension Message {
    /// The message's bytes.
    public func encoded() -> [UInt8] {
        do {
            return try serializedBytes()
        } catch {
            fatalError("a message cannot be encoded: \(error)")
        }
    }
}

extension Message {
    /// Decodes the event of an entry in full.
    /// - Throws: ``WireError`` when it is not this message.
    public init(decoding entry: EntryView) throws(WireError) {
        do {
            try self.init(serializedBytes: Array(entry.eventBytes))
        } catch {
            throw WireError("the event is not a \(Self.protoMessageName) (\(error))")
        }
    }
}
