import DaybookFormat

/// A part of the state that is folded from events of its own: which these are, how it takes them in,
/// and what it is in a snapshot.
///
/// A new part is a folder beside the others, a place in ``State`` or ``SmallParts``, and a line in
/// ``all``.
struct StatePart: Sendable {
    /// What its section of a snapshot is called.
    let name: String
    /// Version of that section, and of the fold: to be raised whenever the section's items change,
    /// or the fold does, because what an older fold has left out cannot be found by a newer one.
    let schema: UInt32
    /// The events that it folds.
    let kinds: [EventKind]
    /// Takes in an entry with one of them.
    /// - Returns: whether the entry closes its execution, which is to be taken out then.
    let apply: @Sendable (inout State, EventKind, EntryView, HistoryFold) throws -> Bool
    /// By which numbers the items of its section are asked for, in order.
    let items: @Sendable (State) -> [UInt64]
    /// Writes an item into the first writer; what is in the second one is lost.
    let write: @Sendable (State, UInt64, inout WireWriter, inout WireWriter) -> Void
    /// Takes in an item.
    let read: @Sendable (inout State, UnsafeRawBufferPointer) throws(WireError) -> Void

    /// All of them, in the order of their sections.
    static let all = [journal, sessions, executions, secrets, tasks]

    /// Its section of a snapshot.
    var section: SnapshotSection {
        SnapshotSection(name: name, schema: schema, items: items, write: write, read: read)
    }

    /// The place in ``all`` of the part that folds an event, by the event's number.
    private static let places: [UInt8] = {
        var places: [UInt8] = []
        for (place, part) in all.enumerated() {
            for kind in part.kinds {
                let number = Int(kind.rawValue)
                while places.count <= number { places.append(.max) }
                precondition(places[number] == .max, "two parts fold \(kind.name)")
                places[number] = UInt8(place)
            }
        }
        return places
    }()

    /// Has the part that folds an event take in the entry.
    static func apply(
        _ kind: EventKind,
        _ entry: EntryView,
        to state: inout State,
        _ history: HistoryFold
    ) throws -> Bool {
        try all[Int(places[Int(kind.rawValue)])].apply(&state, kind, entry, history)
    }
}

/// A part of the state that follows from the executions, or from the tasks: it folds no event, has no
/// section in a snapshot, and is brought up to date after what an entry did to one of them.
struct DerivedPart: Sendable {
    /// What it is called.
    let name: String
    /// Follows what an entry did to an execution that is open.
    let follow: @Sendable (inout State, ExecutionState.Change, UInt64) -> Void
    /// Makes it anew from all executions.
    let rebuild: @Sendable (inout State) -> Void

    /// All of them, in the order in which they follow.
    static let all = [queues, timers, orphans, due]
}

/// The parts that are small enough to be kept from before a batch, in case it is not written.
struct SmallParts: Sendable {
    var journal = JournalFacts()
    var sessions: [State.Session] = []
    var secrets = KeptSecrets()
}

extension EntryHeader {
    /// - Parameters:
    ///   - last: the last entry of its stream so far.
    ///   - entries: how many that has.
    /// - Throws: `WireError` unless it says that it is the next one.
    func check(follows last: UInt64, of entries: UInt64) throws(WireError) {
        guard ordinal == entries, previous == last else {
            throw WireError(
                "it says that it is number \(ordinal) of its stream, after entry \(previous); the fold has \(entries) of them, the last being entry \(last)"
            )
        }
    }
}
