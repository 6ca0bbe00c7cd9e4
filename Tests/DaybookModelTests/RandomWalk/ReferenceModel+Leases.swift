import DaybookFormat

@testable import DaybookModel

/// Commands under a lease.
extension ReferenceModel {
    /// The folder that an execution keeps files in, as it is recorded.
    struct Take: Equatable {
        var number: UInt64
        var isUnsaved: Bool
        var epoch: UInt64 = 0
        var entry: UInt64 = 0
    }

    /// A command under a lease, as far as the reference model knows them.
    enum Leased {
        case start(Operation, undoes: Bool)
        case outcome(
            Operation,
            failed: Bool,
            handled: Bool,
            [String],
            logs: [String],
            undoes: Bool,
            Take?,
            StoreChanges
        )
        case record(Operation, [String], logs: [String])
        case again(
            Operation,
            tries: UInt32,
            RetryPolicy,
            until: Timestamp?,
            suspended: Int?,
            undoes: Bool
        )
        case sleep(Operation, until: StartTimer.Until, suspended: Int?)
        case await(Operation, timeout: Duration?, suspended: Int?)
        case child(Operation, Name, type: Name, input: String, [String], suspended: Int?)
        case spawn([Spawned], [String])
        case join(Operation, isAllSettled: Bool, [String], suspended: Int?)
        case suspend(Int)
        case split(Operation, UInt32)
        case settle(Operation, branch: UInt32, failed: Bool, SettleBranches.Gathered?)
        case complete([String], logs: [String])
        case fail(ErrorFacts, [String], logs: [String], of: OperationPath?, FailureCause)
        case `continue`(String, [String], logs: [String])
        case register(Operation)
        case withdraw(Operation, UInt64)
        case clean(Name, [String])
        case release(logs: [String])
        case park([String])
        case doubt([Operation], [String])

        /// It tells what was done, and may come after the end.
        var isLate: Bool {
            switch self {
            case .outcome(_, let failed, _, _, _, _, _, _): !failed
            case .release: true
            default: false
            }
        }

        /// The scope that it records in.
        var scope: [UInt32]? {
            switch self {
            case .start(let operation, _), .outcome(let operation, _, _, _, _, _, _, _),
                .record(let operation, _, _), .split(let operation, _),
                .settle(let operation, _, _, _), .register(let operation),
                .withdraw(let operation, _):
                operation.scope
            default: nil
            }
        }

        /// The checkpoint that is to be undone by it should the execution end badly.
        var undone: Operation? {
            switch self {
            case .start(let operation, true), .outcome(let operation, _, _, _, _, true, _, _),
                .again(let operation, _, _, _, _, true):
                operation
            default: nil
            }
        }

        /// Whether it may be asked for after the end, by whoever cleans up.
        func cleans(_ known: Execution) -> Bool {
            guard known.isForCleaning, known.status.isFinal else { return false }
            switch self {
            case .park, .clean: return known.owes
            default:
                guard let root = known.cleaningRoot, let scope else { return false }
                return scope.starts(with: root)
            }
        }
    }

    mutating func perform(
        _ command: Leased,
        _ lease: Lease,
        by session: UInt64
    ) -> Outcome<UInt64> {
        guard let known = executions[lease.execution], !known.isClosed else {
            return .refused(.staleLease)
        }
        guard !known.isParked, known.holder == session, known.epoch == lease.epoch,
            sessions.contains(session)
        else { return refuse(known, lease, .staleLease) }
        var isInTime = known.status == .running || known.status == .waiting
        if case .clean = command { isInTime = false }
        guard isInTime || command.isLate || command.cleans(known) else {
            return refuse(known, lease, .ended)
        }
        switch command {
        case .complete(let types, let logs):
            log(known, logs)
            return .granted(complete(known, types))
        case .fail(let error, let types, let logs, let failed, let cause):
            log(known, logs)
            let end = endAttempt(
                known,
                error,
                types,
                isByTime: false,
                failed: failed,
                cause: cause
            )
            return .granted(end.sequence)
        case .continue(let input, let types, let logs):
            // What was spawned is waited for once the handler has returned.
            if known.children.contains(where: \.isSpawned) || !known.failedChildren.isEmpty {
                return .refused(.conflict)
            }
            if known.compensates { return .refused(.conflict) }
            log(known, logs)
            return .granted(goOn(known, input, types))
        case .release(let logs):
            log(known, logs)
            giveBack(known)
            return .granted(next - 1)
        case .park(let types):
            return .granted(
                write(known.number, types) {
                    $0.isParked = true
                    $0.holder = 0
                    $0.doubts = []
                }
            )
        case .doubt(let operations, let types):
            guard let first = operations.first, known.takes(first) else {
                return .refused(.conflict)
            }
            return .granted(
                write(known.number, types) {
                    $0.isParked = true
                    $0.holder = 0
                    $0.doubts = known.askable(operations)
                }
            )
        case .clean(let name, let types): return clean(known, name, types)
        default: return perform(command, known)
        }
    }

