import DaybookFormat
import SwiftProtobuf

/// Has a pinned execution run by another revision of the code from its next claim on.
package struct Repin: Command {
    /// Who wants what of which.
    package let intervention: Intervention
    /// The revision whose sessions may claim it.
    package let revision: Name

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ intervention: Intervention, to revision: Name) {
        self.intervention = intervention
        self.revision = revision
    }

    /// Where it stands.
    package typealias Answer = InterventionAnswer

    /// Granted for what is pinned and has not ended. Whoever runs it now goes on.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try intervention.request.check()
        try Names.check(revision, "revision")
        let id = intervention.id
        guard let row = try tx.row(of: id) else { throw Refusal.unknownExecution(id) }
        let number = row.number
        // Also what cleans up after its end is claimed.
        guard tx.isOpen(number) else {
            let status = try ExecutionStatus.recorded(in: row, of: id.text)
            throw Refusal.hasEnded(id, status, "be pinned to the revision \(revision)")
        }
        guard tx[known: number].isPinned else {
            throw Refusal(
                .conflict,
                "\(id) is not pinned: any code that has its workflow may run it, and nothing needs to be done"
            )
        }
        let wasSo = tx[known: number].pinnedRevision == revision
        if !wasSo {
            let event = ProtoEntry.OneOf_Event.executionRepinned(
                .with { $0.revision = revision.text }
            )
            try tx.append(event.encoded(), to: .run(number), by: intervention.request)
        }
        return InterventionAnswer(number: number, status: tx[known: number].status, wasSo: wasSo)
    }
}
