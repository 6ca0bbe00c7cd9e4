import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// Records that the journal is at home where it is now: by this a copy may be written, and whoever
/// reads it sees by whom, and from which entry on.
package struct AdoptJournal: Command {
    /// What a backup gave that was restored.
    package struct Restoration: Sendable {
        /// How many entries.
        package let size: UInt64
        /// The root of their tree.
        package let root: [UInt8]
        /// The origin of heads from here on; empty: as before.
        package let origin: String

        /// Nothing is checked here: the command is, when it is decided.
        package init(size: UInt64, root: [UInt8], origin: String) {
            self.size = size
            self.root = root
            self.origin = origin
        }
    }

    /// Where it is now.
    package let binding: ProtoBinding
    /// Who has decided that.
    package let actor: String
    /// Why, in words; one payload.
    package let reason: SealedPayloads
    /// What it was restored from; nil: it is a copy that goes on, or was moved.
    package let restoration: Restoration?

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ binding: ProtoBinding,
        actor: String,
        reason: SealedPayloads,
        restoration: Restoration? = nil
    ) {
        self.binding = binding
        self.actor = actor
        self.reason = reason
        self.restoration = restoration
    }

    /// Whether something was recorded; false: it is at home there already.
    package typealias Answer = Bool

    /// Granted to whoever says who it is. A restoration is the first entry after those that it gave.
    package func decide(_ tx: inout Transaction) throws -> Bool {
        try Names.check(actor, "actor")
        if let restoration {
            try restore(restoration, &tx)
            return true
        }
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

    private func restore(_ restoration: Restoration, _ tx: inout Transaction) throws {
        if !restoration.origin.isEmpty { try Names.check(restoration.origin, "origin") }
        try tx.append(
            .journalRestored(
                .with {
                    $0.binding = binding
                    $0.actor = actor
                    $0.size = restoration.size
                    $0.root = Data(restoration.root)
                    $0.origin = restoration.origin
                }
            ),
            to: .journal,
            payloads: reason
        )
    }
}

extension ProtoBinding {
    /// Whether it names the same machine and the same file. A machine without an id, as in many
    /// containers, can be any. The number of a device is not asked: it belongs to a start of the
    /// machine, and not to a disk. The number of a file is given again once the file is gone, as that of
    /// a journal's file that was made anew; so a file that was made at another time is another one.
    package func isSamePlace(as other: ProtoBinding) -> Bool {
        (machine == other.machine || machine.isEmpty || other.machine.isEmpty)
            && inode == other.inode
            && (madeAt == other.madeAt || madeAt == 0 || other.madeAt == 0)
    }
}
