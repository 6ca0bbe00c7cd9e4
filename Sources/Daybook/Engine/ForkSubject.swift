import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

/// An execution that is to be forked, with the code and the input of the fork.
struct ForkSubject {
    let record: ExecutionRecord
    let workflow: RegisteredWorkflow
    /// The input of what is forked.
    let recorded: [UInt8]
    /// The salt of that: digests of declared inputs are made under it.
    let salt: Salt
    /// The input of the fork.
    let input: Payload
    /// Whether that was given; else it is that of what is forked.
    let isInputGiven: Bool
    /// The number of the input's content type, where it is the recorded one; 0: it is another.
    let contentType: UInt32
    let contentTypes: [String]
    /// The name of what the handler registers and undoes nothing by; nil: there is nothing of the kind.
    let harmless: Name?
    /// The operation is given a result by hand.
    let givesResult: Bool

    var id: String { record.id }

    /// What differs, and what to do about it.
    func sentence(of divergence: Divergence) -> (difference: String, correction: String) {
        (
            workflow.difference(divergence, recorded, input.data),
            workflow.correction(divergence, true)
        )
    }
}

/// Why the code of a fork cannot go on from what is recorded.
enum ForkDisagreement {
    case diverged(Divergence)
    /// The value of an entry is needed, and erased.
    case erased(UInt64)
    /// What is to be undone, should it end badly, has nothing that undoes it.
    case lacks(DueCleaning)
}

/// What a fork takes over, with its input: to see whether the code agrees.
struct ForkTrial: HistorySource {
    private let history: JournalHistory
    /// Whose entries they are.
    let number: UInt64
    private let before: UInt64
    private let input: StoredPayload

    /// - Parameters:
    ///   - source: whose entries the fork goes on from.
    ///   - end: the first of them that it does not take over.
    init(_ subject: ForkSubject, from source: UInt64, before end: UInt64, _ store: any JournalStore)
    {
        history = JournalHistory(store: store, execution: source)
        number = source
        before = end
        input = StoredPayload(
            unrecorded: subject.input.data,
            subject.salt,
            contentType: subject.contentType
        )
    }

    func beginning(of number: UInt64) throws -> UInt64 { try history.beginning(of: number) }

    func scan(
        from sequence: UInt64,
        _ body: (EntryView, () throws -> [StoredPayload]) throws -> Bool
    ) throws {
        try history.scan(from: sequence) { entry, _ in
            guard entry.header.sequence < before else { return false }
            return try body(entry) { try payloads(of: entry.header.sequence) }
        }
    }

    func payloads(of sequence: UInt64) throws -> [StoredPayload] {
        sequence == number ? [input] : try history.payloads(of: sequence)
    }

    func child(endedBy sequence: UInt64) throws -> EndedChildName {
        try history.child(endedBy: sequence)
    }
}

extension FoundOperation {
    /// Its name and its numbers.
    var place: String { "\(operation.name.quoted) (\(OperationPath(operation)))" }

    /// Its numbers, which can always be given, and its name.
    var advice: String { "at \(OperationPath(operation)), which is \(operation.name.quoted)" }
}

extension Name {
    /// The name, in quotation marks where it would not stand out in a sentence.
    var quoted: String {
        text.utf8.contains(UInt8(ascii: " ")) ? "\"\(text)\"" : text
    }
}
