import Crypto
import DaybookFormat
import DaybookModel

/// What follows from an execution and a place in it, so that nothing is recorded for it.
extension Activation {
    /// Whether the handler has said that it found something new.
    var isEventful: Bool { state.withLock { $0.isEventful } }

    /// The handler says so.
    func noteEventful() { state.withLock { $0.isEventful = true } }

    /// 32 bytes that follow from the execution and a place in it.
    func draw(_ scope: [UInt32], _ position: UInt32, _ count: UInt64) -> [UInt8] {
        let path = OperationPath(scope: scope, position: position)
        let generation = replayLog.generation(of: path).map { [$0] } ?? []
        let place =
            [drawsAs, UInt64(position), count] + scope.map(UInt64.init) + generation
        var hash = SHA256()
        hash.update(data: Array("daybook draw".utf8))
        hash.update(data: host.journalID.bytes)
        for number in place {
            withUnsafeBytes(of: number.littleEndian) { hash.update(bufferPointer: $0) }
        }
        return Array(hash.finalize())
    }

    /// The idempotency key of an operation.
    /// - Parameter registration: the entry by which the operation was recorded, if it is. What an origin has
    ///   begun has the origin's key in a fork too: other systems know the work by it.
    func idempotencyKey(_ operation: Operation, recordedBy registration: UInt64? = nil) -> String {
        var execution = lease.execution
        if drawsAs != execution {
            do {
                if let beginner = try replayLog.beginner(of: operation) {
                    execution = beginner
                } else if let registration, registration < execution {
                    execution = try owner(of: registration)
                }
            } catch {
                latch(.journalFailed(error))
            }
        }
        return operation.idempotencyKey(
            journal: host.journalID,
            execution: execution,
            generation: replayLog.generation(of: OperationPath(operation))
        ).description
    }

    /// The execution that an entry of the history is of: of a fork's it may be an origin.
    private func owner(of sequence: UInt64) throws -> UInt64 {
        var owner = lease.execution
        try history.scan(from: sequence) { entry, _ in
            owner = entry.header.stream.rawValue
            return false
        }
        return owner
    }
}
