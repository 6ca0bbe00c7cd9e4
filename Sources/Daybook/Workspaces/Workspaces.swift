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
/// Beside the folder NUMBER lie NUMBER.at, its ``WorkspaceMark``, while it is restored NUMBER.new, and
/// what was found in its place and is not its own, or is saved nowhere: NUMBER.other, NUMBER.unsaved.
final class Workspaces: Sendable {
    private let folder: String
    private let keeps: Bool
    /// Bytes that an archive may have; 0: none is made.
    let limit: Int
    private let store: any JournalStore
    private let logger: Logger
    /// The executions whose folders this process has made.
    private let made = Locked<Set<UInt64>>([])
    /// Those that are in use, by execution. A slot is held while its folder is prepared: branches ask side
    /// by side, and to prepare the folder for the second one would undo what the first does.
    private let slots = Locked<[UInt64: Slot]>([:])
    /// What is read of archives is in memory until it is recorded, or restored.
    let room: ArchiveRoom

    private final class Slot: Sendable {
        let keeper = Locked<WorkspaceKeeper?>(nil)
    }

    /// So many archives of the greatest size are in memory at one time, or as many bytes of smaller ones.
    static let archives = 4

    init(in folder: String, _ options: EngineOptions, _ store: any JournalStore) {
        self.folder = folder
        keeps = options.keepsWorkspaces
        limit = min(max(options.workspaceLimit, 0), 1 << 30)
        self.store = store
        room = ArchiveRoom(size: Self.archives * max(limit, 1))
        logger = options.logger
    }

    /// Where the workspaces of a journal lie: made, if it is not in the journal's folder.
    static func folder(
        _ place: JournalFolder,
        _ options: EngineOptions,
        _ store: any JournalStore
    ) throws -> String {
        guard let folder = options.workspaces else {
            try place.checkWorkspaces()
            return place.workspaces
        }
        guard let uuid = try store.read({ try JournalNames($0) }).uuid else {
            throw JournalError(.integrity, "entry 0 does not name the journal", sequence: 0)
        }
        try Folder.create(folder)
        return "\(try Folder.resolved(folder))/\(uuid)"
    }

    /// An execution, in a word that no other history has.
    static func owner(_ id: Name, _ submittedAt: Timestamp) -> String {
        let text = "\(submittedAt.rawValue) \(id.text)"
        return SHA256.hash(data: Array(text.utf8)).prefix(16).hexadecimal
    }

    /// What a folder is opened for.
    struct Request: Sendable {
        let lease: Lease
        /// The execution, in a word that no other history has: when and under which id it was submitted.
        let owner: String
        /// What is recorded, as it is when the folder is prepared.
        let recorded: @Sendable () throws -> RecordedWorkspace
        /// Finds the execution's secrets; nil: it has none.
        let redactor: Redactor?
        /// One that was not saved, and is not here, is not asked for in vain.
        let mayBeEmpty: Bool
    }

    /// Makes the folder of an execution if it is not there, and puts there what is recorded, if that is
    /// something else than what it has. Reads the journal, and the disk.
    /// - Throws: `SystemError`; `JournalError`; ``PayloadErased``; ``OperationError`` with the codes
    ///   `workspace-not-saved` and `workspace-unrestorable`.
    func open(_ request: Request) async throws -> WorkspaceKeeper {
        let isKnown = try request.recorded().isKnown
        do {
            // Where nothing is to be restored that takes a few calls, and no thread of its own.
            if !isKnown { return try open(request, nil) }
            return try await SystemThread.run { try self.open(request, nil) }
        } catch let need as NeedsRoom {
            let share = await room.share(of: need.size)
            defer { share.giveBack() }
            return try await SystemThread.run { try self.open(request, share) }
        }
    }

    /// An archive is to be restored, and others have the room for it.
    private struct NeedsRoom: Error {
        let size: Int
    }

