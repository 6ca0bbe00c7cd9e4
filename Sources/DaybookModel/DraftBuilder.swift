import DaybookFormat
import SwiftProtobuf

/// Collects the entries of one decision, numbers them, and interns content types on the way.
struct DraftBuilder {
    private let moment: Moment
    private var journal: JournalFacts
    private(set) var drafts: [EntryDraft] = []

    init(_ state: borrowing State, _ moment: Moment) {
        self.moment = moment
        journal = state.journal
    }

    /// The sequence that the next entry will have.
    var next: UInt64 { moment.nextSequence + UInt64(drafts.count) }

    /// Adds an entry about an execution, or about the journal when `execution` is 0.
    /// - Returns: its sequence.
    @discardableResult
    mutating func add(
        _ event: ProtoEntry.OneOf_Event,
        to execution: UInt64,
        payloads: SealedPayloads? = nil,
        causation: UInt64 = 0,
        row: ExecutionIndexRow? = nil
    ) -> UInt64 {
        var payloads = payloads
        if let types = payloads?.contentTypes {
            let numbers = types.map { intern($0) }
            payloads?.setContentTypeNumbers(numbers)
        }
        var draft = EntryDraft(
            execution: execution,
            event: event.encoded(),
            session: moment.session,
            payloads: payloads,
            row: row
        )
        draft.causation = causation
        drafts.append(draft)
        return next - 1
    }

    /// How many content types are not yet known, and will be interned before the entry.
    func newTypes(_ payloads: SealedPayloads) -> Int {
        // By their bytes: strings that only look the same are not the same type.
        let new = payloads.contentTypes.filter { journal.number(ofContentType: $0) == nil }
        return Set(new.map { Array($0.utf8) }).count
    }

    private mutating func intern(_ type: String) -> UInt32 {
        if let number = journal.number(ofContentType: type) { return number }
        journal.contentTypes.append(type)
        drafts.append(
            EntryDraft(
                execution: 0,
                event: ProtoEntry.OneOf_Event.contentTypeInterned(.with { $0.contentType = type })
                    .encoded(),
                session: moment.session
            )
        )
        return UInt32(journal.contentTypes.count)
    }

    /// Adds the entry that ends an execution, and with it its row when that closes it too.
    /// - Parameters:
    ///   - payloads: those of that entry; a content type that they are the first to use gets an
    ///     entry of its own before it.
    ///   - closes: nothing is left to clean up.
    @discardableResult
    mutating func end(
        _ execution: ExecutionState,
        _ status: ExecutionStatus,
        _ event: ProtoEntry.OneOf_Event,
        payloads: SealedPayloads? = nil,
        errorCode: String = "",
        causation: UInt64 = 0,
        closes: Bool
    ) -> UInt64 {
        var ended = execution
        ended.status = status
        ended.finishedAt = moment.now
        if errorCode != ended.errorCode { ended.rare.errorCode = errorCode }
        return add(
            event,
            to: execution.number,
            payloads: payloads,
            causation: causation,
            row: closes ? row(closing: ended, payloads) : nil
        )
    }

    /// Adds the entry that closes an execution that has ended before.
    @discardableResult
    mutating func close(_ execution: ExecutionState, causation: UInt64 = 0) -> UInt64 {
        add(
            .executionClosed(.with { $0.epoch = execution.epoch }),
            to: execution.number,
            causation: causation,
            row: row(closing: execution, nil)
        )
    }

    /// The row that an execution has once the next entry has closed it.
    private func row(
        closing execution: ExecutionState,
        _ payloads: SealedPayloads?
    ) -> ExecutionIndexRow {
        var closed = execution
        closed.last = next + UInt64(payloads.map { newTypes($0) } ?? 0)
        closed.entries += UInt64(drafts.count { $0.execution == execution.number }) + 1
        return ExecutionIndexRow(id: execution.id, row: closed.closedRow.encoded())
    }
}
