public import DaybookModel

/// What is done about a body that began and of which no outcome is recorded, because its process
/// died, or because it was told to stop: by a shutdown, a pause, or the end of its attempt.
///
/// A body that has ended in its process, well or not, is in no doubt.
@nonexhaustive
public enum DoubtPolicy: Hashable, Sendable {
    /// The body runs again.
    case runAgain
    /// Verification says whether the work is done: there must be one.
    case verify
    /// It is a failed try with the code `interrupted`, which the operation's retry policy decides on.
    /// Without one the operation has failed; a workflow's own ``Workflow/retry`` runs what failed again
    /// too, with the next attempt. Its start is recorded before every try.
    case fail
    /// The execution is parked until a person says what has happened: ``Engine/resolve(_:_:_:by:)``.
    /// Its start is recorded before every try.
    case askPerson

    /// A body that has begun does not run again by itself.
    var isOnce: Bool { self == .fail || self == .askPerson }

    /// Without a record of the start nobody could know.
    var recordsStart: Bool { isOnce }
}

/// Operations that may have happened, and of which a person is to say whether they did.
public struct InDoubt: Hashable, Sendable, CustomStringConvertible {
    /// That for which the execution cannot go on comes first.
    public let doubts: [Doubt]
    /// When the body of the first one began, and in which session.
    let began: String
    /// What is wrong with what was said of it before; nil: nothing was.
    let objection: String?

    /// What may have happened, and what to do.
    public var description: String {
        guard let first = doubts.first else { return "nothing is in doubt" }
        let others = doubts.count == 1 ? "" : ", and so may \(doubts.count - 1) more"
        let objection = objection.map { "; \($0)" } ?? ""
        return
            "the operation \"\(first.operation.name)\" (\(OperationPath(first.operation))) may have happened\(others): its body began \(began), and no outcome is recorded\(objection); look whether it did, and resolve it"
    }
}

extension OperationError {
    /// A body began, and nobody knows what came of it.
    static func interrupted(_ name: Name, _ began: String) -> OperationError {
        OperationError(
            code: "interrupted",
            message:
                "the body of \(name) began \(began), and its process ended before an outcome was recorded: it may have happened"
        )
    }
}

extension Replay.Start {
    /// When and where it began, for people.
    var began: String { "at \(time) in session \(session)" }
}
