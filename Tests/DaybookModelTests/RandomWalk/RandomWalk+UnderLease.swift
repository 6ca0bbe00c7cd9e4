import DaybookFormat

@testable import DaybookModel

/// Commands under a lease: drawn, run, and asked of the reference model too.
extension RandomWalk {
    static let signals: [Name] = ["go", "stop"]

    // MARK: Draws

    /// Mostly a valid lease and its session; now and then an old one, or another session.
    private mutating func drawLease() throws -> (lease: Lease, session: UInt64)? {
        let valid = leases.filter { lease, session in
            let known = reference.executions[lease.execution]
            return known?.holder == session && known?.epoch == lease.epoch
                && reference.sessions.contains(session)
        }
        let isUseful = !valid.isEmpty && !generator.chance(10)
        guard var drawn = (isUseful ? valid : leases).randomElement(using: &generator) else {
            return nil
        }
        if generator.chance(20) { drawn.session = try draw(reference.sessions) }
        return drawn
    }

    mutating func useLease() throws {
        guard let (lease, session) = try drawLease() else { return try claimFirst() }
        try perform(try drawCommand(lease), lease, by: session)
    }

    mutating func finishOne() throws {
        guard let (lease, session) = try drawLease() else { return try claimFirst() }
        try perform(.complete(drawTypes(), logs: drawLogs()), lease, by: session)
    }

    mutating func perform(
        _ command: ReferenceModel.Leased,
        _ lease: Lease,
        by session: UInt64
    ) throws {
        let found = try run(command, lease, session)
        let expected = reference.perform(command, lease, by: session)
        let what = "\(command) of \(lease.id) \(lease.execution) by \(session) in \(lease.epoch)"
        try compare(what, found, expected)
    }

