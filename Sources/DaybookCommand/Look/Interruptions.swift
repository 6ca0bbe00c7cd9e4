#if CLI
import Daybook
import DaybookInspector
import DaybookSystem

/// Finds the executions that nobody works on any more: the process that holds them is gone, and
/// nobody has taken over yet.
///
/// A session is asked for its process once, however many executions it holds.
struct Interruptions {
    private let inspector: Inspector
    private let ask: (UInt64) throws -> SessionLiveness
    private var known: [UInt64: SessionLiveness] = [:]

    /// - Parameter ask: whether the process of a session lives.
    init(_ inspector: Inspector, ask: @escaping (UInt64) throws -> SessionLiveness) {
        self.inspector = inspector
        self.ask = ask
    }

    init(_ inspector: Inspector) {
        self.init(inspector) { number in
            do {
                return try SessionLiveness.of(inspector.session(number), in: inspector.folder)
            } catch let error as SystemError where error.isReadOnly {
                // Whoever may read the journal, and not the locks of its sessions, is told what the
                // journal says.
                return .alive
            }
        }
    }

    /// Whether an execution is interrupted, as a record of it says that was read before.
    mutating func contains(_ record: ExecutionRecord) throws -> Bool {
        guard let holder = record.holder, try liveness(of: holder) == .gone else { return false }
        // It may have got on between the look at it and that at its process.
        return try inspector.isCurrent(record)
    }

    private mutating func liveness(of session: UInt64) throws -> SessionLiveness {
        if let liveness = known[session] { return liveness }
        let liveness = try ask(session)
        known[session] = liveness
        return liveness
    }
}

extension ExecutionRecord {
    /// The session without which it does not get on; nil: there is none, or it waits, for which nobody
    /// has to hold it.
    var holder: UInt64? { status == .waiting || isParked ? nil : session }

    /// Says that nobody works on it.
    func interruptionNotice(_ common: CommonOptions) -> TerminalText {
        let successor = WorkerAdvice(type, common).successor
        return
            "\(id: id) is interrupted: the process that ran it is gone, and it goes on when another takes over, such as \(successor)"
    }
}
#endif
