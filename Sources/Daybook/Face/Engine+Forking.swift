import DaybookFormat
public import DaybookModel
import DaybookView

/// What a fork has of its own.
public struct ForkOptions: Sendable {
    /// Its id, 1 to 255 bytes; nil: a new UUID.
    public var id: String?
    /// Its input; nil: that of its origin. The code must make of it what was recorded before the fork.
    public var input: (any Encodable & Sendable)?
    /// What the operation gives, by hand: its body does not run. Only for a checkpoint. It is recorded
    /// with who gave it, and views say that a person did. Nil: the operation runs.
    public var result: (any Encodable & Sendable)?
    /// Its secrets: it has none of its origin's. Of a fork that is there already nothing is stored.
    public var secrets: [String: Secret]
    /// The same as JSON.
    package var encodedInput: [UInt8]?
    package var encodedResult: [UInt8]?
    /// The name of what the handler registers outside of branches, if that undoes nothing: that it has run
    /// is no obstacle, and the fork runs it at its own end. Of several the first is meant.
    package var harmless: String?

    /// - Parameters:
    ///   - id: 1 to 255 bytes; nil: a new UUID.
    ///   - input: nil: that of its origin.
    ///   - result: nil: the operation runs.
    ///   - secrets: by name.
    public init(
        id: String? = nil,
        input: (any Encodable & Sendable)? = nil,
        result: (any Encodable & Sendable)? = nil,
        secrets: [String: Secret] = [:]
    ) {
        self.id = id
        self.input = input
        self.result = result
        self.secrets = secrets
    }
}

/// What became of a fork.
public struct ForkAnswer: Sendable {
    /// The id of the fork.
    public let id: String
    /// The number of the fork.
    public let number: UInt64
    /// The operation that it does not take over.
    public let operation: Operation
    /// The first entry of the origin that it does not take over.
    public let before: UInt64
    /// Whether the fork was there already.
    public let existed: Bool
    /// The names of secrets that are kept of the origin. The fork cannot use them. The origin keeps them for
    /// what it has to undo, and for a retry; they are to be wiped where neither will be.
    public let originSecrets: [String]
}

extension Engine {
    /// Begins a new execution that goes on as another one was before one of its operations, with the
    /// code that this engine has. The origin stays as it is recorded. What it registered for an end before
    /// the operation it does no more: the fork owes it from then on. If it is open, it is cancelled, and
    /// undoes what it has begun since.
    ///
    /// What the origin recorded before the operation must agree with the code, and with the input. It is
    /// the fork's too: by reference, so that nothing of it runs again. Attempts, leases and time-outs are
    /// the fork's own.
    /// - Parameters:
    ///   - id: the execution to fork.
    ///   - operation: its name if only one has it, or its numbers as `daybook show` has them (`0/1/2`).
    ///   - options: what the fork has of its own.
    ///   - requester: who asks, and why.
    /// - Throws: ``Refusal`` with the code `not-found` when the execution, its workflow or the operation
    ///   is not known; `conflict` when the code disagrees with what is recorded before the operation,
    ///   when children were open there, when something before it has been undone, or is owed by another
    ///   fork, and when another execution has the id; ``SecretError``; ``JournalError``; what ``Workflow/validate(_:)`` throws.
    public func fork(
        _ id: String,
        at operation: String,
        _ options: ForkOptions = ForkOptions(),
        by requester: Requester = .session
    ) async throws -> ForkAnswer {
        let newID = options.id ?? self.newID()
        let (plan, answer) = try await engine.storing(options.secrets, of: newID) { given in
            let plan = try await engine.planFork(of: id, at: operation, options, given)
            let answer = try await engine.perform(bytes: plan.input.data.count) {
                try plan.command(
                    id,
                    as: newID,
                    limit: engine.payloadLimit,
                    secrets: given?.sealed,
                    by: try engine.request(requester, of: Name(id), given?.redactor)
                )
            }
            return ((plan, answer), !answer.existed)
        }
        if answer.existed { try engine.check(plan, isOf: answer.number, newID) }
        engine.claim(answer.number)
        return ForkAnswer(
            id: newID,
            number: answer.number,
            operation: plan.found.operation,
            before: plan.found.first,
            existed: answer.existed,
            originSecrets: engine.keptSecrets(of: plan.number)?.secrets.map(\.name.text) ?? []
        )
    }
}
