import DaybookFormat

@testable import DaybookModel

/// Payloads that are erased, of what is closed.
extension RandomWalk {
    /// Mostly of an execution that is closed, and all of it.
    mutating func erase() throws {
        let closed = reference.all.filter(\.isClosed).map(\.id)
        let isUseful = !closed.isEmpty && !generator.chance(6)
        let id = try draw(isUseful ? closed : reference.numbers.keys.sorted() + ["unknown"])
        let session = try draw(reference.sessions)
        let cause: ErasePayloads.Cause = generator.chance(2) ? .asked : .policy
        var cursor: ErasePayloads.Cursor?
        repeat {
            let command = ErasePayloads(
                Intervention(id: id, by: try drawRequest()),
                .everything(cursor),
                cause: cause,
                limit: .max
            )
            let from = cursor?.run
            cursor = nil
            let found = try self.run(command, session) { answer -> ReferenceModel.Erased in
                cursor = answer.next
                return .init(isSome: answer.erased != nil, wiped: answer.wiped)
            }
            try compare("erasing \(id)", found, reference.erase(id, run: from))
        } while cursor != nil
    }
}
