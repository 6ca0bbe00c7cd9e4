public import DaybookModel

/// How a checkpoint or an attempt is run, beyond its body.
public struct CheckpointOptions: Sendable {
    /// Has a body that throws run again, after a while; only the last error counts as the
    /// operation's. The delays are kept in the journal, and survive a restart. Nil: it runs once. A
    /// policy that makes no sense is refused before the body runs, with the code `invalid-argument`.
    public var retry: RetryPolicy?
    /// Tells a body through task cancellation that it takes too long, verification included; it then
    /// has failed with the code `timed_out`. One that does not listen is waited for. Nil: it takes
    /// as long as it likes.
    public var timeout: Duration?
    /// Writes an entry before each run of the body, so that a crash leaves word that it may have
    /// happened.
    public var recordsStart: Bool
    /// What is done when a body has begun and no outcome of it is recorded.
    public var onDoubt: DoubtPolicy
    /// Keeps the declared input as a payload, so that it can be shown what was asked for. Nil: as
    /// the workflow says, or the engine.
    public var recordsInput: Bool?
    /// How the operation is undone, if it is given a `compensate`.
    public var compensation: CompensationOptions

    /// By default the body runs once, for as long as it likes, and no start is recorded.
    public init(
        retry: RetryPolicy? = nil,
        timeout: Duration? = nil,
        recordsStart: Bool = false,
        onDoubt: DoubtPolicy = .runAgain,
        recordsInput: Bool? = nil,
        compensation: CompensationOptions = CompensationOptions()
    ) {
        self.retry = retry
        self.timeout = timeout
        self.recordsStart = recordsStart
        self.onDoubt = onDoubt
        self.recordsInput = recordsInput
        self.compensation = compensation
    }
}

/// How an operation is run: what the program says, and what the call itself says.
struct CheckpointSettings: Sendable {
    var options = CheckpointOptions()
    /// A failure is a result, and kept like a success.
    var isHandled = false
    /// The content type of its value; nil: that of the codec.
    var contentType: String?
    /// The declared input, encoded, if it is to be kept.
    var input: [UInt8]?
    /// How it is undone; nil: it is not.
    var compensation: CleaningWork?
    /// What of its value goes into the execution's store, with its outcome; nil: nothing.
    var storing: (@Sendable (_ value: [UInt8]) throws -> StoredValues)?

    /// An entry is written before each run of the body.
    var recordsStart: Bool { options.recordsStart || options.onDoubt.recordsStart }
}

/// What a checkpoint puts into the execution's store and removes from there: in the entry of its outcome, so that
/// both count together, and what is put anew by a checkpoint that was undone and runs again.
package struct StoredValues: Sendable {
    /// Encoded, in the order of the keys.
    let values: [(key: Name, data: [UInt8])]
    /// Keys that have no value any more, in order.
    let removed: [Name]

    /// Nothing.
    static let none = StoredValues()

    private init() { (values, removed) = ([], []) }

    /// - Throws: `Refusal` for a key that is no name.
    package init(_ values: [String: [UInt8]], removed: [String]) throws {
        for key in [String](values.keys) + removed { try Names.check(key, "key in the store") }
        self.values = values.map { (Name($0.key), $0.value) }.sorted { $0.key < $1.key }
        self.removed = removed.map { Name($0) }.sorted()
        guard size <= Self.limit else { throw OperationError.storeTooLarge(self) }
    }

    /// The most bytes that keys and commitments may take in the entry of an outcome, which has 65,535 in all.
    static let limit = 57_344

    /// How many bytes of an entry they take, at most: a key and what is around it, and for a value its commitment
    /// too.
    var size: Int {
        let stored = values.reduce(0) { size, value in size + value.key.text.utf8.count + 56 }
        return removed.reduce(stored) { size, key in size + key.text.utf8.count + 4 }
    }

    /// Whether nothing is changed.
    var isEmpty: Bool { values.isEmpty && removed.isEmpty }

    /// What an entry says of them.
    var changes: StoreChanges { StoreChanges(stored: values.map(\.key), removed: removed) }
}

extension CheckpointOptions {
    /// Asked where there is no verification.
    /// - Throws: ``OperationError`` with the code `invalid-argument` when there must be one.
    func checkVerification() throws(OperationError) {
        guard onDoubt == .verify else { return }
        throw OperationError(
            code: "invalid-argument",
            message: "onDoubt: .verify needs to look whether the work is done; pass verify:",
            isRetryable: false
        )
    }
}
