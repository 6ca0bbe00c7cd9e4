import DaybookFormat

/// Whether every parent was told of each child that is closed.
struct FamilyAudit {
    /// Who waits for a child, or began it, and by which entry.
    private struct Begun {
        let parent: UInt64
        let started: UInt64
        /// Its parent was told that it is closed.
        var isTold = false
    }

    /// All children, by the numbers of their first runs.
    private var begun: [UInt64: Begun] = [:]
    /// Runs that have handed their children over to nobody.
    private var continued: Set<UInt64> = []
    /// The first runs of the ids of all that have a parent, by run.
    private var firstRuns: [UInt64: UInt64] = [:]
    /// Those of them that are closed.
    private var closed: Set<UInt64> = []

    /// Takes in an entry.
    /// - Throws: `WireError`.
    mutating func follow(_ view: EntryView, at sequence: UInt64) throws(WireError) {
        let stream = view.header.stream.rawValue
        guard let kind = EventKind(rawValue: view.event) else { return }
        switch kind {
        case .childStarted:
            let event = try ProtoChildStarted(decoding: view)
            begun[event.child] = Begun(parent: stream, started: sequence)
        case .childEnded:
            let event = try ProtoChildEnded(decoding: view)
            if !event.reopened { begun[event.child]?.isTold = true }
        case .executionSubmitted:
            let event = try ProtoExecutionSubmitted(decoding: view)
            guard event.parent != 0 else { return }
            firstRuns[stream] = event.firstRun == 0 ? stream : event.firstRun
        case .executionContinued: continued.insert(stream)
        case .executionReopened:
            guard let first = firstRuns[stream] else { return }
            closed.remove(first)
            // Of its next end too.
            begun[first]?.isTold = false
        case .executionClosed: if let first = firstRuns[stream] { closed.insert(first) }
        case .executionCompleted, .executionFailed, .executionTimedOut, .executionCancelled,
            .executionExpired:
            guard let first = firstRuns[stream], try Self.closes(view) else { return }
            closed.insert(first)
        default: break
        }
    }

    /// All final events have that in the same field.
    private static func closes(_ view: EntryView) throws(WireError) -> Bool {
        var reader = WireReader(view.eventBytes)
        while let field = try reader.field() {
            if field == Wire.ExecutionFailed.closes { return try reader.varint() != 0 }
            try reader.skip(field)
        }
        return false
    }

    /// Names the entries that began children of whose end nobody was told.
    func check(_ note: (UInt64?, String) -> Void) {
        for (child, begun) in begun.sorted(by: { $0.value.started < $1.value.started })
        where !begun.isTold && closed.contains(child) && !continued.contains(begun.parent) {
            note(begun.started, "the child \(child) is closed, and its parent was not told")
        }
    }
}