    /// The first refusal of an epoch is recorded.
    private mutating func refuse(_ known: Execution, _ lease: Lease, _ code: Refusal.Code)
        -> Outcome<UInt64>
    {
        if !known.refused.contains(lease.epoch) {
            write(known.number) { $0.refused.insert(lease.epoch) }
        }
        return .refused(code)
    }

    private mutating func log(_ known: Execution, _ logs: [String]) {
        for log in logs { write(known.number, [log]) }
    }

    private mutating func save(_ known: Execution, _ take: Take) {
        let last = known.workspace
        guard last.epoch < known.epoch || last.number < take.number else { return }
        let type = take.isUnsaved ? ContentTypes.text : ContentTypes.archive
        write(known.number, [type]) {
            $0.workspace = take
            $0.workspace.epoch = $0.epoch
            $0.workspace.entry = $0.last
        }
    }

    private mutating func complete(_ known: Execution, _ types: [String]) -> UInt64 {
        leaveCleaningOut(known)
        wipe(known.secrets, of: known.number)
        let closes = known.children.isEmpty
        let sequence = end(known.number, .completed, "", types, closes: closes)
        if !closes { write(known.number) { $0.holder = 0 } }
        return sequence
    }

    private mutating func goOn(_ known: Execution, _ input: String, _ types: [String]) -> UInt64 {
        for child in known.children { cancel(child) }
        intern(types)
        change(known.number) { $0.isContinued = true }
        end(known.number, .completed, closes: true)
        let number = writeSubmission(
            known.id,
            type: known.type,
            input: input,
            known.terms,
            types,
            continuing: known.number
        )
        change(known.number) { $0.secrets = [] }
        change(number) {
            $0.secrets = known.secrets
            $0.signalIDs = known.signalIDs
            $0.revision = known.revision
            $0.parent = known.parent
            $0.parentPlace = known.parentPlace
            $0.depth = known.depth
        }
        for signal in known.signals {
            write(number) {
                $0.signals.append((signal.name, signal.sequence, signal.failure))
            }
        }
        if let next = executions[number] { ready(next) }
        return number
    }

    // MARK: Operations

    private mutating func perform(_ command: Leased, _ known: Execution) -> Outcome<UInt64> {
        switch command {
        case .suspend(let suspended):
            if known.status == .running, suspended > 0, known.waits.count == suspended {
                write(known.number) { $0.status = .waiting }
            }
            return .granted(0)
        case .settle(let operation, let branch, let failed, let gathered):
            guard known.split(in: operation.scope)?.position == operation.position,
                known.counts(operation.scope, from: known.cleaningRoot?.count ?? 0)
            else { return .refused(.conflict) }
            if let gathered, !known.takes(gathered, operation, branch) {
                return .refused(.invalidArgument)
            }
            return settle(known, operation, branch, failed, isAlone: gathered == nil)
        case .start(let operation, _), .outcome(let operation, _, _, _, _, _, _, _),
            .record(let operation, _, _), .again(let operation, _, _, _, _, _),
            .sleep(let operation, _, _), .await(let operation, _, _), .split(let operation, _),
            .child(let operation, _, _, _, _, _), .register(let operation),
            .withdraw(let operation, _), .join(let operation, _, _, _):
            guard known.takes(operation) else { return .refused(.conflict) }
        default: break
        }
        if let undone = command.undone {
            guard undone.kind == .checkpoint else { return .refused(.invalidArgument) }
            let isCleaning = known.cleaningRoot.map { undone.scope.starts(with: $0) } ?? false
            if isCleaning { return .refused(.wrongState) }
        }
        switch command {
        case .start(let operation, let undoes):
            return .granted(
                write(known.number) {
                    $0.start(operation)
                    if undoes { $0.beginUndoable(operation) }
                    $0.goOn()
                }
            )
        case .child(let operation, let id, let type, let input, let types, let suspended):
            return beginChild(known, operation, (id, type, input), types, suspended)
        case .spawn(let children, let types): return spawn(known, children, types)
        case .join(let operation, let isAllSettled, let types, let suspended):
            return join(known, operation, isAllSettled: isAllSettled, types, suspended)
        case .register(let operation): return register(known, operation)
        case .withdraw(let operation, let sequence): return withdraw(known, operation, sequence)
        case .split(let operation, let count):
            return .granted(
                write(known.number) {
                    $0.record(operation, branches: count)
                    $0.goOn()
                }
            )
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
            log(known, logs)
            let sequence = write(known.number, types) {
                $0.record(operation, failed: failed && !isHandled)
                $0.endUndoable(operation, failed: failed, undoes: undoes)
                for key in changes.stored { $0.store[key] = $0.last }
                for key in changes.removed { $0.store[key] = nil }
                $0.goOn()
            }
            if let take { save(known, take) }
            return .granted(sequence)
        case .record(let operation, let types, let logs):
            log(known, logs)
            return .granted(record(known, operation, types))
        case .again(let operation, let tries, let policy, let end, let suspended, let undoes):
            let next = now.rawValue + max(Self.delay(policy, tries: tries), 1)
            let last = end.map { max($0.rawValue, now.rawValue + 1) }
            wait(known, .retry, operation, min(next, last ?? next), suspended)
            change(known.number) { $0.endUndoable(operation, failed: true, undoes: undoes) }
            return .granted(1)
        case .sleep(let operation, let until, let suspended):
            return .granted(sleep(known, operation, until, suspended))
        case .await(let operation, let timeout, let suspended):
            return .granted(awaitSignal(known, operation, timeout, suspended))
        default: return .refused(.invalidArgument)
        }
    }

