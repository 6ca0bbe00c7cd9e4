import DaybookFormat
import SwiftProtobuf

/// An open execution as `daybook.v1.OpenExecution`.
extension ExecutionState {
    /// - Parameter nested: for the messages inside; what is in it is lost.
    func writeSnapshot(to writer: inout WireWriter, _ nested: inout WireWriter) {
        writer.varint(number, Wire.OpenExecution.number)
        writer.string(id.text, Wire.OpenExecution.id)
        writer.string(type.text, Wire.OpenExecution.type)
        writer.varint(UInt64(status.proto.rawValue), Wire.OpenExecution.status)
        writer.bool(isParked, Wire.OpenExecution.parked)
        writer.bool(isPaused, Wire.OpenExecution.paused)
        writer.bool(isDelayed, Wire.OpenExecution.delayed)
        writer.bool(!beginsAttempt, Wire.OpenExecution.continuesAttempt)
        writer.varint(session ?? 0, Wire.OpenExecution.session)
        writer.varint(epoch, Wire.OpenExecution.epoch)
        writer.varint(UInt64(attempt), Wire.OpenExecution.attempt)
        writer.varint(UInt64(losses), Wire.OpenExecution.losses)
        writer.time(submittedAt, Wire.OpenExecution.submittedAt)
        writer.time(startAt, Wire.OpenExecution.startAt)
        writer.time(startedAt, Wire.OpenExecution.startedAt)
        writer.time(finishedAt, Wire.OpenExecution.finishedAt)
        writer.time(updatedAt, Wire.OpenExecution.updatedAt)
        writer.time(deadline, Wire.OpenExecution.deadline)
        writer.varint(entries, Wire.OpenExecution.entries)
        writer.varint(last, Wire.OpenExecution.last)
        writer.varint(readySequence, Wire.OpenExecution.readySequence)
        progress.writeSnapshot(to: &writer, &nested, Wire.OpenExecution.scopes)
        rare.writeSnapshot(to: &writer, &nested)
    }

    /// - Parameter intern: gives the one copy of a type's name.
    init(
        snapshot bytes: UnsafeRawBufferPointer,
        _ intern: (Name) -> Name
    ) throws(WireError) {
        var number: UInt64 = 0
        var id: Name = ""
        var type: Name = ""
        var submittedAt = Timestamp(rawValue: 0)
        var reader = WireReader(bytes)
        // The constants first; they come in this order, before the rest.
        while let field = try reader.field() {
            switch field {
            case Wire.OpenExecution.number: number = try reader.varint()
            case Wire.OpenExecution.id: id = Name(try reader.string())
            case Wire.OpenExecution.type: type = intern(Name(try reader.string()))
            case Wire.OpenExecution.submittedAt: submittedAt = try reader.time()
            default: try reader.skip(field)
            }
        }
        self.init(number: number, id: id, type: type, submittedAt: submittedAt)
        beginsAttempt = true
        entries = 0
        reader = WireReader(bytes)
        while let field = try reader.field() { try read(field, &reader) }
    }

    private mutating func read(
        _ field: WireField,
        _ reader: inout WireReader
    ) throws(WireError) {
        switch field {
        case Wire.OpenExecution.status: status = try Self.status(try reader.varint())
        case Wire.OpenExecution.parked: isParked = try reader.varint() != 0
        case Wire.OpenExecution.paused: isPaused = try reader.varint() != 0
        case Wire.OpenExecution.delayed: isDelayed = try reader.varint() != 0
        case Wire.OpenExecution.continuesAttempt: beginsAttempt = try reader.varint() == 0
        case Wire.OpenExecution.session:
            let number = try reader.varint()
            session = number == 0 ? nil : number
        case Wire.OpenExecution.epoch: epoch = try reader.varint()
        case Wire.OpenExecution.attempt: attempt = UInt32(truncatingIfNeeded: try reader.varint())
        case Wire.OpenExecution.losses: losses = UInt32(truncatingIfNeeded: try reader.varint())
        case Wire.OpenExecution.startAt: startAt = try reader.time()
        case Wire.OpenExecution.startedAt: startedAt = try reader.time()
        case Wire.OpenExecution.finishedAt: finishedAt = try reader.time()
        case Wire.OpenExecution.updatedAt: updatedAt = try reader.time()
        case Wire.OpenExecution.deadline: deadline = try reader.time()
        case Wire.OpenExecution.entries: entries = try reader.varint()
        case Wire.OpenExecution.last: last = try reader.varint()
        case Wire.OpenExecution.readySequence: readySequence = try reader.varint()
        case Wire.OpenExecution.scopes: try progress.read(snapshot: try reader.bytes())
        case Wire.OpenExecution.number, Wire.OpenExecution.id, Wire.OpenExecution.type,
            Wire.OpenExecution.submittedAt:
            try reader.skip(field)
        default: try rare.read(field, &reader)
        }
    }

    private static func status(_ number: UInt64) throws(WireError) -> ExecutionStatus {
        guard let raw = Int(exactly: number),
            let proto = ProtoExecutionSummary.Status(rawValue: raw),
            let status = ExecutionStatus(proto)
        else { throw WireError("there is no status \(number)") }
        return status
    }
}

