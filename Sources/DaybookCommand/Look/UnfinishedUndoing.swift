#if CLI
import Daybook
import DaybookInspector
import DaybookModel

/// Says of an execution that has ended, and has not undone yet what it did, who goes on with that.
struct UnfinishedUndoing {
    private let id: String
    private let common: CommonOptions
    /// What is known of it before a session is opened, which may take note of a process that is gone; nil:
    /// there is none such, or it undoes nothing.
    private let found: (record: ExecutionRecord, isInterrupted: Bool)?

    /// - Throws: `JournalError`.
    init(of id: String, _ common: CommonOptions) throws {
        self.id = id
        self.common = common
        found = try common.inspect { inspector in
            let record: ExecutionRecord
            do {
                record = try inspector.record(of: id)
            } catch is Refusal {
                // That it is not there the command says.
                return nil
            }
            guard record.status.isFinal, !record.isClosed, !record.isParked,
                !record.cleaning.isEmpty
            else { return nil }
            var interruptions = Interruptions(inspector)
            return (record, try interruptions.contains(record))
        }
    }

    /// Does something, and says of a refusal what has the undoing end.
    /// - Parameter what: for example "be retried".
    func explaining<Result>(
        _ what: String,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let refusal as Refusal
            where refusal.code == .conflict || refusal.code == .wrongState
        {
            guard let (record, isInterrupted) = found,
                let words = words(what, record, isInterrupted)
            else { throw refusal }
            throw Refusal(refusal.code, words)
        }
    }

    private func words(
        _ what: String,
        _ record: ExecutionRecord,
        _ isInterrupted: Bool
    ) -> String? {
        let left = record.cleaningWords.joined(separator: ", ")
        let force = "`daybook cancel --force\(common.journalWords) \(id.shellArgument)`"
        if what == "be cancelled" {
            return
                "\(id) cannot \(what): it is \(record.statusText) already, and \(left) is still to run; \(force) leaves that out"
        }
        let successor = WorkerAdvice(record.type, common).successor
        if isInterrupted {
            return
                "\(id) cannot \(what) yet: it is \(record.statusText), its process is gone, and \(left) is still to run; \(successor) finishes that, or \(force) leaves it out; then try again"
        }
        guard record.session == nil, !record.isPaused else { return nil }
        return
            "\(id) cannot \(what) yet: it is \(record.statusText), and \(left) is still to run, which no process does; \(successor) does, or \(force) leaves it out; then try again"
    }
}
#endif
