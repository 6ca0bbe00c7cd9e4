import Crypto
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import Logging

/// The folders that executions keep files in between their operations: made, or restored from the
/// journal, when they are asked for, removed when the execution is closed and nobody can have it run
/// again. What has failed, or was ended from outside, finds its files when a person retries it:
/// operations that are recorded left them.
///
/// Beside the folder NUMBER lie NUMBER.at, its ``WorkspaceMark``, and while it is restored NUMBER.new.
final class Workspaces: Sendable {
    private let folder: String
    private let keeps: Bool
    /// Bytes that an archive may have; 0: none is made.
    private let limit: Int
    private let store: any JournalStore
    private let logger: Logger
    /// The executions whose folders this process has made.
    private let made = Locked<Set<UInt64>>([])

    init(in folder: String, _ options: EngineOptions, _ store: any JournalStore) {
        self.folder = folder
        keeps = options.keepsWorkspaces
        limit = min(max(options.workspaceLimit, 0), 1 << 30)
        self.store = store
        logger = options.logger
    }

    /// Where the workspaces of a journal lie: made, if it is not in the journal's folder.
    static func folder(
        _ place: JournalFolder,
        _ options: EngineOptions,
        _ store: any JournalStore
    ) throws -> String {
        guard let folder = options.workspaces else { return place.workspaces }
        guard let uuid = try store.read({ try JournalNames($0) }).uuid else {
            throw JournalError(.integrity, "entry 0 does not name the journal", sequence: 0)
        }
        try Folder.create(folder)
        return "\(try Folder.resolved(folder))/\(uuid)"
    }

    /// Makes the folder of an execution if it is not there, and puts there what is recorded, if that is
    /// something else than what it has. Reads the journal, and the disk.
    /// - Parameter redactor: finds the execution's secrets; nil: it has none.
    /// - Throws: `SystemError`; `JournalError`; ``PayloadErased``; ``OperationError`` with the code
    ///   `workspace-not-saved`.
    func open(
        of lease: Lease,
        _ recorded: RecordedWorkspace,
        _ redactor: Redactor?,
        mayBeEmpty: Bool
    ) throws -> WorkspaceKeeper {
        try Folder.create(folder)
        let path = "\(folder)/\(lease.execution)"
        made.withLock { _ = $0.insert(lease.execution) }
        let base = try prepare(path, lease, recorded, mayBeEmpty: mayBeEmpty)
        return WorkspaceKeeper(
            try Folder.resolved(path),
            mark: path + ".at",
            lease,
            base,
            limit: limit,
            redactor,
            logger
        )
    }

    /// - Returns: what the folder has of what is recorded.
    private func prepare(
        _ path: String,
        _ lease: Lease,
        _ recorded: RecordedWorkspace,
        mayBeEmpty: Bool
    ) throws -> WorkspaceMark.Place {
        guard limit > 0, recorded.isKnown else {
            try Folder.create(path)
            return .nothing
        }
        let mark = try WorkspaceMark(at: path + ".at")
        let place = mark?.places.first {
            $0.epoch == recorded.epoch && $0.take == recorded.take
        }
        if let place, try FileStatus.of(path)?.isFolder == true {
            if mark?.boot == (try WorkspaceMark.thisBoot()) { return place }
            // Its files may not have been on the disk when the machine stopped: what is saved is better.
            if recorded.isUnsaved {
                logger.warning(
                    "the machine was started again, and the workspace of an execution is not saved: files in it may be cut short",
                    metadata: ["execution": "\(lease.id)", "workspace": "\(path)"]
                )
                return place
            }
        }
        guard recorded.isUnsaved else { return try restore(path, lease, recorded) }
        let error = try notSaved(lease, recorded)
        guard mayBeEmpty else { throw error }
        logger.warning("\(error.message)", metadata: ["execution": "\(lease.id)"])
        try Folder.create(path)
        return .nothing
    }

    private func restore(
        _ path: String,
        _ lease: Lease,
        _ recorded: RecordedWorkspace
    ) throws -> WorkspaceMark.Place {
        guard let payload = try store.read({ try $0.payloads(of: recorded.entry) }).first,
            !payload.isErased
        else { throw PayloadErased(sequence: recorded.entry) }
        // What is half restored has no mark.
        try Folder.removeFile(path + ".at")
        try Folder.removeAll(path + ".new")
        try Folder.create(path + ".new")
        do throws(ArchiveError) {
            try FolderArchive.unpack(payload.data, into: path + ".new")
        } catch {
            if case .failed(_, let error) = error { throw error }
            throw OperationError(
                code: "workspace-damaged",
                message:
                    "the workspace that entry \(recorded.entry) saved cannot be restored: \(WorkspaceRefusal(error, limit: limit).message)",
                isRetryable: false
            )
        }
        try Folder.removeAll(path)
        try Folder.rename(path + ".new", to: path)
        let place = WorkspaceMark.Place(
            epoch: recorded.epoch,
            take: recorded.take,
            digest: Array(SHA256.hash(data: payload.data))
        )
        try WorkspaceMark([place]).write(path + ".at")
        logger.info(
            "a workspace was restored",
            metadata: ["execution": "\(lease.id)", "entry": "\(recorded.entry)"]
        )
        return place
    }