    private mutating func drawCommand(_ lease: Lease) throws -> ReferenceModel.Leased {
        let known = reference.executions[lease.execution]
        if let known, known.isForCleaning, known.owes, !generator.chance(6) {
            return try drawCleaning(known)
        }
        if generator.chance(14) { return try drawRegistration(known) }
        if generator.chance(8) {
            if let join = try drawJoin(known) { return join }
            return reference.open.count > 16 ? try drawSleep(known) : try drawSpawn(known)
        }
        if known?.isInBranches ?? false, generator.chance(10) {
            return try drawSettlement(known)
        }
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<8:
            return .start(try drawOperation(known, .checkpoint), undoes: generator.chance(3))
        case 8..<30:
            return drawOutcome(try drawOperation(known, .checkpoint), known, undoes: 3)
        case 30..<38:
            let kind = try draw([.storeSet, .storeGet, .storeDelete, .output] as [Operation.Kind])
            let hasValue = kind == .storeSet || kind == .output
            let operation = try drawOperation(
                known,
                kind,
                "key \(Int.random(in: 0...2, using: &generator))"
            )
            return .record(operation, hasValue ? drawTypes() : [], logs: drawLogs())
        case 38..<44:
            let isPoll = generator.chance(3)
            let seconds = UInt64.random(in: 0...10, using: &generator)
            let end = Timestamp(rawValue: harness.now.rawValue + seconds * 1_000_000_000)
            return .again(
                try drawOperation(known, isPoll ? .poll : .checkpoint),
                tries: UInt32.random(in: 1...3, using: &generator),
                try drawPolicy(),
                until: isPoll && generator.chance(2) ? end : nil,
                suspended: drawSuspended(known),
                undoes: generator.chance(isPoll ? 20 : 4)
            )
        case 44..<47:
            let isFull = reference.open.count > 14
            return isFull ? try drawSleep(known) : try drawChild(known)
        case 47..<54: return try drawSleep(known)
        case 54..<64:
            return .await(
                try drawOperation(known, .signal, draw(Self.signals)),
                timeout: generator.chance(2)
                    ? .seconds(Int.random(in: 0...30, using: &generator)) : nil,
                suspended: drawSuspended(known)
            )
        case 64..<69: return .suspend(generator.chance(5) ? 0 : known?.waits.count ?? 0)
        case 69..<74:
            return .split(
                try drawOperation(known, .race),
                UInt32.random(in: 1...3, using: &generator)
            )
        case 74..<79: return try drawSettlement(known)
        case 79..<84: return .complete(drawTypes(), logs: drawLogs())
        case 84..<90:
            return .fail(
                try drawError(),
                drawTypes(),
                logs: drawLogs(),
                of: generator.chance(2) ? drawFailed(known) : nil,
                generator.chance(4) ? try draw([.children, .finalizer]) : .code
            )
        case 90..<92: return .continue("input \(step)", [drawTypes()[0]], logs: drawLogs())
        case 92..<97: return .release(logs: drawLogs())
        case 97: return .park(drawTypes())
        default:
            return .doubt(
                try (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                    try drawOperation(known, .checkpoint)
                },
                drawTypes()
            )
        }
    }

    /// Mostly what may be withdrawn.
    private mutating func drawRegistration(_ known: ReferenceModel.Execution?) throws
        -> ReferenceModel.Leased
    {
        let name: Name = "undo \(Int.random(in: 0...2, using: &generator))"
        guard generator.chance(4), let some = known?.registered.randomElement(using: &generator)
        else { return .register(try drawOperation(known, .onUnfinished, name)) }
        return .withdraw(
            try drawOperation(known, .finished, some.name),
            generator.chance(6) ? 1 : some.sequence
        )
    }

    /// What the code does that runs because of an end from outside.
    private mutating func drawCleaning(_ known: ReferenceModel.Execution) throws
        -> ReferenceModel.Leased
    {
        let root = known.cleaningRoot ?? []
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<5:
            return .clean(
                known.nextToClean.map(\.name) ?? "none",
                generator.chance(3) ? drawTypes() : []
            )
        case 5..<11:
            let operation = try drawOperation(known, .checkpoint, in: root)
            return drawOutcome(operation, known, undoes: 20)
        case 11:
            return .start(
                try drawOperation(known, .checkpoint, in: root),
                undoes: generator.chance(8)
            )
        case 12, 13:
            return .record(try drawOperation(known, .storeDelete, "key", in: root), [], logs: [])
        case 14: return .split(try drawOperation(known, .race, in: root), 2)
        case 15: return try drawSettlement(known, in: root)
        case 16: return .register(try drawOperation(known, .onUnfinished, in: root))
        case 17: return .clean("another", [])
        case 18: return .park(drawTypes())
        default: return .release(logs: drawLogs())
        }
    }

    private mutating func drawSleep(_ known: ReferenceModel.Execution?) throws
        -> ReferenceModel.Leased
    {
        let seconds = Int.random(in: 0...30, using: &generator)
        let time = harness.now.rawValue - 5_000_000_000 + UInt64(seconds) * 1_000_000_000
        return .sleep(
            try drawOperation(known, .sleep),
            until: generator.chance(2) ? .after(.seconds(seconds)) : .at(Timestamp(rawValue: time)),
            suspended: drawSuspended(known)
        )
    }

    /// Mostly a new one, or that which the same operation began before; now and then another id.
    private mutating func drawChild(_ known: ReferenceModel.Execution?) throws
        -> ReferenceModel.Leased
    {
        let operation = try drawOperation(known, .child)
        let place = (operation.scope + [operation.position]).map { "\($0)" }.joined(separator: " ")
        var id = Name("child of \(known?.number ?? 0) at \(place)")
        if generator.chance(8) { id = try draw(reference.numbers.keys.sorted()) }
        if generator.chance(40) { id = "" }
        return .child(
            operation,
            id,
            type: generator.chance(20)
                ? try draw(Self.types) : Self.types[Int(operation.position) % Self.types.count],
            input: "input of \(id)",
            [drawTypes()[0]],
            suspended: drawSuspended(known)
        )
    }

    /// Mostly new ones, or those which the same operations began before.
    private mutating func drawSpawn(_ known: ReferenceModel.Execution?) throws
        -> ReferenceModel.Leased
    {
        // The handler itself runs only while no branches do.
        let isInBranches = known?.isInBranches ?? false
        let first =
            try isInBranches
            ? drawOperation(known, .spawn)
            : .op(.spawn, known?.next(in: []) ?? 0, "op")
        var all: [ReferenceModel.Spawned] = []
        for offset in 0..<UInt32.random(in: 1...3, using: &generator) {
            let position = first.position + offset
            var id = Name("spawned of \(known?.number ?? 0) at \(position)")
            if generator.chance(16) { id = try draw(reference.numbers.keys.sorted()) }
            if generator.chance(60) { id = "" }
            let type = Self.types[Int(position) % Self.types.count]
            let operation = Operation.op(.spawn, position, "op", in: first.scope)
            all.append((operation, id, type, "input of \(id)"))
        }
        return .spawn(all, [drawTypes()[0]])
    }

    /// That a handler has returned: mostly of one that has spawned something.
    private mutating func drawJoin(_ known: ReferenceModel.Execution?) throws
        -> ReferenceModel.Leased?
    {
        let hasSpawned = known?.children.contains(where: \.isSpawned) ?? false
        guard generator.chance(hasSpawned ? 2 : 12) else { return nil }
        let isInBranches = known?.isInBranches ?? false
        return .join(
            try isInBranches
                ? drawOperation(known, .join, "children")
                : .op(.join, known?.next(in: []) ?? 0, "children"),
            isAllSettled: generator.chance(3),
            drawTypes(),
            suspended: drawSuspended(known)
        )
    }

    /// An operation that is recorded, or one after it, or none.
    private mutating func drawFailed(_ known: ReferenceModel.Execution?) -> OperationPath? {
        let places = known?.operations.map { ($0.scope, $0.position) } ?? []
        guard let (scope, position) = places.randomElement(using: &generator) else { return nil }
        return OperationPath(scope: scope, position: position + (generator.chance(10) ? 1 : 0))
    }

    private mutating func drawError() throws -> ErrorFacts {
        ErrorFacts(
            kind: generator.chance(5) ? .timedOut : generator.chance(8) ? .cancelled : .generic,
            code: try draw(["fatal", "transient", "code \(step)", "code", "other"]),
            isRetryable: !generator.chance(5)
        )
    }

    private mutating func drawLogs() -> [String] {
        guard generator.chance(4) else { return [] }
        // Types of their own: they do not bring those of an outcome.
        return (0..<Int.random(in: 1...2, using: &generator)).map { _ in
            "log/\(Int.random(in: 0..<20, using: &generator))"
        }
    }

    /// Mostly right.
    private mutating func drawSuspended(_ known: ReferenceModel.Execution?) -> Int? {
        if generator.chance(3) { return nil }
        return (known?.waits.count ?? 0) + (generator.chance(8) ? 2 : 1)
    }

    /// Mostly the next of a scope in which code may be: in the branches of what has split, as long
    /// as none of them has decided it.
    private mutating func drawOperation(
        _ known: ReferenceModel.Execution?,
        _ kind: Operation.Kind,
        _ name: Name = "op",
        in root: [UInt32] = []
    ) throws -> Operation {
        var scope = root
        while let split = known?.split(in: scope), split.settledFailed == nil {
            scope += [split.position, UInt32.random(in: 0..<split.branches, using: &generator)]
        }
        var position = known?.due(in: scope) ?? 0
        if generator.chance(12) {
            position = UInt32.random(in: 0...position + 2, using: &generator)
        }
        return .op(kind, position, name, in: scope)
    }

    /// Mostly of what has split and is not decided; now and then too early or too late. Never of
    /// what is decided: that it is settled once is left to who holds the lease.
    private mutating func drawSettlement(
        _ known: ReferenceModel.Execution?,
        in root: [UInt32] = []
    ) throws -> ReferenceModel.Leased {
        var scope = root
        while let split = known?.split(in: scope), split.settledFailed == nil {
            let branch = UInt32.random(in: 0..<split.branches, using: &generator)
            let inner = scope + [split.position, branch]
            if known?.split(in: inner)?.settledFailed == nil, known?.split(in: inner) != nil,
                generator.chance(2)
            {
                scope = inner
                continue
            }
            return .settle(
                .op(.race, split.position, in: scope),
                branch: branch,
                failed: generator.chance(3),
                drawGathered(branch, split.branches)
            )
        }
        // The last one has not split, or is decided; the next one is not there yet.
        var position = known?.next(in: scope) ?? 0
        if known?.split(in: scope) == nil, position > 0, generator.chance(2) { position -= 1 }
        return .settle(.op(.race, position, in: scope), branch: 0, failed: false, nil)
    }

    /// Mostly the branch that decides with some of the others; now and then what cannot be.
    private mutating func drawGathered(
        _ branch: UInt32,
        _ count: UInt32
    ) -> SettleBranches.Gathered? {
        if generator.chance(2) { return nil }
        var set = BranchSet()
        for other in 0..<count where other == branch || generator.chance(2) { set.insert(other) }
        if generator.chance(20) { set.insert(count) }
        if generator.chance(20) { set = BranchSet([branch == 0 ? 2 : 1]) }
        let most = UInt32(set.count) + (generator.chance(20) ? 1 : 0)
        return SettleBranches.Gathered(
            set,
            failures: UInt32.random(in: 0...most, using: &generator)
        )
    }

    /// One that comes after the last one that is recorded, or before it.
    private mutating func drawTake(_ known: ReferenceModel.Execution?) -> ReferenceModel.Take? {
        guard generator.chance(5) else { return nil }
        return ReferenceModel.Take(
            number: UInt64.random(in: 1...(known?.workspace.number ?? 0) + 2, using: &generator),
            isUnsaved: generator.chance(3)
        )
    }

    private mutating func sealed(_ take: ReferenceModel.Take) throws -> WorkspaceTake {
        let type = take.isUnsaved ? ContentTypes.text : ContentTypes.archive
        return WorkspaceTake(
            number: take.number,
            take.isUnsaved
                ? .unsaved(code: "workspace-too-large")
                : .saved(members: 1, bytes: 2, leftOut: 3),
            try harness.sealed([Payload([1], contentType: type)])
        )
    }

    /// - Parameter undoes: one of so many is to be undone.
    private mutating func drawOutcome(
        _ operation: Operation,
        _ known: ReferenceModel.Execution?,
        undoes: Int
    ) -> ReferenceModel.Leased {
        let failed = generator.chance(3)
        var (stored, removed): ([Name], [Name]) = ([], [])
        if !failed, generator.chance(3) {
            for key in 0...2 where generator.chance(2) {
                if generator.chance(3) {
                    removed.append("key \(key)")
                } else {
                    stored.append("key \(key)")
                }
            }
        }
        return .outcome(
            operation,
            failed: failed,
            handled: generator.chance(4),
            drawTypes() + stored.map(\.text),
            logs: drawLogs(),
            undoes: generator.chance(undoes),
            drawTake(known),
            StoreChanges(stored: stored, removed: removed)
        )
    }

    // MARK: Running

    private mutating func run(
        _ command: ReferenceModel.Leased,
        _ lease: Lease,
        _ session: UInt64
    ) throws -> Outcome<UInt64> {
        switch command {
        case .start(let operation, let undoes):
            let command = StartOperation(
                lease,
                operation,
                asks: generator.chance(2),
                compensates: undoes
            )
            return try run(command, session) { $0 }
        case .outcome(
            let operation,
            let failed,
            let isHandled,
            let types,
            let logs,
            let undoes,
            let take,
            let changes
        ):
            let payloads = try sealed(types)
            let command = RecordOutcome(
                lease,
                operation,
                failed
                    ? .failure(ErrorFacts(code: "failed"), payloads, handled: isHandled)
                    : .success(payloads, verified: generator.chance(2), changes),
                startedAt: harness.now,
                compensates: undoes,
                logs: try sealed(logs: logs),
                workspace: try take.map { try sealed($0) }
            )
            return try run(command, session) { $0 }
        case .record(let operation, let types, let logs):
            let command = RecordOperation(
                lease,
                operation,
                payloads: types.isEmpty ? nil : try sealed(types),
                logs: try sealed(logs: logs)
            )
            return try run(command, session) {
                operation.kind == .storeGet ? $0.source ?? 0 : $0.sequence
            }
        case .again, .sleep, .await, .suspend, .split, .settle, .child, .spawn, .join:
            return try runWait(command, lease, session)
        case .complete(let types, let logs):
            let output = try sealed(types)
            let logs = try sealed(logs: logs)
            return try run(
                Complete(lease, output: output, operations: 0, logs: logs),
                session
            ) { $0 }
        case .fail(let error, let types, let logs, let failed, let cause):
            let command = Fail(
                lease,
                error,
                payloads: try sealed(types),
                failedOperation: failed,
                cause: cause,
                logs: try sealed(logs: logs)
            )
            return try run(command, session) { $0.sequence }
        case .continue(let input, let types, let logs):
            let payloads = try harness.sealed([
                Payload(Array(input.utf8), contentType: types[0])
            ])
            let logs = try sealed(logs: logs)
            return try run(ContinueAsNew(lease, input: payloads, logs: logs), session) { $0 }
        case .register(let operation):
            return try run(RecordOperation(lease, operation), session) { $0.sequence }
        case .withdraw(let operation, let sequence):
            let command = RecordOperation(lease, operation, registration: sequence)
            return try run(command, session) { $0.sequence }
        case .clean(let name, let types):
            return try run(try cleaning(lease, name, types), session) { $0 }
        case .release(let logs):
            return try run(Release(lease, logs: try sealed(logs: logs)), session) { $0 }
        case .park(let types):
            let divergence = Divergence(
                sequence: nil,
                recorded: nil,
                attempted: nil,
                location: "here"
            )
            return try run(Park(lease, divergence, message: try sealed(types)), session) { $0 }
        case .doubt(let operations, let types):
            let doubts = operations.map { Doubt(operation: $0, started: lease.claim) }
            let command = ParkInDoubt(lease, doubts, message: try sealed(types))
            return try run(command, session) { $0 }
        }
    }

    private mutating func cleaning(
        _ lease: Lease,
        _ name: Name,
        _ types: [String]
    ) throws -> EndCleaning {
        let next = reference.executions[lease.execution]?.nextToClean
        let operation = Operation.op(
            next?.undoes == nil ? .onUnfinished : .checkpoint,
            next?.position ?? 0,
            name,
            in: next?.scope ?? []
        )
        if types.isEmpty { return EndCleaning(lease, operation) }
        return EndCleaning(lease, operation, (ErrorFacts(code: "no"), try sealed(types)))
    }

    private mutating func runWait(
        _ command: ReferenceModel.Leased,
        _ lease: Lease,
        _ session: UInt64
    ) throws -> Outcome<UInt64> {
        switch command {
        case .again(let operation, let tries, let policy, let end, let suspended, let undoes):
            let command = RetryOperation(
                lease,
                operation,
                operation.kind == .poll ? nil : ErrorFacts(code: "busy"),
                payloads: try harness.sealed([.text("busy")]),
                tries: tries,
                policy: policy,
                deadline: end,
                compensates: undoes,
                suspended: suspended
            )
            return try run(command, session) { $0.waits ? 1 : 0 }
        case .sleep(let operation, let until, let suspended):
            let command = StartTimer(lease, operation, until: until, suspended: suspended)
            return try run(command, session) { $0.waits ? 1 : 0 }
        case .await(let operation, let timeout, let suspended):
            let command = AwaitSignal(lease, operation, timeout: timeout, suspended: suspended)
            return try run(command, session) { answer in
                let signal = answer.signal ?? 0
                return answer.failure == nil ? signal : .max - signal
            }
        case .child(let operation, let id, let type, let input, let types, let suspended):
            let bytes = Array(input.utf8)
            let payloads = try harness.sealed([Payload(bytes, contentType: types[0])])
            let child = Submit(id: id, type: type, input: bytes, payloads: payloads)
            let command = StartChild(lease, operation, child, suspended: suspended)
            return try run(command, session) { $0.waits ? 1 : 0 }
        case .spawn(let all, let types):
            let children = try all.map { one in
                let bytes = Array(one.input.utf8)
                let payloads = try harness.sealed([Payload(bytes, contentType: types[0])])
                let child = Submit(id: one.id, type: one.type, input: bytes, payloads: payloads)
                return (one.operation, child)
            }
            return try run(SpawnChildren(lease, children), session) { $0 }
        case .join(let operation, let isAllSettled, let types, let suspended):
            let command = AwaitChildren(
                lease,
                operation,
                output: try sealed(types),
                isAllSettled: isAllSettled,
                suspended: suspended
            )
            return try run(command, session) { $0.waits ? 1 : 0 }
        case .suspend(let suspended):
            return try run(Suspend(lease, suspended: suspended), session) { _ in 0 }
        case .split(let operation, let count):
            return try run(StartBranches(lease, operation, count: count), session) { $0 }
        case .settle(let operation, let branch, let failed, let gathered):
            let command = SettleBranches(
                lease,
                operation,
                branch: branch,
                failed: failed,
                gathered: gathered
            )
            return try run(command, session) { $0 }
        default: throw failure("\(command) is no wait")
        }
    }

    private mutating func sealed(logs types: [String]) throws -> [LogChunk] {
        try types.map { LogChunk(lines: 1, payloads: try sealed([$0])) }
    }
}

extension ReferenceModel.Execution {
    /// Whether its handler has split, and no branch has decided that.
    fileprivate var isInBranches: Bool {
        split(in: []).map { $0.settledFailed == nil } ?? false
    }
}
