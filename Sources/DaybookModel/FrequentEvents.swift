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
            $0.string(id, Wire.ExecutionSubmitted.id)
            $0.string(type, Wire.ExecutionSubmitted.type)
            $0.varint(timeout, Wire.ExecutionSubmitted.timeout)
            $0.varint(delay, Wire.ExecutionSubmitted.delay)
            $0.fixed64(expiresAt.rawValue, Wire.ExecutionSubmitted.expiresAt)
        }
    }

    /// `execution_readied`.
    static func readied(notBefore: UInt64) -> [UInt8] {
        EventKind.executionReadied.encoded {
            $0.fixed64(notBefore, Wire.ExecutionReadied.notBefore)
        }
    }

    /// `execution_claimed`.
    static func claimed(
        epoch: UInt64,
        attempt: UInt32,
        deadline: Timestamp?,
        revision: Name
    ) -> [UInt8] {
        EventKind.executionClaimed.encoded {
            $0.varint(epoch, Wire.ExecutionClaimed.epoch)
            $0.varint(UInt64(attempt), Wire.ExecutionClaimed.attempt)
            $0.fixed64(deadline?.rawValue ?? 0, Wire.ExecutionClaimed.deadline)
            $0.string(revision.text, Wire.ExecutionClaimed.revision)
        }
    }

    /// `checkpoint_succeeded`.
    static func succeeded(
        _ operation: Operation,
        epoch: UInt64,
        startedAt: Timestamp,
        verified: Bool,
        hasInput: Bool,
        compensates: Bool = false,
        _ changes: StoreChanges = StoreChanges()
    ) -> [UInt8] {
        EventKind.checkpointSucceeded.encoded {
            $0.message(Wire.CheckpointSucceeded.operation, scratch: 512) {
                operation.write(to: &$0)
            }
            $0.varint(epoch, Wire.CheckpointSucceeded.epoch)
            $0.fixed64(startedAt.rawValue, Wire.CheckpointSucceeded.startedAt)
            $0.bool(verified, Wire.CheckpointSucceeded.verified)
            $0.bool(hasInput, Wire.CheckpointSucceeded.input)
            $0.bool(compensates, Wire.CheckpointSucceeded.compensates)
            for key in changes.stored { $0.string(key.text, Wire.CheckpointSucceeded.stored) }
            for key in changes.removed { $0.string(key.text, Wire.CheckpointSucceeded.removed) }
        }
    }

    /// `execution_completed`.
    static func completed(
        epoch: UInt64,
        operations: UInt64,
        closes: Bool = true,
        signalsLeft: UInt64,
        runOutput: UInt64 = 0,
        isEventful: Bool = false
    ) -> [UInt8] {
        EventKind.executionCompleted.encoded {
            $0.varint(epoch, Wire.ExecutionCompleted.epoch)
            $0.varint(operations, Wire.ExecutionCompleted.operations)
            $0.bool(closes, Wire.ExecutionCompleted.closes)
            $0.varint(signalsLeft, Wire.ExecutionCompleted.signalsLeft)
            $0.varint(runOutput, Wire.ExecutionCompleted.runOutput)
            $0.bool(isEventful, Wire.ExecutionCompleted.eventful)
        }
    }
}
