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
        /// It stands for one that is lost, and how that came: nothing is recorded of it. Nil: it is the one.
        var loss: String?
        /// A file of it held a secret, which may be one that nobody knows any more.
        var heldSecret = false
        /// Finds the execution's secrets; nil: it has none.
        var redactor: Redactor?
        /// Changes that are younger than this, in nanoseconds, may be followed by others with the same
        /// time: a file system's clock may go by steps of as much as 2 s (FAT).
        var grain: Int64 = 2_000_000_000
    }

    /// Its absolute path.
    let path: String
    private let mark: WorkspaceMark
    private let markPath: String
    /// The lease under which it is used.
    let lease: Lease
    private let terms: Terms
    private let room: ArchiveRoom
    private let logger: Logger
    /// What the folder looked like when it was read last; nil: it is to be read. Held while the disk is
    /// read: by no thread that runs tasks.
    private let seen: Locked<FolderSignature?>
    private let state: Locked<State>

    private struct State: Sendable {
        /// What is known of its content, and what of that is recorded.
        var last: WorkspaceMark.Place
        var recorded: WorkspaceMark.Place
        /// The number of the take that was made last. No number is used twice: of two with one number the
        /// second would count for nothing.
        var lastTake: UInt64
        /// What is not known to be recorded; nil: everything is.
        var take: WorkspaceTake?
        /// One was not recorded after all: the folder is read again though it has not changed.
        var isForgotten = false
        /// That one: another branch may have recorded it all the same.
        var forgotten: WorkspaceMark.Place?
    }

    /// - Parameters:
    ///   - mark: as it is on the disk: its first place is what is recorded, and the folder has.
    init(
        _ path: String,
        _ mark: WorkspaceMark,
        at markPath: String,
        _ lease: Lease,
        _ terms: Terms,
        _ room: ArchiveRoom,
        _ logger: Logger
    ) {
        self.path = path
        self.mark = mark
        self.markPath = markPath
        self.lease = lease
        self.terms = terms
        self.room = room
        self.logger = logger
        seen = Locked(nil)
        let base = mark.places.first ?? .nothing
        let lastTake = base.epoch == lease.epoch ? base.take : 0
        state = Locked(State(last: base, recorded: base, lastTake: lastTake))
    }

    /// It has none of the execution's files, and how that came; nil: it has.
    var loss: String? { terms.loss }

    /// Whether something may be to be recorded of it.
    var isSaved: Bool { terms.loss == nil && (terms.limit > 0 || terms.isRecorded) }

    /// What is to be recorded of a folder.
    struct Taken: Sendable {
        /// nil: nothing new.
        let take: WorkspaceTake?
        /// The room that it takes until it is recorded; nil: none was needed.
        let share: ArchiveRoom.Share?

        static let nothing = Taken(take: nil, share: nil)
    }

    /// What is to be recorded of the folder as it is now. Reads the disk, on a thread of its own, and
    /// waits for room before it reads files.
    func take() async throws -> Taken {
        switch try await look(nil) {
        case .taken(let taken): return taken
        case .needsRoom(let size):
            let share = await room.share(of: size)
            do {
                // A folder that has grown meanwhile is not asked about again.
                if case .taken(let taken) = try await look(share) { return taken }
                preconditionFailure("who has room is not asked to wait for it")
            } catch {
                share.giveBack()
                throw error
            }
        }
    }

    private enum Look: Sendable {
        case taken(Taken)
        /// The folder has changed, and its archive takes about so many bytes.
        case needsRoom(Int)
    }

    private func look(_ share: ArchiveRoom.Share?) async throws -> Look {
        let found = Locked<Result<Look, any Error>>(.success(.taken(.nothing)))
        // Also where there is no thread to be had: what the operation did is to be recorded.
        await SystemThread.runBlocking { [self] in
            found.withLock { found in found = Result { try look(share) } }
        }
        return try found.withLock { $0 }.get()
    }

    private func look(_ given: ArchiveRoom.Share?) throws -> Look {
        try seen.withLock { seen in
            makeAgain()
            let time = WorkspaceMark.fileTime()
            let now = signature()
            if now != nil, now == seen, let known = known(given) { return .taken(known) }
            let size = min(now?.archiveSize ?? .max, terms.limit)
            guard let share = given ?? room.shareNow(of: size) else { return .needsRoom(size) }
            // What could not be read is read after the next operation.
            seen = nil
            state.withLock { $0.isForgotten = false }
            do {
                if try read(expecting: size), let now, time - now.lastChange > terms.grain {
                    seen = now
                }
            } catch {
                if given == nil { share.giveBack() }
                throw error
            }
            return .taken(taken(share))
        }
    }

    /// What is to be recorded of a folder that has not changed; nil: what was taken of it was not recorded, and
    /// is taken again.
    private func known(_ share: ArchiveRoom.Share?) -> Taken? {
        state.withLock { $0.isForgotten ? nil : Taken(take: $0.take, share: share) }
    }

    private func taken(_ share: ArchiveRoom.Share?) -> Taken {
        Taken(take: state.withLock { $0.take }, share: share)
    }

    /// Reads the folder, and notes what of it is to be recorded.
    /// - Returns: whether it could be read.
    private func read(expecting size: Int) throws -> Bool {
        guard let (content, payload) = archived(expecting: size) else { return false }
        let saved = Array(SHA256.hash(data: payload.data))
        // That something cannot be saved is said once of the same files, and not taken back.
        let lacking = Array(SHA256.hash(data: saved + [1]))
        let digest = content.leavesOut ? lacking : saved
        let number = state.withLock { state -> UInt64? in
            guard ![digest, lacking].contains(state.last.digest) else { return nil }
            state.lastTake += 1
            return state.lastTake
        }
        guard let number else { return true }
        let take = WorkspaceTake(number: number, content, try SealedPayloads(payload, limit: .max))
        let places = state.withLock { state in
            state.last = .init(epoch: lease.epoch, take: number, digest: digest)
            if case .unsaved = content { state.last.isUnsaved = true }
            state.take = take
            return [state.recorded, state.last]
        }
        // Before it is recorded: should that be the last that this process does, the folder is known
        // for what it is.
        note(places)
        return true
    }

    /// A take is recorded.
    func wasRecorded(_ take: WorkspaceTake) {
        state.withLock { state in
            if state.take?.number == take.number {
                state.recorded = state.last
                state.take = nil
            } else if let place = state.forgotten, place.take == take.number,
                (place.epoch, place.take) > (state.recorded.epoch, state.recorded.take)
            {
                state.recorded = place
                if state.take == nil { state.last = place }
            }
        }
    }

    /// A take could not be recorded: it is taken again, and takes no memory until then.
    func wasNotRecorded(_ take: WorkspaceTake) {
        state.withLock { state in
            guard state.take?.number == take.number else { return }
            state.forgotten = state.last
            state.last = state.recorded
            state.take = nil
            state.isForgotten = true
        }
    }

    /// Whether a secret of the execution is in one of its files, as far as they can be read.
    func holdsSecret() -> Bool {
        guard case .unsaved(let code)? = archived(expecting: 0)?.0 else { return false }
        return code == WorkspaceRefusal.secretCode
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

    /// - Returns: nil: it cannot be looked at. Reading it says why.
    private func signature() -> FolderSignature? {
        do throws(ArchiveError) { return try FolderSignature.of(path) } catch { return nil }
    }

    /// The folder as a payload; nil: the machine fails at it now, and it is read again after the next
    /// operation.
    private func archived(expecting size: Int) -> (WorkspaceTake.Content, Payload)? {
        if terms.limit == 0 { return refused(.notKept) }
        let archive: FolderArchive
        do throws(ArchiveError) {
            archive = try FolderArchive.of(path, limit: terms.limit, expected: size)
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
        if let redactor = terms.redactor, let end = redactor.end(ofFirstIn: archive.bytes) {
            return refused(.secret(in: path(ofByteAt: end, archive).map(redactor.redacted)))
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

    private func path(ofByteAt offset: Int, _ archive: FolderArchive) -> String? {
        do throws(ArchiveError) {
            return try archive.path(ofByteAt: offset)
        } catch {
            warn("which file holds a secret could not be found out", error)
            return nil
        }
    }

    private func refused(_ refusal: WorkspaceRefusal) -> (WorkspaceTake.Content, Payload) {
        (.unsaved(code: refusal.code), .text(refusal.message))
    }
}

extension WorkspaceTake.Content {
    /// Something was in the folder that is not saved with the rest.
    fileprivate var leavesOut: Bool {
        if case .saved(_, _, let leftOut) = self { leftOut > 0 } else { false }
    }
}