    private mutating func record(
        _ known: Execution,
        _ operation: Operation,
        _ types: [String]
    ) -> UInt64 {
        let sequence = write(known.number, types) {
            $0.record(operation)
            $0.noteValue(operation)
            $0.goOn()
            let sequence = $0.last
            switch operation.kind {
            case .storeSet: $0.store[operation.name] = sequence
            case .storeDelete: $0.store[operation.name] = nil
            case .output:
                if let index = $0.outputs.firstIndex(where: { $0.name == operation.name }) {
                    $0.outputs[index].sequence = sequence
                } else {
                    $0.outputs.append((operation.name, sequence))
                }
            default: break
            }
        }
        return operation.kind == .storeGet ? known.store[operation.name] ?? 0 : sequence
    }

    private mutating func settle(
        _ known: Execution,
        _ operation: Operation,
        _ branch: UInt32,
        _ failed: Bool,
        isAlone: Bool
    ) -> Outcome<UInt64> {
        .granted(
            write(known.number) {
                $0.goOn()
                let path = operation.scope + [operation.position]
                let own = path + [branch]
                let isStopped = { (wait: Waiting) in
                    let scope = wait.operation.scope
                    return Array(scope.prefix(path.count)) == path
                        && Array(scope.prefix(own.count)) != own
                }
                if failed {
                    $0.stopped += $0.waits.filter {
                        isStopped($0) && $0.kind != .retry && $0.kind != .child
                    }
                }
                $0.stopChildren(isStopped)
                $0.waits.removeAll(where: isStopped)
                for index in $0.operations.indices
                where $0.operations[index].scope == operation.scope
                    && $0.operations[index].position == operation.position
                {
                    $0.operations[index].settledFailed = failed
                }
                if !failed, isAlone { $0.loseRegistered(path, except: branch) }
            }
        )
    }

    // MARK: Waits

    mutating func wait(
        _ known: Execution,
        _ kind: Wait.Kind,
        _ operation: Operation,
        _ deadline: UInt64,
        _ suspended: Int?
    ) {
        write(known.number) {
            // Who tries an operation has dealt with the failure of the one before, as who begins it has.
            if kind == .retry { $0.start(operation) } else { $0.record(operation) }
            $0.losses = 0
            $0.waits.append(
                Waiting(kind: kind, operation: operation, deadline: deadline, sequence: $0.last)
            )
            if suspended == $0.waits.count, $0.status == .running { $0.status = .waiting }
        }
    }

    private mutating func sleep(
        _ known: Execution,
        _ operation: Operation,
        _ until: StartTimer.Until,
        _ suspended: Int?
    ) -> UInt64 {
        let deadline =
            switch until {
            case .after(let duration): now.rawValue + duration.wholeNanoseconds
            case .at(let time): time.rawValue
            }
        if deadline > now.rawValue {
            wait(known, .timer, operation, deadline, suspended)
            return 1
        }
        write(known.number) { $0.record(operation) }
        write(known.number) { $0.goOn() }
        return 0
    }

    private mutating func awaitSignal(
        _ known: Execution,
        _ operation: Operation,
        _ timeout: Duration?,
        _ suspended: Int?
    ) -> UInt64 {
        guard let signal = known.signals.first(where: { $0.name == operation.name }) else {
            if timeout == .zero {
                write(known.number) { $0.record(operation) }
                write(known.number) { $0.goOn() }
                return 0
            }
            let deadline = timeout.map { now.rawValue + $0.wholeNanoseconds } ?? 0
            wait(known, .signal, operation, deadline, suspended)
            return 0
        }
        write(known.number) {
            $0.record(operation)
            $0.goOn()
        }
        take(known.number, signal.sequence)
        // Told apart from a signal that has a value.
        return signal.failure == nil ? signal.sequence : .max - signal.sequence
    }
}

extension ReferenceModel.Execution {
    /// Whether branches can be what an operation has gathered.
    fileprivate func takes(
        _ gathered: SettleBranches.Gathered,
        _ operation: Operation,
        _ branch: UInt32
    ) -> Bool {
        let branches = gathered.branches.branches
        let count = split(in: operation.scope)?.branches ?? 0
        return branches.contains(branch) && branches.allSatisfy { $0 < count }
            && gathered.failures <= branches.count
    }
}
