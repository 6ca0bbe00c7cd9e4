#if CLI
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook

/// An approval of a runbook that an execution waits for.
struct WaitingApproval {
    /// The block that it approves.
    let block: String
    let approval: Runbook.Approval
    /// The entry by which the wait began.
    let sequence: UInt64

    /// What is waited for.
    var words: String {
        let accepted =
            approval.accept == .anythingButNo ? "" : ", which accepts \(approval.accept.words)"
        return "the approval of \(block) (the signal \(approval.signal)\(accepted))"
    }

    /// The two answers, as command lines.
    /// - Parameters:
    ///   - id: as an argument of a shell's command line.
    ///   - accept: the answers that approve.
    static func advice(_ id: String, _ accept: Acceptance, _ common: CommonOptions) -> String {
        let journal = common.journalWords
        let usual = JSONValue.object([Acceptance.verdict: .bool(true)])
        let value = accept.approves(usual) ? "" : " --value JSON"
        return
            "`daybook approve\(journal)\(value) \(id)` approves, `daybook reject\(journal) --reason TEXT \(id)` rejects"
    }
}

extension RecordedRunbooks {
    /// The approval that a wait is for; nil: it is for something else.
    /// - Throws: `JournalError` when the first entry of the execution cannot be read.
    mutating func approval(_ wait: PendingWait) throws -> WaitingApproval? {
        guard case .operation(let operation) = wait.reason, operation.kind == .signal,
            let runbook = try runbook(of: wait.number, wait.type),
            let block = runbook.block(answeredBy: operation.operation.name.text),
            let approval = block.approval
        else { return nil }
        return WaitingApproval(block: block.name, approval: approval, sequence: wait.sequence)
    }
}

extension Inspector {
    /// The approvals that an execution waits for, in the order in which the waits began.
    func approvals(of record: ExecutionRecord) throws -> [WaitingApproval] {
        guard let state = try openState(of: record) else { return [] }
        var runbooks = RecordedRunbooks(self)
        var all: [WaitingApproval] = []
        for wait in try waits(of: state) {
            if let approval = try runbooks.approval(wait) { all.append(approval) }
        }
        return all
    }
}
#endif
