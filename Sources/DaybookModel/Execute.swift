import DaybookFormat
import SwiftProtobuf

/// Asks for a submitted execution to run: the last step of the three-way handshake.
///
/// Asking again is always safe: what is ready, running or final answers with its status.
public struct Execute: Command {
    /// The execution's id.
    public let id: String

    /// Puts the command together.
    public init(id: String) { self.id = id }

    /// What the execution is at.
    public struct Answer: Equatable, Sendable {
        /// The execution's number.
        public let number: UInt64
        /// Where it stands.
        public let status: ExecutionStatus
        /// A person must look before it goes on.
        public let isParked: Bool
    }

    /// The id's row is needed.
    public var subject: String? { id }

    /// Makes it ready if it is only submitted.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        guard let row = facts.row else { throw .unknownExecution(id) }
        guard let execution = state.execution(row.number) else {
            let status = try ExecutionStatus.recorded(in: row, of: id)
            return Decision([], Answer(number: row.number, status: status, isParked: false))
        }
        guard execution.status == .submitted else {
            return Decision(
                [],
                Answer(
                    number: row.number,
                    status: execution.status,
                    isParked: execution.isParked
                )
            )
        }
        var builder = DraftBuilder(state, moment)
        let delay = execution.delay.wholeNanoseconds
        builder.add(
            .executionReadied(
                .with { if delay > 0 { $0.notBefore = moment.now.adding(delay).rawValue } }
            ),
            to: row.number
        )
        return Decision(
            builder.drafts,
            Answer(number: row.number, status: .ready, isParked: false)
        )
    }
}

extension Refusal {
    /// No execution has this id.
    static func unknownExecution(_ id: String) -> Refusal {
        Refusal(.notFound, "no execution has the id \(id); submit it first, or check the id")
    }
}
