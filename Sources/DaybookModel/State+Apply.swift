import DaybookFormat
import SwiftProtobuf

/// An entry that this version cannot take in.
package struct UnknownEvent: Error, Equatable, Sendable, CustomStringConvertible {
    /// The entry.
    package let sequence: UInt64
    /// The field number of its event in `daybook.v1.Entry`.
    package let event: UInt32
    /// The version of the event's meaning.
    package let schema: UInt32
    /// What in the event is not known; nil: the event itself, or its meaning.
    package let value: UnknownValue?

    /// Says what was found.
    package init(sequence: UInt64, event: UInt32, schema: UInt32, value: UnknownValue? = nil) {
        self.sequence = sequence
        self.event = event
        self.schema = schema
        self.value = value
    }

    /// What was found and what to do.
    package var description: String {
        let found = value?.description ?? "an event (number \(event), schema \(schema))"
        return
            "entry \(sequence) holds \(found) of a newer version of Daybook; this process can read but not write this journal: use that version"
    }
}

/// An entry that contradicts those before it.
package struct InconsistentEntry: Error, Equatable, Sendable, CustomStringConvertible {
    /// The entry.
    package let sequence: UInt64
    /// What is wrong with it.
    package let reason: String

    /// The entry and what is wrong with it.
    package var description: String { "entry \(sequence): \(reason)" }
}

/// Folds the history of a closed execution, for an entry that opens it again: what is closed is
/// not kept in memory.
package typealias HistoryFold = (_ execution: UInt64, _ before: UInt64) throws -> ExecutionState

extension State {
    /// Stands for a fold that cannot look into the past.
    package static func noHistory(_ execution: UInt64, _ before: UInt64) throws -> ExecutionState {
        throw InconsistentEntry(
            sequence: before,
            reason: "the execution \(execution) that it is about is not open"
        )
    }

    /// Takes in an entry that is on the disk.
    /// - Parameter history: asked for an execution that was closed and that the entry opens again.
    /// - Returns: the execution that the entry closes, if it closes one.
    /// - Throws: ``UnknownEvent``, ``InconsistentEntry``; what `history` throws.
    @discardableResult
    package mutating func apply(
        committed entry: EntryView,
        _ history: HistoryFold = Self.noHistory
    ) throws -> ExecutionState? {
        assert(!batch.isOpen, "an entry of others comes in the middle of a batch")
        let isClosed = try apply(entry, history)
        next = entry.header.sequence + 1
        // Hardly any entry closes one: a state is large, and is not handed through for nothing.
        return isClosed ? executions.remove(entry.header.stream.rawValue) : nil
    }

    /// Takes in an entry that is copied from another journal, as one of a batch: ``commit()`` ends that.
    /// - Returns: the row that its execution's id has from now on, and the lists that it is on, if the
    ///   entry changes them.
    /// - Throws: ``UnknownEvent``, ``InconsistentEntry``; what `history` throws. The state is of no use
    ///   then.
    package mutating func apply(
        copied entry: EntryView,
        _ history: HistoryFold
    ) throws -> ExecutionIndexRow? {
        begin()
        return try apply(pending: entry, history)
    }

    /// Takes in an entry of the batch under way.
    /// - Returns: the row that its execution's id has from now on, and the lists that it is on, if the
    ///   entry changes them.
    /// - Throws: ``UnknownEvent``, ``InconsistentEntry``; what `history` throws. The batch must end
    ///   then.
    mutating func apply(
        pending entry: EntryView,
        _ history: HistoryFold = Self.noHistory
    ) throws -> ExecutionIndexRow? {
        assert(batch.isOpen, "an entry of a batch comes before the batch has begun")
        let number = entry.header.stream.rawValue
        if try Self.kind(of: entry).isOfExecution { noteTouch(number) }
        batch.next = entry.header.sequence + 1
        let kind = EventKind(rawValue: entry.event)
        // How it had ended, if it was closed.
        var ended: ExecutionStatus?
        let isClosed = try apply(entry) { number, sequence in
            let state = try history(number, sequence)
            ended = state.status
            return state
        }
        if isClosed {
            guard let state = executions.remove(number) else { return nil }
            // It was closed before.
            if kind == .secretsWiped || kind == .cleaningSkipped { return state.closedIndexRow }
            // The row of the id is that of its newest run.
            if kind == .payloadsErased || kind == .executionArchived {
                return state.continuedAs == nil ? state.closedIndexRow : nil
            }
            if state.parent != nil, kind != .executionContinued {
                batch.endedChildren.append(EndedChild(state))
            }
            if state.rare.lineage.task != 0, kind != .executionContinued {
                batch.endedRuns.append(EndedRun(state, by: entry.header.sequence))
            }
            if state.rare.lineage.successor != 0 {
                batch.successors.append(
                    Successor(fork: state.rare.lineage.successor, end: entry.header.sequence)
                )
            }
            var row = state.closedIndexRow
            // What goes on as a new run stays open, as the id is concerned.
            guard kind != .executionContinued else { return row }
            row.leaves = ExecutionList.open.key
            row.joins = [ExecutionList.closed(state.status).key]
            return row
        }
        if kind == .executionParked { noteParkedRun(number, entry.header) }
        guard kind == .executionSubmitted || kind == .executionReopened,
            executions.contains(number)
        else { return nil }
        var row = executions[known: number].openIndexRow
        if kind == .executionReopened {
            guard let ended else { return nil }
            row.leaves = ExecutionList.closed(ended).key
            row.joins = [ExecutionList.open.key]
        } else {
            row.joins = try lists(of: number, entry)
        }
        return row
    }

    /// Who asked for an entry: whom it names, else the actor of its session; empty: it is not known.
    /// - Throws: ``InconsistentEntry``.
    package func actor(askingFor entry: EntryView) throws -> String {
        do throws(WireError) {
            if let request = try entry.request(), !request.actor.isEmpty { return request.actor }
        } catch {
            throw entry.error(error)
        }
        let session = entry.header.session
        return sessions.first { $0.number == session }?.actor ?? ""
    }

    /// The keys of the lists that a submission puts an id on. Most are like the one before.
    private mutating func lists(of number: UInt64, _ entry: EntryView) throws -> [[UInt8]] {
        let actor = try actor(askingFor: entry)
        let type = executions[known: number].type
        let isUsual =
            executions[known: number].labels.isEmpty
            && executions[known: number].continuedFrom == nil
            && executions[known: number].parent == nil
            && executions[known: number].forkPoint == nil
        if isUsual, let usual = batch.usualLists, usual.type == type,
            usual.actor.hasBytes(of: actor)
        {
            return usual.keys
        }
        let keys = executions[known: number].lists(askedForBy: actor).map(\.key)
        if isUsual { batch.usualLists = UsualLists(type: type, actor: actor, keys: keys) }
        return keys
    }

    /// - Returns: whether its execution is closed by it, and to be taken out.
    private mutating func apply(_ entry: EntryView, _ history: HistoryFold) throws -> Bool {
        let kind = try Self.kind(of: entry)
        do {
            let isClosed = try StatePart.apply(kind, entry, to: &self, history)
            if !small.secrets.isEmpty { try followSecrets(kind, entry) }
            return isClosed
        } catch let error as WireError {
            throw entry.error(error)
        }
    }

    static func kind(of entry: EntryView) throws(UnknownEvent) -> EventKind {
        guard let kind = EventKind(rawValue: entry.event), entry.header.schema <= 1 else {
            throw UnknownEvent(
                sequence: entry.header.sequence,
                event: entry.event,
                schema: entry.header.schema
            )
        }
        return kind
    }
}
