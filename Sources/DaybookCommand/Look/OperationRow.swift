#if CLI
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook

/// What one row of `show` tells: an operation, or several that are one thing in a runbook.
struct OperationRow: Equatable {
    /// The entry of the outcome, or of the last start.
    var sequence: UInt64
    var name: String
    /// How deep it lies in branches, and the number of its branch.
    var depth: Int
    var branch: UInt32?
    var status: String
    /// 0: it has no body that was started.
    var starts: Int
    var took: Duration?
    var logLines: UInt32
    var result: String
    /// The numbers by which it is named.
    var place = ""

    static func header(positions: Bool) -> [String] {
        ["ENTRY"] + (positions ? ["AT"] : [])
            + ["OPERATION", "STATUS", "STARTS", "TOOK", "LOG", "RESULT"]
    }
    static let flexible: Set<String> = ["OPERATION", "STATUS", "RESULT"]

    func cells(positions: Bool) -> [String] {
        // What is in a branch stands below what split into it, with the branch's number.
        let indent = String(repeating: "  ", count: depth) + (branch.map { "[\($0)] " } ?? "")
        let lines = logLines == 1 ? "1 line" : "\(logLines) lines"
        return ["\(sequence)"] + (positions ? [place] : []) + [
            indent + name, status, starts == 0 ? "" : "\(starts)",
            took?.brief ?? "", logLines == 0 ? "" : lines, result,
        ]
    }
}

extension OperationRecord {
    /// How the child that it has spawned has ended, if that is not well.
    fileprivate var childFailure: String? {
        childStatus == .completed ? nil : childStatus?.rawValue
    }

    /// What has become of something that was registered for an end from outside.
    fileprivate var cleaning: String {
        guard isCleaned else { return "registered for an end from outside" }
        return errorCode.map { "cleaned up with \($0): \(message ?? "(erased)")" } ?? "cleaned up"
    }
}

/// A signal that a wait was given.
struct GivenSignal: Equatable {
    /// Who gave it; nil: unknown.
    let by: RecordedRequest?
    /// Its value, or what it says has failed; nil: erased.
    let value: String?

    /// Who gave it and what, after a word for that.
    func text(_ verb: String) -> String {
        "\(verb)\(by.map { " by \($0.who)" } ?? ""): \(value ?? "(erased)")"
    }
}

/// Makes the rows of an execution's operations. Those of a runbook are told in its words: an approval
/// and a round of the blocks that run always are a row each, and what only holds blocks together is
/// left out.
struct OperationRows {
    private let operations: [OperationRecord]
    private let runbook: Runbook?
    /// By the entry that begins the wait.
    private let signals: [OperationPath: GivenSignal]
    /// Whether the execution has ended, so that nothing is waited for any more.
    private let isEnded: Bool
    /// What its fork has done with what it owed, once that is closed; nil: it is not, or there is none.
    private let settled: [OperationPath: OperationRecord.Compensation]?
    private let time: (Timestamp) -> String
    private let places: [OperationPath: Int]
    private var left: Set<OperationPath> = []

    /// - Parameter runbook: nil: it runs something else.
    static func rows(
        _ operations: [OperationRecord],
        _ runbook: Runbook?,
        signals: [OperationPath: GivenSignal],
        isEnded: Bool,
        settled: [OperationPath: OperationRecord.Compensation]? = nil,
        time: @escaping (Timestamp) -> String
    ) -> [OperationRow] {
        var rows = OperationRows(operations, runbook, signals, isEnded, settled, time)
        return rows.make()
    }

    private init(
        _ operations: [OperationRecord],
        _ runbook: Runbook?,
        _ signals: [OperationPath: GivenSignal],
        _ isEnded: Bool,
        _ settled: [OperationPath: OperationRecord.Compensation]?,
        _ time: @escaping (Timestamp) -> String
    ) {
        self.operations = operations
        self.runbook = runbook
        self.signals = signals
        self.isEnded = isEnded
        self.settled = settled
        self.time = time
        places = Dictionary(
            operations.enumerated().map { (OperationPath($1.operation), $0) },
            uniquingKeysWith: { $1 }
        )
    }

    private mutating func make() -> [OperationRow] {
        var rows: [OperationRow] = []
        for operation in inOrder() where !left.contains(OperationPath(operation.operation)) {
            guard let runbook else {
                rows.append(row(operation))
                continue
            }
            if let row = row(operation, of: runbook) { rows.append(row) }
        }
        return rows
    }

    // MARK: Order

