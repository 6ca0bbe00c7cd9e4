import DaybookFormat
import SwiftProtobuf

/// What an execution is in the index, as `daybook.v1.ExecutionRow`.
extension ExecutionState {
    /// The row of its id while it is open.
    var openIndexRow: ExecutionIndexRow {
        ExecutionIndexRow(id: id.text, listed: firstRun) {
            $0.varint(number, Wire.ExecutionRow.number)
        }
    }

    /// The row of its id once it is closed.
    var closedIndexRow: ExecutionIndexRow {
        ExecutionIndexRow(id: id.text, listed: firstRun) { writeClosedRow(to: &$0) }
    }

    /// The bytes of the row that it has in the index once it is closed: whatever is known of it from
    /// then on without its history, without its check. What it does not have takes no byte.
    ///
    /// Every execution is closed once, so it is written without SwiftProtobuf, with the same bytes.
    package var closedRow: [UInt8] {
        var writer = WireWriter(capacity: 256)
        writeClosedRow(to: &writer)
        return Array(writer.bytes)
    }

    private func writeClosedRow(to writer: inout WireWriter) {
        writer.varint(number, Wire.ExecutionRow.number)
        writer.message(Wire.ExecutionRow.closed, scratch: 256) { writeSummary(to: &$0) }
    }

    /// A `daybook.v1.ExecutionSummary`.
    private func writeSummary(to writer: inout WireWriter) {
        writer.string(type.text, Wire.ExecutionSummary.type)
        writer.varint(UInt64(status.proto.rawValue), Wire.ExecutionSummary.status)
        writer.time(submittedAt, Wire.ExecutionSummary.submittedAt)
        writer.time(startedAt, Wire.ExecutionSummary.startedAt)
        writer.time(finishedAt, Wire.ExecutionSummary.finishedAt)
        writer.varint(UInt64(attempt), Wire.ExecutionSummary.attempts)
        writer.varint(last, Wire.ExecutionSummary.last)
        writer.varint(entries, Wire.ExecutionSummary.entries)
        writer.string(errorCode, Wire.ExecutionSummary.errorCode)
        writer.time(startAt, Wire.ExecutionSummary.startAt)
        // Most are closed by the entry that ends them.
        if updatedAt != finishedAt { writer.time(updatedAt, Wire.ExecutionSummary.updatedAt) }
        writer.varint(UInt64(losses), Wire.ExecutionSummary.losses)
        if !rare.terms.isStandard {
            writer.message(Wire.ExecutionSummary.terms, scratch: 128) { rare.terms.write(to: &$0) }
        }
        writer.varint(continuedFrom ?? 0, Wire.ExecutionSummary.continuedFrom)
        for output in outputs {
            writer.message(Wire.ExecutionSummary.outputs, scratch: 128) {
                $0.string(output.name.text, Wire.NamedEntry.name)
                $0.varint(output.sequence, Wire.NamedEntry.sequence)
            }
        }
        writer.varint(parent ?? 0, Wire.ExecutionSummary.parent)
        writer.bool(isFinalizer, Wire.ExecutionSummary.finalizer)
        writer.varint(forkPoint?.origin ?? 0, Wire.ExecutionSummary.forkedFrom)
        writer.varint(rare.erased, Wire.ExecutionSummary.erased)
        writer.varint(rare.archived, Wire.ExecutionSummary.archived)
    }
}
