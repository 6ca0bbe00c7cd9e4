import DaybookFormat
import SwiftProtobuf

/// Does what is due: the time has come for it. Asked by whoever keeps an eye on the clock.
package struct FireTimers: Command {
    /// One payload: that an attempt took too long, in words.
    package let timeoutMessage: SealedPayloads
    /// One payload: that a submission was not executed in time, in words.
    package let expiryMessage: SealedPayloads

    /// Deadlines that are seen to at once, at most.
    package let limit: Int

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        timeoutMessage: SealedPayloads,
        expiryMessage: SealedPayloads,
        limit: Int = 1_024
    ) {
        self.timeoutMessage = timeoutMessage
        self.expiryMessage = expiryMessage
        self.limit = limit
    }

    /// How many deadlines were seen to, children cancelled for which nobody waits any more, and
    /// executions whose secrets have expired.
    package typealias Answer = Int

    /// Sees to what is due, in order of time, up to ``limit`` deadlines.
    package func decide(_ tx: inout Transaction) throws -> Int {
        var count = try tx.settleFamilies(upTo: limit)
        while count < limit, let item = tx.removeDue() {
            count += 1
            if item.wait == 0 {
                try fire(item.execution, &tx)
            } else {
                try fire(item, &tx)
            }
        }
        return count + (try tx.wipeExpiredSecrets(upTo: limit - count))
    }

    /// The wait of an operation ends.
    private func fire(_ item: TimerItem, _ tx: inout Transaction) throws {
        let number = item.execution
        guard let operation = tx[known: number].operation(waitingSince: item.wait) else { return }
        let readies = tx.state.hasNoHolder(number)
        try tx.append(
            .timerFired(
                .with {
                    $0.operation = operation.proto
                    $0.readies = readies
                }
            ),
            to: .run(number),
            causation: item.wait
        )
    }

    /// A deadline of the execution itself has come.
    private func fire(_ number: UInt64, _ tx: inout Transaction) throws {
        if tx[known: number].status == .submitted {
            let signalsLeft = tx[known: number].signalsLeft
            try tx.append(
                .executionExpired(
                    .with {
                        $0.error = ErrorFacts.expired.proto
                        $0.closes = true
                        $0.signalsLeft = signalsLeft
                    }
                ),
                to: .run(number),
                payloads: expiryMessage
            )
        } else if tx[known: number].isDelayed {
            try tx.append(.executionReadied(.init()), to: .run(number))
        } else {
            try tx.endAttempt(of: number, .timedOut, timeoutMessage, by: .time)
        }
    }
}

extension Transaction {
    /// Takes out the first deadline that has come.
    fileprivate mutating func removeDue() -> TimerItem? { state.removeDue(by: now) }

    /// Whether code of an execution may be running.
    func isHeld(_ number: UInt64) -> Bool {
        self[known: number].session.map { state.isOpen(session: $0) } ?? false
    }
}