    /// What an attempt runs again stands where it did before; what runs because the execution has ended badly
    /// comes last, in the order in which it ran.
    private func inOrder() -> [OperationRecord] {
        let cleaning = operations.map { cleaned(by: $0) != nil || isOnFailure($0) }
        let own = zip(operations, cleaning).filter { !$1 }.map(\.0).sorted {
            OperationPath($0.operation).numbers.lexicographicallyPrecedes(
                OperationPath($1.operation).numbers
            )
        }
        let others = zip(operations, cleaning).filter { $1 }.map(\.0)
        let last = others.filter { operation in
            isOnFailure(operation) || cleaned(by: operation).map { isOnFailure($0) } ?? false
        }
        let isLast = Set(last.map { OperationPath($0.operation) })
        return own + others.filter { !isLast.contains(OperationPath($0.operation)) }
            + last.filter { isOnFailure($0) } + last.filter { !isOnFailure($0) }
    }

    /// Whether an operation registers what a runbook runs on failure.
    private func isOnFailure(_ operation: OperationRecord) -> Bool {
        runbook != nil && operation.operation.scope.isEmpty
            && operation.operation.kind == .checkpoint
            && operation.operation.name.text == RunbookOperations.onFailure
    }

    /// The operation because of which one runs at the end: it lies inside one that has no branches. Nil: it
    /// is the handler's own.
    private func cleaned(by operation: OperationRecord) -> OperationRecord? {
        let scope = operation.operation.scope
        for end in stride(from: 0, to: scope.count, by: 2) {
            let path = OperationPath(scope: Array(scope[..<end]), position: scope[end])
            if let place = places[path],
                [.checkpoint, .onUnfinished].contains(operations[place].operation.kind)
            {
                return operations[place]
            }
        }
        return nil
    }

    // MARK: In a runbook's words

    private mutating func row(_ operation: OperationRecord, of runbook: Runbook) -> OperationRow? {
        let name = operation.operation.name.text
        if operation.operation.kind == .version, name == RunbookOperations.collecting { return nil }
        var row = row(operation)
        if let origin = cleaned(by: operation) {
            // It is no branch of what it undoes.
            (row.depth, row.branch) = (isOnFailure(origin) ? 1 : 0, nil)
            guard !runbook.jobs.contains(where: { $0.name == name }) else {
                if operation.status == .success { row.result = outputs(operation) ?? row.result }
                return row
            }
            if let each = runbook.blocks.first(where: { block in
                block.jobs.contains { $0.name == origin.operation.name.text }
            })?.each.map({ _ in origin.operation.scope.last }), let index = each {
                row.name += "[\(index)]"
            }
            if operation.status == .success { row.result = "" }
            return row
        }
        // The branches of what holds the blocks together are none to who reads the runbook.
        if let first = operation.operation.scope.first, isFrame(first, runbook) {
            row.depth -= 1
            if operation.operation.scope.count == 2 { row.branch = nil }
        }
        switch operation.operation.kind {
        case .checkpoint:
            if name == RunbookOperations.onFailure { return onFailure(operation, row) }
            if runbook.jobs.contains(where: { $0.name == name }) {
                if operation.status == .success { row.result = outputs(operation) ?? row.result }
                return row
            }
            if name == RunbookOperations.cleaning { return cleaning(operation, row) }
            if let block = runbook.blocks.first(where: {
                $0.approval?.timeout != nil && RunbookOperations.requested($0.name) == name
            }) {
                return approval(of: block, row, wait: follower(operation, 1))
            }
            return row
        case .signal:
            guard let block = runbook.blocks.first(where: { $0.approval?.signal == name }) else {
                return row
            }
            return approval(of: block, row, wait: operation)
        default:
            let isFrame =
                operation.operation.scope.isEmpty
                && isFrame(operation.operation.position, runbook)
            if isFrame { return nil }
            if operation.status == .started, hasEnded(operation, runbook) {
                row.status = OperationRecord.Status.success.rawValue
                row.result = ""
            }
            return row
        }
    }

    /// Whether the branches of an operation have ended though no entry says so: none has failed, and
    /// the blocks that run always have begun, which come after those around it.
    private func hasEnded(_ operation: OperationRecord, _ runbook: Runbook) -> Bool {
        let scope = operation.operation.scope
        guard scope.count == 2, scope[1] == 0, isFrame(scope[0], runbook) else { return false }
        let inside = scope + [operation.operation.position]
        return operations.contains { $0.operation.scope == [scope[0], 1] }
            && operations.allSatisfy {
                !$0.operation.scope.starts(with: inside) || $0.status == .success
            }
    }

