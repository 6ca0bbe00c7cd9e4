#if CLI
import Daybook
import DaybookJournal
import DaybookRunbook

/// Says who runs an execution: the command runs runbooks, and a program has its workflows itself.
struct WorkerAdvice {
    /// The name of the execution's workflow.
    let type: String
    let common: CommonOptions
    /// Why this process cannot open the execution's secrets; nil: nothing is known, or it has none.
    let fault: SecretError?
    /// The file of the journal key that the command was given.
    private let keyFile: String?

    init(
        _ type: String,
        _ common: CommonOptions,
        _ fault: SecretError? = nil,
        keyFile: String? = nil
    ) {
        self.type = type
        self.common = common
        self.fault = fault
        self.keyFile = keyFile
    }

    private var needsKey: Bool { fault?.isAboutKey == true }

    private var isRunbook: Bool { type == RunbookWorkflow.name }
    private var work: String {
        guard needsKey else { return Advice.completed("`daybook work`") }
        let key = keyFile.map { shellOption("--key-file", $0) } ?? SecretNeeds.keyFile
        return "`daybook work\(common.journalWords)\(key)`"
    }
    private var run: String { Advice.completed("`daybook run`") }

    /// What has it run that is ready.
    var toRun: String {
        isRunbook
            ? "\(work) runs it, or \(run) with the same runbook, inputs and id\(needsKey ? ", and that key" : "")"
            : "start the program that serves \(type), if none runs"
    }

    /// What has it run that waits for a worker.
    var toClaim: String {
        let sessions = "`daybook session list\(common.journalWords)` shows who works"
        if needsKey {
            let needs = "it has secrets, and needs the journal key, which this process has not"
            return isRunbook
                ? "\(needs): \(work) runs what is ready; \(sessions)"
                : "\(needs): start the program that serves \(type) with that key; \(sessions)"
        }
        if let fault { return "it has secrets, and they cannot be opened here: \(fault)" }
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
