import DaybookFormat
package import DaybookJournal
package import DaybookModel
import DaybookSystem

/// Somebody ends the process of a session on purpose.
///
/// Who and why is noted beside the session's lock before anything is done, because the loss may be
/// recorded by any process that notices the end first.
package struct Eviction: Sendable, Equatable {
    /// Who does it.
    package let actor: String
    /// Why, in words.
    package let reason: String?

    /// Says who ends the process and why, and ends nothing yet: see ``carryOut(on:in:)``.
    /// - Parameter actor: by default the operating system's user.
    /// - Throws: ``Refusal/Code/invalidArgument`` for an actor that is no name, and for a reason of
    ///   more than ``reasonLimit`` bytes.
    package init(actor: String? = nil, reason: String? = nil) throws {
        self.actor = actor ?? CodeIdentity.userName
        self.reason = reason
        try Names.check(self.actor, "actor")
        let count = reason?.utf8.count ?? 0
        guard count <= Self.reasonLimit else {
            throw Refusal(
                .invalidArgument,
                "the reason has \(count) bytes, and may have \(Self.reasonLimit); say it in fewer words"
            )
        }
    }

    /// Bytes that a reason may have.
    package static let reasonLimit = 4_096

    /// Notes the eviction, then ends the session's process with SIGKILL if it lives, and waits until
    /// its lock is free. The next process that opens the journal, or one that has it open, takes
    /// over.
    /// - Throws: `SystemError` when the process may not be ended.
    package func carryOut(on session: State.Session, in folder: JournalFolder) throws {
        let path = SessionLock.evictionPath(folder.sessions, session.uuid.description)
        try Folder.removeFile(path)
        do {
            let file = try File.open(path, .create)
            try file.append(Array("\(actor)\n\(reason ?? "")".utf8))
            try file.synchronize()
            try SessionLiveness.end(session, in: folder)
        } catch {
            Folder.discardFile(path)
            throw error
        }
    }

    /// What is noted of the end of a session.
    /// - Returns: nil when nobody has ended it on purpose.
    static func noted(in folder: String, _ uuid: String) throws -> Eviction? {
        let path = SessionLock.evictionPath(folder, uuid)
        guard try FileStatus.ofLink(path) != nil else { return nil }
        let bytes = try File.contents(of: path, followsLink: false)
        let text = String(decoding: bytes, as: UTF8.self)
        let end = text.utf8.firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
        let actor = String(text[..<end])
        // Cut short by a crash before anything was done.
        guard end < text.endIndex, Names.isValid(actor) else { return nil }
        let reason = String(text[text.utf8.index(after: end)...])
        guard reason.utf8.count <= reasonLimit else { return nil }
        return try Eviction(actor: actor, reason: reason.isEmpty ? nil : reason)
    }

    /// As it is recorded.
    func sealed() throws -> LoseSession.Eviction {
        LoseSession.Eviction(
            actor: actor,
            reason: try reason.map { try SealedPayloads([.text($0)], limit: 1 << 16) }
        )
    }
}
