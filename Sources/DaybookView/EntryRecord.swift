public import DaybookFormat

/// An entry of the journal, as programs read it that follow what happens: of all executions, sessions
/// and processes, in one order.
public struct EntryRecord: Sendable, Identifiable {
    /// Its place in the journal, from 0, without gaps.
    public let sequence: UInt64
    /// When it was written; never before the entry before it.
    public let time: Timestamp
    /// What happened; nil: a newer version of Daybook knows it.
    public let kind: EventKind?
    /// The name of that in the format, also of what is not known here: `execution_submitted`.
    public let event: String
    /// The number of what has the history that it belongs to: 0 of the journal, else that of a session
    /// or of a run of an execution.
    public let stream: UInt64
    /// The id of the execution that it is of; nil: it is of none.
    public let executionID: String?
    /// The name of that execution's workflow.
    public let workflow: String?
    /// The session that wrote it; 0: none, it opens one or begins the journal.
    public let session: UInt64
    /// Who did it: whoever asked for it, else the actor of the session; empty: it is not known.
    public let actor: String
    /// Who asked for it, and why; nil: it follows from other entries, or from what code did.
    public let request: RecordedRequest?
    /// What it says, in one line.
    public let summary: String
    /// What it holds, in order: input, output, the message of an error. One that was erased is empty.
    public let payloads: [StoredPayload]
    /// Who has erased them, when and why; nil: they are there, or no entry says so.
    public let erasure: Erasure?

    /// Its sequence.
    public var id: UInt64 { sequence }

    /// The text of a payload; nil when there is none, or it is erased.
    public func text(ofPayload index: Int) -> String? {
        guard payloads.indices.contains(index), !payloads[index].isErased else { return nil }
        return String(decoding: payloads[index].data, as: UTF8.self)
    }
}
