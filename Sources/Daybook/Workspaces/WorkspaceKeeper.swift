import Crypto
import DaybookFormat
import DaybookModel
import DaybookSystem
import Logging

/// The folder of an execution while its code runs: says after each operation what of it is to be
/// recorded.
///
/// The folder is looked at without reading its files; only where something has changed they are read,
/// and only where they have other bytes something is recorded. Branches save side by side, and the
/// commits of their operations come in any order: each that has not seen its take recorded records it
/// once more, and the model keeps the last one taken.
final class WorkspaceKeeper: Sendable {
    /// Its absolute path.
    let path: String
    private let mark: String
    private let lease: Lease
    private let limit: Int
    private let redactor: Redactor?
    private let logger: Logger
    private let state: Locked<State>

    private struct State: Sendable {
        /// What the folder looked like when it was read last; nil: it is to be read.
        var signature: FolderSignature?
        /// What is known of its content, and what of that is on the disk of this machine only.
        var last: WorkspaceMark.Place
        var recorded: WorkspaceMark.Place
        /// What is not known to be recorded; nil: everything is.
        var take: WorkspaceTake?
    }

    /// Changes that are younger than this, in nanoseconds, may be followed by others with the same time:
    /// a file system's clock may go by steps of as much as 2 s (FAT).
    private static let grain: Int64 = 2_000_000_000

    /// - Parameters:
    ///   - base: what is recorded, and the folder has.
    ///   - limit: bytes that the archive may have.
    init(
        _ path: String,
        mark: String,
        _ lease: Lease,
        _ base: WorkspaceMark.Place,
        limit: Int,
        _ redactor: Redactor?,
        _ logger: Logger
    ) {
        self.path = path
        self.mark = mark
        self.lease = lease
        self.limit = limit
        self.redactor = redactor
        self.logger = logger
        state = Locked(State(last: base, recorded: base))
    }

    /// Whether workspaces are saved at all.
    var isSaved: Bool { limit > 0 }

    /// What is to be recorded of the folder as it is now; nil: nothing new. Reads the disk.
    func take() throws -> WorkspaceTake? {
        try state.withLock { state in
            if try hasChanged(&state) {
                let (content, payload) = try read()
                let digest = Array(SHA256.hash(data: payload.data))
                if digest != state.last.digest {
                    let number = state.last.epoch == lease.epoch ? state.last.take + 1 : 1
                    state.last = .init(epoch: lease.epoch, take: number, digest: digest)
                    state.take = WorkspaceTake(
                        number: number,
                        content,
                        try SealedPayloads(payload, limit: .max)
                    )
                    // Before it is recorded: should that be the last that this process does, the folder
                    // is known for what it is.
                    note([state.recorded, state.last])
                }
            }
            return state.take
        }
    }

    /// A take is recorded.
    func wasRecorded(_ take: WorkspaceTake) {
        state.withLock { state in
            guard state.take?.number == take.number else { return }
            state.recorded = state.last
            state.take = nil
        }
    }

    /// Without a mark the folder is restored before it is used again: no reason to lose an outcome.
    private func note(_ places: [WorkspaceMark.Place]) {
        do {
            try WorkspaceMark(places).write(mark)
        } catch {
            logger.warning(
                "what is saved of a workspace could not be noted beside it",
                metadata: ["execution": "\(lease.id)", "error": "\(error)"]
            )
        }
    }

    private func hasChanged(_ state: inout State) throws -> Bool {
        let now = WorkspaceMark.fileTime()
        let signature: FolderSignature
        do throws(ArchiveError) {
            signature = try FolderSignature.of(path)
        } catch {
            state.signature = nil
            return true
        }
        defer { state.signature = now - signature.lastChange > Self.grain ? signature : nil }
        return signature != state.signature
    }

    /// The folder as a payload.
    private func read() throws -> (WorkspaceTake.Content, Payload) {
        let archive: FolderArchive
        do throws(ArchiveError) {
            archive = try FolderArchive.of(path, limit: limit)
        } catch {
            let refusal = WorkspaceRefusal(error, limit: limit)
            return (.unsaved(code: refusal.code), .text(refusal.message))
        }
        if let redactor, redactor.finds(in: archive.bytes) {
            let refusal = WorkspaceRefusal.secret
            return (.unsaved(code: refusal.code), .text(refusal.message))
        }
        return (
            .saved(
                members: archive.members,
                bytes: archive.contentSize,
                leftOut: archive.leftOut
            ),
            Payload(archive.bytes, contentType: ContentTypes.archive)
        )
    }
}

/// Why a workspace is not saved.
struct WorkspaceRefusal {
    let code: String
    let message: String

    static let secret = WorkspaceRefusal(
        code: "workspace-has-secret",
        message:
            "a file of the workspace holds a secret of the execution, and what is saved is in clear; keep the secret out of the workspace, or remove the file before the job ends"
    )

    private init(code: String, message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: ArchiveError, limit: Int) {
        switch error {
        case .tooLarge(let size, _):
            self.init(
                code: "workspace-too-large",
                message:
                    "the workspace has at least \(size) bytes as an archive, and at most \(limit) are saved; remove what later operations do not need, or raise the limit"
            )
        case .failed(let path, let error):
            self.init(
                code: "workspace-unreadable",
                message:
                    "\(path) of the workspace cannot be read: \(error); have the job remove it, or make it readable"
            )
        case .tooDeep(let path):
            self.init(
                code: "workspace-too-deep",
                message:
                    "the path \(path) of the workspace is longer than \(FolderArchive.longestPath) bytes, or lies in more than \(FolderArchive.deepest) folders; remove it before the job ends"
            )
        case .damaged(let reason):
            self.init(code: "workspace-damaged", message: "the workspace's archive: \(reason)")
        }
    }
}
