import DaybookFormat
import SwiftProtobuf

/// Refuses an entry that says something in a word which this version does not know: what a newer
/// version means by it cannot be guessed.
///
/// Looked at before anything of the entry is taken in.
enum KnownValues {
    /// - Throws: `WireError`, whose ``WireError/unknown`` says what it is.
    static func check(_ kind: EventKind, _ entry: EntryView) throws(WireError) {
        let event = entry.eventBytes
        switch kind {
        case .signalReceived: try checkError(Wire.SignalReceived.error, of: event)
        case .signalDelivered:
            try checkOperation(Wire.SignalDelivered.operation, of: event)
            try checkError(Wire.SignalDelivered.error, of: event)
        case .operationStarted, .checkpointSucceeded, .logRecorded, .timerStarted, .timerFired,
            .signalAwaited, .branchesStarted, .branchSettled, .operationRecorded, .childStarted,
            .childrenAwaited, .childrenSettled:
            try checkOperation(Wire.CheckpointSucceeded.operation, of: event)
        case .cleaningEnded:
            try checkOperation(Wire.CleaningEnded.operation, of: event)
            try checkError(Wire.CleaningEnded.error, of: event)
        case .operationResolved: try checkResolution(event)
        case .childEnded:
            try checkOperation(Wire.ChildEnded.operation, of: event)
            try checkError(Wire.ChildEnded.error, of: event)
            try checkStatus(Wire.ChildEnded.status, of: event)
        case .checkpointFailed:
            try checkOperation(Wire.CheckpointFailed.operation, of: event)
            try checkError(Wire.CheckpointFailed.error, of: event)
        case .operationRetried:
            try checkOperation(Wire.OperationRetried.operation, of: event)
            try checkError(Wire.OperationRetried.error, of: event)
        case .executionFailed:
            try checkError(Wire.ExecutionFailed.error, of: event)
            if let cause = try number(Wire.ExecutionFailed.cause, of: event),
                case .UNRECOGNIZED = ProtoExecutionFailed.Cause(rawValue: cause)
            {
                throw .newer("cause of a failure", cause)
            }
        case .attemptFailed, .executionTimedOut, .executionCancelled, .executionExpired:
            try checkError(Wire.ExecutionFailed.error, of: event)
        case .executionParked:
            if let reason = try number(Wire.ExecutionParked.reason, of: event),
                case .UNRECOGNIZED = ProtoExecutionParked.Reason(rawValue: reason)
            {
                throw .newer("reason to park", reason)
            }
            try checkDivergence(event)
            if let doubt = try message(Wire.ExecutionParked.doubts, of: event) {
                try checkOperation(Wire.Doubt.operation, of: doubt)
            }
        case .secretsWiped:
            if let cause = try number(Wire.SecretsWiped.cause, of: event),
                case .UNRECOGNIZED = ProtoSecretsWiped.Cause(rawValue: cause)
            {
                throw .newer("cause to wipe secrets", cause)
            }
        case .payloadsErased:
            if let cause = try number(Wire.PayloadsErased.cause, of: event),
                case .UNRECOGNIZED = ProtoPayloadsErased.Cause(rawValue: cause)
            {
                throw .newer("cause to erase payloads", cause)
            }
        case .commandRefused:
            if let reason = try number(Wire.CommandRefused.reason, of: event),
                case .UNRECOGNIZED = ProtoCommandRefused.Reason(rawValue: reason)
            {
                throw .newer("reason to refuse", reason)
            }
        default: break
        }
    }

    private static func checkOperation(
        _ field: WireField,
        of event: UnsafeRawBufferPointer
    ) throws(WireError) {
        guard let operation = try message(field, of: event) else { return }
        guard let kind = try number(Wire.Operation.kind, of: operation) else { return }
        _ = try Operation.Kind(recorded: kind)
    }

    private static func checkError(
        _ field: WireField,
        of event: UnsafeRawBufferPointer
    ) throws(WireError) {
        guard let error = try message(field, of: event) else { return }
        _ = try ErrorFacts.Kind(recorded: try number(Wire.Error.kind, of: error) ?? 0)
    }

    private static func checkStatus(
        _ field: WireField,
        of event: UnsafeRawBufferPointer
    ) throws(WireError) {
        if let status = try number(field, of: event),
            case .UNRECOGNIZED = ProtoExecutionSummary.Status(rawValue: status)
        {
            throw .newer("status", status)
        }
    }

    private static func checkResolution(_ event: UnsafeRawBufferPointer) throws(WireError) {
        try checkOperation(Wire.OperationResolved.operation, of: event)
        try checkError(Wire.OperationResolved.error, of: event)
        if let verdict = try number(Wire.OperationResolved.verdict, of: event),
            case .UNRECOGNIZED = ProtoOperationResolved.Verdict(rawValue: verdict)
        {
            throw .newer("verdict on an operation", verdict)
        }
    }

    private static func checkDivergence(_ event: UnsafeRawBufferPointer) throws(WireError) {
        guard let divergence = try message(Wire.ExecutionParked.divergence, of: event) else {
            return
        }
        try checkOperation(Wire.Divergence.recorded, of: divergence)
        try checkOperation(Wire.Divergence.attempted, of: divergence)
        if let cause = try number(Wire.Divergence.cause, of: divergence),
            case .UNRECOGNIZED = ProtoDivergence.Cause(rawValue: cause)
        {
            throw .newer("cause of a divergence", cause)
        }
    }

    // MARK: Fields

    private static func message(
        _ wanted: WireField,
        of bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> UnsafeRawBufferPointer? {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            if field == wanted { return try reader.bytes() }
            try reader.skip(field)
        }
        return nil
    }

    private static func number(
        _ wanted: WireField,
        of bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> Int? {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            if field == wanted { return Int(truncatingIfNeeded: try reader.varint()) }
            try reader.skip(field)
        }
        return nil
    }
}

extension EntryView {
    /// Says with its sequence what is wrong with an entry, or that a newer version wrote it.
    func error(_ error: WireError) -> any Error {
        guard let unknown = error.unknown else {
            return InconsistentEntry(sequence: header.sequence, reason: error.reason)
        }
        return UnknownEvent(
            sequence: header.sequence,
            event: event,
            schema: header.schema,
            value: unknown
        )
    }
}
