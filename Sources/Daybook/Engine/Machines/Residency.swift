import DaybookFormat
import DaybookModel
import DequeModule

/// Which executions this process holds, whose code is in memory, whose code runs, and who waits for
/// a turn.
///
/// At most ``limit`` handlers run at once, whether they were claimed just now or what they waited
/// for has come. Those whose wait is over have their turn before anything new is claimed. At most
/// `maxResident` are kept in memory, as far as there are any that only wait: of those the one goes
/// first that waits longest.
///
/// It does nothing itself: it is told what has happened, and answers what is to be done.
struct Residency<Resident: Sendable>: Sendable {
    /// What is to be done.
    enum Action: Sendable {
        /// Read its history and run its code; `isFresh`: for the first time under this lease.
        case load(Lease, isFresh: Bool)
        /// Its code runs: tell it what has come.
        case follow(Resident)
        /// It has a turn: tell it what has come, and let go on what waited for that.
        case wake(Resident)
        /// Let go of it, if nothing of it runs; otherwise ``Residency/stays(_:epoch:)``.
        case evict(Resident)
        /// Tell it that it is over.
        case end(Resident, ActivationEnd)
        /// Give the lease back.
        case release(Lease)
        /// Look at how it stands once more.
        case attend(UInt64)
    }

    private enum Place: Sendable {
        /// Its history is being read.
        case loading(hasNews: Bool)
        case running(Resident)
        /// All that it runs waits.
        case idle(Resident)
        /// What it waited for has come, and it waits for a turn.
        case woken(Resident)
        /// It has been told to end, so that its memory is free. What comes meanwhile is looked at
        /// afterwards: also what came a moment before, and was told to code that ends now.
        case leaving(Resident)
        /// It waits, and is not in memory.
        case evicted
        /// It is not in memory, what it waited for has come, and it waits for a turn.
        case due
        /// Its history cannot be read: nothing of it runs here.
        case damaged
    }

    private struct Seat: Sendable {
        let lease: Lease
        var place: Place
        /// A later lease of the same execution, whose code begins when the former has ended.
        var successor: Lease?
    }

    private var seats: [UInt64: Seat] = [:]
    private var idle = DeadlineQueue<UInt64>()
    private var queue = Deque<UInt64>()
    /// Handlers that run, or are about to.
    private(set) var busy = 0
    /// Handlers that are in memory and stay there.
    private(set) var residents = 0
    /// Handlers that wait for a turn.
    private(set) var queued = 0
    /// Turns that are kept for leases which may be granted at this moment.
    private(set) var reserved = 0
    private(set) var isStopping = false

    /// So many run at once.
    let limit: Int
    private let maxResident: Int

    init(limit: Int, maxResident: Int) {
        self.limit = limit
        self.maxResident = maxResident
    }

    // MARK: Room

    /// How many more leases this process takes.
    var room: Int { isStopping ? 0 : max(0, limit - busy - reserved - queued) }

    /// Whether something runs here, or is about to.
    var isBusy: Bool { busy > 0 || queued > 0 || reserved > 0 }

    /// How many executions this process holds the lease of.
    var count: Int { seats.count }

    /// Keeps room for leases.
    /// - Returns: for how many.
    mutating func reserve(upTo most: Int = .max) -> Int {
        let count = min(room, most)
        reserved += count
        return count
    }

    /// So many of the reserved turns are not needed.
    mutating func giveBack(_ count: Int) -> [Action] {
        reserved = max(0, reserved - count)
        return nextTurns()
    }

    // MARK: Leases

    /// The newest lease of an execution that is held here.
    func lease(of number: UInt64) -> Lease? {
        seats[number].map { $0.successor ?? $0.lease }
    }

    /// A lease was granted, for which a turn was reserved.
    mutating func admit(_ lease: Lease) -> [Action] {
        reserved = max(0, reserved - 1)
        // Whatever it holds is given back with the session.
        if isStopping { return [] }
        guard let seat = seats[lease.execution] else {
            return load(lease, isFresh: true)
        }
        switch seat.place {
        case .evicted, .due, .damaged:
            leave(lease.execution)
            return load(lease, isFresh: true)
        case .loading:
            succeed(lease)
            return []
        case .running(let resident), .idle(let resident), .woken(let resident),
            .leaving(let resident):
            succeed(lease)
            return [.end(resident, .leaseLost)]
        }
    }

    private mutating func load(_ lease: Lease, isFresh: Bool) -> [Action] {
        seats[lease.execution] = Seat(lease: lease, place: .evicted)
        move(lease.execution, to: .loading(hasNews: false))
        return [.load(lease, isFresh: isFresh)]
    }

