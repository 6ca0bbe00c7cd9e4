import DaybookFormat
import SwiftProtobuf

/// Gives an execution a signal: an operation that waits for it goes on, or it is kept until one
/// asks.
package struct Signal: Command {
    /// The execution's id.
    package let id: Name
    /// The signal's name.
    package let name: Name
    /// Given by the sender, so that sending it again does nothing.
    package let signalID: Name?
    /// What the sender says has failed; nil: the signal has a value.
    package let error: ErrorFacts?
    /// One payload: its value; or two: the message of the error, and its details, which are empty if
    /// it has none.
    package let payloads: SealedPayloads
    /// Who sends it, and why. Whoever it is is recorded in any case, because the handler is told.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        id: Name,
        name: Name,
        signalID: Name? = nil,
        error: ErrorFacts? = nil,
        payloads: SealedPayloads,
        by request: Request = .session
    ) {
        self.id = id
        self.name = name
        self.signalID = signalID
        self.error = error
        self.payloads = payloads
        self.request = request
    }

    /// What became of it.
    package typealias Answer = SignalAnswer

    /// Records it while the execution has not ended.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try Names.check(name, "name of a signal")
        if let signalID { try Names.check(signalID, "id of a signal") }
        try request.check()
        if let error { try Names.check(error.code, "code of an error") }
        let number = try tx.open(id, for: "take the signal \(name)")
        if let signalID, tx[known: number].rare.signalIDs.contains(signalID) {
            return Answer(sequence: nil, isDelivered: false)
        }
        let operation = tx[known: number].firstWait(forSignal: name)?.operation
        let readies = tx.state.hasNoHolder(number)
        let event = ProtoEntry.OneOf_Event.signalReceived(
            .with {
                $0.name = name.text
                $0.signalID = signalID?.text ?? ""
                if let error { $0.error = error.proto }
            }
        )
        let sequence = try tx.append(
            event.encoded(),
            to: .run(number),
            payloads,
            by: request,
            isNamed: true
        )
        guard let operation else { return Answer(sequence: sequence, isDelivered: false) }
        try tx.append(
            .signalDelivered(
                .with {
                    $0.operation = operation.proto
                    $0.signal = sequence
                    $0.readies = readies
                    if let error { $0.error = error.proto }
                }
            ),
            to: .run(number),
            causation: sequence
        )
        return Answer(sequence: sequence, isDelivered: true)
    }
}
