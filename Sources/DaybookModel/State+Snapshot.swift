public import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// What is open, as a file: fields 5 to 8 of `daybook.v1.Snapshot`. The fields before them are the
/// shell's.
///
/// Written and read by hand, because recovery waits for it: a hundred thousand executions may be
/// open.
extension State {
    /// What a snapshot of the state is called.
    public static let projection = "state"

    /// Version of a snapshot's contents. To be raised whenever they change, or the fold does: what
    /// an older fold has left out cannot be found by a newer one.
    public static let snapshotSchema: UInt32 = 2

    /// Writes what is open, without the batch under way.
    /// - Parameter write: takes the bytes piece by piece.
    public func writeSnapshot<Failure: Error>(
        to write: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        var writer = WireWriter(capacity: Self.snapshotPiece * 2)
        writer.message(journal.created.encoded(), field: 5)
        writer.varint(journal.snapshotSize, field: 6)
        for session in sessions { writer.message(session.open.encoded(), field: 7) }
        var execution = WireWriter()
        var nested = WireWriter()
        for number in executions.numbers {
            guard let state = executions[number] else { continue }
            execution.removeAll()
            state.writeSnapshot(to: &execution, &nested)
            writer.bytes(execution.bytes, field: 8)
            if writer.count >= Self.snapshotPiece {
                try write(writer.bytes)
                writer.removeAll()
            }
        }
        try write(writer.bytes)
    }

    private static var snapshotPiece: Int { 1 << 20 }

    /// Reads a snapshot: the whole of a `daybook.v1.Snapshot`, of ``snapshotSchema``.
    /// - Throws: `WireError`.
    public init(snapshot: UnsafeRawBufferPointer) throws(WireError) {
        self.init()
        var reader = WireReader(snapshot)
        while let field = try reader.field() {
            switch field.tag {
            case 3 << 3: next = try reader.varint()
            case 5 << 3 | 2:
                journal.apply(try ProtoJournalCreated(wire: try reader.bytes()))
            case 6 << 3: journal.snapshotSize = try reader.varint()
            case 7 << 3 | 2:
                sessions.append(try Session(ProtoOpenSession(wire: try reader.bytes())))
            case 8 << 3 | 2:
                let state = try ExecutionState(snapshot: try reader.bytes()) { intern($0) }
                executions.insert(state)
            default: try reader.skip(field)
            }
        }
        rebuildQueues()
    }
}

extension State.Session {
    fileprivate var open: ProtoOpenSession {
        .with {
            $0.number = number
            $0.openedAt = openedAt.rawValue
            $0.uuid = Data(uuid.bytes)
            $0.actor = actor
            $0.host = host
            $0.pid = pid
            $0.pidNamespace = pidNamespace
            $0.program = program
        }
    }

    fileprivate init(_ open: ProtoOpenSession) throws(WireError) {
        guard let uuid = Identifier(Array(open.uuid)) else {
            throw WireError("the UUID of a session has \(open.uuid.count) bytes")
        }
        self.init(
            number: open.number,
            uuid: uuid,
            openedAt: Timestamp(rawValue: open.openedAt),
            actor: open.actor,
            host: open.host,
            pid: open.pid,
            pidNamespace: open.pidNamespace,
            program: open.program
        )
    }
}

extension Message {
    /// Decodes a message inside another.
    init(wire bytes: UnsafeRawBufferPointer) throws(WireError) {
        do {
            try self.init(serializedBytes: Array(bytes))
        } catch {
            throw WireError("it is not a \(Self.protoMessageName) (\(error))")
        }
    }
}

extension WireWriter {
    mutating func message(_ bytes: [UInt8], field: UInt32) {
        bytes.withUnsafeBytes { self.bytes($0, field: field) }
    }

    mutating func time(_ time: Timestamp, field: UInt32) { fixed64(time.rawValue, field: field) }

    /// Numbers one after the other; absent when there are none.
    mutating func packed(_ numbers: some Collection<UInt64>, field: UInt32) {
        guard !numbers.isEmpty else { return }
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(numbers.reduce(0) { $0 + WireWriter.size($1) }))
        for number in numbers { varint(number) }
    }
}
