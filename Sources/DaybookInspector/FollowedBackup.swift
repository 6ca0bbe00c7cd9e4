import DaybookFormat
public import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import LMDB

/// A copy of a journal that is kept up with it: what has been appended to the journal is appended to the
/// copy, byte for byte, with one commit each time.
///
/// A process that is killed leaves a whole copy, with which the next one goes on. Nobody else may write
/// to the copy; everybody may read it. Not to be used by two threads at once.
public final class FollowedBackup {
    /// The folder of the copy.
    public let path: String
    private let journal: Inspector
    private let opened: OpenFolder
    private let replica: Replica

    fileprivate init(_ journal: Inspector, _ path: String) throws {
        self.path = path
        self.journal = journal
        let folder = JournalFolder(path)
        opened = try folder.open()
        do {
            try Self.check(opened.store, folder)
            replica = try Replica(opened.store, snapshots: folder.snapshots)
            try Self.check(replica.head, isBeginningOf: journal, path)
        } catch {
            opened.close()
            throw error
        }
    }

    /// How long to rest before the next look, so that a writer who is always busy loses less than a
    /// twentieth of its time to this: 20 times as long as the last look took, and at least 50 ms. At most a second.
    public private(set) var rest = Duration.milliseconds(50)

    /// How many entries the copy has.
    public var size: UInt64 { replica.head.size }
    /// The root of their tree.
    public var root: TreeHash { replica.head.root }

    /// Appends what the journal has and the copy has not.
    /// - Parameter goOn: told after each commit how many entries the copy has; false: that is enough for
    ///   now.
    /// - Returns: how many entries were appended.
    /// - Throws: ``ProofError/Code/inconsistent`` when somebody else has written to the copy, or the
    ///   journal is another one by now; `JournalError`. After an error it is only good for being closed:
    ///   what the copy has stays a beginning of the journal.
    @discardableResult
    public func catchUp(_ goOn: (UInt64) -> Bool = { _ in true }) throws -> UInt64 {
        let before = size
        let begun = ContinuousClock.now
        defer {
            let took = begun.duration(to: .now)
            rest = min(max(took * 20, .milliseconds(50)), .seconds(1))
        }
        do {
            let archives = journal.folder.archives
            try replica.catchUp(with: journal.database, archives: archives) { goOn($0) }
            try ArchivesCopy.keepUp(JournalFolder(path), with: journal.folder, opened.store)
        } catch let error as SystemError {
            throw JournalError.unmade(path, error)
        }
        return size - before
    }

    /// Ends the use of the copy.
    public func close() { opened.close() }

    /// Makes sure that nobody has made the copy a journal of its own.
    private static func check(_ store: LMDBStore, _ folder: JournalFolder) throws {
        let home = try store.read { try $0.home() }
        guard try home.isSamePlace(as: ProtoBinding(of: folder)) else { return }
        throw JournalError(
            .badPlace,
            "\(folder.path) is no copy any more: it was adopted or restored, and goes on by itself; name another place"
        )
    }

    private static func check(
        _ head: TreeState,
        isBeginningOf journal: Inspector,
        _ path: String
    ) throws {
        let end = try journal.entryCount()
        guard head.size <= end, try journal.head(size: head.size).root == head.root else {
            throw ProofError(
                .inconsistent,
                "\(path) has \(head.size) entries that \(journal.folder.path), with \(end), does not begin with: it is a copy of another journal, the journal was rolled back or replaced, or somebody has written to the copy; keep both, find out which one is right, and name another place"
            )
        }
    }
}

extension Inspector {
    /// A copy that is kept up with the journal. Where there is none at the place it is made, as by
    /// ``backup(to:_:)``; one that is there has to be a beginning of this journal, and is gone on with.
    /// - Parameter path: the folder of the copy. It never has the keys of secrets.
    /// - Throws: ``ProofError/Code/inconsistent``; `JournalError`: `badPlace` also for a copy that goes on
    ///   by itself by now; as ``backup(to:_:)``.
    public func followedBackup(at path: String) throws -> FollowedBackup {
        if try FileStatus.ofLink(path) == nil { _ = try backup(to: path) }
        return try FollowedBackup(self, path)
    }
}