    private func notSaved(_ lease: Lease, _ recorded: RecordedWorkspace) throws -> OperationError {
        let reason = try store.read { try $0.payloads(of: recorded.entry) }.first.map {
            String(decoding: $0.data, as: UTF8.self)
        }
        return OperationError(
            code: "workspace-not-saved",
            message:
                "the workspace of \(lease.id) is not here, and it could not be saved where it was (entry \(recorded.entry): \(reason ?? "the reason is erased")); run it there again, or fork it at an operation before",
            isRetryable: false
        )
    }

    /// The executions whose folders this process has made.
    var executions: [UInt64] { made.withLock { $0.sorted() } }

    /// Whether this process has made the folder of one of these.
    func concerns(_ numbers: [UInt64]) -> Bool {
        made.withLock { made in !made.isEmpty && numbers.contains { made.contains($0) } }
    }

    /// Removes the folder of an execution that is closed, if this process has made it and nobody can
    /// have the execution run again. Reads the journal.
    func removeFolder(of number: UInt64) {
        guard made.withLock({ $0.remove(number) }) != nil, !keeps else { return }
        switch prospect(of: number) {
        case .over: remove("\(number)")
        // Somebody had it run again meanwhile: it is looked at once more when that is closed.
        case .runs: made.withLock { _ = $0.insert(number) }
        case .mayRun: break
        }
    }

    /// Whether a run needs its folder again.
    private enum Prospect {
        /// It is over for good.
        case over
        /// It is closed, and a person may have it run again: that makes the folder known again.
        case mayRun
        /// It is open.
        case runs
    }

    /// One that cannot be read may run again.
    private func prospect(of number: UInt64) -> Prospect {
        do {
            return try store.read { reader in
                let id = try reader.withView(of: number) { try ExecutionState(first: $0).id.text }
                // A run that went on as another one is over for good.
                guard let id, let record = try ExecutionReader.bareRecord(of: id, reader),
                    record.number == number
                else { return .over }
                if !record.isClosed { return .runs }
                return record.status == .completed ? .over : .mayRun
            }
        } catch {
            logger.warning(
                "whether the workspace of an execution is still of use could not be found out",
                metadata: ["workspace": "\(number)", "error": "\(error)"]
            )
            return .mayRun
        }
    }

    private func remove(_ name: String) {
        guard !keeps else { return }
        do {
            for part in ["", ".new"] { try Folder.removeAll("\(folder)/\(name)\(part)") }
            for part in [".at", ".at.next"] { try Folder.removeFile("\(folder)/\(name)\(part)") }
        } catch {
            // It is of no use, and harms nobody: it is tried again when the journal is opened.
            logger.warning(
                "the workspace of an execution could not be removed",
                metadata: ["workspace": "\(name)", "error": "\(error)"]
            )
        }
    }

    // MARK: What is left over

    /// The names of the folders that there are, and of what lies beside them.
    static func names(in folder: String) throws -> [String] {
        try FileStatus.of(folder) == nil ? [] : try Folder.names(in: folder)
    }

    /// Removes what a process has left of executions that are closed by now.
    /// - Parameters:
    ///   - names: the folders that there were before the state was looked at.
    ///   - open: whose the files of an execution are.
    func removeLeftOver(
        _ names: [String],
        _ options: EngineOptions,
        _ open: (UInt64) -> State.Workspace
    ) {
        if case .nothing = options.claims { return }
        if keeps { return }
        let numbers = names.compactMap { UInt64($0.prefix { $0 != "." }) }
        for number in Set(numbers).sorted() {
            guard case .closed = open(number), prospect(of: number) == .over else { continue }
            remove("\(number)")
        }
    }
}

extension WorkspaceMark.Place {
    /// A folder of which nothing is recorded: an empty one is not worth it.
    static var nothing: Self { Self(digest: emptyDigest) }

    private static let emptyDigest = Array(SHA256.hash(data: FolderArchive.empty.bytes))
}
