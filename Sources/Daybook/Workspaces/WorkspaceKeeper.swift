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
    /// What the folder is kept by.
    struct Terms: Sendable {
        /// Bytes that an archive may have; 0: none is made.
        var limit: Int
        /// Something is recorded of it, so that it is to be said when that is not so any more.
        var isRecorded: Bool
        /// It stands for one that is lost: nothing is recorded of it.
        var isStandIn = false
        /// A file of it held a secret, which may be one that nobody knows any more.
        var heldSecret = false
        /// Finds the execution's secrets; nil: it has none.
        var redactor: Redactor?
    }

    /// Its absolute path.
    let path: String
    private let mark: WorkspaceMark
    private let markPath: String
    /// The lease under which it is used.
    let lease: Lease
    private let terms: Terms
    private let logger: Logger
    /// What the folder looked like when it was read last; nil: it is to be read. Held while the disk is
    /// read: by no thread that runs tasks.
    private let seen: Locked<FolderSignature?>
    private let state: Locked<State>

    private struct State: Sendable {
        /// What is known of its content, and what of that is recorded.
        var last: WorkspaceMark.Place
        var recorded: WorkspaceMark.Place
        /// What is not known to be recorded; nil: everything is.
        var take: WorkspaceTake?
    }

    /// Changes that are younger than this, in nanoseconds, may be followed by others with the same time:
    /// a file system's clock may go by steps of as much as 2 s (FAT).
    private static let grain: Int64 = 2_000_000_000

    /// - Parameters:
    ///   - mark: as it is on the disk: its first place is what is recorded, and the folder has.
    init(
        _ path: String,
        _ mark: WorkspaceMark,
        at markPath: String,
        _ lease: Lease,
        _ terms: Terms,
        _ logger: Logger
    ) {
        self.path = path
        self.mark = mark
        self.markPath = markPath
        self.lease = lease
        self.terms = terms
        self.logger = logger
        seen = Locked(nil)
        let base = mark.places.first ?? .nothing
        state = Locked(State(last: base, recorded: base))
    }

    /// Whether something may be to be recorded of it.
    var isSaved: Bool { !terms.isStandIn && (terms.limit > 0 || terms.isRecorded) }

    /// What is to be recorded of the folder as it is now; nil: nothing new. Reads the disk.
    func take() throws -> WorkspaceTake? {
        try seen.withLock { seen in
            makeAgain()
            if hasChanged(&seen), let (content, payload) = read() {
                let digest = Array(SHA256.hash(data: payload.data))
                let last = state.withLock { $0.last }
                if digest != last.digest {
                    let number = last.epoch == lease.epoch ? last.take + 1 : 1
                    let take = WorkspaceTake(
                        number: number,
                        content,
                        try SealedPayloads(payload, limit: .max)
                    )
                    let places = state.withLock { state in
                        state.last = .init(epoch: lease.epoch, take: number, digest: digest)
                        if case .unsaved = content { state.last.isUnsaved = true }
                        state.take = take
                        return [state.recorded, state.last]
                    }
                    // Before it is recorded: should that be the last that this process does, the folder
                    // is known for what it is.
                    note(places)
                }
            }
            return state.withLock { $0.take }
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

    /// Whether a secret of the execution is in one of its files, as far as they can be read.
    func holdsSecret() -> Bool {
        if case .unsaved(let code)? = read()?.0 { return code == WorkspaceRefusal.secret.code }
        return false
    }

    /// A job may have removed the folder, or put something else in its place: the next one finds it empty.
    private func makeAgain() {
        do {
            if let there = try FileStatus.ofLink(path) {
                if there.isFolder { return }
                try Folder.removeFile(path)
            }
            try Folder.create(path)
        } catch {
            warn("the folder of an execution is gone, and could not be made again", error)
        }
    }

    /// Without a mark what is saved is restored before it is used again: no reason to lose an outcome.
    private func note(_ places: [WorkspaceMark.Place]) {
        do {
            try mark.with(places).write(markPath)
        } catch {
            warn("what is saved of a workspace could not be noted beside it", error)
        }
    }

    private func warn(_ message: Logger.Message, _ error: any Error) {
        logger.warning(message, metadata: ["execution": "\(lease.id)", "error": "\(error)"])
    }

    private func hasChanged(_ seen: inout FolderSignature?) -> Bool {
        let now = WorkspaceMark.fileTime()
        let signature: FolderSignature
        do throws(ArchiveError) {
            signature = try FolderSignature.of(path)
        } catch {
            seen = nil
            return true
        }
        defer { seen = now - signature.lastChange > Self.grain ? signature : nil }
        return signature != seen
    }

    /// The folder as a payload; nil: the machine fails at it now, and it is read again after the next
    /// operation.
    private func read() -> (WorkspaceTake.Content, Payload)? {
        if terms.limit == 0 { return refused(.notKept) }
        let archive: FolderArchive
        do throws(ArchiveError) {
            archive = try FolderArchive.of(path, limit: terms.limit)
        } catch {
            if case .failed(_, let failure) = error, failure.isOfTheMachine {
                warn(
                    "a workspace could not be read, and is saved after the next operation",
                    failure
                )
                return nil
            }
            return refused(WorkspaceRefusal(error, limit: terms.limit))
        }
        if let redactor = terms.redactor, redactor.finds(in: archive.bytes) {
            return refused(.secret)
        }
        if terms.heldSecret { return refused(.heldSecret(path)) }
        return (
            .saved(
                members: archive.members,
                bytes: archive.contentSize,
                leftOut: archive.leftOut
            ),
            Payload(archive.bytes, contentType: ContentTypes.archive)
        )
    }

    private func refused(_ refusal: WorkspaceRefusal) -> (WorkspaceTake.Content, Payload) {
        (.unsaved(code: refusal.code), .text(refusal.message))
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

    static let notKept = WorkspaceRefusal(
        code: "workspace-not-kept",
        message:
            "the process that ran the job saves no workspaces (a limit of 0), and an earlier one was saved; run it with a limit"
    )

    static func heldSecret(_ path: String) -> WorkspaceRefusal {
        WorkspaceRefusal(
            code: secret.code,
            message:
                "a file of the workspace held a secret which has been wiped or replaced since, and may hold it still; look into \(path), remove the folder and what lies beside it, and retry from where its files can be made again"
        )
    }

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
