public import DaybookFormat
import DequeModule

/// All that is open in a journal, folded from its entries, with room for a batch that is not yet
/// on the disk.
///
/// Entries on the disk change the base. Entries of the batch under way change an overlay, which is
/// merged when the batch is committed, or dropped.
public struct State: Sendable {
    var base = Base()
    var overlay = Overlay()

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
        /// Name of the program.
        public let program: String
    }

    struct Base: Sendable {
        var executions = ExecutionTable()
        var next: UInt64 = 0
        var sessions: [Session] = []
        var ready: [TypeName: ReadyQueue] = [:]
        var journal = JournalFacts()
        /// One copy of each type's name, shared by its executions.
        var types: [TypeName: String] = [:]
        var timers = Timers()
    }

    /// The one copy of a type's name.
    mutating func intern(_ type: String) -> String {
        let name = TypeName(type)
        if let known = base.types[name] { return known }
        base.types[name] = type
        return type
    }

    /// The name of a workflow as bytes: strings that only look the same are not the same name.
    struct TypeName: Hashable, Sendable {
        private let bytes: [UInt8]

        init(_ name: String) { bytes = Array(name.utf8) }
    }

    /// A place in the queue of a type; void once the execution has become ready again or has left.
    struct ReadyItem: Sendable {
        let number: UInt64
        let sequence: UInt64
    }

    /// What is ready of a type, in order. Void places are dropped when they come to the head, and
    /// all of them when the queue has doubled.
    struct ReadyQueue: Sendable {
        var items = Deque<ReadyItem>()
        var limit = 64
    }

    struct Overlay: Sendable {
        /// Executions as the batch leaves them; nil: closed by it.
        var executions: [UInt64: ExecutionState?] = [:]
        /// The keys of `executions`, in the order in which they came.
        var order: [UInt64] = []
        /// What its entries did to those that stay open, in order.
        var changes:
            [(
                type: String, number: UInt64, readySequence: UInt64, change: ExecutionState.Change
            )] = []
        var next: UInt64 = 0
        var sessions: [Session]?
        var journal: JournalFacts?

        var isEmpty: Bool { next == 0 }
    }

    // MARK: Looking

    /// What entry 0 and the interning entries say.
    public var journal: JournalFacts { overlay.journal ?? base.journal }
    /// Sessions that are neither closed nor known to be lost, in order.
    public var sessions: [Session] { overlay.sessions ?? base.sessions }
    /// How many executions are open.
    public var openCount: Int { base.executions.count }

    /// An open execution, as the batch under way leaves it.
    public func execution(_ number: UInt64) -> ExecutionState? {
        if let pending = overlay.executions[number] { return pending }
        return base.executions[number]
    }

    /// An open execution, as it is on the disk.
    public func committed(_ number: UInt64) -> ExecutionState? { base.executions[number] }

    /// One more than the sequence of the last entry that is on the disk and taken in.
    public var next: UInt64 { base.next }

    /// The numbers of all open executions, ascending, without those of the batch under way.
    public var openExecutions: [UInt64] { base.executions.numbers }

    /// Whether a session is neither closed nor known to be lost.
    func isOpen(session: UInt64) -> Bool { sessions.contains { $0.number == session } }

    /// Deadlines that have come, as far as ``advance(to:limit:)`` has looked.
    var due: [TimerItem] { base.timers.due }

    /// The numbers of the executions whose lease a session holds, ascending.
    func leased(by session: UInt64) -> [UInt64] {
        var numbers = base.executions.numbers
        for number in overlay.order where base.executions[number] == nil { numbers.append(number) }
        // One that the batch reopens may be older than those before it.
        return numbers.filter { execution($0)?.session == session }.sorted()
    }

    /// The execution that has been ready for the longest of those of the given types.
    public func firstReady(of types: [String]) -> ExecutionState? {
        var first: ExecutionState?
        for type in types {
            guard let state = firstReady(of: type) else { continue }
            if first.map({ state.readySequence < $0.readySequence }) ?? true { first = state }
        }
        return first
    }

    private func firstReady(of type: String) -> ExecutionState? {
        for item in base.ready[TypeName(type)]?.items ?? [] {
            if let state = execution(item.number), isQueued(state, item) { return state }
        }
        for (changed, number, sequence, change) in overlay.changes
        where change.becameClaimable && changed.utf8.elementsEqual(type.utf8) {
            let item = ReadyItem(number: number, sequence: sequence)
            if let state = execution(number), isQueued(state, item) { return state }
        }
        return nil
    }

    func isQueued(_ state: ExecutionState, _ item: ReadyItem) -> Bool {
        state.isClaimable && state.readySequence == item.sequence
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
        contentTypes.firstIndex { $0.utf8.elementsEqual(type.utf8) }.map { UInt32($0 + 1) }
    }
}
