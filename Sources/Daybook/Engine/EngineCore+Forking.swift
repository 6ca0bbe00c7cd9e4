import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

extension EngineCore {
    /// Finds where executions are to be forked, with the code that is registered here.
    /// - Parameters:
    ///   - id: the execution to fork.
    ///   - given: the fork's own secrets; nil: it has none.
    func forkPlanner(of id: String, _ given: GivenSecrets?) -> ForkPlanner {
        ForkPlanner(
            store: writer.journal.store,
            journal: journalID,
            codec: options.codec,
            workflows: workflows
        ) { data, what in
            try given?.check(data, what)
            if let refusal = self.secretsOrKey(of: Name(id))?.refusal(of: data, what) {
                throw SecretError(.exposed, refusal.message)
            }
        }
    }

    /// Finds where an execution is to be forked, and has the code run over what comes before.
    func planFork(
        of id: String,
        at operation: String,
        _ options: ForkOptions,
        _ planner: ForkPlanner
    ) async throws -> ForkPlan {
        guard let record = try record(of: id) else { throw ForkPlanner.unknown(id) }
        return try await planner.plan(record, at: operation, options)
    }
}
