/// An entry that is not yet in the journal: all but sequence, time and its place in its stream,
/// which the journal gives it.
package struct EntryDraft: Sendable {
    /// The stream that it belongs to. The number of a new one is the sequence that this entry will
    /// have.
    package var stream: StreamID
    /// The event with its tag and length, as it stands in `daybook.v1.Entry`; before it, if somebody
    /// is named who asked for it, `request` in the same form.
    package var event: [UInt8]
    /// Version of the event's meaning; 0 stands for 1.
    package var schema: UInt32 = 0
    /// The session that writes it.
    package var session: UInt64
    /// Root of the family of executions; 0: the execution itself.
    package var correlation: UInt64 = 0
    /// The entry that it follows from; 0: it was asked for from outside.
    package var causation: UInt64 = 0
    /// Its payloads.
    package var payloads: SealedPayloads?

    /// Sequence, time and links are given when it is appended.
    package init(
        stream: StreamID,
        event: [UInt8],
        session: UInt64,
        payloads: SealedPayloads? = nil
    ) {
        self.stream = stream
        self.event = event
        self.session = session
        self.payloads = payloads?.count == 0 ? nil : payloads
    }
}

/// A row of the `executions` database, and what changes with it in `lists`.
package struct ExecutionIndexRow: Sendable {
    /// The execution's id, 1 to 255 bytes.
    package let id: String
    /// `daybook.v1.ExecutionRow`, with its ``ExecutionRowCheck``.
    package let row: [UInt8]
    /// The number of the id's first run, by which it is listed.
    package let listed: UInt64
    /// The keys of lists that it joins.
    package var joins: [[UInt8]] = []
    /// The key of the list that it leaves; nil: none.
    package var leaves: [UInt8]?

    /// Nothing is checked: the row must be of the execution with this id.
    /// - Parameter row: without the check.
    package init(id: String, row: [UInt8], listed: UInt64) {
        self.init(id: id, listed: listed) { writer in row.withUnsafeBytes { writer.raw($0) } }
    }

    /// The same with a row that is written here.
    /// - Parameter write: writes the row without the check.
    package init(id: String, listed: UInt64, _ write: (inout WireWriter) -> Void) {
        self.id = id
        self.listed = listed
        row = ExecutionRowCheck.sealing(id, write)
    }
}