    private mutating func succeed(_ lease: Lease) {
        if seats[lease.execution]?.successor == nil { busy += 1 }
        seats[lease.execution]?.successor = lease
    }

    /// Says how an execution stands that is held here, after something has happened to it.
    /// - Parameter epoch: that of the lease by which the standing was looked up.
    mutating func attend(_ number: UInt64, epoch: UInt64, _ standing: Standing) -> [Action] {
        guard let seat = seats[number] else { return [] }
        if let successor = seat.successor {
            guard successor.epoch == epoch, standing == .lost else { return [] }
            seats[number]?.successor = nil
            busy -= 1
            return nextTurns()
        }
        guard seat.lease.epoch == epoch else { return [] }
        switch seat.place {
        case .loading:
            move(number, to: .loading(hasNews: true))
            return []
        case .leaving: return []
        case .running(let resident), .idle(let resident), .woken(let resident):
            switch standing {
            case .lost: return [.end(resident, .leaseLost)]
            case .ended: return [.end(resident, .ended)]
            case .paused, .pausedWaiting: return [.end(resident, .paused)]
            case .waiting, .running: return attendResident(number, seat.place, standing)
            }
        case .evicted, .due, .damaged:
            return attendAbsent(number, seat, standing)
        }
    }

    private mutating func attendResident(
        _ number: UInt64,
        _ place: Place,
        _ standing: Standing
    ) -> [Action] {
        switch place {
        case .running(let resident): return [.follow(resident)]
        case .idle where standing == .running: return wantTurn(number)
        default: return []
        }
    }

    private mutating func attendAbsent(
        _ number: UInt64,
        _ seat: Seat,
        _ standing: Standing
    ) -> [Action] {
        switch standing {
        case .lost:
            leave(number)
            return nextTurns()
        case .ended, .paused:
            leave(number)
            return [.release(seat.lease)] + nextTurns()
        case .running:
            guard case .evicted = seat.place else { return [] }
            return wantTurn(number)
        case .waiting, .pausedWaiting: return []
        }
    }

    // MARK: Turns

    /// What an execution waited for has come: it goes on as soon as it has a turn.
    mutating func wantTurn(_ number: UInt64) -> [Action] {
        guard let seat = seats[number] else { return [] }
        switch seat.place {
        case .running(let resident): return [.wake(resident)]
        case .idle(let resident): move(number, to: .woken(resident))
        case .evicted: move(number, to: .due)
        default: return []
        }
        queue.append(number)
        return nextTurns()
    }

    /// Gives turns to those who wait for one.
    private mutating func nextTurns() -> [Action] {
        var actions: [Action] = []
        while !isStopping, queued > 0, busy + reserved < limit, let number = queue.popFirst() {
            guard let seat = seats[number] else { continue }
            switch seat.place {
            case .woken(let resident):
                move(number, to: .running(resident))
                actions.append(.wake(resident))
            case .due:
                move(number, to: .loading(hasNews: false))
                actions.append(.load(seat.lease, isFresh: false))
            default: continue
            }
        }
        if queued == 0 { queue.removeAll() }
        return actions
    }

    // MARK: Code

    /// The history was read, and the code runs from now on.
    mutating func loaded(_ number: UInt64, epoch: UInt64, _ resident: Resident) -> [Action] {
        guard let seat = seats[number], seat.lease.epoch == epoch,
            case .loading(let hasNews) = seat.place
        else { return [.end(resident, .leaseLost)] }
        move(number, to: .running(resident))
        if isStopping { return [.end(resident, .stopping)] }
        if seat.successor != nil { return [.end(resident, .leaseLost)] }
        return hasNews ? [.attend(number)] : []
    }

    /// The history could not be read.
    /// - Parameter isDamaged: it never will be: the lease is kept, so that nobody tries again.
    mutating func couldNotLoad(_ number: UInt64, epoch: UInt64, isDamaged: Bool) -> [Action] {
        guard isDamaged, let seat = seats[number], seat.lease.epoch == epoch,
            seat.successor == nil
        else { return ended(number, epoch: epoch, .gone) }
        move(number, to: .damaged)
        return nextTurns()
    }

