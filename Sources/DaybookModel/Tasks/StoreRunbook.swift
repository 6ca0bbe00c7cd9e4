import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// Stores a version of a runbook that tasks can run. The text of the newest version is stored once.
package struct StoreRunbook: Command {
    /// Its name.
    package let name: Name
    /// SHA-256 of its text.
    package let digest: [UInt8]
    /// One payload: the text.
    package let text: SealedPayloads
    /// Who asks, and why.
    package let request: Request

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ name: Name,
        digest: [UInt8],
        text: SealedPayloads,
        by request: Request = .session
    ) {
        self.name = name
        self.digest = digest
        self.text = text
        self.request = request
    }

    /// What is stored.
    package typealias Answer = StoredRunbookAnswer

    /// Stores the text unless it is that of the newest version.
    package func decide(_ tx: inout Transaction) throws -> Answer {
        try request.check()
        try Names.check(name, "name of a runbook")
        let before = tx.state.tasks.runbook(named: name)
        if let before, before.digest == digest {
            return Answer(version: before.version, existed: true)
        }
        let version = (before?.version ?? 0) + 1
        let event = ProtoEntry.OneOf_Event.runbookStored(
            .with {
                $0.name = name.text
                $0.version = version
                $0.digest = Data(digest)
            }
        )
        let stream = before.map { StreamID($0.number) }
        try tx.append(event.encoded(), to: stream, text, by: request)
        return Answer(version: version, existed: false)
    }
}

/// What is stored of a runbook.
public struct StoredRunbookAnswer: Equatable, Sendable {
    /// The number of the version, from 1.
    public let version: UInt64
    /// It was there already.
    public let existed: Bool
}
