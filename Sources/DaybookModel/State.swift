public import DaybookFormat

/// All that is open in a journal, folded from its entries.
///
/// It is made of parts, each folded from events of its own. Entries are applied where the state
/// lies. The entries of a batch that is not yet on the disk are applied too; what they touch is
/// noted, so that readers see what is on the disk and a batch that was not written is undone.
public struct State: Sendable {
    /// Executions that are not closed.
    var executions = ExecutionTable()
    /// Those of them that may be claimed, in order.
    var ready = ReadyQueues()
    /// Their deadlines.
    var timers = Timers()
    /// What entry 0 and the interning entries say.
    public internal(set) var journal = JournalFacts()
    /// Sessions that are neither closed nor known to be lost, in order.
    public internal(set) var sessions: [Session] = []
    /// One more than the sequence of the last entry that is on the disk and taken in.
    public internal(set) var next: UInt64 = 0
    /// One copy of each type's name, shared by its executions.
    var types: [Name: String] = [:]
    /// What the batch under way has changed.
    var batch = BatchNotes()

    /// The state of a journal without entries.
    public init() {}

    /// A session: a process that has the journal open for writing.
    public struct Session: Sendable {
        /// The sequence of its first entry.
        public let number: UInt64
        /// Names its lock file.
        public let uuid: Identifier
        /// When it was opened.
        public let openedAt: Timestamp
        /// Who it says is acting.
        public let actor: String
        /// The host that it is on.
        public let host: String
        /// Its process there.
        public let pid: UInt32
        /// The number of the namespace that the process's number belongs to; 0: it is not known.
        public let pidNamespace: UInt64
        /// Name of the program.
        public let program: String
    }

    /// The one copy of a type's name.
    mutating func intern(_ type: String) -> String {
        let name = Name(type)
        if let known = types[name] { return known }
        types[name] = type
        return type
    }

    // MARK: Looking

    /// How many executions are open.
    public var openCount: Int { executions.count }

    /// An open execution, as the batch under way leaves it.
    public func execution(_ number: UInt64) -> ExecutionState? { executions[number] }

    /// The numbers of all open executions, ascending.
    public var openExecutions: [UInt64] { executions.numbers }

    /// Whether a session is neither closed nor known to be lost.
    func isOpen(session: UInt64) -> Bool { sessions.contains { $0.number == session } }

    /// The numbers of the executions whose lease a session holds, ascending.
    func leased(by session: UInt64) -> [UInt64] {
        executions.numbers.filter { executions[$0]?.session == session }
    }

    /// The number of the execution that has been ready for the longest of those of the given types.
    public mutating func firstReady(of types: [String]) -> UInt64? {
        let executions = executions
        return ready.first(of: types) { executions[$0.number]?.isQueued($0) ?? false }
    }

    /// Whether an execution waits, and nobody who lives holds its lease.
    func hasNoHolder(_ number: UInt64) -> Bool {
        guard let execution = executions[number] else { return false }
        return execution.status == .waiting && !isOpen(session: execution.session)
    }
}

/// What holds for a journal as a whole.
public struct JournalFacts: Sendable {
    /// The journal's UUID; nil before entry 0.
    public internal(set) var uuid: Identifier?
    /// The origin line of its checkpoints.
    public internal(set) var origin = ""
    /// Bytes that a payload may have.
    public internal(set) var payloadLimit = 16 << 20
    /// So many lost leases in a row park an execution.
    public internal(set) var lossLimit: UInt32 = 5
    /// Nanoseconds after which what was submitted and never executed expires.
    public internal(set) var submissionLifetime: UInt64 = 3_600_000_000_000
    /// Where the journal is at home.
    public internal(set) var binding = ProtoBinding()
    /// How many entries the newest recorded snapshot of the state is the fold of; 0: there is none.
    public internal(set) var snapshotSize: UInt64 = 0
    /// Content types; the number of one is its place, from 1.
    public internal(set) var contentTypes: [String] = []

    /// The number of a content type.
    func number(ofContentType type: String) -> UInt32? {
        contentTypes.firstIndex { $0.hasBytes(of: type) }.map { UInt32($0 + 1) }
    }
}
