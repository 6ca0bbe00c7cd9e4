#if CLI
import Daybook
import DaybookRunbook

/// Says who runs an execution: the command runs runbooks, and a program has its workflows itself.
struct WorkerAdvice {
    /// The name of the execution's workflow.
    let type: String
    let common: CommonOptions

    init(_ type: String, _ common: CommonOptions) {
        self.type = type
        self.common = common
    }

    private var isRunbook: Bool { type == RunbookWorkflow.name }
    private var work: String { Advice.completed("`daybook work`") }
    private var run: String { Advice.completed("`daybook run`") }

    /// What has it run that is ready.
    var toRun: String {
        isRunbook
            ? "\(work) runs it, or \(run) with the same runbook, inputs and id"
            : "start the program that serves \(type), if none runs"
    }

    /// What has it run that waits for a worker.
    var toClaim: String {
        let sessions = "`daybook session list\(common.journalWords)` shows who works"
        return isRunbook
            ? "\(work) runs what is ready; \(sessions)"
            : "start the program that serves \(type); \(sessions)"
    }

    /// What has it go on whose process is gone.
    var toTakeOver: String {
        isRunbook
            ? "what its job has started may run until another process takes over: \(work), or running it again, takes over"
            : "start the program that serves \(type): it takes over, and ends what that process has left running"
    }

    /// Who may take over, as the rest of a sentence.
    var successor: String { isRunbook ? work : "the program that serves \(type)" }
}
#endif
