public import DaybookFormat
import SwiftProtobuf

/// Does what is due: the time has come for it. Asked by whoever keeps an eye on the clock.
public struct FireTimers: Command {
    /// One payload: that an attempt took too long, in words.
    public let timeoutMessage: SealedPayloads
    /// One payload: that a submission was not executed in time, in words.
    public let expiryMessage: SealedPayloads

    /// Puts the command together.
    public init(timeoutMessage: SealedPayloads, expiryMessage: SealedPayloads) {
        self.timeoutMessage = timeoutMessage
        self.expiryMessage = expiryMessage
    }

    /// How many deadlines were seen to.
    public typealias Answer = Int

    /// Sees to what ``State/advance(to:limit:)`` has found, in order of time.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Int> {
        var builder = DraftBuilder(state, moment)
        var seen: Set<UInt64> = []
        var count = 0
        for item in state.due {
            guard let execution = state.execution(item.execution), execution.hasTimer(item) else {
                continue
            }
            // A second deadline of one execution is seen to on what the first one has made of it.
            guard seen.insert(item.execution).inserted else { break }
            count += 1
            if item.wait == 0 {
                fire(execution, state, moment, &builder)
            } else if let wait = execution.waits.first(where: { $0.sequence == item.wait }) {
                builder.add(
                    .timerFired(
                        .with {
                            $0.operation = wait.operation.proto
                            $0.readies = state.hasNoHolder(execution)
                        }
                    ),
                    to: execution.number,
                    causation: wait.sequence
                )
            }
        }
        return Decision(builder.drafts, count)
    }

    private func fire(
        _ execution: ExecutionState,
        _ state: borrowing State,
        _ moment: Moment,
        _ builder: inout DraftBuilder
    ) {
        if execution.status == .submitted {
            builder.end(
                execution,
                .expired,
                .executionExpired(
                    .with {
                        $0.error = ErrorFacts.expired.proto
                        $0.closes = true
                        $0.signalsLeft = execution.signalsLeft
                    }
                ),
                payloads: expiryMessage,
                errorCode: ErrorFacts.expired.code,
                closes: true
            )
        } else if execution.isDelayed {
            builder.add(.executionReadied(.init()), to: execution.number)
        } else {
            let isHeld = execution.session != 0 && state.isOpen(session: execution.session)
            builder.endAttempt(execution, .timedOut, timeoutMessage, moment, held: isHeld)
        }
    }
}