    private func isFrame(_ position: UInt32, _ runbook: Runbook) -> Bool {
        guard runbook.blocks.contains(where: \.isAlways),
            let place = places[OperationPath(scope: [], position: position)]
        else { return false }
        let operation = operations[place]
        return operation.branches != nil
            && operation.operation.name.text == RunbookOperations.blocks
    }

    /// The operation at a place after another one in its scope.
    private func follower(_ operation: OperationRecord, _ distance: UInt32) -> OperationRecord? {
        let path = OperationPath(operation.operation)
        let next = OperationPath(scope: path.scope, position: path.position + distance)
        return places[next].map { operations[$0] }
    }

    /// One row of an approval: of its wait, and of what became of that.
    private mutating func approval(
        of block: Runbook.Block,
        _ row: OperationRow,
        wait: OperationRecord?
    ) -> OperationRow {
        var row = row
        row.name = block.name
        row.starts = 0
        row.took = nil
        row.result = ""
        guard let wait, wait.operation.kind == .signal else { return row }
        left.insert(OperationPath(wait.operation))
        let whole = self.row(wait)
        row.sequence = whole.sequence
        row.status = whole.status
        row.took = whole.took
        row.result = waiting(wait)
        let next = follower(wait, 1)
        if let next, next.operation.name.text == RunbookOperations.timedOut(block.name) {
            left.insert(OperationPath(next.operation))
            row.status = "timed out"
            take(next, "it is asked for once more", &row)
        } else if let next, next.operation.name.text == RunbookOperations.answered(block.name) {
            left.insert(OperationPath(next.operation))
            row.status = "rejected"
            row.result = rejection(of: block, wait) ?? row.result
            guard let end = follower(wait, 2),
                end.operation.name.text == RunbookOperations.rejected(block.name)
            else { return row }
            left.insert(OperationPath(end.operation))
            take(end, row.result + "; it is asked for once more", &row)
        }
        return row
    }

    /// Who rejected, and why; nil: the answer is erased.
    private func rejection(of block: Runbook.Block, _ wait: OperationRecord) -> String? {
        guard let given = signals[OperationPath(wait.operation)], let value = given.value else {
            return nil
        }
        do {
            let answer = try JSONValue(parsing: Array(value.utf8))
            return answer.rejection(of: block.name, by: given.by?.actor ?? "")
        } catch {
            // It is shown as it is.
            return nil
        }
    }

    /// Takes over what ended an approval without an approval.
    /// - Parameter passed: what there is to say in an attempt that passes over it.
    private func take(_ end: OperationRecord, _ passed: String, _ row: inout OperationRow) {
        row.sequence = end.sequence
        row.result = end.status == .failed ? end.message ?? "(erased)" : passed
    }

    private func waiting(_ wait: OperationRecord) -> String {
        let signal = "the signal \(wait.operation.name.text)"
        guard wait.status == .success else {
            if isEnded { return "for \(signal), until the execution ended" }
            return "for \(signal)" + (wait.deadline.map { ", until \(time($0))" } ?? "")
        }
        guard let given = signals[OperationPath(wait.operation)] else { return signal }
        return "\(signal), \(given.text("given"))"
    }

    private mutating func cleaning(_ begin: OperationRecord, _ row: OperationRow) -> OperationRow {
        var row = row
        row.starts = 0
        row.took = nil
        row.result = ""
        row.status = OperationRecord.Status.started.rawValue
        let path = OperationPath(begin.operation)
        // The next one in the scope: a round has one end.
        let end = operations.first { operation in
            let other = OperationPath(operation.operation)
            return other.scope == path.scope && other.position > path.position
                && operation.operation.kind == .checkpoint
                && operation.operation.name.text == RunbookOperations.cleaned
        }
        guard let end else { return row }
        left.insert(OperationPath(end.operation))
        guard end.status == .success else { return row }
        row.status = OperationRecord.Status.success.rawValue
        if let began = begin.startedAt, let ended = end.endedAt { row.took = ended.since(began) }
        return row
    }

    /// The row of the jobs that run when it has ended badly; nil: they have not run.
    private func onFailure(_ operation: OperationRecord, _ row: OperationRow) -> OperationRow? {
        var row = row
        switch operation.compensation {
        case .undone:
            row.status = OperationRecord.Status.success.rawValue
            row.result = ""
        case .failed:
            row.status = OperationRecord.Status.failed.rawValue
            row.result =
                "\(operation.compensationCode ?? ""): \(operation.compensationMessage ?? "(erased)")"
        default: return nil
        }
        return row
    }

