public import DaybookFormat
public import DaybookModel

/// An operation of an execution, put together from its entries.
public struct OperationRecord: Sendable {
    /// Where an operation stands.
    @nonexhaustive
    public enum Status: String, Sendable {
        /// Its body runs, or ran when its process died.
        case started
        /// It gave a value.
        case success
        /// It threw.
        case failed
        /// It waits.
        case waiting
    }

    /// How a checkpoint stands that is to be undone should its execution end badly.
    @nonexhaustive
    public enum Compensation: String, Sendable {
        /// It is to be undone.
        case registered
        /// It was undone.
        case undone
        /// It could not be undone, and stays as it is.
        case failed
        /// Its execution has ended, and it was asked that nothing of it is undone.
        case leftOut = "left_out"
        /// A fork owes it.
        case handedOn = "handed_on"
    }

    /// Which operation it is.
    public let operation: Operation
    /// Where it stands.
    public internal(set) var status: Status
    /// How often its body was started, as far as that is recorded.
    public internal(set) var starts = 0
    /// The body did not run: the work was found done.
    public internal(set) var isVerified = false
    /// A person has said what it gives.
    public internal(set) var isGiven = false
    /// When the body began that gave the outcome.
    public internal(set) var startedAt: Timestamp?
    /// When the outcome was recorded.
    public internal(set) var endedAt: Timestamp?
    /// The entry of the outcome, or of the last start.
    public internal(set) var sequence: UInt64
    /// How many branches it has; nil: it is not split into any.
    public internal(set) var branches: UInt32?
    /// How often its body threw and was tried again.
    public internal(set) var tries: UInt32 = 0
    /// When its wait ends, if it waits for a time.
    public internal(set) var deadline: Timestamp?
    /// The id of the child that it began.
    public internal(set) var child: String?
    /// How the child that it has spawned has ended; nil: that is open, or is opened again. What the
    /// operation itself did is done.
    package internal(set) var childStatus: ExecutionStatus?
    /// The number of the first run of the child that it has spawned.
    var spawned: UInt64?
    /// The JSON of its value.
    public internal(set) var value: [UInt8]?
    /// The JSON of its declared input, if that is kept.
    public internal(set) var input: [UInt8]?
    /// The code of its error.
    public internal(set) var errorCode: String?
    /// The message of its error.
    public internal(set) var message: String?
    /// Lines that it logged.
    public internal(set) var logLines: UInt32 = 0
    /// A handler that runs again is answered with its outcome; false: it has none, or has failed and
    /// is run again with the next attempt.
    public internal(set) var isReplayed = false
    /// What it registered for an end from outside has run; with ``errorCode``, if that failed.
    public internal(set) var isCleaned = false
    /// How it stands, if it is to be undone should its execution end badly; nil: it is not.
    public internal(set) var compensation: Compensation?
    /// The code of the error by which it could not be undone.
    public internal(set) var compensationCode: String?
    /// The message of that error.
    public internal(set) var compensationMessage: String?
    /// A later attempt has undone it: it dealt with a failure that is no longer there, or what it began
    /// was cleaned up, or it was undone by what its code says for that.
    public internal(set) var isUndone = false
    /// It ran because the execution had ended badly, and the execution was opened again since: it says
    /// nothing of how that stands now.
    public internal(set) var isOfEarlierEnd = false
}

extension OperationRecord {
    /// A name for each of the operations, no two of them the same: as short as it can be. An
    /// operation of a branch can have the branch's number with it (`build[2]`), one that comes again
    /// has its count (`step#2`).
    package static func labels(of operations: [Operation]) -> [String] {
        let forms = operations.map { operation -> [String] in
            let branches = stride(from: 1, to: operation.scope.count, by: 2)
                .map { "[\(operation.scope[$0])]" }
            let name = operation.name.text
            return [name, name + (branches.last ?? ""), name + branches.joined()]
        }
        var labels = forms.map { $0[0] }
        for level in 1...2 {
            let counts = Dictionary(labels.map { ($0, 1) }, uniquingKeysWith: +)
            for index in labels.indices where counts[labels[index]] ?? 0 > 1 {
                labels[index] = forms[index][level]
            }
        }
        let written = Set(labels)
        var taken: Set<String> = []
        var counts: [String: Int] = [:]
        for (index, label) in labels.enumerated() {
            var count = counts[label] ?? 1
            // What is counted must not be what another one is called.
            while !taken.insert(labels[index]).inserted {
                repeat { count += 1 } while written.contains("\(label)#\(count)")
                labels[index] = "\(label)#\(count)"
            }
            counts[label] = count
        }
        return labels
    }
}
