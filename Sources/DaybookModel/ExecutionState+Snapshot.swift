import DaybookFormat
import SwiftProtobuf

/// An open execution as `daybook.v1.OpenExecution`.
extension ExecutionState {
    /// - Parameter nested: for the messages inside; what is in it is lost.
    func writeSnapshot(to writer: inout WireWriter, _ nested: inout WireWriter) {
        writer.varint(number, field: 1)
        writer.string(id, field: 2)
        writer.string(type, field: 3)
        writer.varint(UInt64(status.proto.rawValue), field: 4)
        writer.bool(isParked, field: 5)
        writer.bool(isPaused, field: 6)
        writer.bool(isDelayed, field: 7)
        writer.bool(!beginsAttempt, field: 8)
        writer.varint(session, field: 9)
        writer.varint(epoch, field: 10)
        writer.varint(UInt64(attempt), field: 11)
        writer.varint(UInt64(losses), field: 12)
        writer.time(submittedAt, field: 13)
        writer.time(startAt, field: 14)
        writer.time(startedAt, field: 15)
        writer.time(finishedAt, field: 16)
        writer.time(updatedAt, field: 17)
        writer.time(deadline, field: 18)
        writer.varint(entries, field: 19)
        writer.varint(last, field: 20)
        writer.varint(readySequence, field: 21)
        progress.writeSnapshot(to: &writer, &nested, field: 22)
        rare.writeSnapshot(to: &writer, &nested)
    }

    /// - Parameter intern: gives the one copy of a type's name.
    init(
        snapshot bytes: UnsafeRawBufferPointer,
        _ intern: (String) -> String
    ) throws(WireError) {
        var number: UInt64 = 0
        var id = ""
        var type = ""
        var submittedAt = Timestamp(rawValue: 0)
        var reader = WireReader(bytes)
        // The constants first; they come in this order, before the rest.
        while let field = try reader.field() {
            switch field.tag {
            case 1 << 3: number = try reader.varint()
            case 2 << 3 | 2: id = try reader.string()
            case 3 << 3 | 2: type = intern(try reader.string())
            case 13 << 3 | 1: submittedAt = try reader.time()
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
        _ field: WireReader.Field,
        _ reader: inout WireReader
    ) throws(WireError) {
        switch field.tag {
        case 4 << 3: status = try Self.status(try reader.varint())
        case 5 << 3: isParked = try reader.varint() != 0
        case 6 << 3: isPaused = try reader.varint() != 0
        case 7 << 3: isDelayed = try reader.varint() != 0
        case 8 << 3: beginsAttempt = try reader.varint() == 0
        case 9 << 3: session = try reader.varint()
        case 10 << 3: epoch = try reader.varint()
        case 11 << 3: attempt = UInt32(truncatingIfNeeded: try reader.varint())
        case 12 << 3: losses = UInt32(truncatingIfNeeded: try reader.varint())
        case 14 << 3 | 1: startAt = try reader.time()
        case 15 << 3 | 1: startedAt = try reader.time()
        case 16 << 3 | 1: finishedAt = try reader.time()
        case 17 << 3 | 1: updatedAt = try reader.time()
        case 18 << 3 | 1: deadline = try reader.time()
        case 19 << 3: entries = try reader.varint()
        case 20 << 3: last = try reader.varint()
        case 21 << 3: readySequence = try reader.varint()
        case 22 << 3 | 2: try progress.read(snapshot: try reader.bytes())
        case 1 << 3, 2 << 3 | 2, 3 << 3 | 2, 13 << 3 | 1: try reader.skip(field)
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
        if let retry { writer.message(retry.proto.encoded(), field: 23) }
        writer.varint(timeout, field: 24)
        writer.varint(delay, field: 25)
        writer.varint(continuedFrom, field: 26)
        writer.packed(refusedEpochs, field: 27)
        var operation = WireWriter()
        for wait in waits {
            nested.removeAll()
            wait.writeSnapshot(to: &nested, &operation)
            writer.bytes(nested.bytes, field: 28)
        }
        for signal in mailbox.all {
            writer.named(signal.name, signal.sequence, &nested, field: 29)
        }
        for id in signalIDs.inOrder { writer.string(id, field: 30) }
        for (key, sequence) in store.map({ ($0.text, $1) }).sorted(by: { Self.byBytes($0.0, $1.0) })
        {
            writer.named(key, sequence, &nested, field: 31)
        }
        for output in outputs { writer.named(output.name, output.sequence, &nested, field: 32) }
        writer.varint(previousFailure, field: 33)
        writer.string(errorCode, field: 34)
        writer.varint(firstRun, field: 35)
    }

    private static func byBytes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    fileprivate mutating func read(
        _ field: WireReader.Field,
        _ reader: inout WireReader
    ) throws(WireError) {
        switch field.tag {
        case 23 << 3 | 2: retry = RetryPolicy(try ProtoRetryPolicy(wire: try reader.bytes()))
        case 24 << 3: timeout = try reader.varint()
        case 25 << 3: delay = try reader.varint()
        case 26 << 3: continuedFrom = try reader.varint()
        case 27 << 3 | 2: refusedEpochs = try reader.packed()
        case 28 << 3 | 2: waits.append(try Wait(snapshot: try reader.bytes()))
        case 29 << 3 | 2:
            let (name, sequence) = try reader.named()
            mailbox.insert(sequence, named: name)
        case 30 << 3 | 2: signalIDs.insert(try reader.string())
        case 31 << 3 | 2:
            let (key, sequence) = try reader.named()
            store[Name(key)] = sequence
        case 32 << 3 | 2:
            let (name, sequence) = try reader.named()
            outputs.append(NamedOutput(name: name, sequence: sequence))
        case 33 << 3: previousFailure = try reader.varint()
        case 34 << 3 | 2: errorCode = try reader.string()
        case 35 << 3: firstRun = try reader.varint()
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
        writer.varint(UInt64(kind.rawValue), field: 1)
        nested.removeAll()
        operation.write(to: &nested)
        writer.bytes(nested.bytes, field: 2)
        writer.time(deadline ?? Timestamp(rawValue: 0), field: 3)
        writer.varint(sequence, field: 4)
    }

    fileprivate init(snapshot bytes: UnsafeRawBufferPointer) throws(WireError) {
        var kind = Kind.timer
        var operation: Operation?
        var deadline: Timestamp?
        var sequence: UInt64 = 0
        var reader = WireReader(bytes)
        while let field = try reader.field() {
            switch field.tag {
            case 1 << 3:
                switch ProtoOpenWait.Kind(rawValue: Int(truncatingIfNeeded: try reader.varint())) {
                case .timer: kind = .timer
                case .signal: kind = .signal
                case .retry: kind = .retry
                default: throw WireError("it waits for something unknown")
                }
            case 2 << 3 | 2: operation = try Operation(reading: try reader.bytes())
            case 3 << 3 | 1: deadline = try reader.time()
            case 4 << 3: sequence = try reader.varint()
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
        _ name: String,
        _ sequence: UInt64,
        _ nested: inout WireWriter,
        field: UInt32
    ) {
        nested.removeAll()
        nested.string(name, field: 1)
        nested.varint(sequence, field: 2)
        bytes(nested.bytes, field: field)
    }
}

extension WireReader {
    fileprivate mutating func named() throws(WireError) -> (String, UInt64) {
        var name = ""
        var sequence: UInt64 = 0
        var reader = WireReader(try bytes())
        while let field = try reader.field() {
            switch field.tag {
            case 1 << 3 | 2: name = try reader.string()
            case 2 << 3: sequence = try reader.varint()
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
