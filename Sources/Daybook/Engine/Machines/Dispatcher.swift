import DaybookModel
import DaybookSystem
import DequeModule

/// Decides when this process takes on work, when it gives leases back, and when it holds its breath
/// because the journal cannot be written or the machine has too little of something.
///
/// Nothing that fails is forgotten: it is tried again after a pause, which grows with each failure.
/// It does nothing itself: it is told what has happened, and answers what is to be done.
struct Dispatcher: Sendable {
    /// Why nothing is taken on at this moment.
    enum Trouble: Sendable {
        /// The journal could not be written.
        case journal(any Error)
        /// The machine has too little of something.
        case shortage(Shortage)

        /// The error that says it.
        var error: any Error {
            switch self {
            case .journal(let error): error
            case .shortage(let shortage): shortage
            }
        }
    }

    /// What is to be done.
    enum Action: Sendable {
        /// Take leases, and say ``Dispatcher/claimed(_:)``.
        case claim
        /// Give these leases back, and say ``Dispatcher/released(_:)``.
        case release([Lease])
        /// Say ``Dispatcher/pauseIsOver()`` after that time.
        case pause(Duration)
    }

    private var isPausing = false
    private var isReleasing = false
    private var pause = GrowingPause()
    /// Leases whose end could not be recorded.
    private var leftovers: [Lease] = []
    /// Executions that this process was asked to run.
    private var asked: Set<UInt64> = []
    /// Those of them that something has happened to, in order.
    private var candidates = Deque<UInt64>()
    private var errors: [UInt64: any Error] = [:]
    private var damage: [(number: UInt64, error: any Error)] = []
    /// Leases are being taken.
    private(set) var isClaiming = false
    /// There was something to claim, and no room for it.
    private(set) var isStarved = false
    private(set) var trouble: Trouble?
    private(set) var isStopping = false

    // MARK: Working

    /// Whether nothing is taken on, however much room there is.
    var isHeld: Bool { isStopping || isPausing }

    /// Says what there is to do.
    /// - Parameters:
    ///   - isClaimable: something is ready that this process may run.
    ///   - room: how many more leases it takes.
    mutating func look(isClaimable: Bool, room: Int) -> [Action] {
        isStarved = isClaimable && room == 0
        guard !isHeld else { return [] }
        var actions: [Action] = []
        if !leftovers.isEmpty, !isReleasing {
            isReleasing = true
            actions.append(.release(leftovers))
            leftovers = []
        }
        if isClaimable, room > 0, !isClaiming {
            isClaiming = true
            actions.append(.claim)
        }
        return actions
    }

    /// Leases were taken, or could not be.
    mutating func claimed(_ error: (any Error)?) -> [Action] {
        isClaiming = false
        guard let error else {
            recover()
            return []
        }
        return meet(.journal(error))
    }

    /// Leases were given back, but for these, because of an error.
    mutating func released(_ failure: (left: [Lease], error: any Error)?) -> [Action] {
        isReleasing = false
        guard let failure else {
            recover()
            return []
        }
        leftovers = failure.left + leftovers
        return meet(.journal(failure.error))
    }

    /// A lease could not be given back: that is tried again.
    mutating func keep(_ lease: Lease, because error: any Error) -> [Action] {
        leftovers.append(lease)
        errors[lease.execution] = error
        return meet(.journal(error))
    }

    /// Nothing begins any more.
    mutating func stop() { isStopping = true }

    // MARK: Trouble

    /// Takes on nothing for a while.
    mutating func meet(_ trouble: Trouble) -> [Action] {
        self.trouble = trouble
        guard !isPausing, !isStopping else { return [] }
        isPausing = true
        return [.pause(pause.take())]
    }

    /// What was held back is tried again.
    mutating func pauseIsOver() {
        isPausing = false
        // Whether the journal can be written again is known once something has been.
        if case .shortage = trouble { trouble = nil }
        // What could be given back meanwhile is gone on with by whoever claims it.
        if leftovers.isEmpty { errors = [:] }
    }

    /// Leases were granted: the journal can be written.
    mutating func granted() { if !isPausing { recover() } }

    /// An execution has come to an end of its own: the machine has enough of everything.
    mutating func progress() { if trouble == nil { pause.reset() } }

    private mutating func recover() {
        guard case .journal = trouble else { return }
        trouble = nil
        errors = [:]
        pause.reset()
    }

    /// Why nothing is taken on, until that is tried again.
    var failure: Trouble? { isPausing ? trouble : nil }

    // MARK: Executions that cannot go on

    /// An execution cannot go on until the trouble is over.
    mutating func fail(_ number: UInt64, _ error: any Error) { errors[number] = error }

    /// The history of an execution cannot be read.
    mutating func noteDamage(_ number: UInt64, _ error: any Error) {
        damage.append((number, error))
    }

    /// Why an execution cannot go on in this process, if that is so.
    func failure(of number: UInt64) -> (any Error)? {
        errors[number] ?? damage.first { $0.number == number }?.error
    }

    /// Why executions that are held here are never run: of the first of them.
    var firstDamage: (any Error)? { damage.first?.error }

    /// An execution is not held here any more.
    mutating func letGo(_ number: UInt64) { damage.removeAll { $0.number == number } }

    // MARK: Executions that it was asked to run

    /// This process is to run an execution, until that is closed.
    mutating func ask(_ number: UInt64) {
        asked.insert(number)
        candidates.append(number)
    }

    /// An execution has begun a child, or it is opened again: who runs the one runs the other.
    mutating func note(child: UInt64, of parent: UInt64) {
        if asked.contains(parent) { ask(child) }
    }

    /// Whether this process is to run an execution, until that is closed.
    func isAsked(_ number: UInt64) -> Bool { asked.contains(number) }

    /// Something has happened to an execution.
    mutating func note(_ number: UInt64) {
        if asked.contains(number) { candidates.append(number) }
    }

    /// The first that may be ready of those that it was asked to run.
    var candidate: UInt64? { candidates.first }

    /// All that it was asked to run, for what concerns each of them.
    var allAsked: [UInt64] { asked.sorted() }

    /// The first candidate is not ready.
    /// - Parameter isClosed: and it never will be.
    mutating func dropCandidate(_ number: UInt64, isClosed: Bool) {
        if candidates.first == number { candidates.removeFirst() }
        if isClosed { asked.remove(number) }
    }
}