    /// - Parameter share: the room for what is restored; nil: it is asked for.
    /// - Throws: what the other one throws, and ``NeedsRoom``.
    private func open(_ request: Request, _ share: ArchiveRoom.Share?) throws -> WorkspaceKeeper {
        let slot = slots.withLock { slots in
            let slot = slots[request.lease.execution] ?? Slot()
            slots[request.lease.execution] = slot
            return slot
        }
        return try slot.keeper.withLock { known in
            if let known, known.lease.epoch == request.lease.epoch { return known }
            try Folder.create(folder)
            let path = "\(folder)/\(request.lease.execution)"
            made.withLock { _ = $0.insert(request.lease.execution) }
            let recorded = try request.recorded()
            var terms = WorkspaceKeeper.Terms(
                limit: limit,
                isRecorded: recorded.isKnown,
                redactor: request.redactor
            )
            let base = try prepare(path, request, recorded, share, &terms)
            let mark = try WorkspaceMark(request.owner, request.lease.epoch, [base])
            try mark.write(path + ".at")
            // Not by way of what may have been put in the folder's place.
            let real = "\(try Folder.resolved(folder))/\(request.lease.execution)"
            func keeper() -> WorkspaceKeeper {
                WorkspaceKeeper(real, mark, at: path + ".at", request.lease, terms, room, logger)
            }
            if recorded.isUnsaved, terms.loss == nil, try wasRefusedForSecret(recorded) {
                terms.heldSecret = !keeper().holdsSecret()
            }
            let made = keeper()
            known = made
            return made
        }
    }

    /// - Returns: what the folder has of what is recorded.
    private func prepare(
        _ path: String,
        _ request: Request,
        _ recorded: RecordedWorkspace,
        _ share: ArchiveRoom.Share?,
        _ terms: inout WorkspaceKeeper.Terms
    ) throws -> WorkspaceMark.Place {
        let mark = try WorkspaceMark(at: path + ".at")
        let isOwn = mark?.owner == request.owner
        let there = try FileStatus.ofLink(path)
        if there != nil, !isOwn || there?.isFolder == false {
            try setAside(path, "other", request)
        } else if there != nil, let mark {
            let isOfThisBoot = mark.boot == (try WorkspaceMark.thisBoot())
            if !recorded.isKnown { return mark.places.last ?? .nothing }
            // An earlier lease may have gone on elsewhere, and left nothing to save.
            let wasLast = mark.epoch &+ 1 >= request.lease.epoch
            if let place = mark.places.first(where: { $0.isOf(recorded) }), isOfThisBoot,
                wasLast || recorded.isUnsaved
            {
                return place
            }
            // Its files are nowhere else. They may not have been on the disk when the machine stopped.
            let isEmptied = mark.places.last?.isEmptied == true
            if recorded.isUnsaved, !isEmptied, mark.epoch >= recorded.epoch, recorded.epoch > 0 {
                if !isOfThisBoot { warnOfCutFiles(path, request.lease) }
                return WorkspaceMark.Place(recorded)
            }
            if mark.places.last?.isUnsaved == true { try setAside(path, "unsaved", request) }
        }
        guard recorded.isKnown else {
            try Folder.create(path)
            return .nothing
        }
        guard recorded.isUnsaved else {
            let size = try size(of: recorded)
            guard let room = share ?? room.shareNow(of: size) else { throw NeedsRoom(size: size) }
            defer { if share == nil { room.giveBack() } }
            return try restore(path, request.lease, recorded)
        }
        let loss = try loss(request.lease, recorded)
        guard request.mayBeEmpty else { throw OperationError.workspaceNotSaved(loss, recorded) }
        logger.warning("\(loss)", metadata: ["execution": "\(request.lease.id)"])
        terms.loss = loss
        try Folder.create(path)
        return .emptied
    }

    /// Moves away what is not the execution's, or is saved nowhere else: nothing of it is lost or used.
    private func setAside(_ path: String, _ what: String, _ request: Request) throws {
        var other = "\(path).\(what)"
        var count = 1
        while try FileStatus.ofLink(other) != nil {
            count += 1
            other = "\(path).\(what)-\(count)"
        }
        try Folder.removeFile(path + ".at")
        try Folder.rename(path, to: other)
        logger.warning(
            what == "other"
                ? "what lay in the place of a workspace is not this execution's, and was moved"
                : "the files of a workspace that was not saved were moved: the execution has gone on without them",
            metadata: ["execution": "\(request.lease.id)", "folder": "\(other)"]
        )
    }

