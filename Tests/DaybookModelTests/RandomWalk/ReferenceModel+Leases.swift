import DaybookFormat

@testable import DaybookModel

/// Commands under a lease.
extension ReferenceModel {
    /// A command under a lease, as far as the reference model knows them.
    enum Leased {
        case start(Operation)
        case record(Operation, [String], logs: [String])
        case complete([String], logs: [String])
        case fail(String, [String], logs: [String])
        case release
        case park([String])
    }

    mutating func perform(
        _ command: Leased,
        _ lease: Lease,
        by session: UInt64
    ) -> Outcome<UInt64> {
        guard let known = executions[lease.id], !known.status.isFinal else {
            return .refused(.staleLease)
        }
        guard known.holder == session, known.epoch == lease.epoch, known.status == .running,
            !known.isParked
        else {
            if !known.refused.contains(lease.epoch) {
                _ = write(lease.id)
                change(lease.id) { $0.refused.insert(lease.epoch) }
            }
            return .refused(.staleLease)
        }
        switch command {
        case .start(let operation):
            guard operation.position == known.positions[operation.scope, default: 0] else {
                return .refused(.conflict)
            }
            return .granted(write(lease.id))
        case .record(let operation, let types, let logs):
            return record(operation, types, logs, known)
        case .complete(let types, let logs):
            return end(.completed, "", types, logs, lease.id)
        case .fail(let code, let types, let logs):
            return end(.failed, code, types, logs, lease.id)
        case .release:
            let sequence = write(lease.id)
            change(lease.id) {
                $0.status = .ready
                $0.holder = nil
                $0.readySince = sequence
            }
            return .granted(sequence)
        case .park(let types):
            let sequence = write(lease.id, types)
            change(lease.id) {
                $0.isParked = true
                $0.holder = nil
            }
            return .granted(sequence)
        }
    }

    private mutating func record(
        _ operation: Operation,
        _ types: [String],
        _ logs: [String],
        _ known: Execution
    ) -> Outcome<UInt64> {
        guard operation.position == known.positions[operation.scope, default: 0] else {
            return .refused(.conflict)
        }
        for log in logs { _ = write(known.id, [log]) }
        let sequence = write(known.id, types)
        change(known.id) {
            $0.positions[operation.scope] = operation.position + 1
            $0.losses = 0
        }
        return .granted(sequence)
    }

    private mutating func end(
        _ status: ExecutionStatus,
        _ code: String,
        _ types: [String],
        _ logs: [String],
        _ id: String
    ) -> Outcome<UInt64> {
        for log in logs { _ = write(id, [log]) }
        let sequence = write(id, types)
        let end = now
        change(id) {
            $0.status = status
            $0.holder = nil
            $0.finishedAt = end
            $0.errorCode = code
        }
        return .granted(sequence)
    }
}

extension ReferenceModel.Execution {
    /// What a state of the model has otherwise than it should; nil: nothing.
    func difference(from state: ExecutionState) -> String? {
        let equal: [(String, Bool)] = [
            ("number", state.number == number), ("id", state.id == id),
            ("type", state.type == type), ("status", state.status == status),
            ("isParked", state.isParked == isParked), ("session", state.session == holder ?? 0),
            ("epoch", state.epoch == epoch), ("attempt", state.attempt == (epoch > 0 ? 1 : 0)),
            ("losses", state.losses == losses), ("submittedAt", state.submittedAt == submittedAt),
            ("startedAt", state.startedAt == startedAt ?? Timestamp(rawValue: 0)),
            ("entries", state.entries == entries), ("last", state.last == last),
            ("readySequence", state.readySequence == readySince),
            ("progress", positions.allSatisfy { state.progress.next(in: $0.key) == $0.value }),
        ]
        return equal.first { !$0.1 }.map { "\($0.0) of \(state), which should be \(self)" }
    }

    /// What a row of a closed execution has otherwise than it should; nil: nothing.
    func difference(from row: ProtoExecutionRow) -> String? {
        let closed = row.closed
        let equal: [(String, Bool)] = [
            ("number", row.number == number), ("closed", row.hasClosed == status.isFinal),
            ("type", closed.type == type), ("status", closed.status == status.proto),
            ("submittedAt", closed.submittedAt == submittedAt.rawValue),
            ("startedAt", closed.startedAt == startedAt?.rawValue),
            ("finishedAt", closed.finishedAt == finishedAt?.rawValue),
            ("attempts", closed.attempts == 1), ("last", closed.last == last),
            ("entries", closed.entries == entries), ("errorCode", closed.errorCode == errorCode),
        ]
        return equal.first { !$0.1 }.map { "\($0.0) of \(row), which should be of \(self)" }
    }
}
