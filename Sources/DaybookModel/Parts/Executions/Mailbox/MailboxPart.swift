import DaybookFormat
import SwiftProtobuf

extension ExecutionPart {
    /// The signals that were sent to an execution: those that nobody has asked for yet, and the ids
    /// of all.
    static let mailbox = ExecutionPart(
        name: "mailbox",
        schema: 2,
        kinds: [.executionSubmitted, .signalReceived, .signalDelivered],
        apply: Mailbox.apply,
        write: Mailbox.write,
        read: Mailbox.read
    )
}

extension ExecutionState {
    /// How many signals of each name nobody has asked for yet, in the order of their coming.
    package var bufferedSignals: [SignalCount] { rare.mailbox.counts }
    /// How many signals nobody has asked for yet.
    var signalsLeft: UInt64 { UInt64(rare.mailbox.count) }
    /// The oldest signal of a name that nobody has asked for.
    func firstSignal(named name: Name) -> UInt64? { rare.mailbox.first(named: name) }
    /// What the sender of a signal says has failed; nil: it has a value.
    func failure(ofSignal sequence: UInt64) -> ErrorFacts? {
        rare.mailbox.failure(of: sequence)
    }
}

extension Mailbox {
    @Sendable
    fileprivate static func apply(
        _ state: inout ExecutionState,
        _ entry: EntryView,
        _ change: inout ExecutionState.Change
    ) throws(WireError) {
        switch change.kind {
        case .signalReceived:
            let event = try ProtoSignalReceived(decoding: entry)
            let source = event.origin == 0 ? entry.header.sequence : event.origin
            state.rare.mailbox.insert(
                source,
                named: Name(event.name),
                failure: event.hasError ? try ErrorFacts(event.error) : nil
            )
            if !event.signalID.isEmpty { state.rare.signalIDs.insert(Name(event.signalID)) }
        case .signalDelivered:
            guard state.rare.mailbox.count > 0 else { return }
            state.rare.mailbox.remove(
                try entry.number(Wire.SignalDelivered.signal),
                named: try entry.operation().name
            )
        default:
            // The run before hands them on.
            var reader = WireReader(entry.eventBytes)
            while let field = try reader.field() {
                if field == Wire.ExecutionSubmitted.signalIds {
                    state.rare.signalIDs.insert(Name(try reader.string()))
                } else {
                    try reader.skip(field)
                }
            }
        }
    }
}

// MARK: In a snapshot

/// A `daybook.v1.ExecutionMailbox`.
extension Mailbox {
    @Sendable
    fileprivate static func write(
        _ state: borrowing ExecutionState,
        to writer: inout WireWriter,
        _ nested: inout WireWriter
    ) {
        for signal in state.rare.mailbox.all {
            nested.removeAll()
            nested.string(signal.name.text, Wire.BufferedSignal.name)
            nested.varint(signal.sequence, Wire.BufferedSignal.sequence)
            if let failure = signal.failure {
                nested.message(failure.proto.encoded(), Wire.BufferedSignal.error)
            }
            writer.bytes(nested.bytes, Wire.ExecutionMailbox.signals)
        }
        for id in state.rare.signalIDs.inOrder {
            writer.string(id.text, Wire.ExecutionMailbox.signalIds)
        }
    }

    @Sendable
    fileprivate static func read(
        _ state: inout ExecutionState,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionMailbox.signals:
                let signal = try ProtoBufferedSignal(wire: try reader.bytes())
                state.rare.mailbox.insert(
                    signal.sequence,
                    named: Name(signal.name),
                    failure: signal.hasError ? try ErrorFacts(signal.error) : nil
                )
            case Wire.ExecutionMailbox.signalIds:
                state.rare.signalIDs.insert(Name(try reader.string()))
            default: try reader.skip(field)
            }
        }
    }
}
