import DaybookFormat

@testable import DaybookModel

/// Archives: of families that are closed, of which nothing is left to be looked at.
extension ReferenceModel {
    /// The newest runs of an execution and of all that its runs have begun.
    func family(of id: Name) -> [Execution] {
        var found: [Execution] = []
        var left = [id]
        while let id = left.popLast() {
            guard let newest = newest(id) else { continue }
            found.append(newest)
            let runs = all.filter { $0.id == id }.map(\.number)
            let children = all.filter { runs.contains($0.parent) }.map(\.id)
            left += Set(children).sorted().filter { child in !found.contains { $0.id == child } }
        }
        return found
    }

    /// Why one cannot be archived; nil: nothing speaks against it.
    func obstacle(_ execution: Execution) -> Refusal.Code? {
        guard execution.isClosed, execution.archived == 0 else { return .conflict }
        if execution.status != .completed, execution.hasFailedCleaning { return .conflict }
        return execution.secrets.isEmpty ? nil : .conflict
    }

    mutating func archive(_ members: [Execution], isStale: Bool) -> Outcome<UInt64> {
        let numbers = Set(members.map(\.number))
        for member in members {
            guard !isStale, obstacle(member) == nil else { return .refused(.conflict) }
            guard member.parent != 0, let parent = executions[member.parent] else { continue }
            guard let above = newest(parent.id), numbers.contains(above.number) else {
                return .refused(.conflict)
            }
        }
        let archive = write()
        for member in members { write(member.number) { $0.archived = archive } }
        return .granted(archive)
    }

    mutating func takeBack(_ ids: [Name], from archive: UInt64) -> Outcome<UInt64> {
        guard ids.allSatisfy({ newest($0)?.archived == archive }) else {
            return .refused(.conflict)
        }
        let sequence = write()
        for id in ids {
            guard let number = newest(id)?.number else { continue }
            write(number) { $0.archived = 0 }
        }
        return .granted(sequence)
    }
}

extension ReferenceModel.Execution {
    /// What undoes something, or cleans up, has failed, or nobody knows how far it came.
    fileprivate var hasFailedCleaning: Bool { registered.contains { $0.hasFailed } }
}
