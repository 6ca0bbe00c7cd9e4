package import DaybookFormat
package import DaybookJournal
import DaybookModel

extension FactLookup {
    /// The executions whose input is there, and has the salt of a run's input: what the run was forked from,
    /// its forks, and those of all of them. With the salt a short value can be guessed, of which no more
    /// than a commitment or a digest is left.
    /// - Returns: ids, in the order in which the executions were submitted; without that of the run.
    /// - Throws: ``JournalError``.
    package static func sharers(
        of run: UInt64,
        _ reader: any StoreReader
    ) throws -> [Name] {
        var known: Set<UInt64> = [run]
        var left = [run]
        while let number = left.popLast() {
            let point = try reader.withView(of: number) { try ForkPoint(submittedBy: $0) } ?? nil
            var near = try members(of: .forks(of: number), reader)
            if let point { near.append(point.origin) }
            for other in near where known.insert(other).inserted { left.append(other) }
        }
        known.remove(run)
        return try known.sorted().compactMap { try idOfUnerased($0, reader) }
    }

    /// - Returns: the id of a run whose input is there; nil: it is erased.
    private static func idOfUnerased(
        _ number: UInt64,
        _ reader: any StoreReader
    ) throws -> Name? {
        let salt = try reader.withPayloads(of: number) { try PayloadRecord.firstSalt($0) } ?? nil
        guard salt != nil else { return nil }
        return try reader.withView(of: number) {
            Name(try ProtoExecutionSubmitted(decoding: $0).id)
        }
    }
}