extension ExecutionState.Rare {
    fileprivate func writeSnapshot(to writer: inout WireWriter, _ nested: inout WireWriter) {
        if let retry { writer.message(retry.proto.encoded(), Wire.OpenExecution.retry) }
        writer.varint(timeout, Wire.OpenExecution.timeout)
        writer.varint(delay, Wire.OpenExecution.delay)
        writer.varint(continuedFrom, Wire.OpenExecution.continuedFrom)
        writer.packed(refusedEpochs, Wire.OpenExecution.refusedEpochs)
        var operation = WireWriter()
        for wait in waits.inOrder {
            nested.removeAll()
            wait.writeSnapshot(to: &nested, &operation)
            writer.bytes(nested.bytes, Wire.OpenExecution.waits)
        }
        for signal in mailbox.all {
            writer.named(signal.name, signal.sequence, &nested, Wire.OpenExecution.signals)
        }
        for id in signalIDs.inOrder { writer.string(id.text, Wire.OpenExecution.signalIds) }
        for (key, sequence) in store.sorted(by: { $0.key < $1.key }) {
            writer.named(key, sequence, &nested, Wire.OpenExecution.store)
        }
        for output in outputs.inOrder {
            writer.named(output.name, output.sequence, &nested, Wire.OpenExecution.outputs)
        }
        writer.varint(previousFailure, Wire.OpenExecution.previousFailure)
        writer.string(errorCode, Wire.OpenExecution.errorCode)
        writer.varint(firstRun, Wire.OpenExecution.firstRun)
    }

    fileprivate mutating func read(
        _ field: WireField,
        _ reader: inout WireReader
    ) throws(WireError) {
        switch field {
        case Wire.OpenExecution.retry:
            retry = RetryPolicy(try ProtoRetryPolicy(wire: try reader.bytes()))
        case Wire.OpenExecution.timeout: timeout = try reader.varint()
        case Wire.OpenExecution.delay: delay = try reader.varint()
        case Wire.OpenExecution.continuedFrom: continuedFrom = try reader.varint()
        case Wire.OpenExecution.refusedEpochs: refusedEpochs = try reader.packed()
        case Wire.OpenExecution.waits: waits.insert(try Wait(snapshot: try reader.bytes()))
        case Wire.OpenExecution.signals:
            let (name, sequence) = try reader.named()
            mailbox.insert(sequence, named: name)
        case Wire.OpenExecution.signalIds: signalIDs.insert(Name(try reader.string()))
        case Wire.OpenExecution.store:
            let (key, sequence) = try reader.named()
            store[key] = sequence
        case Wire.OpenExecution.outputs:
            let (name, sequence) = try reader.named()
            outputs.set(name, sequence)
        case Wire.OpenExecution.previousFailure: previousFailure = try reader.varint()
        case Wire.OpenExecution.errorCode: errorCode = try reader.string()
        case Wire.OpenExecution.firstRun: firstRun = try reader.varint()
        default: try reader.skip(field)
        }
    }
}

extension Wait {
    fileprivate func writeSnapshot(to writer: inout WireWriter, _ nested: inout WireWriter) {
        let kind: ProtoOpenWait.Kind =
            switch kind {
            case .timer: .timer
            case .signal: .signal
            case .retry: .retry
            }
        writer.varint(UInt64(kind.rawValue), Wire.OpenWait.kind)
        nested.removeAll()
        operation.write(to: &nested)
        writer.bytes(nested.bytes, Wire.OpenWait.operation)
        writer.time(deadline ?? Timestamp(rawValue: 0), Wire.OpenWait.deadline)
        writer.varint(sequence, Wire.OpenWait.sequence)
    }

    fileprivate init(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        var kind = Kind.timer
        var operation: Operation?
        var deadline: Timestamp?
        var sequence: UInt64 = 0
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field {
            case Wire.OpenWait.kind:
                switch ProtoOpenWait.Kind(rawValue: Int(truncatingIfNeeded: try reader.varint())) {
                case .timer: kind = .timer
                case .signal: kind = .signal
                case .retry: kind = .retry
                default: throw WireError("it waits for something unknown")
                }
            case Wire.OpenWait.operation: operation = try Operation(reading: try reader.bytes())
            case Wire.OpenWait.deadline: deadline = try reader.time()
            case Wire.OpenWait.sequence: sequence = try reader.varint()
            default: try reader.skip(field)
            }
        }
        guard let operation else { throw WireError("nothing waits") }
        self.init(kind: kind, operation: operation, deadline: deadline, sequence: sequence)
    }
}

extension WireWriter {
    /// A `daybook.v1.NamedEntry`, or another message of a name and a sequence.
    fileprivate mutating func named(
        _ name: Name,
        _ sequence: UInt64,
        _ nested: inout WireWriter,
        _ field: WireField
    ) {
        nested.removeAll()
        nested.string(name.text, Wire.NamedEntry.name)
        nested.varint(sequence, Wire.NamedEntry.sequence)
        bytes(nested.bytes, field)
    }
}

extension WireReader {
    fileprivate mutating func named() throws(WireError) -> (Name, UInt64) {
        var name: Name = ""
        var sequence: UInt64 = 0
        var reader = WireReader(try bytes())
        while let field = try reader.field() {
            switch field {
            case Wire.NamedEntry.name: name = Name(try reader.string())
            case Wire.NamedEntry.sequence: sequence = try reader.varint()
            default: try reader.skip(field)
            }
        }
        return (name, sequence)
    }

    mutating func time() throws(WireError) -> Timestamp { Timestamp(rawValue: try fixed64()) }

    /// Numbers one after the other.
    mutating func packed() throws(WireError) -> [UInt64] {
        var numbers: [UInt64] = []
        var reader = WireReader(try bytes())
        while !reader.isAtEnd { numbers.append(try reader.varint()) }
        return numbers
    }
}
