#if CLI
import Daybook
import DaybookInspector
import DaybookRunbook

/// The runbooks of executions, as their recorded inputs hold them. A text is parsed once.
struct RecordedRunbooks {
    private let inspector: Inspector
    private var parsed: [String: Runbook?] = [:]
    /// Texts that are kept: more begin anew, so that a walk over many does not grow.
    private static let limit = 64

    init(_ inspector: Inspector) { self.inspector = inspector }

    /// The runbook of an execution; nil: it runs something else, or its input is erased or none that
    /// this version can read.
    /// - Throws: `JournalError` when the first entry cannot be read.
    mutating func runbook(of record: ExecutionRecord) throws -> Runbook? {
        try runbook(of: record.number, record.type)
    }

    /// The name of the runbook of an execution, for a list: one damaged input must not hide the others.
    /// - Returns: nil: it has none, as ``runbook(of:)``; `(damaged)` when its first entry is.
    mutating func name(of record: ExecutionRecord) throws -> String? {
        do {
            return try runbook(of: record)?.name
        } catch let error as JournalError where error.code == .integrity {
            return "(damaged)"
        }
    }

    /// The runbook of the execution that begins with an entry. See ``runbook(of:)``.
    mutating func runbook(of number: UInt64, _ type: String) throws -> Runbook? {
        guard type == RunbookWorkflow.name,
            let payload = try inspector.entry(number).payloads.first, !payload.isErased,
            let text = Self.text(payload.data)
        else { return nil }
        if let known = parsed[text] { return known }
        let runbook = Self.parse(text)
        if parsed.count >= Self.limit { parsed.removeAll() }
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