    private func warnOfCutFiles(_ path: String, _ lease: Lease) {
        logger.warning(
            "the machine was started again, and the workspace of an execution is not saved: files in it may be cut short",
            metadata: ["execution": "\(lease.id)", "workspace": "\(path)"]
        )
    }

    private func wasRefusedForSecret(_ recorded: RecordedWorkspace) throws -> Bool {
        try store.read { reader in
            try reader.withView(of: recorded.entry) {
                try ProtoWorkspaceUnsaved(decoding: $0).code == WorkspaceRefusal.secretCode
            } ?? false
        }
    }

    /// Bytes of the archive that is recorded. Does not read it.
    private func size(of recorded: RecordedWorkspace) throws -> Int {
        let size = try store.read { reader in
            try reader.withView(of: recorded.entry) { try $0.commitments().first?.size }
        }
        return Int(clamping: (size ?? nil) ?? 0)
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
            // It would keep a disk full.
            try Folder.removeAll(path + ".new")
            if case .failed(let name, let error) = error, error.isOfTheMachine {
                // The name says nothing of the disk that it is on.
                throw SystemError(
                    number: error.number,
                    operation: error.operation,
                    path: "\(name) in \(path)"
                )
            }
            throw OperationError(
                code: "workspace-unrestorable",
                message:
                    "the workspace that entry \(recorded.entry) saved cannot be restored here: \(error.reason); use a folder of workspaces that takes it, or take it out with `daybook workspace`",
                isRetryable: false
            )
        }
        try Folder.removeAll(path)
        try Folder.rename(path + ".new", to: path)
        logger.info(
            "a workspace was restored",
            metadata: ["execution": "\(lease.id)", "entry": "\(recorded.entry)"]
        )
        var place = WorkspaceMark.Place(recorded)
        place.digest = Array(SHA256.hash(data: payload.data))
        return place
    }

    /// Where the files of an execution are not, in a sentence.
    private func loss(_ lease: Lease, _ recorded: RecordedWorkspace) throws -> String {
        let reason = try store.read { try $0.payloads(of: recorded.entry) }.first.map {
            String(decoding: $0.data, as: UTF8.self)
        }
        return
            "the workspace of \(lease.id) is not in \(folder), and could not be saved where it was (entry \(recorded.entry): \(reason ?? "the reason is erased"))"
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
        slots.withLock { $0[number] = nil }
        guard made.withLock({ $0.remove(number) }) != nil, !keeps else { return }
        switch prospect(of: number) {
        case .over: remove("\(number)")
        // Somebody had it run again meanwhile: it is looked at once more when that is closed.
        case .runs: made.withLock { _ = $0.insert(number) }
        case .mayRun: break
        }
    }

    /// Removes the folder of a run whose payloads are erased, and what lies beside it: also where folders
    /// are kept, and what was found in its place.
    /// - Throws: `SystemError`.
    func erase(_ number: UInt64) throws {
        slots.withLock { $0[number] = nil }
        _ = made.withLock { $0.remove(number) }
        for name in try Self.names(in: folder)
        where name.prefix(while: { $0 != "." }) == "\(number)" {
            let path = "\(folder)/\(name)"
            if name.hasSuffix(".at") || name.hasSuffix(".at.next") {
                try Folder.removeFile(path)
            } else {
                try Folder.removeAll(path)
            }
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
                return record.status == .completed || record.erasedBy != nil ? .over : .mayRun
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

    /// What is recorded, of which the content is not known.
    fileprivate init(_ recorded: RecordedWorkspace) {
        self.init(epoch: recorded.epoch, take: recorded.take, isUnsaved: recorded.isUnsaved)
    }

    private static let emptyDigest = Array(SHA256.hash(data: FolderArchive.empty.bytes))
}
