public import DaybookFormat
import SwiftProtobuf

/// Records an execution. Nothing runs until it is executed: the first step of the three-way
/// handshake.
///
/// Submitting again what is there already answers with it: same id, same type, same input.
public struct Submit: Command {
    /// The execution's id.
    public let id: String
    /// The name of its workflow.
    public let type: String
    /// The encoded input, to compare with what is recorded.
    public let input: [UInt8]
    /// The input, sealed.
    public let payloads: SealedPayloads

    /// Puts the command together.
    public init(id: String, type: String, input: [UInt8], payloads: SealedPayloads) {
        self.id = id
        self.type = type
        self.input = input
        self.payloads = payloads
    }

    /// What is recorded under the id.
    public struct Answer: Equatable, Sendable {
        /// The execution's number.
        public let number: UInt64
        /// Whether it was there already.
        public let existed: Bool
        /// Where it stands.
        public let status: ExecutionStatus
    }

    /// The id's row is needed.
    public var subject: String? { id }

    /// Records the execution unless it is there.
    public func decide(
        _ state: borrowing State,
        _ facts: Facts,
        _ moment: Moment
    ) throws(Refusal) -> Decision<Answer> {
        try Names.check(id, "execution id")
        try Names.check(type, "workflow name")
        if let row = facts.row {
            return Decision([], try existing(row, state, facts))
        }
        var builder = DraftBuilder(state, moment)
        // Interning may come first, so the number is known only when the entry is added.
        let number = moment.nextSequence + UInt64(builder.newTypes(payloads))
        let row = ProtoExecutionRow.with { $0.number = number }
        builder.add(
            .executionSubmitted(
                .with {
                    $0.id = id
                    $0.type = type
                }
            ),
            to: number,
            payloads: payloads,
            row: ExecutionIndexRow(id: id, row: row.encoded())
        )
        return Decision(
            builder.drafts,
            Answer(number: number, existed: false, status: .submitted)
        )
    }

    private func existing(
        _ row: ProtoExecutionRow,
        _ state: borrowing State,
        _ facts: Facts
    ) throws(Refusal) -> Answer {
        let open = state.execution(row.number)
        let recordedType = open?.type ?? row.closed.type
        guard recordedType.utf8.elementsEqual(type.utf8) else {
            throw Refusal(
                .conflict,
                "the id \(id) was submitted for the workflow \(recordedType) before, and now for \(type); choose another id"
            )
        }
        guard let input = facts.input, let salt = input.salt else {
            throw Refusal(
                .erased,
                "the id \(id) exists, and its input has been erased, so that it cannot be compared; choose another id"
            )
        }
        guard salt.commit(to: self.input) == input.mac else {
            throw Refusal(
                .conflict,
                "the id \(id) was submitted with another input before; choose another id, or submit the same input"
            )
        }
        let status: ExecutionStatus =
            if let open { open.status } else { try .recorded(in: row, of: id) }
        return Answer(number: row.number, existed: true, status: status)
    }
}
