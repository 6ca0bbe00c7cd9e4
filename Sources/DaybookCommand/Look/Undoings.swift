#if CLI
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook

extension Inspector {
    /// What became of the checkpoints that were to be undone because an execution has ended badly, a line
    /// for each that could not be, one for all that were, and one for all that stay. What a runbook runs on
    /// failure undoes nothing, and has a line of its own.
    func undoings(of record: ExecutionRecord) throws -> [String] {
        guard record.status.isFinal, record.status != .completed else { return [] }
        let operations = try operations(of: record.number).filter { $0.compensation != nil }
        let onFailure = operations.first { record.isOnFailure($0) }
        let undoable = operations.filter { !record.isOnFailure($0) }
        let undone = undoable.filter { $0.compensation == .undone }.reversed()
        let left = undoable.filter { $0.compensation == .leftOut }
        var lines: [String] = []
        if !undone.isEmpty { lines.append("undone: \(Self.names(undone))") }
        for operation in undoable where operation.compensation == .failed {
            lines.append(
                "\(operation.operation.name) could not be undone: \(operation.ending("left out"))"
            )
        }
        if !left.isEmpty { lines.append("not undone, and left as it is: \(Self.names(left))") }
        switch onFailure?.compensation {
        case .undone: lines.append("the jobs of on_failure have run")
        case .failed:
            lines.append(
                "of the jobs of on_failure one has failed: \(onFailure?.ending("left out") ?? "")"
            )
        case .leftOut: lines.append("the jobs of on_failure do not run")
        default: break
        }
        return lines
    }

    /// The names of what an execution is to undo should it end badly, what was done last first.
    /// - Parameter first: what was recorded before that entry is left out.
    func undoable(of record: ExecutionRecord, from first: UInt64 = 0) throws -> [String] {
        try operations(of: record.number)
            .filter {
                $0.compensation == .registered && $0.sequence >= first && !record.isOnFailure($0)
            }
            .sorted { $0.sequence > $1.sequence }.map(\.operation.name.text)
    }

    /// The names of what was undone at the end of an execution, in the order in which it was done.
    func undone(of record: ExecutionRecord) throws -> [String] {
        try operations(of: record.number)
            .filter { $0.compensation == .undone && !record.isOnFailure($0) }
            .map(\.operation.name.text)
    }

    private static func names(_ operations: some Sequence<OperationRecord>) -> String {
        operations.map(\.operation.name.text).joined(separator: ", ")
    }
}

extension OperationRecord {
    /// What its undoing failed with.
    fileprivate func ending(_ unknown: String) -> String {
        (compensationCode ?? unknown) + (compensationMessage.map { ": \($0)" } ?? "")
    }
}

extension ExecutionRecord {
    /// Whether an operation registers what a runbook runs on failure.
    fileprivate func isOnFailure(_ operation: OperationRecord) -> Bool {
        type == RunbookWorkflow.name && operation.operation.scope.isEmpty
            && operation.operation.name.text == RunbookOperations.onFailure
    }

    /// What is to run because it has ended badly, in the words of a runbook where it runs one.
    var cleaningWords: [String] { cleaning.map { CleaningWords.of($0, in: type) } }
}

/// What runs because an execution has ended badly, in words.
enum CleaningWords {
    static func of(_ title: String, in type: String) -> String {
        type == RunbookWorkflow.name && title == "undo \(RunbookOperations.onFailure)"
            ? "the jobs of on_failure" : title
    }
}
#endif
