import DaybookFormat
import SwiftProtobuf

/// Records that the journal is at home where it is now: by this a copy may be written, and whoever
/// reads it sees by whom, and from which entry on.
package struct AdoptJournal: Command {
    /// Where it is now.
    package let binding: ProtoBinding
    /// Who has decided that.
    package let actor: String
    /// Why, in words; one payload.
    package let reason: SealedPayloads

    /// Nothing is checked here: a command is checked when it is decided.
    package init(_ binding: ProtoBinding, actor: String, reason: SealedPayloads) {
        self.binding = binding
        self.actor = actor
        self.reason = reason
    }

    /// Whether something was recorded; false: it is at home there already.
    package typealias Answer = Bool

    /// Granted to whoever says who it is.
    package func decide(_ tx: inout Transaction) throws -> Bool {
        try Names.check(actor, "actor")
        if tx.state.journal.binding.isSamePlace(as: binding) { return false }
        try tx.append(
            .journalAdopted(
                .with {
                    $0.binding = binding
                    $0.actor = actor
                }
            ),
            to: .journal,
            payloads: reason
        )
        return true
    }
}

extension ProtoBinding {
    /// Whether it names the same machine and the same file. A machine without an id, as in many
    /// containers, can be any. The number of a device is not asked: it belongs to a start of the
    /// machine, and not to a disk.
    package func isSamePlace(as other: ProtoBinding) -> Bool {
        (machine == other.machine || machine.isEmpty || other.machine.isEmpty)
            && inode == other.inode
    }
}
