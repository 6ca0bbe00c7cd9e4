public import DaybookJournal
import DaybookSystem

/// How a journal is backed up.
public struct BackupOptions: Sendable {
    /// Whether the file of keys goes along: without it the secrets of the copy do not open, and nobody
    /// who has the copy and the journal key reads them.
    public var includesKeys = false

    /// The defaults.
    public init() {}
}

/// A copy of a journal that was made.
public struct Backup: Sendable {
    /// Its folder.
    public let path: String
    /// How many entries it has.
    public let size: UInt64
    /// The root of their tree.
    public let root: TreeHash
    /// Bytes of its data file.
    public let bytes: UInt64
    /// Files from which recovery begins that were copied.
    public let snapshots: Int
    /// Archives that were copied.
    public let archives: Int
    /// Whether it has the file of keys.
    public let hasKeys: Bool
}

/// Makes a copy of a journal while others write it.
package enum BackupMaker {
    /// Copies what is in a journal now.
    ///
    /// The copy is compacted, and in its place only when it is whole and on the disk.
    /// - Parameter path: the folder to make.
    /// - Throws: ``JournalError``.
    package static func make(
        of source: JournalFolder,
        _ store: LMDBStore,
        at path: String,
        _ options: BackupOptions
    ) throws -> Backup {
        let unfinished = try UnfinishedJournal.begin(at: path, beside: source)
        do {
            let backup = try fill(unfinished, source, store, options)
            try unfinished.publish()
            return backup
        } catch {
            unfinished.discard()
            throw JournalError.unmade(unfinished.path, error)
        }
    }

    private static func fill(
        _ unfinished: UnfinishedJournal,
        _ source: JournalFolder,
        _ store: LMDBStore,
        _ options: BackupOptions
    ) throws -> Backup {
        let folder = unfinished.folder
        let copy = try StoreCopy.make(of: store, at: folder)
        defer { copy.close() }
        var head = try Journal.open(copy).head
        var hasKeys = false
        if options.includesKeys {
            (head, hasKeys) = try KeysCopy.make(of: source, store, at: folder, copy)
        }
        let snapshots = try source.snapshots.copy(to: folder.snapshots, upTo: head.size)
        let archives = try ArchivesCopy.make(of: source, to: folder, copy)
        if let missing = archives.missing.first {
            throw JournalError(
                .locked,
                "the archive \(missing) of \(source.path) is not there: it was taken back at this moment, and then it is enough to try again; if not, `daybook archive verify` says what is wrong"
            )
        }
        copy.close()
        return Backup(
            path: unfinished.path,
            size: head.size,
            root: head.root,
            bytes: UInt64(try FileStatus.of(folder.dataFile)?.size ?? 0),
            snapshots: snapshots,
            archives: archives.count,
            hasKeys: hasKeys
        )
    }
}
