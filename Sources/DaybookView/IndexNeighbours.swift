import DaybookFormat
package import DaybookJournal
import DaybookModel

/// The rows of the index beside the place of an id that it does not know.
///
/// Whether an id was ever submitted could be told for certain only by a look at the first entry of
/// every execution, as a verification does. The rows that lie beside the id cost the same however
/// many there are, and they tell of what befalls an index: bytes of a key that have changed, and
/// pages that lie in each other's place.
extension ExecutionReader {
    /// Rows that are looked at before the place, and as many after it.
    private static let reach = 32

    /// Makes sure that the rows beside the place of an id are in order, and that none of them is of
    /// an execution that bears the id.
    /// - Throws: ``JournalError/Code/integrity``.
    package static func checkNeighbours(of id: String, _ reader: any StoreReader) throws {
        var last = id
        for _ in 0..<reach {
            guard let (found, row) = try reader.executionRow(before: last) else { break }
            try checkOrder(found, last)
            try row.withUnsafeBytes { try check($0, of: found, wanted: id, reader) }
            last = found
        }
        last = id
        var left = reach
        try reader.scanExecutions(after: id) { found, row in
            try checkOrder(last, found)
            try check(row, of: found, wanted: id, reader)
            last = found
            left -= 1
            return left > 0
        }
    }

    private static func checkOrder(_ first: String, _ second: String) throws {
        guard !first.utf8.lexicographicallyPrecedes(second.utf8) else { return }
        throw JournalError(
            .integrity,
            "the index has \(second) after \(first), which is out of order; verify the journal"
        )
    }

    /// A row must not be that of the execution with the id that is looked for.
    private static func check(
        _ bytes: UnsafeRawBufferPointer,
        of found: String,
        wanted id: String,
        _ reader: any StoreReader
    ) throws {
        let number = try decodeRow(bytes, of: found).number
        guard let submission = try Submission(number, reader),
            submission.id.utf8.elementsEqual(id.utf8)
        else { return }
        throw JournalError.missingRow(of: id, number)
    }
}