    /// The outputs of a job; nil: its value is none of a job.
    private func outputs(_ operation: OperationRecord) -> String? {
        guard let value = operation.value else { return nil }
        do {
            let result = try JSONPayloadCodec().decode(JobResult.self, from: value)
            return result.outputs.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                .joined(separator: ", ")
        } catch {
            // It is shown as it is.
            return nil
        }
    }

    // MARK: As it is

    /// What is waited for in an execution that has ended never comes.
    private func status(_ operation: OperationRecord) -> String {
        let status =
            if operation.isGiven, operation.status == .success {
                "success, given"
            } else if operation.isVerified {
                "success, found done"
            } else if operation.status == .waiting, isEnded {
                "stopped"
            } else {
                operation.status.rawValue
            }
        if operation.isOfEarlierEnd { return status + ", before a retry" }
        return switch operation.compensation {
        case .undone: status + ", undone"
        case .failed: status + ", could not be undone"
        case .leftOut: status + ", not undone"
        case .handedOn: status + fate(of: OperationPath(operation.operation))
        default: status
        }
    }

    private func row(_ operation: OperationRecord) -> OperationRow {
        var took: Duration?
        if let began = operation.startedAt, let ended = operation.endedAt {
            took = ended.since(began)
        }
        let value = operation.value.map { String(decoding: $0, as: UTF8.self) }
        let given = signals[OperationPath(operation.operation)]
        let result =
            switch operation.status {
            case .started where operation.branches != nil: "\(operation.branches ?? 0) branches"
            case .started: "no outcome recorded"
            case .waiting where isEnded: "until the execution ended"
            case .waiting where operation.operation.kind == .poll && operation.tries > 0:
                "looked \(operation.tries == 1 ? "once" : "\(operation.tries) times"); again "
                    + (operation.deadline.map { "at \(time($0))" } ?? "")
            case .waiting where operation.tries > 0:
                "try \(operation.tries) failed: \(operation.message ?? "(erased)"); again "
                    + (operation.deadline.map { "at \(time($0))" } ?? "")
            case .waiting where operation.child != nil: "until \(operation.child ?? "") ends"
            case .waiting where operation.operation.kind == .join:
                "until all that was spawned has ended"
            case .waiting: operation.deadline.map { "until \(time($0))" } ?? "until it comes"
            case .success where [.checkpoint, .poll].contains(operation.operation.kind):
                value ?? "(erased)"
            case .success where operation.operation.kind == .onUnfinished: operation.cleaning
            case .success where operation.childFailure != nil:
                "\(operation.errorCode ?? ""): \(operation.child ?? "")"
            case .success where operation.operation.kind == .signal:
                given?.text("given") ?? "nobody gave it in time"
            case .failed where given != nil:
                given?.text("failed with \(operation.errorCode ?? "")") ?? ""
            case .success: value ?? operation.child ?? ""
            case .failed where operation.branches != nil: "\(operation.branches ?? 0) branches"
            case .failed where operation.child != nil && operation.message == nil:
                "\(operation.errorCode ?? ""): \(operation.child ?? "")"
            case .failed: "\(operation.errorCode ?? ""): \(operation.message ?? "(erased)")"
            }
        let undoing =
            operation.compensation == .failed
            ? "; undoing it failed with \(operation.compensationCode ?? ""): \(operation.compensationMessage ?? "(erased)")"
            : ""
        let scope = operation.operation.scope
        return OperationRow(
            sequence: operation.sequence,
            name: operation.operation.name.text,
            depth: scope.count / 2,
            branch: scope.last,
            status: operation.childFailure ?? status(operation),
            starts: operation.starts,
            took: took,
            logLines: operation.logLines,
            result: result + undoing,
            place: OperationPath(operation.operation).description
        )
    }
}

extension OperationRows {
    /// What became of something that a fork was to undo.
    fileprivate func fate(of path: OperationPath) -> String {
        guard let settled else { return ", for its fork to undo" }
        return switch settled[path] {
        case .undone: ", undone by its fork"
        case .failed: ", could not be undone by its fork"
        case .leftOut: ", not undone by its fork"
        default: ", kept by its fork"
        }
    }
}

extension OperationPath {
    /// Its numbers: what lies inside an operation comes after it, and before the next one.
    fileprivate var numbers: [UInt32] { scope + [position] }
}
#endif
