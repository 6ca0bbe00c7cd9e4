import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

extension StatePart {
    /// Sessions that are open: each has a stream of its own.
    static let sessions = StatePart(
        name: "sessions",
        schema: 2,
        kinds: [.sessionOpened, .sessionClosed, .sessionLost],
        apply: { state, kind, entry, _ in
            try state.checkIsOfNoExecution(kind, entry)
            try State.apply(kind, entry, &state.sessions)
            return false
        },
        items: { $0.sessions.map(\.number) },
        write: { state, number, writer, _ in
            guard let session = state.sessions.first(where: { $0.number == number }) else { return }
            session.open.encoded().withUnsafeBytes { writer.raw($0) }
        },
        read: State.readSession
    )
}

extension State {
    /// A session: a process that has the journal open for writing.
    package struct Session: Sendable {
        /// The sequence of its first entry.
        package let number: UInt64
        /// Names its lock file.
        package let uuid: Identifier
        /// When it was opened.
        package let openedAt: Timestamp
        /// Who it says is acting.
        package let actor: String
        /// The host that it is on.
        package let host: String
        /// Its process there.
        package let pid: UInt32
        /// The number of the namespace that the process's number belongs to; 0: it is not known.
        package let pidNamespace: UInt64
        /// Name of the program.
        package let program: String
        /// The revision of its code, as it says; empty: it says none.
        package let revision: Name
        /// How many entries its stream has.
        var entries: UInt64 = 1
        /// The last of them.
        var last: UInt64 = 0
    }

    @Sendable
    fileprivate static func readSession(
        _ state: inout State,
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) {
        state.sessions.append(try Session(ProtoOpenSession(wire: bytes)))
    }
}

extension State {
    /// Takes in an entry about a session.
    static func apply(_ kind: EventKind, _ entry: EntryView, _ sessions: inout [Session]) throws {
        switch kind {
        case .sessionOpened:
            sessions.append(try Session(openedBy: entry))
        case .sessionClosed, .sessionLost:
            let number = entry.header.stream.rawValue
            guard let index = sessions.firstIndex(where: { $0.number == number }) else {
                throw WireError("the session \(number) that it is about is not open")
            }
            try entry.header.check(follows: sessions[index].last, of: sessions[index].entries)
            sessions.remove(at: index)
        default: break
        }
    }
}

extension State.Session {
    /// What the entry says that opens a session, as it is right after it.
    package init(openedBy entry: EntryView) throws {
        guard entry.header.stream.rawValue == entry.header.sequence else {
            throw WireError(
                "it opens the session \(entry.header.stream), which is not its own sequence"
            )
        }
        try entry.header.check(follows: 0, of: 0)
        let event = try ProtoSessionOpened(decoding: entry)
        guard let uuid = Identifier(Array(event.uuid)) else {
            throw WireError("the UUID of a session has \(event.uuid.count) bytes")
        }
        self.init(
            number: entry.header.sequence,
            uuid: uuid,
            openedAt: entry.header.time,
            actor: event.actor,
            host: event.host,
            pid: event.pid,
            pidNamespace: event.pidNamespace,
            program: event.program,
            revision: Name(event.revision),
            entries: 1,
            last: entry.header.sequence
        )
    }

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
            $0.revision = revision.text
            $0.entries = entries
            $0.last = last
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
            program: open.program,
            revision: Name(open.revision),
            entries: open.entries,
            last: open.last
        )
    }
}
