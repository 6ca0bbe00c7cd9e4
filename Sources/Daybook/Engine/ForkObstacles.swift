import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

/// Why an execution cannot be forked at an operation, as far as its record says it.
enum ForkObstacle {
    /// What cannot be shared was open there.
    case place(String)
    /// What was done before has been undone since.
    case undone(Name, OperationPath)
    /// Another fork, of that number, owes what was done before.
    case owed(UInt64)
    /// The files that it had there are saved nowhere, as the entry says.
    case unsaved(UInt64)
}

/// What is recorded of an execution that is to be forked: it is read once for all of its operations.
struct ForkObstacles {
    /// The execution as it is now.
    let now: ExecutionState
    private let debts: StandingDebts
    /// What was registered for an end and has run without an error, by who registered it: the last entry that
    /// says so.
    private let ended: [OperationPath: UInt64]
    private let history: JournalHistory
    /// The name of what the handler registers and undoes nothing by; nil: there is nothing of the kind.
    private let harmless: Name?

    init(of number: UInt64, _ store: any JournalStore, harmless: Name?) throws {
        history = JournalHistory(store: store, execution: number)
        now = try history.history(of: number)
        debts = StandingDebts(now)
        self.harmless = harmless
        var ended: [OperationPath: UInt64] = [:]
        try history.scan(from: try history.beginning(of: number)) { entry, _ in
            guard entry.event == EventKind.cleaningEnded.rawValue else { return true }
            let event = try ProtoCleaningEnded(decoding: entry)
            if !event.hasError {
                ended[OperationPath(try Operation(event.operation))] = entry.header.sequence
            }
            return true
        }
        self.ended = ended
    }

    /// What is in the way of a fork at an operation; nil: nothing.
    /// - Parameters:
    ///   - found: where the operation begins.
    ///   - past: the execution as it was before that.
    func obstacle(at found: FoundOperation, _ past: ExecutionState) -> ForkObstacle? {
        if let reason = past.objectionToFork { return .place(reason) }
        if past.firstRegistration != nil {
            let spared = harmless.flatMap { past.firstRegistration(named: $0) }
            if let heir = debts.heir(before: found.first, except: spared) { return .owed(heir) }
            let undone = debts.undone(since: past, except: spared) { path in
                ended[path].map { $0 > found.first } ?? false
            }
            if let undone { return .undone(undone.name, undone.path) }
        }
        return past.workspace.isUnsaved ? .unsaved(past.workspace.entry) : nil
    }

    /// The operations that nothing is in the way of, the newest first.
    /// - Parameter found: those that began before this one, or come before it in the code: what was undone runs
    ///   again in a later attempt. Nil: all of them.
    func open(before found: FoundOperation?) throws -> [FoundOperation] {
        var operations: [UInt64: FoundOperation] = [:]
        for other in try history.operations(of: now.number, where: { _ in true })
        where found.map(other.isBefore) ?? true {
            operations[other.first] = other
        }
        var open: [FoundOperation] = []
        try history.fold(of: now.number, before: { operations[$0] != nil }) { sequence, past in
            guard let found = operations[sequence], past.hasComeTo(found.operation),
                obstacle(at: found, past) == nil
            else { return }
            open.append(found)
        }
        return open.reversed()
    }
}

extension FoundOperation {
    /// Whether it began before another one, or comes before it in the code.
    fileprivate func isBefore(_ other: FoundOperation) -> Bool {
        first < other.first || numbers.lexicographicallyPrecedes(other.numbers)
    }

    /// What lies inside of an operation comes after it, and before the next one.
    private var numbers: [UInt32] { operation.scope + [operation.position] }
}
