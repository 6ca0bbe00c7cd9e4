import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

extension EngineCore {
    /// Looks at what has come, and has done what follows from it. Never waits.
    func pump() {
        let mail = board.takeMail()
        learnRunbooks()
        carryOut(machines.takePending())
        if case .named = options.claims, !mail.children.isEmpty { note(mail.children) }
        if !mail.leases.isEmpty { machines.tell { $0.dispatcher.granted() } }
        for lease in mail.leases { carryOut(machines.tell { $0.residency.admit(lease) }) }
        for number in mail.executions { carryOut(attend(number)) }
        removeWorkspaces(of: mail.executions)
        attendSessions(areNew: mail.hasSessions, ended: mail.endedSessions)
        if mail.isSnapshotDue { startSnapshot() }
        takeOn()
        if board.isAwaited(.idleness), !hasWork { board.tell(.idleness) }
    }

    /// Who was asked to run an execution runs its children too.
    private func note(_ children: [(parent: UInt64?, child: UInt64)]) {
        let known = writer.inspect { fold in
            children.map { ($0.parent ?? fold.state.parent(of: $0.child), $0.child) }
        }
        machines.tell { machines in
            for case (let parent?, let child) in known {
                machines.dispatcher.note(child: child, of: parent)
            }
        }
    }

    /// Removes the folders of those of these executions that are closed.
    func removeWorkspaces(of numbers: [UInt64]) {
        guard let workspaces, workspaces.concerns(numbers) else { return }
        let closed = numbers.filter { published($0) == nil }
        guard !closed.isEmpty else { return }
        tasks.start { _ in
            await SystemThread.runBlocking {
                for number in closed { workspaces.removeFolder(of: number) }
            }
        }
    }

    /// Takes on what there is room for, and gives back what is left over.
    private func takeOn() {
        let isClaimable = nextTarget() != nil
        noteUnopened()
        carryOut(
            machines.tell { machines in
                machines.dispatcher.look(
                    isClaimable: isClaimable,
                    room: machines.residency.room
                )
            }
        )
    }

    /// Looks at what has happened to an execution that this process may hold.
    private func attend(_ number: UInt64) -> [Residency<Activation>.Action] {
        let lease = machines.tell { machines in
            machines.dispatcher.note(number)
            return machines.residency.lease(of: number)
        }
        guard let lease else { return [] }
        let standing = Standing(published(number), under: lease, of: sessionNumber)
        return machines.tell { machines in
            let actions = machines.residency.attend(number, epoch: lease.epoch, standing)
            if machines.residency.lease(of: number) == nil { machines.dispatcher.letGo(number) }
            return actions
        }
    }

    // MARK: What the machines answer

    /// Carries out what is to be done with handlers.
    func carryOut(_ actions: [Residency<Activation>.Action]) {
        var todo = actions[...]
        while let action = todo.popFirst() { todo += carryOut(action) }
    }

    private func carryOut(
        _ action: Residency<Activation>.Action
    ) -> [Residency<Activation>.Action] {
        switch action {
        case .load(let lease, let isFresh):
            tasks.start { [self] in await live(lease, isFresh: isFresh, $0) }
        case .follow(let activation):
            let number = activation.lease.execution
            switch activation.follow(mayWake: false) {
            case .handedOut: break
            case .needsTurn: return machines.tell { $0.residency.wantTurn(number) }
            case .standsStill: tasks.start { _ in await activation.standStill() }
            }
        case .wake(let activation):
            if case .standsStill = activation.follow(mayWake: true) {
                tasks.start { _ in await activation.standStill() }
            }
            return note(activation)
        case .evict(let activation):
            let lease = activation.lease
            guard !activation.evict() else { return [] }
            let actions = machines.tell {
                $0.residency.stays(lease.execution, epoch: lease.epoch)
            }
            // It may wait again by now, which nobody noted of one that was leaving.
            return actions + note(activation)
        case .end(let activation, let reason): activation.latch(reason)
        case .release(let lease): tasks.start { [self] _ in await release(lease) }
        case .attend(let number): return attend(number)
        }
        return []
    }

    /// Tells the machines whether all that an activation runs waits.
    func note(_ activation: Activation) -> [Residency<Activation>.Action] {
        let lease = activation.lease
        let deadline =
            activation.isIdle
            ? writer.inspect { $0.state.firstDeadline(ofWaitsOf: lease.execution) } : nil
        return machines.tell { machines in
            machines.residency.note(
                lease.execution,
                epoch: lease.epoch,
                // Asked with the lock held, so that of two notes the later one counts.
                isIdle: activation.isIdle,
                until: deadline
            )
        }
    }

    /// Has the dispatcher look, if it waits for room or somebody waits for idleness.
    func settle() {
        let isStarved = machines.tell { $0.dispatcher.isStarved && $0.residency.room > 0 }
        if isStarved || board.isAwaited(.idleness) { board.wakeDispatcher() }
    }

