import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView

extension EngineCore {
    /// Finds where an execution is to be forked, and has the code run over what comes before.
    func planFork(
        of id: String,
        at operation: String,
        _ options: ForkOptions,
        _ given: GivenSecrets?
    ) async throws -> ForkPlan {
        guard let record = try record(of: id) else { throw ForkPlanner.unknown(id) }
        let planner = ForkPlanner(
            store: writer.journal.store,
            journal: journalID,
            codec: self.options.codec,
            workflows: workflows
        ) { data, what in
            try given?.check(data, what)
            if let refusal = self.secrets(of: Name(id))?.refusal(of: data, what) {
                throw SecretError(.exposed, refusal.message)
            }
        }
        return try await planner.plan(record, at: operation, options)
    }

    /// Makes sure that a fork which was there already is the one that is asked for: what it begins with is
    /// never changed.
    /// - Throws: ``Refusal/Code/conflict``.
    func check(_ plan: ForkPlan, isOf number: UInt64, _ id: String) throws {
        let history = JournalHistory(journal: writer.journal, execution: number)
        var given: [[UInt8]] = []
        try history.scan(from: number) { entry, payloads in
            let isInput = entry.header.sequence == number
            if isInput || entry.event == EventKind.operationResolved.rawValue {
                given.append(try payloads().first?.data ?? [])
            }
            // Its first operation comes after what it is given.
            return isInput || entry.event != EventKind.executionReadied.rawValue
        }
        guard given == [plan.input.data] + (plan.result.map { [$0.data] } ?? []) else {
            throw Refusal(
                .conflict,
                "\(id) is a fork at the same operation already, with another input or another result; fork under another id"
            )
        }
    }
}
