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
        let spared = try onFailure(
            of: record,
            operations.map { (OperationPath($0.operation), $0.operation.name) }
        )
        let onFailure = operations.first { OperationPath($0.operation) == spared }
        let undoable = operations.filter { OperationPath($0.operation) != spared }
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
        case nil where try spared == nil && hasOnFailure(record):
            // They are registered as the runbook begins.
            let again = record.attempt > 0 ? " again" : ""
            lines.append(
                "the jobs of on_failure have not run: \(record.id) ended before the runbook began\(again)"
            )
        default: break
        }
        return lines
    }

    /// The names of what an execution would undo were it cancelled now, in that order.
    /// - Parameters:
    ///   - before: it is cancelled because it is forked: what was begun before that entry, and what undoes the
    ///     operation whose result is given, the fork owes. Nil: it is not.
    func undoable(
        of record: ExecutionRecord,
        forkedBefore before: UInt64? = nil,
        given: OperationPath? = nil
    ) throws -> [String] {
        let state = try store.read { try $0.history(of: record.number) }
        let due =
            if let before {
                state.standingCleaning(beyond: before, or: given)
            } else {
                state.status.isFinal ? state.dueCleaning : state.standingCleaning
            }
        let spared = try onFailure(of: record, due.map { ($0.path, $0.name) })
        return due.filter { $0.compensates && $0.path != spared }.map(\.name.text)
    }

    /// The names of what was undone at the end of an execution, and runs again when that is retried. What
    /// had failed, and was undone all the same, stays failed.
    func undone(of record: ExecutionRecord) throws -> [String] {
        let operations = try operations(of: record.number).filter { $0.compensation == .undone }
        let spared = try onFailure(
            of: record,
            operations.map { (OperationPath($0.operation), $0.operation.name) }
        )
        return
            operations
            .filter { $0.status == .success && OperationPath($0.operation) != spared }
            .map(\.operation.name.text)
    }

    /// The operation that registers what a runbook runs on failure; nil: the runbook has nothing to run. A
    /// job may have its name, and comes after it.
    private func onFailure(
        of record: ExecutionRecord,
        _ operations: [(path: OperationPath, name: Name)]
    ) throws -> OperationPath? {
        let named = operations.filter {
            $0.path.scope.isEmpty && $0.name.text == RunbookOperations.onFailure
        }
        guard let first = named.min(by: { $0.path.position < $1.path.position }),
            try hasOnFailure(record)
        else { return nil }
        return first.path
    }

    /// Whether its runbook has jobs that run on failure.
    private func hasOnFailure(_ record: ExecutionRecord) throws -> Bool {
        var runbooks = RecordedRunbooks(self)
        return try runbooks.runbook(of: record)?.onFailure.isEmpty == false
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
