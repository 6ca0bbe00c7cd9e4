import DaybookFormat
import SwiftProtobuf

/// Records that a process has opened the journal for writing.
package struct OpenSession: Command {
    /// What the process says of itself.
    package let facts: ProtoSessionOpened

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ facts: ProtoSessionOpened) { self.facts = facts }

    /// The session's number: the sequence of its entry.
    package typealias Answer = UInt64

    /// Granted to whoever says properly who it is.
    package func decide(_ tx: inout Transaction) throws -> UInt64 {
        guard Identifier(Array(facts.uuid)) != nil else {
            throw Refusal(
                .invalidArgument,
                "the UUID of a session has \(facts.uuid.count) bytes, and must have 16; make one as RFC 9562 says"
            )
        }
        try Names.check(facts.actor, "actor")
        try Names.check(facts.program, "name of the program")
        if !facts.revision.isEmpty { try Names.check(facts.revision, "revision of the code") }
        return try tx.begin(.sessionOpened(facts))
    }
}

/// Records that the asking session ends in good order. Leases that it still holds are given back.
package struct CloseSession: Command {
    /// Nothing is checked here: a command is checked when it is decided.
    package init() {}

    /// How many leases were given back.
    package typealias Answer = Int

    /// Granted while the session is open.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        guard tx.state.isOpen(session: tx.session) else {
            throw Refusal.unknownSession(tx.session)
        }
        let session = tx.session
        let closed = try tx.append(.sessionClosed(.init()), to: .session(session))
        var count = 0
        for number in tx.state.leased(by: session) {
            // What waits goes on waiting: nobody needs to hold it.
            if tx[known: number].status == .waiting { continue }
            count += 1
            if tx[known: number].isCleaning, !tx[known: number].owesCleaning {
                try tx.closeOrGiveBack(number, causation: closed)
                continue
            }
            let epoch = tx[known: number].epoch
            try tx.append(
                .leaseReleased(.with { $0.epoch = epoch }),
                to: .run(number),
                causation: closed
            )
        }
        return count
    }
}

/// Records that a session's process is gone, and makes what it ran ready again.
///
/// The asker has made sure of it: it holds the lock that the process held as long as it lived, and
/// has ended the children that it left.
package struct LoseSession: Command {
    /// The session that is gone.
    package let session: UInt64
    /// Payload for an execution that is parked for it: the reason in words.
    package let parkMessage: SealedPayloads
    /// Who ended its process, and why; nil: nobody that is known.
    package let eviction: Eviction?

    /// Somebody has ended a session's process.
    package struct Eviction: Sendable {
        /// Who it was.
        package let actor: String
        /// Why, in words.
        package let reason: SealedPayloads?

        /// - Parameter actor: 1 to 255 bytes, which is checked when the command is decided.
        package init(actor: String, reason: SealedPayloads? = nil) {
            self.actor = actor
            self.reason = reason
        }
    }

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ session: UInt64, parkMessage: SealedPayloads, eviction: Eviction? = nil) {
        self.session = session
        self.parkMessage = parkMessage
        self.eviction = eviction
    }

    /// What became of the executions that it ran.
    package struct Answer: Equatable, Sendable {
        /// The numbers of those that are ready again.
        package var readied: [UInt64] = []
        /// The numbers of those that are parked.
        package var parked: [UInt64] = []
    }

    /// Granted while the session is known as open; afterwards there is nothing to do.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        guard session != tx.session else {
            throw Refusal(
                .invalidArgument,
                "the session \(session) is the one that asks; it is not lost: close it instead"
            )
        }
        guard tx.state.isOpen(session: session) else { return Answer() }
        if let eviction { try Names.check(eviction.actor, "actor") }
        let lost = try tx.append(
            .sessionLost(.with { $0.actor = eviction?.actor ?? "" }),
            to: .session(session),
            payloads: eviction?.reason
        )
        var answer = Answer()
        for number in tx.state.leased(by: session) {
            // What waits goes on waiting: nobody needs to hold it.
            if tx[known: number].status == .waiting { continue }
            if tx[known: number].isCleaning, !tx[known: number].owesCleaning {
                try tx.closeOrGiveBack(number, causation: lost)
            } else if try takeBack(number, causation: lost, &tx) {
                answer.parked.append(number)
            } else {
                answer.readied.append(number)
            }
        }
        return answer
    }

    /// - Returns: whether the execution is parked for it.
    private func takeBack(
        _ number: UInt64,
        causation lost: UInt64,
        _ tx: inout Transaction
    ) throws -> Bool {
        let epoch = tx[known: number].epoch
        // A loss counts only if a body was running, or what cleans up after it.
        let counts = tx[known: number].status == .running || tx[known: number].isCleaning
        let losses = tx[known: number].losses + (counts ? 1 : 0)
        try tx.append(
            .leaseLost(
                .with {
                    $0.epoch = epoch
                    $0.losses = losses
                }
            ),
            to: .run(number),
            causation: lost
        )
        guard losses >= tx.state.journal.lossLimit else { return false }
        try tx.append(
            .executionParked(
                .with {
                    $0.epoch = epoch
                    $0.reason = .losses
                }
            ),
            to: .run(number),
            payloads: parkMessage,
            causation: lost
        )
        return true
    }
}

extension Refusal {
    static func unknownSession(_ number: UInt64) -> Refusal {
        Refusal(
            .notFound,
            "no session \(number) is open; look at the list of those that are"
        )
    }
}
