import DaybookFormat

/// The events of every workflow, written without a message of SwiftProtobuf: tag, length, message,
/// as they stand in an entry.
enum FrequentEvents {
    /// `execution_submitted` without retries.
    static func submitted(
        id: String,
        type: String,
        timeout: UInt64,
        delay: UInt64,
        expiresAt: Timestamp
    ) -> [UInt8] {
        EventKind.executionSubmitted.encoded {
            $0.string(id, field: 1)
            $0.string(type, field: 2)
            $0.varint(timeout, field: 4)
            $0.varint(delay, field: 5)
            $0.fixed64(expiresAt.rawValue, field: 6)
        }
    }

    /// `execution_readied`.
    static func readied(notBefore: UInt64) -> [UInt8] {
        EventKind.executionReadied.encoded { $0.fixed64(notBefore, field: 1) }
    }

    /// `execution_claimed`.
    static func claimed(epoch: UInt64, attempt: UInt32, deadline: Timestamp?) -> [UInt8] {
        EventKind.executionClaimed.encoded {
            $0.varint(epoch, field: 1)
            $0.varint(UInt64(attempt), field: 2)
            $0.fixed64(deadline?.rawValue ?? 0, field: 3)
        }
    }

    /// `checkpoint_succeeded`.
    static func succeeded(
        _ operation: Operation,
        epoch: UInt64,
        startedAt: Timestamp,
        verified: Bool
    ) -> [UInt8] {
        EventKind.checkpointSucceeded.encoded {
            $0.message(field: 1, scratch: 512) { operation.write(to: &$0) }
            $0.varint(epoch, field: 2)
            $0.fixed64(startedAt.rawValue, field: 3)
            $0.bool(verified, field: 4)
        }
    }

    /// `execution_completed` of an execution that is closed by it.
    static func completed(epoch: UInt64, operations: UInt64, signalsLeft: UInt64) -> [UInt8] {
        EventKind.executionCompleted.encoded {
            $0.varint(epoch, field: 1)
            $0.varint(operations, field: 2)
            $0.bool(true, field: 3)
            $0.varint(signalsLeft, field: 4)
        }
    }
}
