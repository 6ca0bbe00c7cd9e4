import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// Records that a snapshot of the state lies on the disk. From then on recovery may begin with it.
package struct RecordSnapshot: Command {
    /// How many entries it is the fold of.
    package let size: UInt64
    /// SHA-256 of the file.
    package let digest: [UInt8]
    /// How long the file is.
    package let bytes: UInt64

    /// Nothing is checked here: a command is checked when it is decided.
    package init(size: UInt64, digest: [UInt8], bytes: UInt64) {
        self.size = size
        self.digest = digest
        self.bytes = bytes
    }

    /// The sequence of its entry.
    package typealias Answer = UInt64

    /// Granted for a newer one than the last: of two processes that took one, the second is told.
    package func decide(_ tx: inout Transaction) throws -> UInt64 {
        guard digest.count == 32, size > 0, size <= tx.nextSequence else {
            throw Refusal(
                .invalidArgument,
                "a snapshot of \(size) entries with a digest of \(digest.count) bytes was to be recorded in a journal of \(tx.nextSequence) entries; take it of entries that are there, and hash it with SHA-256"
            )
        }
        let last = tx.state.journal.snapshotSize
        guard size > last else {
            throw Refusal(
                .conflict,
                "a snapshot of \(size) entries was to be recorded, and there is one of \(last); use that one"
            )
        }
        return try tx.append(
            .snapshotTaken(
                .with {
                    $0.projection = State.projection
                    $0.schema = State.snapshotSchema
                    $0.size = size
                    $0.digest = Data(digest)
                    $0.bytes = bytes
                }
            ),
            to: .journal
        )
    }
}
