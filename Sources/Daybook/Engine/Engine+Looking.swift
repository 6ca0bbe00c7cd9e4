import DaybookJournal
import DaybookModel

extension Engine {
    /// What is known of an execution; nil when there is none of that id.
    func record(of id: String) throws -> ExecutionRecord? {
        try writer.journal.store.read { reader in
            try ExecutionReader.record(of: id, reader) { number in
                writer.inspect { $0.state.committed(number) }
            }
        }
    }

    /// The executions that a query asks for.
    func records(_ query: ExecutionQuery) throws -> [ExecutionRecord] {
        try writer.journal.store.read { reader in
            try ExecutionReader.records(query, reader) { number in
                writer.inspect { $0.state.committed(number) }
            }
        }
    }

    /// Waits until the journal cannot be written any more, and throws why.
    func waitForHalt() async throws {
        while !isStopped {
            if let halt { throw halt }
            try Task.checkCancellation()
            await board.wait(for: NewsBoard.idleness) { halt != nil }
        }
    }

    /// Waits until nothing runs here and nothing could be claimed.
    func waitUntilIdle() async throws {
        while hasWork, !isStopped {
            if let halt { throw halt }
            try Task.checkCancellation()
            await board.wait(for: NewsBoard.idleness) { !hasWork || halt != nil }
        }
    }

    /// Waits until an execution has ended or is parked.
    func waitForEnd(of id: String) async throws -> ExecutionRecord {
        try await wait(for: id) { $0.isClosed || $0.isParked }
    }

    /// Waits until what is known of an execution fulfils a condition.
    func wait(
        for id: String,
        until condition: (ExecutionRecord) -> Bool
    ) async throws -> ExecutionRecord {
        while true {
            guard let record = try record(of: id) else {
                throw Refusal(.notFound, "no execution has the id \(id); submit it first")
            }
            if condition(record) { return record }
            if let error = failure(of: record.number) { throw error }
            try Task.checkCancellation()
            if isStopped {
                throw JournalError(
                    .closed,
                    "the journal was closed before the execution \(id) had come so far"
                )
            }
            try await board.wait(for: record.number) {
                try self.record(of: id).map { condition($0) || $0.number != record.number } ?? true
                    || failure(of: record.number) != nil
            }
        }
    }
}
