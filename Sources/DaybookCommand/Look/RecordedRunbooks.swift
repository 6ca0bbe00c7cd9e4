#if CLI
import Daybook
import DaybookInspector
import DaybookRunbook

/// The runbooks of executions, as their recorded inputs hold them. A text is parsed once.
struct RecordedRunbooks {
    private let inspector: Inspector
    private var parsed: [String: Runbook?] = [:]

    init(_ inspector: Inspector) { self.inspector = inspector }

    /// The runbook of an execution; nil: it runs something else, or its input is erased or none that
    /// this version can read.
    /// - Throws: `JournalError` when the first entry cannot be read.
    mutating func runbook(of record: ExecutionRecord) throws -> Runbook? {
        try runbook(of: record.number, record.type)
    }

    /// The runbook of the execution that begins with an entry. See ``runbook(of:)``.
    mutating func runbook(of number: UInt64, _ type: String) throws -> Runbook? {
        guard type == RunbookWorkflow.name,
            let payload = try inspector.entry(number).payloads.first, !payload.isErased,
            let text = Self.text(payload.data)
        else { return nil }
        if let known = parsed[text] { return known }
        let runbook = Self.parse(text)
        parsed[text] = .some(runbook)
        return runbook
    }

    private static func text(_ input: [UInt8]) -> String? {
        do {
            return try JSONPayloadCodec().decode(RunbookRequest.self, from: input).runbook
        } catch {
            // What another program has recorded under this name is no runbook.
            return nil
        }
    }

    private static func parse(_ text: String) -> Runbook? {
        do {
            return try Runbook(parsing: text, file: "runbook")
        } catch {
            // Its execution has failed with that, and says so.
            return nil
        }
    }
}
#endif
