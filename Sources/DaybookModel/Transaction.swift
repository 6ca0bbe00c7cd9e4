import DaybookFormat
import SwiftProtobuf

/// The shell's side of a transaction: it orders and writes entries, and looks up what the state
/// does not hold.
package protocol Ledger: AnyObject {
    /// The time of the entries: never before that of the last entry.
    var now: Timestamp { get }
    /// The sequence that the next entry gets.
    var nextSequence: UInt64 { get }

    /// Writes an entry and hands it, as it was written, to `apply`.
    /// - Throws: what the store throws, after which the batch must end; an error that says that the
    ///   entry is too large, and then nothing was written; what `apply` throws.
    func append(_ draft: EntryDraft, _ apply: (EntryView) throws -> Void) throws
    /// Writes the row of an execution's id.
    func put(_ row: ExecutionIndexRow) throws

    /// The row of an execution's id, as the batch leaves it; nil: there is none.
    func row(of id: Name) throws -> ProtoExecutionRow?
    /// What is recorded of the input of an id's first run.
    /// - Parameter number: any run of the id.
    func input(of number: UInt64) throws -> RecordedInput?
    /// Folds the history of an execution, without the entries from `sequence` on.
    func history(of number: UInt64, before sequence: UInt64) throws -> ExecutionState
    /// Looks for payloads of a stream that are to be erased, from its end.
    /// - Parameters:
    ///   - sequence: entries from this one on are left out.
    ///   - limit: so many entries are looked at, from the first that has some.
    /// - Returns: nil when there are none.
    func erasable(
        of stream: UInt64,
        before sequence: UInt64,
        limit: Int
    ) throws -> ErasableRange?
    /// The numbers of the forks of a run of an execution, ascending.
    func forks(of number: UInt64) throws -> [UInt64]
    /// Whether what ``history(of:before:)`` throws says that the record of that execution has changed, and
    /// not that the journal cannot be read.
    func isDamage(_ error: any Error) -> Bool
}

/// Entries of a stream that have payloads to erase.
package struct ErasableRange: Equatable, Sendable {
    /// The first and the last of them.
    package let range: ClosedRange<UInt64>
    /// How many of the entries have some.
    package let entries: Int
    /// How many payloads.
    package let payloads: Int
    /// How many bytes they were recorded with.
    package let bytes: UInt64

    /// Says what was found.
    package init(range: ClosedRange<UInt64>, entries: Int, payloads: Int, bytes: UInt64) {
        self.range = range
        self.entries = entries
        self.payloads = payloads
        self.bytes = bytes
    }
}

/// What the first entry of an execution says about its input.
package struct RecordedInput: Sendable {
    /// HMAC of the input under its salt.
    package let mac: [UInt8]
    /// The salt; nil once the input is erased.
    package let salt: Salt?

    /// - Parameter mac: 32 bytes. With the salt, another input can be compared with this one.
    package init(mac: [UInt8], salt: Salt?) {
        self.mac = mac
        self.salt = salt
    }
}

