import DaybookFormat

@testable import DaybookModel

/// What has been promised in the course of a walk, by whatever reached the outside.
struct WalkInvariants {
    /// Ids for which a committed answer said that they run, or have run.
    var started: Set<Name> = []
    /// What was seen of those that have ended, by number, until a person has them run again.
    var finals: [UInt64: String] = [:]

    /// - Throws: ``WalkFailure`` for a promise that is broken.
    mutating func check(_ walk: borrowing RandomWalk) throws {
        for id in started {
            guard let row = try walk.harness.row(id) else {
                throw walk.failure("\(id) was acknowledged and is gone")
            }
            let status =
                try walk.harness.state.execution(row.number)?.status
                ?? ExecutionStatus.recorded(in: row, of: id.text)
            guard status != .submitted, status != .expired else {
                throw walk.failure("\(id) was acknowledged and is \(status)")
            }
        }
        try checkFamilies(walk)
        for (number, state) in walk.folds where state.status.isFinal {
            let end = "\(state.status) at \(state.finishedAt) with \(state.errorCode)"
            if let before = finals[number], before != end {
                throw walk.failure("\(state.id) was \(before), and is now \(end)")
            }
            finals[number] = end
        }
        for number in finals.keys where walk.folds[number]?.status.isFinal != true {
            throw walk.failure("\(number) had ended, and nobody has reopened it")
        }
    }

    /// Nobody waits for a child that is closed, and nobody is closed before its children.
    private func checkFamilies(_ walk: borrowing RandomWalk) throws {
        for number in walk.harness.state.openExecutions {
            guard let state = walk.harness.state.execution(number) else { continue }
            for child in state.rare.family.inOrder {
                let run = try walk.harness.row(child.id)?.number ?? 0
                guard walk.harness.state.execution(run)?.parent == number else {
                    throw walk.failure("\(state.id) has the child \(child.id), which is closed")
                }
            }
            let waited = Set(state.waits.compactMap(\.child))
            guard waited.isSubset(of: state.openChildren) else {
                throw walk.failure("\(state.id) waits for children that are closed")
            }
            guard let parent = state.parent, !walk.reference.isContinued(parent) else { continue }
            guard walk.harness.state.execution(parent) != nil else {
                throw walk.failure("\(state.id) is open, and its parent is closed")
            }
        }
    }
}
