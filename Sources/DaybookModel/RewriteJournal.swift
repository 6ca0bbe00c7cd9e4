import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// Records that the journal's file was written anew, and that the journal is at home in the new one. It is
/// the first entry after those that the old one had, and comes before any session.
package struct RewriteJournal: Command {
    /// The new file.
    package struct File: Sendable {
        /// Where it is.
        package let binding: ProtoBinding
        /// How many entries it has from the old one.
        package let size: UInt64
        /// The root of their tree.
        package let root: [UInt8]
        /// Bytes of the old file.
        package let bytesBefore: UInt64
        /// Bytes of the new one.
        package let bytesAfter: UInt64
        /// What the new one lacks of the entries; nil: nothing.
        package var pruning: ProtoPruning?
        /// The archives of which it lacks executions that the old one had.
        package var archives: [UInt64] = []

        /// Nothing is checked here: the command is, when it is decided.
        package init(
            binding: ProtoBinding,
            size: UInt64,
            root: [UInt8],
            bytesBefore: UInt64,
            bytesAfter: UInt64
        ) {
            self.binding = binding
            self.size = size
            self.root = root
            self.bytesBefore = bytesBefore
            self.bytesAfter = bytesAfter
        }
    }

    /// What the old file was not fit for any more.
    package let cause: ProtoJournalRewritten.Cause
    /// The new one.
    package let file: File
    /// Who has decided that.
    package let actor: String
    /// Why, in words; one payload.
    package let reason: SealedPayloads

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ cause: ProtoJournalRewritten.Cause,
        _ file: File,
        actor: String,
        reason: SealedPayloads
    ) {
        self.cause = cause
        self.file = file
        self.actor = actor
        self.reason = reason
    }

    /// The sequence of its entry.
    package typealias Answer = UInt64

    /// Granted to whoever says who it is, of all entries that there are.
    package func decide(_ tx: inout Transaction) throws -> UInt64 {
        try Names.check(actor, "actor")
        guard file.size == tx.nextSequence else {
            throw Refusal(
                .conflict,
                "a file with \(file.size) entries was to take the place of one with \(tx.nextSequence); take over all of them"
            )
        }
        return try tx.append(
            .journalRewritten(
                .with {
                    $0.binding = file.binding
                    $0.actor = actor
                    $0.size = file.size
                    $0.root = Data(file.root)
                    $0.cause = cause
                    $0.bytesBefore = file.bytesBefore
                    $0.bytesAfter = file.bytesAfter
                    if let pruning = file.pruning { $0.pruning = pruning }
                    $0.archives = file.archives
                }
            ),
            to: .journal,
            payloads: reason
        )
    }
}
