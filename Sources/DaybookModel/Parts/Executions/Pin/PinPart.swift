import DaybookFormat

/// Which code may run an execution.
struct Pin: Hashable, Sendable {
    /// After its first claim only sessions of one revision may claim it.
    var isPinned = false
    /// That revision; empty: there was no claim yet, or it is not pinned.
    var revision: Name = ""
}

extension ExecutionState {
    /// After its first claim only sessions of one revision may claim it.
    package var isPinned: Bool { rare.pin.isPinned }
    /// The only revision whose sessions may claim it; nil: those of any.
    package var pinnedRevision: Name? { rare.pin.revision == "" ? nil : rare.pin.revision }

    /// Whether a session of a revision may claim it, once it is ready.
    func isOpen(toRevision revision: Name) -> Bool {
        rare.pin.revision == "" || rare.pin.revision == revision
    }
}

extension ExecutionPart {
    /// Which code may run an execution: decided by its first claim, and by people.
    static let pin = ExecutionPart(
        name: "pin",
        schema: 2,
        kinds: [.executionSubmitted, .executionClaimed, .executionRepinned],
        apply: { state, entry, change throws(WireError) in
            switch change.kind {
            case .executionSubmitted:
                guard try entry.flag(Wire.ExecutionSubmitted.pinned) else { return }
                state.rare.pin.isPinned = true
                let revision = try entry.text(Wire.ExecutionSubmitted.pinnedRevision)
                state.rare.pin.revision = Name(revision)
            case .executionClaimed:
                guard state.isPinned else { return }
                let revision = try entry.text(Wire.ExecutionClaimed.revision)
                if !revision.isEmpty { state.rare.pin.revision = Name(revision) }
            default:
                state.rare.pin.revision = Name(try entry.text(Wire.ExecutionRepinned.revision))
            }
        },
        write: { state, writer, _ in
            writer.bool(state.rare.pin.isPinned, Wire.ExecutionPin.pinned)
            writer.string(state.rare.pin.revision.text, Wire.ExecutionPin.revision)
        },
        read: { state, bytes throws(WireError) in
            var pin = Pin()
            var reader = WireReader(bytes)
            while let field = try reader.field() {
                switch field {
                case Wire.ExecutionPin.pinned: pin.isPinned = try reader.varint() != 0
                case Wire.ExecutionPin.revision: pin.revision = Name(try reader.string())
                default: try reader.skip(field)
                }
            }
            if pin != Pin() { state.rare.pin = pin }
        }
    )
}

extension EntryView {
    /// A text in the event; empty: it is not there.
    func text(_ wanted: WireField) throws(WireError) -> String {
        var reader = WireReader(eventBytes)
        var text = ""
        while let field = try reader.field() {
            if field == wanted { text = try reader.string() } else { try reader.skip(field) }
        }
        return text
    }
}
