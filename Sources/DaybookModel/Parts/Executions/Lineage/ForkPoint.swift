import DaybookFormat

/// Where an execution was forked: a fork begins as its origin was before an entry, and a replay of it
/// reads the origin's entries up to there first. Nothing is copied: the origin is never changed, and
/// what it recorded is the fork's by reference.
package struct ForkPoint: Hashable, Sendable {
    /// The number of the execution that it is a fork of.
    package let origin: UInt64
    /// The first entry of the origin that does not count.
    package let before: UInt64

    /// - Returns: nil when the origin is 0: it is no fork.
    package init?(origin: UInt64, before: UInt64) {
        guard origin != 0 else { return nil }
        self.origin = origin
        self.before = before
    }

    /// Reads it from the first entry of an execution.
    /// - Returns: nil: it is no fork.
    /// - Throws: `WireError`.
    package init?(submittedBy entry: EntryView) throws(WireError) {
        var (origin, before): (UInt64, UInt64) = (0, 0)
        var reader = WireReader(entry.eventBytes)
        while let field = try reader.field() {
            switch field {
            case Wire.ExecutionSubmitted.forkedFrom: origin = try reader.varint()
            case Wire.ExecutionSubmitted.forkedBefore: before = try reader.varint()
            default: try reader.skip(field)
            }
        }
        self.init(origin: origin, before: before)
    }
}

extension ExecutionState {
    /// Begins as its origin was before the fork: with what that had recorded, and what that waited for.
    /// Leases, attempts and the status are its own.
    /// - Throws: `WireError` when the origin cannot have been forked there.
    mutating func begin(
        as origin: borrowing ExecutionState,
        _ change: inout Change
    ) throws(WireError) {
        if let objection = origin.objectionToFork { throw WireError(objection) }
        guard origin.type == type else {
            throw WireError("it is a fork of the execution \(origin.number), of another workflow")
        }
        progress = origin.progress
        rare.waits = origin.rare.waits
        rare.stoppedWaits = origin.rare.stoppedWaits
        rare.mailbox = origin.rare.mailbox
        rare.signalIDs = origin.rare.signalIDs
        rare.store = origin.rare.store
        rare.outputs = origin.rare.outputs
        rare.workspace = origin.rare.workspace.inherited
        rare.cleaning = origin.rare.cleaning
        rare.cleaning.isClaimed = false
        rare.cleaning.isSkipped = false
        change.takeOverTimers()
    }

    /// Why it cannot be forked as it is; nil: it can.
    package var objectionToFork: String? {
        if status.isFinal {
            return "the operation is of the cleaning of \(id), which had ended"
        }
        if !rare.family.isChildless || rare.family.joined != 0 {
            return
                "children of \(id) were open there, or had failed, and a fork cannot share them"
        }
        return nil
    }

    /// Whether the operation is the one that comes next in its scope.
    package func hasComeTo(_ operation: Operation) -> Bool {
        progress.due(in: operation.scope) == operation.position
    }

    /// Why nothing of it can be forked yet; nil: it can.
    package var delayOfFork: Refusal? {
        // What it undoes at its end is done no more, and a fork would take it for done.
        if status.isFinal {
            return Refusal(
                .conflict,
                "\(id) has ended, and what it registered for that may be under way; look at it again once it is closed, then fork it"
            )
        }
        if awaitedOrigin != nil {
            return Refusal(
                .conflict,
                "\(id) has not begun: it is a fork, and waits until what it goes on in the place of has undone its work; wait for that, then fork it"
            )
        }
        return nil
    }
}