/// The one way to change a journal: what commands read and append.
///
/// An entry is applied to the state at once, so that whatever is decided after it, by the same
/// command or the next one of the batch, sees it: no number, row or status is predicted. The
/// entries of all commands of a batch become durable together, or not at all.
@usableFromInline
package struct Transaction: ~Copyable {
    /// The state, with all that has been appended.
    package internal(set) var state: State
    /// The session that asks; 0 for the one that opens a session.
    package var session: UInt64
    /// How many entries have been appended.
    package private(set) var count = 0
    let ledger: any Ledger

    /// Begins a batch.
    /// - Parameter state: given back by ``finish()``.
    package init(_ state: consuming State, _ ledger: any Ledger, session: UInt64 = 0) {
        self.state = state
        self.session = session
        self.ledger = ledger
        self.state.begin()
    }

    /// Ends the batch.
    /// - Returns: the state, for ``State/commit()`` or ``State/rollBack(_:)``.
    @usableFromInline
    package consuming func finish() -> State { state }

    // MARK: Looking

    /// The time of the entries.
    package var now: Timestamp { ledger.now }

    /// The sequence that the next entry gets.
    var nextSequence: UInt64 { ledger.nextSequence }

    /// An open execution. To be looked at where it lies: whoever keeps it over an append has it
    /// copied.
    subscript(_ number: UInt64) -> ExecutionState? {
        @inline(__always) _read { yield state.executions[number] }
    }

    /// An execution that is known to be open, where it lies.
    subscript(known number: UInt64) -> ExecutionState {
        @inline(__always) _read { yield state.executions[known: number] }
    }

    /// Whether an execution is open.
    func isOpen(_ number: UInt64) -> Bool { state.executions.contains(number) }

    /// The row of an execution's id; nil: there is no such id, or it has not the form of one.
    func row(of id: Name) throws -> ProtoExecutionRow? {
        Names.isValid(id) ? try ledger.row(of: id) : nil
    }

    /// What is recorded of the input of an id's first run.
    func input(of number: UInt64) throws -> RecordedInput? { try ledger.input(of: number) }

    /// An execution that is closed, folded from its history.
    func closed(_ number: UInt64) throws -> ExecutionState {
        try ledger.history(of: number, before: nextSequence)
    }

    /// What an execution was before one of its entries, folded from its history.
    func past(of number: UInt64, before sequence: UInt64) throws -> ExecutionState {
        try ledger.history(of: number, before: sequence)
    }

    /// Payloads of a stream that are to be erased, from its end. See ``Ledger``.
    func erasable(
        of stream: UInt64,
        before sequence: UInt64,
        limit: Int
    ) throws -> ErasableRange? {
        try ledger.erasable(of: stream, before: sequence, limit: limit)
    }

    /// The numbers of the forks of a run of an execution.
    func forks(of number: UInt64) throws -> [UInt64] { try ledger.forks(of: number) }

    /// The number of an execution that has not ended.
    /// - Throws: ``Refusal/Code/notFound``, ``Refusal/Code/wrongState``.
    func open(_ id: Name, for what: String) throws -> UInt64 {
        guard let row = try row(of: id) else { throw Refusal.unknownExecution(id) }
        guard let status = self[row.number]?.status else {
            throw Refusal.hasEnded(id, try ExecutionStatus.recorded(in: row, of: id.text), what)
        }
        guard !status.isFinal else { throw Refusal.hasEnded(id, status, what) }
        return row.number
    }

    // MARK: Appending

    /// Appends an entry to a stream.
    /// - Returns: its sequence.
    /// - Throws: what ``Ledger`` throws; ``InconsistentEntry``.
    @discardableResult
    mutating func append(
        _ event: ProtoEntry.OneOf_Event,
        to stream: StreamID,
        payloads: SealedPayloads? = nil,
        causation: UInt64 = 0
    ) throws -> UInt64 {
        try append(event.encoded(), to: stream, payloads, causation)
    }

    /// Appends an entry that somebody asked for.
    /// - Parameters:
    ///   - event: with its tag and length.
    ///   - stream: nil: the one that the entry begins.
    ///   - isNamed: whoever asks is named, also if it is the session's actor.
    ///   - root: the root of the family that the stream is of; nil: as the state says, which knows what
    ///     is open.
    /// - Returns: its sequence.
    @discardableResult
    mutating func append(
        _ event: [UInt8],
        to stream: StreamID?,
        _ payloads: SealedPayloads? = nil,
        by request: Request,
        isNamed: Bool = false,
        root: UInt64? = nil
    ) throws -> UInt64 {
        if request.isPlain, !isNamed { return try append(event, to: stream, payloads, 0, root) }
        let actor = sessionActor
        let said = request.named(actor).encoded(besides: isNamed ? nil : actor)
        let all = request.reason.map { payloads?.appending($0) ?? $0 } ?? payloads
        return try append(said + event, to: stream, all, 0, root)
    }

    /// Appends the first entry of a stream, whose number is the entry's sequence.
    /// - Returns: that number.
    mutating func begin(
        _ event: ProtoEntry.OneOf_Event,
        payloads: SealedPayloads? = nil
    ) throws -> UInt64 {
        try append(event.encoded(), to: nil, payloads, 0)
    }

    /// Appends an entry.
    /// - Parameters:
    ///   - event: with its tag and length.
    ///   - stream: nil: the one that the entry begins.
    ///   - root: the root of the family that the stream is of; nil: as the state says.
    /// - Returns: its sequence.
    @discardableResult
    mutating func append(
        _ event: [UInt8],
        to stream: StreamID?,
        _ payloads: SealedPayloads? = nil,
        _ causation: UInt64 = 0,
        _ root: UInt64? = nil
    ) throws -> UInt64 {
        let payloads = try payloads.map { try numbered($0) }
        let sequence = ledger.nextSequence
        var draft = EntryDraft(
            stream: stream ?? StreamID(sequence),
            event: event,
            session: session,
            payloads: payloads
        )
        draft.causation = causation
        draft.correlation = root ?? stream.map { state.familyRoot(of: $0.rawValue) } ?? 0
        let ledger = ledger
        var row: ExecutionIndexRow?
        try ledger.append(draft) { entry in
            row = try state.apply(pending: entry) { try ledger.history(of: $0, before: $1) }
        }
        if let row { try ledger.put(row) }
        count += 1
        return sequence
    }

    /// Has the content types of payloads interned, so that the next entry needs no other before it.
    mutating func intern(_ payloads: SealedPayloads) throws {
        try payloads.forEachContentType { type in
            guard state.journal.number(ofContentType: type) == nil else { return }
            try append(.contentTypeInterned(.with { $0.contentType = type }), to: .journal)
        }
    }

    private mutating func numbered(_ payloads: SealedPayloads) throws -> SealedPayloads {
        try intern(payloads)
        var payloads = payloads
        payloads.setContentTypeNumbers { state.journal.number(ofContentType: $0) ?? 0 }
        return payloads
    }
}