    /// Carries out what is to be done about leases.
    func carryOut(_ actions: [Dispatcher.Action]) {
        for action in actions {
            switch action {
            case .claim: tasks.start { [self] _ in await takeLeases() }
            case .release(let leases): tasks.start { [self] _ in await releaseAgain(leases) }
            case .pause(let duration):
                _ = setAlarm(after: duration) { [machines, board] in
                    machines.tell { $0.dispatcher.pauseIsOver() }
                    board.wakeDispatcher()
                }
            }
        }
    }

    // MARK: Leases

    /// Has what is ready claimed, as long as there is room.
    private func takeLeases() async {
        do {
            if case .registered = options.claims {
                // Every batch ends with claims: one without a command is enough.
                try await writer.perform { { _, _ in .success(()) } }
            } else {
                while let target = nextTarget(), machines.reserve(upTo: 1) > 0 {
                    try await claim(target)
                }
            }
            carryOut(machines.tell { $0.dispatcher.claimed(nil) })
            board.wakeDispatcher()
        } catch {
            options.logger.error("claiming failed", metadata: ["error": "\(error)"])
            let numbers = machines.tell { machines in
                let numbers = machines.dispatcher.allAsked
                for number in numbers { machines.dispatcher.fail(number, error) }
                return numbers
            }
            carryOut(machines.tell { $0.dispatcher.claimed(error) })
            for number in numbers { board.tellAll(of: number) }
            tellFailure(error)
        }
    }

    /// Claims with the room that was reserved for it.
    private func claim(_ target: Claim.Target) async throws {
        do {
            if let lease = try await perform({
                Claim(target, opensSecrets: keeper.access.refusal == nil)
            }) {
                board.publish(News(), leases: [lease])
            } else {
                machines.giveBack(1)
            }
        } catch {
            machines.giveBack(1)
            throw error
        }
    }

    /// Gives a lease back, or notes that it is to be given back.
    func release(_ lease: Lease, logs: [LogChunk] = []) async {
        do {
            _ = try await perform { Release(lease, logs: logs) }
        } catch let error as Refusal {
            options.logger.debug("lease is gone", metadata: ["reason": "\(error)"])
        } catch {
            keep(lease, because: error)
        }
    }

    private func releaseAgain(_ leases: [Lease]) async {
        for (index, lease) in leases.enumerated() {
            do {
                _ = try await perform { Release(lease, logs: []) }
            } catch let error as Refusal {
                options.logger.debug("lease is gone", metadata: ["reason": "\(error)"])
            } catch {
                let left = Array(leases[index...])
                carryOut(machines.tell { $0.dispatcher.released((left, error)) })
                tellFailure(error)
                return
            }
        }
        carryOut(machines.tell { $0.dispatcher.released(nil) })
        board.wakeDispatcher()
    }

    // MARK: Trouble

    /// The end of a lease could not be recorded.
    func keep(_ lease: Lease, because error: any Error) {
        carryOut(machines.tell { $0.dispatcher.keep(lease, because: error) })
        board.tellAll(of: lease.execution)
        tellFailure(error)
    }

    /// Takes on nothing for a while, because an execution has met something that is not its fault.
    func hold(_ lease: Lease, _ trouble: Dispatcher.Trouble) {
        options.logger.error(
            "an execution cannot go on now",
            metadata: ["id": "\(lease.id)", "error": "\(trouble.error)"]
        )
        carryOut(
            machines.tell { machines in
                machines.dispatcher.fail(lease.execution, trouble.error)
                return machines.dispatcher.meet(trouble)
            }
        )
        board.tellAll(of: lease.execution)
        if case .journal(let error) = trouble { tellFailure(error) }
    }

    private func tellFailure(_ error: any Error) {
        board.tell(.failure, .failed(error))
        board.tell(.idleness, .failed(error))
    }

    /// Keeps the lease of an execution whose history cannot be read: whoever claimed it would find
    /// the same.
    func setAside(_ lease: Lease, _ error: any Error) {
        options.logger.error(
            "the history of an execution cannot be read: nothing of it is run here",
            metadata: ["id": "\(lease.id)", "error": "\(error)"]
        )
        machines.tell { $0.dispatcher.noteDamage(lease.execution, error) }
        board.tellAll(of: lease.execution)
    }

    // MARK: Snapshots

    /// Takes a snapshot, unless one is being taken.
    private func startSnapshot() {
        guard writer.inspect({ $0.needsSnapshot }) else { return }
        let now = options.clock.elapsed()
        guard machines.tell({ $0.snapshots.begin(at: now) }) else { return }
        tasks.start { [self] _ in
            let took = await takeDueSnapshot()
            let now = options.clock.elapsed()
            machines.tell { $0.snapshots.end(at: now, after: took) }
        }
    }
}
