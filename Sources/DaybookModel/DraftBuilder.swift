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

    /// The row of an execution that is closed by the entry that is added next.
    /// - Parameter payloads: those of that entry; a content type that they are the first to use gets
    ///   an entry of its own before it.
    func closingRow(
        _ execution: ExecutionState,
        _ status: ExecutionStatus,
        payloads: SealedPayloads,
        errorCode: String = ""
    ) -> ExecutionIndexRow {
        let row = ProtoExecutionRow.with {
            $0.number = execution.number
            $0.closed = .with {
                $0.type = execution.type
                $0.status = status.proto
                $0.submittedAt = execution.submittedAt.rawValue
                $0.startedAt = execution.startedAt.rawValue
                $0.finishedAt = moment.now.rawValue
                $0.attempts = execution.attempt
                $0.last = next + UInt64(newTypes(payloads))
                let added = drafts.count { $0.execution == execution.number }
                $0.entries = execution.entries + UInt64(added) + 1
                $0.errorCode = errorCode
            }
        }
        return ExecutionIndexRow(id: execution.id, row: row.encoded())
    }
}
