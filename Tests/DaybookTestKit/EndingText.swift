package import Daybook
import DaybookFormat
import DaybookView

/// What the entry says by which an execution ended or was parked.
package func endingText(of record: ExecutionRecord, _ engine: Engine) throws -> String {
    let sequence = try engine.journal.store.read { try ExecutionReader.ending(of: record, $0) }
    guard let sequence else { return "" }
    let payload = try ExecutionReader.payloads(of: sequence, engine.journal)
    return payload.first.map { String(decoding: $0.data, as: UTF8.self) } ?? ""
}
