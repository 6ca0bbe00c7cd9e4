public import DaybookFormat
import SwiftProtobuf

/// Records that a process has opened the journal for writing.
public struct OpenSession: Command {
    /// What the process says of itself.
    public let facts: ProtoSessionOpened

    /// Puts the command together.
    public init(_ facts: ProtoSessionOpened) { self.facts = facts }

    /// The session's number: the sequence of its entry.
    public typealias Answer = UInt64

    /// Granted to whoever says properly who it is.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<UInt64> {
        guard Identifier(Array(self.facts.uuid)) != nil else {
            throw Refusal(
                .invalidArgument,
                "the UUID of a session has \(self.facts.uuid.count) bytes, and must have 16; make one as RFC 9562 says"
            )
        }
        try Names.check(self.facts.actor, "actor")
        try Names.check(self.facts.program, "name of the program")
        var builder = DraftBuilder(state, moment)
        let sequence = builder.add(.sessionOpened(self.facts), to: 0)
        return Decision(builder.drafts, sequence)
    }
}

/// Records that the asking session ends in good order. Leases that it still holds are given back.
public struct CloseSession: Command {
    /// Puts the command together.
    public init() {}

    /// How many leases were given back.
    public typealias Answer = Int

    /// Granted while the session is open.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Int> {
        guard state.sessions.contains(where: { $0.number == moment.session }) else {
            throw .unknownSession(moment.session)
        }
        var builder = DraftBuilder(state, moment)
        let closed = builder.add(
            .sessionClosed(.with { $0.session = moment.session }),
            to: 0
        )
        var count = 0
        for number in state.leased(by: moment.session) {
            // What waits goes on waiting: nobody needs to hold it.
            guard let execution = state.execution(number), execution.status != .waiting else {
                continue
            }
            if execution.isCleaning {
                builder.close(execution, causation: closed)
            } else {
                builder.add(
                    .leaseReleased(.with { $0.epoch = execution.epoch }),
                    to: number,
                    causation: closed
                )
            }
            count += 1
        }
        return Decision(builder.drafts, count)
    }
}

/// Records that a session's process is gone, and makes what it ran ready again.
///
/// The asker has made sure of it: it holds the lock that the process held as long as it lived, and
/// has ended the children that it left.
public struct LoseSession: Command {
    /// The session that is gone.
    public let session: UInt64
    /// Payload for an execution that is parked for it: the reason in words.
    public let parkMessage: SealedPayloads
    /// Who ended its process, and why; nil: nobody that is known.
    public let eviction: Eviction?

    /// Somebody has ended a session's process.
    public struct Eviction: Sendable {
        /// Who it was.
        public let actor: String
        /// Why, in words.
        public let reason: SealedPayloads?

        /// Puts the two together.
        public init(actor: String, reason: SealedPayloads? = nil) {
            self.actor = actor
            self.reason = reason
        }
    }

    /// Puts the command together.
    public init(_ session: UInt64, parkMessage: SealedPayloads, eviction: Eviction? = nil) {
        self.session = session
        self.parkMessage = parkMessage
        self.eviction = eviction
    }

    /// What became of the executions that it ran.
    public struct Answer: Equatable, Sendable {
        /// The numbers of those that are ready again.
        public var readied: [UInt64] = []
        /// The numbers of those that are parked.
        public var parked: [UInt64] = []
    }

    /// Granted while the session is known as open; afterwards there is nothing to do.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        guard session != moment.session else {
            throw Refusal(
                .invalidArgument,
                "the session \(session) is the one that asks; it is not lost: close it instead"
            )
        }
        guard state.sessions.contains(where: { $0.number == session }) else {
            return Decision([], Answer())
        }
        if let eviction { try Names.check(eviction.actor, "actor") }
        var builder = DraftBuilder(state, moment)
        var answer = Answer()
        let lost = builder.add(
            .sessionLost(
                .with {
                    $0.session = session
                    $0.actor = eviction?.actor ?? ""
                }
            ),
            to: 0,
            payloads: eviction?.reason
        )
        for number in state.leased(by: session) {
            // What waits goes on waiting: nobody needs to hold it.
            guard let execution = state.execution(number), execution.status != .waiting else {
                continue
            }
            if execution.isCleaning {
                builder.close(execution, causation: lost)
                continue
            }
            // A loss counts only if a body was running.
            let losses = execution.losses + (execution.status == .running ? 1 : 0)
            builder.add(
                .leaseLost(
                    .with {
                        $0.epoch = execution.epoch
                        $0.losses = losses
                    }
                ),
                to: number,
                causation: lost
            )
            if losses >= state.journal.lossLimit {
                builder.add(
                    .executionParked(
                        .with {
                            $0.epoch = execution.epoch
                            $0.reason = .losses
                        }
                    ),
                    to: number,
                    payloads: parkMessage,
                    causation: lost
                )
                answer.parked.append(number)
            } else {
                answer.readied.append(number)
            }
        }
        return Decision(builder.drafts, answer)
    }
}

extension Refusal {
    static func unknownSession(_ number: UInt64) -> Refusal {
        Refusal(
            .notFound,
            "no session \(number) is open; `daybook session list` shows those that are"
        )
    }
}
