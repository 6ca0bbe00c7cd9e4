import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import Logging

/// Finds sessions whose process is gone, ends what they left running, and makes the executions
/// that they held ready again.
struct Takeover: Sendable {
    let writer: GroupWriter<EngineFold>
    let folder: JournalFolder
    let session: UInt64
    let options: EngineOptions

    /// Why an execution is parked whose leases were lost ``CreationOptions/lossLimit`` times in a row.
    static func parkMessage() throws -> SealedPayloads {
        let text = "the process that ran it was lost too many times in a row"
        return try SealedPayloads([.text(text)], limit: 1 << 16)
    }

    /// Takes over from every session whose process is gone, and removes files that no open session
    /// accounts for.
    func run(own: Identifier) async throws {
        let sessions = writer.inspect { $0.state.publishedSessions }.filter { $0.number != session }
        for other in sessions {
            try await takeOver(other)
        }
        let known = Set(writer.inspect { $0.state.publishedSessions }.map(\.uuid.description))
        for name in try Folder.names(in: folder.sessions) {
            guard let dot = name.firstIndex(of: "."), !known.contains(String(name[..<dot])) else {
                continue
            }
            try await SystemThread.run { [self] in try removeOrphan(String(name[..<dot])) }
        }
    }

    /// Takes over from one session, if its process is gone.
    /// - Returns: false when its lock is held: by its process, or by somebody who looks at it.
    @discardableResult
    func takeOver(_ other: State.Session) async throws -> Bool {
        let uuid = other.uuid.description
        // Children that are ended are waited for, which blocks.
        let found = try await SystemThread.run { [self] in
            // Without its file its lock can be had while it lives.
            let path = SessionLock.lockPath(folder.sessions, uuid)
            if try FileStatus.ofLink(path) == nil,
                try SessionLiveness.livesWithoutLock(other, in: folder)
            {
                return (DeadLock, Int)?.none
            }
            return try lockOfTheDead(uuid).map { ($0, try endChildren(uuid)) }
        }
        guard let (lock, ended) = found else { return false }
        defer { lock.release() }
        let eviction = try Eviction.noted(in: folder.sessions, uuid)?.sealed()
        let answer = try await EngineCore.perform(writer, session: session) {
            LoseSession(other.number, parkMessage: try Self.parkMessage(), eviction: eviction)
        }
        try removeFiles(uuid)
        // A session that was closed in good order meanwhile leaves nothing to take over.
        guard ended > 0 || !answer.readied.isEmpty || !answer.parked.isEmpty else { return true }
        options.logger.warning(
            "took over from a session that is gone",
            metadata: [
                "session": "\(other.number)", "pid": "\(other.pid)",
                "executions": "\(ids(answer.readied))", "parked": "\(ids(answer.parked))",
                "processes ended": "\(ended)",
            ]
        )
        let event = EngineEvent.tookOver(
            session: other.number,
            readied: answer.readied,
            parked: answer.parked,
            endedProcesses: ended
        )
        for observer in options.observers { observer(event) }
        return true
    }

    /// How people know executions: the ids of the first of them.
    private func ids(_ numbers: [UInt64]) -> String {
        let shown = numbers.prefix(Self.shown)
        let ids = writer.inspect { fold in
            shown.map { fold.state.committed($0)?.id.text ?? "number \($0)" }
        }
        let left = numbers.count - shown.count
        return ids.joined(separator: ", ") + (left == 0 ? "" : " and \(left) more")
    }

    /// So many executions are named.
    private static let shown = 20

    /// The lock of a session, if its process is gone.
    private func lockOfTheDead(_ uuid: String) throws -> DeadLock? {
        let path = SessionLock.lockPath(folder.sessions, uuid)
        let file = try File.open(path, .readWrite, followsLink: false)
        guard try file.tryLock(.exclusive) else { return nil }
        return DeadLock(file)
    }

    /// Ends the process groups that a session has noted.
    /// - Returns: how many were still there.
    private func endChildren(_ uuid: String) throws -> Int {
        let path = SessionLock.childrenPath(folder.sessions, uuid)
        // A link that leads nowhere is refused too: what is noted may be somewhere else.
        guard try FileStatus.ofLink(path) != nil else { return 0 }
        let bytes = try File.contents(of: path, followsLink: false)
        let text = String(decoding: bytes, as: UTF8.self)
        var count = 0
        for line in text.split(separator: "\n") {
            // A line that was cut off by the crash belongs to a group that had not begun yet.
            guard let group = ProcessGroup(note: String(line)) else { continue }
            if try group.end() { count += 1 }
        }
        return count
    }

    private func removeOrphan(_ uuid: String) throws {
        guard let lock = try lockOfTheDead(uuid) else { return }
        defer { lock.release() }
        _ = try endChildren(uuid)
        try removeFiles(uuid)
    }

    /// What it handed over to children that have ended by now goes first: secrets may lie there.
    private func removeFiles(_ uuid: String) throws {
        try Folder.removeAll(SessionLock.exchangePath(folder.sessions, uuid))
        try Folder.removeFile(SessionLock.evictionPath(folder.sessions, uuid))
        try Folder.removeFile(SessionLock.childrenPath(folder.sessions, uuid))
        try Folder.removeFile(SessionLock.lockPath(folder.sessions, uuid))
    }
}

/// Holds the lock of a dead session while it is taken over.
private final class DeadLock: Sendable {
    private let file: File

    init(_ file: consuming File) { self.file = file }

    /// The lock goes with the file; this keeps it alive until here.
    func release() { withExtendedLifetime(self) {} }
}
