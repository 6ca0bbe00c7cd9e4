import DaybookFormat
import FoundationEssentials
import SwiftProtobuf

/// Records which branch has decided what an operation comes to.
package struct SettleBranches: LeasedCommand {
    /// The lease under which it runs.
    package let lease: Lease
    /// The operation.
    package let operation: Operation
    /// The branch, from 0.
    package let branch: UInt32
    /// Whether it ended with an error; of an operation that gathers: whether more branches failed
    /// than are tolerated.
    package let failed: Bool
    /// Which branches count of an operation that gathers what they come to; nil: `branch` alone.
    package let gathered: Gathered?

    /// What an operation has gathered that does not wait for all of its branches.
    package struct Gathered: Hashable, Sendable {
        /// The branches that count.
        package var branches: BranchSet
        /// How many of these ended with an error.
        package var failures: UInt32

        /// Nothing is checked here: a command is checked when it is decided.
        package init(_ branches: BranchSet, failures: UInt32) {
            self.branches = branches
            self.failures = failures
        }
    }

    /// Nothing is checked here: a command is checked when it is decided.
    package init(
        _ lease: Lease,
        _ operation: Operation,
        branch: UInt32,
        failed: Bool,
        gathered: Gathered? = nil
    ) {
        self.lease = lease
        self.operation = operation
        self.branch = branch
        self.failed = failed
        self.gathered = gathered
    }

    /// The sequence of the entry.
    package typealias Answer = UInt64

    var name: String { "settle branches" }
    var scope: [UInt32]? { operation.scope }

    func decideUnderLease(_ tx: inout Transaction) throws -> UInt64 {
        guard tx[known: lease.execution].progress.isUndecided(operation, branch: branch) else {
            throw Refusal(
                .conflict,
                "the branches of \(operation.name) in \(lease.id) are not under way, or branch \(branch) is none of them; an operation is settled once, by one of its branches, before the next one"
            )
        }
        let root = tx[known: lease.execution].cleaningScope(around: operation.scope) ?? []
        guard !tx[known: lease.execution].progress.isDismissed(operation.scope, in: root) else {
            throw Refusal(
                .conflict,
                "the branches of \(operation.name) in \(lease.id) no longer count: another branch has decided an operation around them"
            )
        }
        let count = tx[known: lease.execution].progress.undecidedBranches(in: operation.scope)
        try gathered?.check(of: operation, in: lease.id, count, deciding: branch)
        return try tx.append(
            .branchSettled(
                .with {
                    $0.operation = operation.proto
                    $0.epoch = lease.epoch
                    $0.branch = branch
                    $0.failed = failed
                    $0.counted = Data(gathered?.branches.bytes ?? [])
                    $0.failures = gathered?.failures ?? 0
                }
            ),
            to: .run(lease.execution)
        )
    }
}

extension SettleBranches.Gathered {
    /// - Parameters:
    ///   - count: how many branches the operation has.
    ///   - branch: the one that decides it: it counts too.
    /// - Throws: ``Refusal/Code/invalidArgument``.
    fileprivate func check(
        of operation: Operation,
        in id: Name,
        _ count: UInt32,
        deciding branch: UInt32
    ) throws(Refusal) {
        guard branches.contains(branch), branches.last ?? 0 < count,
            Int(failures) <= branches.count, count <= BranchSet.limit
        else {
            throw Refusal(
                .invalidArgument,
                "of the \(count) branches of \(operation.name) in \(id) \(branches.count) are to count, up to number \(branches.last ?? 0), with \(failures) failures, and branch \(branch) decides; give branches that there are, the one that decides among them, of at most \(BranchSet.limit)"
            )
        }
    }
}
