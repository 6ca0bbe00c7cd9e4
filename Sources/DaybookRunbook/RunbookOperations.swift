#if CLI
/// The operations by which a runbook runs that are no jobs: what is shown of it leaves them out, or
/// says them in the words of the runbook.
package enum RunbookOperations {
    /// The version whose blocks run to their end after a failure. Only where there are such.
    package static let collecting = "blocks run to their end"

    /// Splits into the blocks that come one after the other (branch 0) and those that run always
    /// (branch 1). Only where there are such.
    package static let blocks = "blocks"
    /// What each round of the blocks that run always begins with.
    package static let cleaning = "cleaning up"
    /// What it ends with.
    package static let cleaned = "cleaned up"

    /// Registers the jobs that run when the execution has ended badly. Only where there are such.
    package static let onFailure = "on failure"

    /// Comes before the wait of an approval that has a timeout, and says in which attempt it was
    /// asked for.
    package static func requested(_ block: String) -> String { "\(block) requested" }

    /// Comes after that wait when nobody has given the signal: fails in the attempt that asked.
    package static func timedOut(_ block: String) -> String { "\(block) timed out" }

    /// Comes after the wait when the answer does not approve, and says in which attempt it came.
    package static func answered(_ block: String) -> String { "\(block) answered" }

    /// Comes after that: fails in the attempt in which the answer came.
    package static func rejected(_ block: String) -> String { "\(block) rejected" }
}
#endif
