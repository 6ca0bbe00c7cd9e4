import DaybookFormat
package import DaybookJournal
package import DaybookModel

/// What is known, and keeping it.
extension Engine {
    /// What is known of an execution; nil when there is none of that id.
    public func record(of id: String) throws -> ExecutionRecord? {
        try engine.record(of: id).map { try engine.naming($0) }
    }

    /// Some of the executions that a query asks for, the newest first unless it asks otherwise.
    ///
    /// They are found by lists of the index, and looked up on a thread of their own in short
    /// transactions: how many executions the journal has makes next to no difference.
    ///
    ///     var cursor: ExecutionCursor?
    ///     repeat {
    ///         let page = try await engine.executions(query, after: cursor)
    ///         for record in page.records { print(record.id) }
    ///         cursor = page.next
    ///     } while cursor != nil
    /// - Parameters:
    ///   - cursor: the end of the page before; nil: from the beginning.
    ///   - limit: at most so many; nil: ``ExecutionQuery/limit``, or 1,000. A page has fewer where it
    ///     would have to look at more than 8,192 executions, and another one follows.
    /// - Throws: ``JournalError``; ``Refusal/Code/newerVersion``.
    public func executions(
        _ query: ExecutionQuery = ExecutionQuery(),
        after cursor: ExecutionCursor? = nil,
        limit: Int? = nil
    ) async throws -> ExecutionPage {
        var query = query
        if let limit { query.limit = limit }
        return try await engine.page(query, after: cursor)
    }

    /// Waits until an execution has ended or is parked.
    /// - Throws: ``Refusal/Code/notFound``; ``JournalError``; `CancellationError`.
    public func waitForEnd(of id: String) async throws -> ExecutionRecord {
        try engine.naming(await engine.waitForEnd(of: id))
    }

    /// Waits until what is known of an execution fulfils a condition.
    /// - Throws: ``Refusal/Code/notFound``; ``JournalError``; `CancellationError`.
    public func wait(
        for id: String,
        until condition: (ExecutionRecord) -> Bool
    ) async throws -> ExecutionRecord {
        try engine.naming(await engine.wait(for: id, until: condition))
    }

    /// What an execution that has ended gave or failed with. What children have given, or a finalizer is
    /// given, is put together as JSON: see ``FamilyOutput``.
    /// - Throws: ``Refusal/Code/wrongState`` before its end; ``PayloadErased``; ``JournalError``.
    public func outcome(
        of record: ExecutionRecord
    ) throws -> Result<[UInt8], OperationError> {
        switch try ExecutionReader.recordedOutcome(of: record, engine.writer.journal) {
        case .success(let output): .success(try engine.json(of: output.payload, at: output.entry))
        case .failure(let error): .failure(error)
        }
    }

    /// The last values of an execution's named outputs, encoded, in the order of their names' first
    /// use: while it runs, and once it has ended.
    /// - Throws: ``PayloadErased``; ``JournalError``.
    public func outputs(
        of record: ExecutionRecord
    ) throws -> [(name: String, value: [UInt8])] {
        try record.outputs.map { output in
            let payload = try ExecutionReader.payloads(of: output.sequence, journal).first
            guard let payload, !payload.isErased else {
                throw PayloadErased(sequence: output.sequence)
            }
            return (output.name.text, payload.data)
        }
    }

    /// The history of an execution as it is now, for a ``Replayer``.
    /// - Throws: ``Refusal/Code/notFound``; ``JournalError``.
    public func history(of id: String) throws -> RecordedHistory {
        try RecordedHistory(of: id, in: engine.writer.journal)
    }

    /// The encoded input of an execution; that of a finalizer is put together as JSON.
    /// - Throws: ``PayloadErased``; ``JournalError``.
    public func input(of record: ExecutionRecord) throws -> [UInt8] {
        try engine.json(of: engine.familyReader.payload(of: record.number), at: record.number)
    }

    /// Waits until this process has given up claiming because the journal could not be written.
    /// - Throws: what the journal failed with; `CancellationError`.
    public func waitForFailure() async throws { try await engine.waitForHalt() }

    /// Waits until this process runs nothing and finds nothing that it could claim.
    /// - Throws: `CancellationError`.
    public func waitUntilIdle() async throws { try await engine.waitUntilIdle() }

    /// The journal below.
    package var journal: Journal { engine.writer.journal }
    /// The number of this process's session: the sequence of the entry by which it was opened. Entries name
    /// it that this process has asked for, and `daybook session list` shows it.
    public var session: UInt64 { engine.sessionNumber }
    /// Sessions that are neither closed nor known to be lost.
    package var sessions: [State.Session] { engine.writer.inspect { $0.state.publishedSessions } }

    /// Writes the state to a file, from which recovery then begins. Done by itself after every
    /// ``EngineOptions/snapshotInterval`` entries; a program may do it before it stops.
    /// - Returns: how many entries it is the fold of; nil when another process takes one at this
    ///   moment, or when nothing has been appended since the last.
    /// - Throws: ``JournalError``; `SystemError`, for example of a disk that is full.
    @discardableResult
    public func takeSnapshot() async throws -> UInt64? { try await engine.takeSnapshot() }
}
