public import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

/// Where two runs of the same program have recorded different operations.
public struct OperationDifference: Sendable, Equatable, CustomStringConvertible {
    /// The execution's id; its workflow's name when the id was drawn, with which of them it is in the order of
    /// their submission, as `part #2`. Of a run after the first one the number follows, as `a, run 2`.
    public let execution: String
    /// The scope: empty for the handler itself, else pairs of position and branch.
    public let scope: [UInt32]
    /// The place in the scope, from 0.
    public let position: Int
    /// What the first run recorded there; nil: nothing.
    public let first: String?
    /// What the second run recorded there; nil: nothing.
    public let second: String?

    /// The place, and both operations.
    public var description: String {
        let branch = scope.isEmpty ? "" : " of the scope \(scope)"
        return
            "\(execution), operation \(position)\(branch): \(first ?? "nothing") in the first run, \(second ?? "nothing") in the second. What decides over it is not in the history"
    }
}

/// Runs a program twice, each time with an empty journal, and compares the operations that its handlers
/// record: kind, name and declared input, scope by scope.
///
/// The order of branches among each other does not count, nor do outcomes.
/// - Parameters:
///   - options: both engines' options. Declared inputs are recorded, whatever they say.
///   - workflows: evaluated anew for each run.
///   - body: the program.
/// - Returns: the first difference; nil: there is none.
/// - Throws: what the program throws; ``TestEngine/Stuck``; ``JournalError``.
public func differenceOfOperations(
    _ options: TestEngine.Options = TestEngine.Options(),
    workflows: @escaping @Sendable @autoclosure () -> [any Workflow],
    _ body: @escaping @Sendable (Engine) async throws -> Void
) async throws -> OperationDifference? {
    var options = options
    options.engine.recordsInputs = true
    var runs: [RecordedOperations] = []
    for _ in 0..<2 {
        let test = try TestEngine(options, workflows: workflows())
        try await test.run(nil, body)
        runs.append(try RecordedOperations(test.journalStore))
    }
    return runs[0].difference(from: runs[1])
}

/// The operations of all executions of a journal.
private struct RecordedOperations {
    private struct Place: Hashable {
        let execution: String
        let scope: [UInt32]
    }

    private var operations: [Place: [UInt32: String]] = [:]

    init(_ store: any JournalStore) throws {
        let ids = try Self.ids(store)
        try store.read { reader in
            try reader.scanEntries(from: 0) { sequence, bytes in
                let entry = try JournalEntry(sequence, bytes, reader)
                guard let proto = entry.operation, let id = ids[entry.entry.stream] else {
                    return true
                }
                let operation = try entry.operation(proto)
                let place = Place(execution: id, scope: operation.scope)
                var text = "\(operation.kind.rawValue) \"\(operation.name)\""
                if let index = entry.inputPayload {
                    text += " of \(String(decoding: entry.payloads[index].data, as: UTF8.self))"
                }
                let known = operations[place]?[operation.position]
                // The input is kept with one of an operation's entries.
                if known == nil || known!.utf8.count < text.utf8.count {
                    operations[place, default: [:]][operation.position] = text
                }
                return true
            }
        }
    }

    /// The executions by the numbers of their runs.
    private static func ids(_ store: any JournalStore) throws -> [UInt64: String] {
        let reader = EntryReader(store)
        var names: [UInt64: String] = [:]
        var executions: [String: (name: String, runs: Int)] = [:]
        var counts: [String: Int] = [:]
        var next: UInt64 = 0
        while true {
            let entries = try reader.read(from: next)
            guard let last = entries.last else { return names }
            for entry in entries where names[entry.stream] == nil {
                guard let id = entry.executionID else { continue }
                if executions[id] == nil {
                    executions[id] = (name(of: id, entry.workflow, &counts), 0)
                }
                executions[id]?.runs += 1
                guard let (name, runs) = executions[id] else { continue }
                names[entry.stream] = runs == 1 ? name : "\(name), run \(runs)"
            }
            next = last.sequence + 1
        }
    }

    /// What an execution is called in both runs of the program.
    /// - Parameter counts: how many were called so before, by the name.
    private static func name(
        of id: String,
        _ workflow: String?,
        _ counts: inout [String: Int]
    ) -> String {
        let masked = Ending.masked(id)
        guard masked != id else { return id }
        let name = workflow ?? masked
        let count = counts[name, default: 0] + 1
        counts[name] = count
        return count == 1 ? name : "\(name) #\(count)"
    }

    func difference(from other: RecordedOperations) -> OperationDifference? {
        let places = Set(operations.keys).union(other.operations.keys).sorted {
            $0.execution != $1.execution
                ? $0.execution < $1.execution : $0.scope.lexicographicallyPrecedes($1.scope)
        }
        for place in places {
            let (left, right) = (operations[place] ?? [:], other.operations[place] ?? [:])
            for position in Set(left.keys).union(right.keys).sorted()
            where left[position] != right[position] {
                return OperationDifference(
                    execution: place.execution,
                    scope: place.scope,
                    position: Int(position),
                    first: left[position],
                    second: right[position]
                )
            }
        }
        return nil
    }
}
