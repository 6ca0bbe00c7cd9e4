import DaybookFormat

/// What is recorded of the folder that an execution keeps files in.
package struct RecordedWorkspace: Hashable, Sendable {
    /// The newest entry that says something of it; 0: nothing was ever recorded.
    package fileprivate(set) var entry: UInt64 = 0
    /// That entry says that it could not be saved.
    package fileprivate(set) var isUnsaved = false
    /// The lease under which that was. 0: the entry is of the execution that this is a fork of.
    package fileprivate(set) var epoch: UInt64 = 0
    /// Its place among those of that lease, from 1.
    package fileprivate(set) var take: UInt64 = 0

    /// Nothing was ever recorded.
    package init() {}

    fileprivate init(entry: UInt64, isUnsaved: Bool, epoch: UInt64 = 0, take: UInt64 = 0) {
        self.entry = entry
        self.isUnsaved = isUnsaved
        self.epoch = epoch
        self.take = take
    }

    /// Whether something is recorded.
    package var isKnown: Bool { entry != 0 }

    /// Whether it is what was taken before another take.
    func isBefore(_ take: UInt64, of epoch: UInt64) -> Bool {
        (self.epoch, self.take) < (epoch, take)
    }

    /// What a fork of the execution begins with: all that it saves itself comes after it.
    var inherited: RecordedWorkspace { RecordedWorkspace(entry: entry, isUnsaved: isUnsaved) }
}

extension ExecutionState {
    /// What is recorded of the folder that it keeps files in.
    package var workspace: RecordedWorkspace { rare.workspace }
}

extension ExecutionPart {
    /// What is recorded of the folder that an execution keeps files in.
    ///
    /// Branches save side by side, and record in any order: the newest is what was taken last, not
    /// what was recorded last.
    static let workspace = ExecutionPart(
        name: "workspace",
        schema: 1,
        kinds: [.workspaceSaved, .workspaceUnsaved],
        apply: { state, entry, change throws(WireError) in
            let epoch = try entry.number(Wire.WorkspaceSaved.epoch)
            let take = try entry.number(Wire.WorkspaceSaved.take)
            guard take > 0 else { throw WireError("it has no place among what was saved") }
            guard state.rare.workspace.isBefore(take, of: epoch) else { return }
            state.rare.workspace = RecordedWorkspace(
                entry: entry.header.sequence,
                isUnsaved: change.kind == .workspaceUnsaved,
                epoch: epoch,
                take: take
            )
        },
        write: { state, writer, _ in
            let workspace = state.rare.workspace
            writer.varint(workspace.entry, Wire.ExecutionWorkspace.entry)
            writer.varint(workspace.epoch, Wire.ExecutionWorkspace.epoch)
            writer.varint(workspace.take, Wire.ExecutionWorkspace.take)
            writer.bool(workspace.isUnsaved, Wire.ExecutionWorkspace.unsaved)
        },
        read: { state, bytes throws(WireError) in
            var workspace = RecordedWorkspace()
            var reader = WireReader(bytes)
            while let field = try reader.field() {
                switch field {
                case Wire.ExecutionWorkspace.entry: workspace.entry = try reader.varint()
                case Wire.ExecutionWorkspace.epoch: workspace.epoch = try reader.varint()
                case Wire.ExecutionWorkspace.take: workspace.take = try reader.varint()
                case Wire.ExecutionWorkspace.unsaved:
                    workspace.isUnsaved = try reader.varint() != 0
                default: try reader.skip(field)
                }
            }
            if workspace.isKnown { state.rare.workspace = workspace }
        }
    )
}
