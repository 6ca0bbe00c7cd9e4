import DaybookFormat
import DaybookJournal
import DaybookModel

/// Whether a declared input that an entry keeps is the one whose digest the operation has.
enum InputAudit {
    /// - Returns: what is wrong; nil: nothing is, the entry keeps none, or it cannot be known any more,
    ///   because the input of the execution is erased.
    static func problem(
        of view: EntryView,
        _ payloads: PayloadRecord,
        _ commitments: [Commitment],
        _ reader: any StoreReader
    ) throws -> String? {
        let found: ProtoOperation?
        do throws(WireError) {
            found = commitments.isEmpty ? nil : try operation(keepingItsInput: view)
        } catch {
            return "it cannot be read (\(error.reason))"
        }
        guard let operation = found else { return nil }
        let index =
            view.event == EventKind.operationStarted.rawValue ? 0 : commitments.count - 1
        let input: StoredPayload
        do {
            input = try payloads.payload(index, of: commitments[index], reader.withPayloads)
        } catch is WireError {
            // That the payload is another one is said of every payload.
            return nil
        }
        let salt = try reader.withPayloads(of: view.header.stream.rawValue) {
            try PayloadRecord.firstSalt($0)
        }
        guard !input.isErased, let salt = salt ?? nil else { return nil }
        let digest = Array(salt.commit(to: input.data).prefix(16))
        return digest == Array(operation.inputDigest)
            ? nil : "the input that it keeps is not the one whose digest the operation has"
    }

    private static func operation(
        keepingItsInput view: EntryView
    ) throws(WireError) -> ProtoOperation? {
        switch EventKind(rawValue: view.event) {
        case .operationStarted: return try ProtoOperationStarted(decoding: view).operation
        case .checkpointSucceeded:
            let event = try ProtoCheckpointSucceeded(decoding: view)
            return event.input ? event.operation : nil
        case .checkpointFailed:
            let event = try ProtoCheckpointFailed(decoding: view)
            return event.input ? event.operation : nil
        default: return nil
        }
    }
}
