public import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

/// What is recorded of the folder that an execution keeps files in, after one of its operations.
public struct WorkspaceRecord: Sendable, Equatable {
    /// What became of it.
    @nonexhaustive
    public enum Content: Sendable, Equatable {
        /// It is in an archive.
        /// - members: files, folders and links; bytes: of the files' contents; leftOut: sockets, pipes and
        ///   others that no archive holds.
        case saved(members: UInt64, bytes: UInt64, leftOut: UInt64)
        /// It could not be saved. Why, in words; nil: that is erased.
        case unsaved(code: String, reason: String?)
    }

    /// The entry.
    public let sequence: UInt64
    /// When it was written.
    public let time: Timestamp
    /// What became of it.
    public let content: Content
    /// Its archive is erased, or what it said of why there is none.
    public fileprivate(set) var isErased = false
    /// The run that recorded it: of a fork, its origin before the fork.
    public let execution: UInt64
    /// The place of the take: by epoch and number the last is the newest, whichever entry came last.
    fileprivate let place: (epoch: UInt64, take: UInt64)

    /// Whether two records are of the same entry, and say the same.
    public static func == (one: WorkspaceRecord, other: WorkspaceRecord) -> Bool {
        one.sequence == other.sequence && one.content == other.content
    }
}

extension Inspector {
    /// What is recorded of the workspace of a run, the oldest first. A fork begins with what its origin
    /// had recorded before it.
    /// - Throws: ``JournalError``.
    public func workspaces(of number: UInt64) throws -> [WorkspaceRecord] {
        var records = try workspaces(recordedBy: number, before: .max)
        var fork = try forkPoint(of: number)
        while let point = fork {
            records = try workspaces(recordedBy: point.origin, before: point.before) + records
            fork = try forkPoint(of: point.origin)
        }
        return records
    }

    private func forkPoint(of number: UInt64) throws -> ForkPoint? {
        try database.read { reader in
            try reader.withView(of: number) { try ForkPoint(submittedBy: $0) } ?? nil
        }
    }

    private func workspaces(
        recordedBy number: UInt64,
        before end: UInt64
    ) throws -> [WorkspaceRecord] {
        var records: [WorkspaceRecord] = []
        let history = JournalHistory(store: database, execution: number)
        try history.scan(from: number) { entry, payloads in
            guard entry.header.sequence < end else { return false }
            switch EventKind(rawValue: entry.event) {
            case .workspaceSaved:
                let event = try ProtoWorkspaceSaved(decoding: entry)
                records.append(
                    WorkspaceRecord(
                        sequence: entry.header.sequence,
                        time: entry.header.time,
                        content: .saved(
                            members: event.files,
                            bytes: event.bytes,
                            leftOut: event.leftOut
                        ),
                        execution: number,
                        place: (event.epoch, event.take)
                    )
                )
            case .workspaceUnsaved:
                let event = try ProtoWorkspaceUnsaved(decoding: entry)
                let payload = try payloads().first
                records.append(
                    WorkspaceRecord(
                        sequence: entry.header.sequence,
                        time: entry.header.time,
                        content: .unsaved(
                            code: event.code,
                            reason: payload.flatMap {
                                $0.isErased ? nil : String(decoding: $0.data, as: UTF8.self)
                            }
                        ),
                        execution: number,
                        place: (event.epoch, event.take)
                    )
                )
            default: break
            }
            return true
        }
        for index in records.indices {
            records[index].isErased = try isErased(records[index].sequence)
        }
        return records.sorted { $0.place < $1.place }
    }

    /// Whether an entry that has one payload has lost it. Its bytes are not read: an archive is large.
    private func isErased(_ sequence: UInt64) throws -> Bool {
        try database.read { reader in
            try reader.withPayloads(of: sequence) { try PayloadRecord.firstSalt($0) == nil }
                ?? false
        }
    }

    /// The archive of a workspace that is saved.
    /// - Throws: ``JournalError``; ``PayloadErased``.
    public func archive(of workspace: WorkspaceRecord) throws -> [UInt8] {
        let payload = try database.read { try $0.payloads(of: workspace.sequence) }.first
        guard let payload, !payload.isErased else {
            throw PayloadErased(sequence: workspace.sequence)
        }
        return payload.data
    }
}
