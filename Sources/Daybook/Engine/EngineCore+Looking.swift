import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView

extension EngineCore {
    /// What is known of an execution, but who submitted it; nil when there is none of that id.
    func record(of id: String) throws -> ExecutionRecord? {
        try writer.journal.store.read { reader in
            try ExecutionReader.bareRecord(of: id, reader) { number in
                writer.inspect { $0.state.committed(number) }
            }
        }
    }

    /// The same record with who submitted the execution.
    func naming(_ record: ExecutionRecord) throws -> ExecutionRecord {
        try writer.journal.store.read { try ExecutionReader.naming(record, $0) }
    }

    /// Some of the executions that a query asks for, looked up on a thread of its own.
    func page(
        _ query: ExecutionQuery,
        after cursor: ExecutionCursor?
    ) async throws -> ExecutionPage {
        let writer = writer
        return try await SystemThread.run {
            try ExecutionReader.page(query, after: cursor, writer.journal.store) { number in
                writer.inspect { $0.state.committed(number) }
            }
        }
    }

    /// Waits until the journal cannot be written, and throws why. It is tried again later all the
    /// same.
    func waitForHalt() async throws {
        while true {
            let told = try await board.wait(for: .failure) {
                if let halt { throw halt }
                return isStopped
            }
            if case .failed(let error) = told { throw error }
            if isStopped { return }
            try Task.checkCancellation()
        }
    }

    /// Waits until nothing runs here and nothing could be claimed.
    func waitUntilIdle() async throws {
        while true {
            var isIdle = false
            let told = try await board.wait(for: .idleness) {
                if let halt { throw halt }
                isIdle = !hasWork
                return isIdle || isStopped
            }
            if case .failed(let error) = told { throw error }
            if isIdle, let error = machines.tell({ $0.dispatcher.firstDamage }) { throw error }
            if isIdle || isStopped { return }
            try Task.checkCancellation()
        }
    }

    /// Waits until an execution has ended or is parked.
    func waitForEnd(of id: String) async throws -> ExecutionRecord {
        try await follow(id, isForEnd: true) { $0.isClosed || $0.isParked }.record
    }

    /// Waits until what is known of an execution fulfils a condition.
    func wait(
        for id: String,
        until condition: (ExecutionRecord) -> Bool
    ) async throws -> ExecutionRecord {
        try await follow(id, until: condition).record
    }

    /// Waits for the encoded output of an execution.
    ///
    /// When it ends in this process the output is handed over in memory; otherwise it is read.
    /// - Throws: ``OperationError`` when it failed; ``ExecutionParked``.
    /// - Parameter number: its number, if it is known to be open: one look less.
    func output(of id: String, number: UInt64? = nil) async throws -> EncodedValue {
        let (record, output) = try await follow(id, number, isForOutput: true, isForEnd: true) {
            $0.isClosed || $0.isParked
        }
        if let output { return EncodedValue(data: output) }
        guard record.isClosed else { throw ExecutionParked(record) }
        return try ExecutionReader.outcome(of: record, writer.journal, ofRun: true).get()
    }

    /// Reads values that may be those of a family.
    var familyReader: FamilyReader {
        FamilyReader(writer.journal.store) { [self] in contentType($0) }
    }

    /// The bytes of a value; what stands for those of a family is put together as JSON.
    func json(of payload: StoredPayload?, at sequence: UInt64) throws -> [UInt8] {
        guard let payload else { return [] }
        return try familyReader.json(of: payload, at: sequence)
    }

    /// Decodes the output of an execution, which may stand for those of a family.
    func decodeOutput<Value: Decodable>(
        _ type: Value.Type,
        from payload: StoredPayload?,
        at sequence: UInt64
    ) throws -> Value {
        guard let payload, let manifest = try familyReader.manifest(in: payload, of: sequence)
        else { return try decode(type, from: payload?.encoded ?? EncodedValue(data: [])) }
        let parts = FamilyParts(manifest, familyReader, options.codec) { [self] in contentType($0) }
        return try parts.decode(type)
    }

    /// Decodes a value, also one that was recorded by an older version of its type.
    func decode<Value: Decodable>(_ type: Value.Type, from value: EncodedValue) throws -> Value {
        try options.codec.decode(type, from: value) { contentType($0) }
    }

    /// Looks at an execution once at the beginning, and then once for each thing that it is told of.
    /// - Parameters:
    ///   - number: its number, if that is known, and that it has not ended.
    ///   - isForEnd: nothing but its end, or that it is parked, is waited for.
    private func follow(
        _ id: String,
        _ number: UInt64? = nil,
        isForOutput: Bool = false,
        isForEnd: Bool = false,
        until condition: (ExecutionRecord) -> Bool
    ) async throws -> (record: ExecutionRecord, output: [UInt8]?) {
        var awaited: UInt64
        if let number {
            awaited = number
        } else {
            let first = try known(id)
            if condition(first) { return (first, nil) }
            if isForEnd { noteWait(for: first.type) }
            awaited = first.number
        }
        while true {
            let number = awaited
            var found: ExecutionRecord?
            var isDone = false
            let told = try await board.wait(
                // What only goes on is not looked at: each look may read its history.
                for: isForEnd ? .output(number) : .execution(number)
            ) {
                let record = try known(id)
                found = record
                isDone = condition(record)
                return isDone || record.number != number || failure(of: number) != nil || isStopped
            }
            // It is looked up at the beginning of each wait.
            guard let found else { continue }
            if isDone { return (found, nil) }
            awaited = found.number
            switch told {
            case .output(let output): if isForOutput { return (found, output) }
            case .failed(let error): throw error
            case .look: break
            }
            if let error = failure(of: awaited) { throw error }
            try Task.checkCancellation()
            if isStopped {
                throw JournalError(
                    .closed,
                    "the journal was closed before the execution \(id) had come so far"
                )
            }
        }
    }

    private func known(_ id: String) throws -> ExecutionRecord {
        guard let record = try record(of: id) else {
            throw Refusal(.notFound, "no execution has the id \(id); submit it first")
        }
        return record
    }
}