    /// Whether all that an execution runs waits, as its code says.
    /// - Parameter deadline: when the first of its waits ends by itself; nil: none does.
    mutating func note(
        _ number: UInt64,
        epoch: UInt64,
        isIdle: Bool,
        until deadline: Timestamp?
    ) -> [Action] {
        guard let seat = seats[number], seat.lease.epoch == epoch else { return [] }
        var actions: [Action] = []
        switch seat.place {
        case .running(let resident) where isIdle:
            move(number, to: .idle(resident))
            idle.set(deadline ?? Timestamp(rawValue: .max), for: number)
        case .idle(let resident) where !isIdle:
            move(number, to: .running(resident))
        case .woken(let resident) where !isIdle:
            // It is not in the queue for a turn any more: what has come for it is handed out now.
            move(number, to: .running(resident))
            actions.append(.wake(resident))
        default: return []
        }
        actions += nextTurns()
        while residents > maxResident, let farthest = idle.takeLast() {
            guard case .idle(let resident) = seats[farthest]?.place else { continue }
            move(farthest, to: .leaving(resident))
            actions.append(.evict(resident))
        }
        return actions
    }

    /// Something of an execution runs again that was to be let go of.
    mutating func stays(_ number: UInt64, epoch: UInt64) -> [Action] {
        guard let seat = seats[number], seat.lease.epoch == epoch,
            case .leaving(let resident) = seat.place
        else { return [] }
        move(number, to: .running(resident))
        return [.attend(number)]
    }

    /// How the code of an execution has ended.
    enum Ending: Sendable {
        /// The lease is not held any more, or will be given back.
        case gone
        /// It waits, and is run again when that is over.
        case evicted
        /// Its history cannot be read.
        case damaged
    }

    /// The code of an execution has ended.
    mutating func ended(_ number: UInt64, epoch: UInt64, _ ending: Ending) -> [Action] {
        guard let seat = seats[number], seat.lease.epoch == epoch else { return [] }
        if let successor = seat.successor {
            busy -= 1
            leave(number)
            return load(successor, isFresh: true) + nextTurns()
        }
        var actions: [Action] = []
        switch ending {
        case .gone: leave(number)
        case .damaged: move(number, to: .damaged)
        case .evicted:
            move(number, to: .evicted)
            actions.append(.attend(number))
        }
        return actions + nextTurns()
    }

    /// Nothing begins any more.
    /// - Returns: what is in memory, to be told.
    mutating func stop() -> [Action] {
        isStopping = true
        return seats.keys.sorted().compactMap { number in
            switch seats[number]?.place {
            case .running(let resident), .idle(let resident), .woken(let resident),
                .leaving(let resident):
                .end(resident, .stopping)
            default: nil
            }
        }
    }

    // MARK: Counting

    private mutating func leave(_ number: UInt64) {
        move(number, to: .evicted)
        seats[number] = nil
    }

    private mutating func move(_ number: UInt64, to place: Place) {
        guard var seat = seats[number] else { return }
        let old = seat.place
        let (before, after) = (Self.weight(old), Self.weight(place))
        busy += after.busy - before.busy
        residents += after.residents - before.residents
        queued += after.queued - before.queued
        if case .idle = old { idle.remove(number) }
        // To change it in its place takes three allocations.
        seat.place = place
        seats.updateValue(seat, forKey: number)
    }

    private static func weight(_ place: Place) -> (busy: Int, residents: Int, queued: Int) {
        switch place {
        case .loading, .running: (1, 1, 0)
        case .idle: (0, 1, 0)
        case .woken: (0, 1, 1)
        case .due: (0, 0, 1)
        case .leaving, .evicted, .damaged: (0, 0, 0)
        }
    }
}

/// How an execution stands of which this process has a lease, by the journal.
enum Standing: Sendable, Equatable {
    /// The lease is not this process's any more.
    case lost
    /// It has ended, or its attempt has.
    case ended
    /// It is paused, and something of it could run.
    case paused
    /// It is paused, and all of it waits.
    case pausedWaiting
    /// All of it waits.
    case waiting
    /// Something of it runs, or could run.
    case running

    /// - Parameter state: what is on the disk; nil: the execution is closed.
    init(_ state: ExecutionStanding?, under lease: Lease, of session: UInt64) {
        guard let state, state.session == session, state.epoch == lease.epoch else {
            self = .lost
            return
        }
        if !lease.cleaning.isEmpty {
            // It is not over before all of that has run, or is not to run any more.
            self = !state.owesCleaning ? .ended : state.isPaused ? .paused : .running
            return
        }
        let runs = state.status == .running
        self =
            if state.isCleaning || state.status == .ready {
                .ended
            } else if state.isPaused {
                runs ? .paused : .pausedWaiting
            } else {
                runs ? .running : .waiting
            }
    }
}
