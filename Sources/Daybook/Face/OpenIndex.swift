import DaybookJournal
import DaybookModel

/// The index of executions against those that are open, which memory holds anyway.
///
/// An id without a row would be free: submitting it again would run its work a second time. That
/// costs a lookup for each open execution, once for each opening. Whether the rows of closed ones
/// are all there is seen by a verification.
enum OpenIndex {
    /// Executions that one read transaction looks up.
    private static let step = 4_096

    /// - Throws: ``JournalError/Code/integrity`` for an open execution that the index does not know.
    static func check(_ writer: GroupWriter<EngineFold>) throws {
        var left = writer.inspect { $0.state.openExecutions }[...]
        while !left.isEmpty {
            let numbers = left.prefix(step)
            left = left.dropFirst(step)
            let ids = writer.inspect { fold in
                numbers.compactMap { number in
                    fold.state.committed(number).map { (number: number, id: $0.id.text) }
                }
            }
            try writer.journal.store.read { reader in
                for (number, id) in ids where try reader.executionRow(id) == nil {
                    throw JournalError.missingRow(of: id, number)
                }
            }
        }
    }
}
