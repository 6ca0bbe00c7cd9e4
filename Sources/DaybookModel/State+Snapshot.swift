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
        writer.message(journal.created.encoded(), Wire.Snapshot.journal)
        writer.varint(journal.snapshotSize, Wire.Snapshot.recorded)
        for session in sessions { writer.message(session.open.encoded(), Wire.Snapshot.sessions) }
        var execution = WireWriter()
        var nested = WireWriter()
        for number in executions.numbers {
            guard let state = executions[number] else { continue }
            execution.removeAll()
            state.writeSnapshot(to: &execution, &nested)
            writer.bytes(execution.bytes, Wire.Snapshot.executions)
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
            switch field {
            case Wire.Snapshot.size: next = try reader.varint()
            case Wire.Snapshot.journal:
                journal.apply(try ProtoJournalCreated(wire: try reader.bytes()))
            case Wire.Snapshot.recorded: journal.snapshotSize = try reader.varint()
            case Wire.Snapshot.sessions:
                sessions.append(try Session(ProtoOpenSession(wire: try reader.bytes())))
            case Wire.Snapshot.executions:
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
    mutating func message(_ bytes: [UInt8], _ field: WireField) {
        bytes.withUnsafeBytes { self.bytes($0, field) }
    }

    mutating func time(_ time: Timestamp, _ field: WireField) { fixed64(time.rawValue, field) }

    /// Numbers one after the other; absent when there are none.
    mutating func packed(_ numbers: some Collection<UInt64>, _ field: WireField) {
        guard !numbers.isEmpty else { return }
        tag(field, .lengthDelimited)
        varint(UInt64(numbers.reduce(0) { $0 + WireWriter.size($1) }))
        for number in numbers { varint(number) }
    }
}
