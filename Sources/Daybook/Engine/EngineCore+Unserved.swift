import DaybookFormat
import DaybookModel
import Logging

extension EngineCore {
    /// Somebody here waits for the end of an execution. When this process does not run its workflow, and
    /// no other process has the journal open, nothing will happen to it until one comes: that is said
    /// in the log, once for each workflow. What the sessions of others run is not known, so that beside
    /// them nothing is said: a process that only submits is in its right.
    func noteWait(for type: String) {
        let type = Name(type)
        let claims = if case .nothing = options.claims { false } else { true }
        guard !claims || workflows[type] == nil else { return }
        guard openSessions.allSatisfy({ $0.number == sessionNumber }),
            unserved.withLock({ $0.insert(type).inserted })
        else { return }
        options.logger.warning(
            "an execution is waited for whose workflow nobody runs: this process does not, and no other has the journal open; start one that has the workflow, or give it to this one",
            metadata: [
                "workflow": "\(type)",
                "here": claims ? "the workflow is not registered" : "nothing is claimed",
            ]
        )
    }
}
