import DaybookFormat

@testable import DaybookModel

/// Erasure: of what is closed, a run at a time, the newest first; never of a child before its parent.
extension ReferenceModel {
    /// What a command came to.
    struct Erased: Equatable {
        let isSome: Bool
        let wiped: [Name]
    }

    /// - Parameter run: nil: the newest.
    mutating func erase(_ id: Name, run: UInt64?) -> Outcome<Erased> {
        guard let newest = newest(id) else { return .refused(.notFound) }
        guard newest.isClosed else { return .refused(.conflict) }
        guard newest.archived == 0 else { return .refused(.archived) }
        if newest.parent != 0 {
            guard let parent = executions[newest.parent], let above = self.newest(parent.id),
                above.erased != 0
            else { return .refused(.conflict) }
        }
        guard let known = executions[run ?? newest.number] else { return .refused(.notFound) }
        guard known.isClosed else { return .refused(.conflict) }
        guard known.erased == 0 else { return .granted(Erased(isSome: false, wiped: [])) }
        let wiped = newest.secrets
        wipe(wiped, of: newest.number)
        let sequence = write(known.number)
        change(known.number) { $0.erased = sequence }
        return .granted(Erased(isSome: true, wiped: wiped))
    }
}
