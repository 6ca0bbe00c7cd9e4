import DaybookFormat
import SwiftProtobuf

/// Asks for a submitted execution to run: the last step of the three-way handshake.
///
/// Asking again is always safe: what is ready, running or final answers with its status. Only what
/// has expired is refused: nothing will ever come of it unless a person reopens it.
package struct Execute: Command {
    /// The execution's id.
    package let id: Name
    /// Who asks, and why: recorded if it is made ready by this.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(id: Name, by request: Request = .session) {
        self.id = id
        self.request = request
    }

    /// What the execution is at.
    package typealias Answer = ExecuteAnswer

    /// Makes it ready if it is only submitted.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try request.check()
        guard let row = try tx.row(of: id) else { throw Refusal.unknownExecution(id) }
        guard let status = tx[row.number]?.status else {
            let status = try ExecutionStatus.recorded(in: row, of: id.text)
            if status == .expired { throw Refusal.hasExpired(id) }
            return Answer(number: row.number, status: status, isParked: false)
        }
        if status == .expired { throw Refusal.hasExpired(id) }
        guard status == .submitted else {
            let isParked = tx[known: row.number].isParked
            return Answer(number: row.number, status: status, isParked: isParked)
        }
        // It begins by itself.
        if tx[known: row.number].awaitedOrigin != nil {
            return Answer(number: row.number, status: .submitted, isParked: false)
        }
        try tx.ready(row.number, by: request)
        return Answer(number: row.number, status: .ready, isParked: false)
    }
}

extension Transaction {
    /// Has a submitted execution wait to be claimed, after its delay.
    mutating func ready(_ number: UInt64, by request: Request) throws {
        let delay = self[known: number].delay.wholeNanoseconds
        let notBefore = delay > 0 ? now.adding(delay).rawValue : 0
        let event = FrequentEvents.readied(notBefore: notBefore)
        try append(event, to: .run(number), by: request)
    }
}

extension Refusal {
    /// Nobody asked for it to run in time.
    static func hasExpired(_ id: Name) -> Refusal {
        Refusal(
            .wrongState,
            "\(id) has expired: it was submitted, and not executed within the journal's submission lifetime; retry it to have it run all the same"
        )
    }

    /// No execution has this id.
    static func unknownExecution(_ id: Name) -> Refusal {
        Refusal(.notFound, "no execution has the id \(id); submit it first, or check the id")
    }
}
