import DaybookFormat
import SwiftProtobuf

/// The folder that an execution keeps files in, as it was at one time, for the entry that says so.
package struct WorkspaceTake: Sendable {
    /// What became of it.
    package enum Content: Sendable, Equatable {
        /// It is in an archive, the payload.
        case saved(members: UInt64, bytes: UInt64, leftOut: UInt64)
        /// It could not be saved. Why is the payload, in words.
        case unsaved(code: String)
    }

    /// Its place among those of its lease, from 1: a greater one was taken later.
    package let number: UInt64
    /// What became of it.
    package let content: Content
    /// One payload.
    package let payloads: SealedPayloads

    /// - Parameter payloads: an archive, or words.
    package init(number: UInt64, _ content: Content, _ payloads: SealedPayloads) {
        self.number = number
        self.content = content
        self.payloads = payloads
    }
}

extension Transaction {
    /// Records a workspace, unless that one is recorded, or a later one.
    mutating func append(_ take: WorkspaceTake, _ lease: Lease) throws {
        guard self[known: lease.execution].workspace.isBefore(take.number, of: lease.epoch) else {
            return
        }
        let event: ProtoEntry.OneOf_Event =
            switch take.content {
            case .saved(let members, let bytes, let leftOut):
                .workspaceSaved(
                    .with {
                        $0.epoch = lease.epoch
                        $0.take = take.number
                        $0.files = members
                        $0.bytes = bytes
                        $0.leftOut = leftOut
                    }
                )
            case .unsaved(let code):
                .workspaceUnsaved(
                    .with {
                        $0.epoch = lease.epoch
                        $0.take = take.number
                        $0.code = code
                    }
                )
            }
        try append(event, to: .run(lease.execution), payloads: take.payloads)
    }
}
