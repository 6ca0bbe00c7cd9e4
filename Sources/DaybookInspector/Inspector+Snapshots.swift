public import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView

/// A file from which recovery can begin.
public struct SnapshotRecord: Sendable, Equatable {
    /// Whether it can be used.
    @nonexhaustive
    public enum Condition: Sendable, Equatable {
        /// It is the one that was recorded.
        case fit
        /// No entry vouches for it: whoever wrote it was killed before that, or writes at this moment.
        case unrecorded
        /// Another version of the program has written it.
        case otherVersion
        /// The journal was pruned later: what was open in it may have ended in what is gone.
        case outdated
        /// It is left aside, and why.
        case damaged(String)
    }

    /// The name of the file, in the folder `snapshots`.
    public let name: String
    /// How many entries it is the fold of.
    public let size: UInt64
    /// Bytes of the file.
    public let bytes: UInt64
    /// The entry that vouches for it; nil: there is none.
    public let sequence: UInt64?
    /// When that was written.
    public let recordedAt: Timestamp?
    /// Whether it can be used.
    public let condition: Condition
}

extension Inspector {
    /// The files from which recovery can begin, the newest first. Their bytes are compared with what was
    /// recorded of them.
    /// - Throws: `JournalError`; `SystemError`.
    public func snapshots() throws -> [SnapshotRecord] {
        let snapshots = StateSnapshots(of: try Journal.open(store), in: folder.snapshots)
        return try folder.snapshots.files(of: State.projection).compactMap {
            try snapshotRecord(of: $0, snapshots)
        }
    }

    /// The same, and each is compared with the fold of the entries that it is said to be of.
    /// - Parameter progress: told now and then how many entries of how many are folded.
    /// - Throws: as ``snapshots()``; what the model cannot fold.
    public func verifySnapshots(
        progress: (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in }
    ) throws -> [SnapshotRecord] {
        let journal = try Journal.open(store)
        let records = try snapshots()
        let sizes = records.filter { $0.condition == .fit }.map(\.size).sorted()
        var state = State()
        var digests: [UInt64: [UInt8]] = [:]
        for size in sizes {
            try journal.scan(from: state.next) { entry, reader in
                guard entry.header.sequence < size else { return false }
                if entry.header.sequence % 4_096 == 0 {
                    progress(entry.header.sequence, sizes.last ?? size)
                }
                try state.apply(committed: entry, reader)
                return true
            }
            digests[size] = try SnapshotFolder.digest(
                of: .init(projection: State.projection, size: size),
                schema: State.snapshotSchema,
                root: try journal.head(at: size).root
            ) { try state.writeSnapshot(to: $0) }
        }
        return try records.map { record in
            guard let digest = digests[record.size],
                let file = SnapshotFolder.File(named: record.name),
                try digest != folder.snapshots.digest(of: file)
            else { return record }
            return record.with(.damaged("it is not what the entries come to"))
        }
    }

    /// Removes files from which recovery could begin. Nothing is lost with them: it begins with an older
    /// one, or with the first entry.
    /// - Parameter names: of those to be removed. Those that are not there are left out.
    /// - Returns: the names of those that were removed.
    /// - Throws: `JournalError`, `locked` while a process writes one; `SystemError`.
    @discardableResult
    public func dropSnapshots(_ names: [String]) throws -> [String] {
        try SnapshotRemoval.remove(names, in: folder)
    }

    private func snapshotRecord(
        of file: SnapshotFolder.File,
        _ snapshots: StateSnapshots
    ) throws -> SnapshotRecord? {
        guard let bytes = try FileStatus.of(folder.snapshots.path + "/" + file.name)?.size else {
            // A newer one has taken its place meanwhile.
            return nil
        }
        let record = try snapshots.record(of: file)
        let isOutdated = try store.read { try file.size < $0.horizon() }
        return SnapshotRecord(
            name: file.name,
            size: file.size,
            bytes: UInt64(bytes),
            sequence: record?.sequence,
            recordedAt: record?.time,
            condition: isOutdated ? .outdated : try condition(of: file, record, snapshots)
        )
    }

    private func condition(
        of file: SnapshotFolder.File,
        _ record: StateSnapshots.Record?,
        _ snapshots: StateSnapshots
    ) throws -> SnapshotRecord.Condition {
        guard let record else { return .unrecorded }
        guard record.event.schema == State.snapshotSchema else { return .otherVersion }
        do {
            try snapshots.check(file, record)
            return .fit
        } catch let error as JournalError where error.code == .integrity {
            return .damaged(error.message)
        } catch let error as SystemError {
            return .damaged("\(error)")
        }
    }
}

extension SnapshotRecord {
    fileprivate func with(_ condition: Condition) -> SnapshotRecord {
        SnapshotRecord(
            name: name,
            size: size,
            bytes: bytes,
            sequence: sequence,
            recordedAt: recordedAt,
            condition: condition
        )
    }
}

/// Removes files of snapshots.
enum SnapshotRemoval {
    static func remove(_ names: [String], in folder: JournalFolder) throws -> [String] {
        let files = names.compactMap(SnapshotFolder.File.init(named:))
        let there = Set(try folder.snapshots.files(of: State.projection))
        let gone = files.filter(there.contains)
        guard !gone.isEmpty else { return [] }
        guard let lock = try folder.snapshots.lock() else {
            throw JournalError(
                .locked,
                "a snapshot of \(folder.path) is being written by another process; try again when it has finished"
            )
        }
        for file in gone { try folder.snapshots.remove(file, holding: lock) }
        return gone.map(\.name)
    }
}
