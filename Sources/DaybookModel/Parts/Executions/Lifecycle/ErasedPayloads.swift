import DaybookFormat

/// Payloads of an execution are erased once it is closed, and it stays so: in a snapshot, which has what is
/// open, there is nothing of it.
extension ExecutionState {
    /// The newest entry by which payloads of it were erased; nil: none was.
    package var erasedBy: UInt64? { rare.erased == 0 ? nil : rare.erased }

    /// Once something of it is erased nothing comes after that but more of it, and that it is archived or
    /// taken back. While it is archived nothing comes but that it is taken back.
    func checkMayGoOn(_ kind: EventKind) throws(WireError) {
        guard kind != .executionArchived else { return }
        guard rare.archived == 0 else {
            throw WireError("it goes on with an execution that lies in an archive")
        }
        guard rare.erased == 0 || kind == .payloadsErased else {
            throw WireError("it goes on with an execution whose payloads are erased")
        }
    }

    /// Takes in that some are.
    mutating func erase(_ entry: EntryView, _ change: Change) throws(WireError) {
        guard change.wasFinal else {
            throw WireError("it erases payloads of an execution that has not ended")
        }
        let from = try entry.number(Wire.PayloadsErased.from)
        let through = try entry.number(Wire.PayloadsErased.through)
        guard number <= from, from <= through, through < entry.header.sequence else {
            throw WireError(
                "it erases payloads of the entries \(from) to \(through), which is no range of its stream before it"
            )
        }
        rare.erased = entry.header.sequence
    }
}
