import DaybookModel

/// Which other sessions are watched, and when it is tried to take over from them.
///
/// A session whose process has ended is taken over from at once. When that fails, or when its lock
/// is held all the same, it is tried again after pauses that grow. It does nothing itself: it is
/// told what has happened, and answers what is to be done.
struct SessionWatch: Sendable {
    /// What is to be done.
    enum Action: Sendable {
        /// Have ``SessionWatch/hasEnded(_:)`` said when its process ends.
        case watch(State.Session)
        /// Take over, and say ``SessionWatch/tried(_:_:)``.
        case takeOver(State.Session)
        /// Say ``SessionWatch/hasEnded(_:)`` after that time.
        case lookAgain(UInt64, after: Duration)
    }

    /// What came of an attempt to take over.
    enum Attempt: Sendable {
        /// The session is no more.
        case done
        /// Its lock is held: by its process, or by somebody who looks at it.
        case held
        /// Something went wrong.
        case failed
    }

    private enum Phase: Sendable {
        case watching
        case takingOver(again: Bool)
        case pausing
    }

    private struct Watched: Sendable {
        let session: State.Session
        var phase: Phase
        var pause = GrowingPause()
    }

    private var watched: [UInt64: Watched] = [:]
    private let own: UInt64

    /// - Parameter own: the number of this process's session.
    init(own: UInt64) { self.own = own }

    /// How many sessions are watched.
    var count: Int { watched.count }

    /// Says which sessions are open.
    mutating func note(open sessions: [State.Session]) -> [Action] {
        let numbers = Set(sessions.map(\.number))
        for number in watched.keys where !numbers.contains(number) { watched[number] = nil }
        var actions: [Action] = []
        for session in sessions where session.number != own && watched[session.number] == nil {
            watched[session.number] = Watched(session: session, phase: .watching)
            actions.append(.watch(session))
        }
        return actions
    }

    /// The process of a session has ended, or may have.
    mutating func hasEnded(_ number: UInt64) -> [Action] {
        guard let known = watched[number] else { return [] }
        switch known.phase {
        case .watching, .pausing:
            watched[number]?.phase = .takingOver(again: false)
            return [.takeOver(known.session)]
        case .takingOver:
            watched[number]?.phase = .takingOver(again: true)
            return []
        }
    }

    /// It was tried to take over from a session.
    mutating func tried(_ number: UInt64, _ attempt: Attempt) -> [Action] {
        guard let known = watched[number], case .takingOver(let again) = known.phase else {
            return []
        }
        if case .done = attempt {
            watched[number] = nil
            return []
        }
        if again {
            // Its end was told while somebody held the lock: what was found does not hold any more.
            watched[number]?.phase = .takingOver(again: false)
            return [.takeOver(known.session)]
        }
        watched[number]?.phase = .pausing
        let delay = watched[number]?.pause.take() ?? .zero
        return [.lookAgain(number, after: delay)]
    }
}
