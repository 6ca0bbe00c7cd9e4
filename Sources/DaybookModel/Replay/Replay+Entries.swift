import DaybookFormat
import SwiftProtobuf

/// What a replay makes of single entries.
extension Replay {
    /// What an entry says of an operation that waits, or whose branches run; nil: nothing.
    package static func wake(_ entry: EntryView) throws -> (OperationPath, Wake)? {
        guard let kind = EventKind(rawValue: entry.event) else { return nil }
        return try wake(kind, entry)
    }

    static func wake(
        _ kind: EventKind,
        _ entry: EntryView
    ) throws -> (OperationPath, Wake)? {
        switch kind {
        case .timerFired:
            let event = try ProtoTimerFired(decoding: entry)
            return (OperationPath(event.operation), .fired(entry.header.time))
        case .signalDelivered:
            let event = try ProtoSignalDelivered(decoding: entry)
            let failure = event.hasError ? try ErrorFacts(event.error) : nil
            return (
                OperationPath(event.operation),
                .signal(event.signal, failure: failure, entry.header.time)
            )
        case .childEnded:
            let event = try ProtoChildEnded(decoding: entry)
            // No operation is told of it.
            if event.unheard { return nil }
            let end = ChildEnd(
                sequence: event.end,
                status: ExecutionStatus(event.status) ?? .failed,
                failure: event.hasError ? try ErrorFacts(event.error) : nil,
                time: entry.header.time,
                output: event.runOutput == 0 ? nil : event.runOutput
            )
            return (OperationPath(event.operation), .child(end))
        case .childrenSettled:
            let event = try ProtoChildrenSettled(decoding: entry)
            return (OperationPath(event.operation), .fired(entry.header.time))
        case .branchSettled:
            let event = try ProtoBranchSettled(decoding: entry)
            return (
                OperationPath(event.operation),
                .settled(
                    Settlement(
                        branch: event.branch,
                        failed: event.failed,
                        gathered: event.counted.isEmpty
                            ? nil
                            : SettleBranches.Gathered(
                                BranchSet(event.counted),
                                failures: event.failures
                            ),
                        sequence: entry.header.sequence,
                        time: entry.header.time
                    )
                )
            )
        default: return nil
        }
    }

    static func record(
        _ kind: EventKind,
        _ entry: EntryView,
        _ payloads: () throws -> [StoredPayload]
    ) throws -> Record? {
        let operation: Operation
        let outcome: Outcome
        switch kind {
        case .checkpointSucceeded:
            operation = try Operation.ofSuccess(entry)
            guard let value = try payloads().first else {
                throw WireError("its payload is missing")
            }
            outcome = .success(value)
        case .checkpointFailed:
            let event = try ProtoCheckpointFailed(decoding: entry)
            operation = try Operation(event.operation)
            // The declared input may come behind them.
            let payloads = try payloads().dropLast(event.input ? 1 : 0)
            outcome = .failure(
                try ErrorFacts(event.error),
                message: payloads.first,
                details: payloads.count > 1 ? payloads[1] : nil
            )
        case .timerStarted:
            operation = try Operation(ProtoTimerStarted(decoding: entry).operation)
            outcome = .wait
        case .signalAwaited:
            operation = try Operation(ProtoSignalAwaited(decoding: entry).operation)
            outcome = .wait
        case .childStarted:
            let event = try ProtoChildStarted(decoding: entry)
            operation = try Operation(event.operation)
            outcome = event.spawned ? .recorded(source: nil) : .wait
        case .childrenAwaited:
            operation = try Operation(ProtoChildrenAwaited(decoding: entry).operation)
            outcome = .wait
        case .branchesStarted:
            let event = try ProtoBranchesStarted(decoding: entry)
            operation = try Operation(event.operation)
            outcome = .branches(event.branches)
        case .operationRecorded:
            let event = try ProtoOperationRecorded(decoding: entry)
            operation = try Operation(event.operation)
            let own = try entry.commitments().isEmpty ? nil : entry.header.sequence
            outcome = .recorded(source: event.source == 0 ? own : event.source)
        default: return nil
        }
        return Record(
            sequence: entry.header.sequence,
            time: entry.header.time,
            operation: operation,
            outcome: outcome
        )
    }
}

extension EventKind {
    /// Whether a replay reads it: it says something of an operation that a handler waits for.
    var isOfOperation: Bool {
        switch self {
        case .checkpointSucceeded, .checkpointFailed, .timerStarted, .timerFired, .signalAwaited,
            .signalDelivered, .branchesStarted, .branchSettled, .operationRecorded,
            .operationRetried, .operationStarted, .operationResolved, .childStarted, .childEnded,
            .childrenAwaited, .childrenSettled:
            true
        default: false
        }
    }
}

extension Operation {
    /// Reads the operation of a `CheckpointSucceeded`, of which a long history has many.
    static func ofSuccess(_ entry: EntryView) throws(WireError) -> Operation {
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            guard field == Wire.CheckpointSucceeded.operation else {
                try reader.skip(field)
                continue
            }
            return try Operation(reading: try reader.bytes())
        }
        throw WireError("it names no operation")
    }
}
