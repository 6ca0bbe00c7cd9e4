import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookView

/// What a replay says of an operation when all of the history is there, in words.
private struct Answer {
    let operation: Operation
    let sequence: UInt64
    let status: OperationRecord.Status
    /// Its outcome is given again.
    var isFinal: Bool { status == .success || status == .failed }
}

extension RecordedHistory {
    /// What a handler that runs again over all of it would be answered, by operation.
    private func answers() throws -> [OperationPath: Answer] {
        var replay = Replay(try history(of: number, undone: true).undoing)
        try scan(from: number + 1) { entry, payloads in
            try replay.take(entry, payloads)
            return true
        }
        var answers: [OperationPath: Answer] = [:]
        while let record = replay.unconsumed {
            _ = replay.next(in: record.operation.scope)
            let path = OperationPath(record.operation)
            let status: OperationRecord.Status =
                switch (record.outcome, replay.wake(of: path)) {
                case (.failure, _), (.signal(_, failure: .some), _): .failed
                case (_, .signal(_, failure: .some, _)): .failed
                case (_, .child(let end)): end.failure == nil ? .success : .failed
                case (_, .settled(let settlement)): settlement.failed ? .failed : .success
                case (.wait, nil): .waiting
                case (.branches, nil): .started
                default: .success
                }
            answers[path] = Answer(
                operation: record.operation,
                sequence: record.sequence,
                status: status
            )
        }
        return answers
    }

    /// What differs between operations as they are shown and what a replay answers, with the whole
    /// history and with each beginning of it.
    func disagreements() throws -> [String] {
        try (1...count).flatMap { length in
            let beginning = prefix(length)
            return try beginning.disagreements(
                with: OperationFold.records(in: beginning, of: number)
            ).map { "\(length) of \(count): \($0)" }
        }
    }

    /// What differs between operations as they are shown and what a replay answers.
    func disagreements(with shown: [OperationRecord]) throws -> [String] {
        var answers = try answers()
        var findings: [String] = []
        // What undoes a checkpoint lies in a scope of that, and no handler asks for it.
        let undone = Set(
            shown.filter { $0.compensation != nil }.map { OperationPath($0.operation) }
        )
        for record in shown {
            let isOfCleaning = OperationPath(record.operation).enclosing.contains { around in
                undone.contains(OperationPath(scope: around.scope, position: around.position))
            }
            if isOfCleaning { continue }
            let name = "\(record.operation.name) at \(record.operation.scope)"
            guard let answer = answers.removeValue(forKey: OperationPath(record.operation)) else {
                if record.status == .success || record.isReplayed {
                    findings.append("\(name) runs again, and is shown as \(record.status)")
                }
                continue
            }
            // That branches have all ended is said by nothing but what follows in the scope.
            let hasEnded = answer.status == .started && record.status == .success
            let isSame = hasEnded || record.status == answer.status
            // What is to run again is shown as failed until it does.
            let isToRunAgain = record.status == .failed && !record.isReplayed && !answer.isFinal
            if !isSame && !isToRunAgain || record.operation != answer.operation
                || record.isReplayed != (hasEnded || answer.isFinal)
            {
                findings.append("\(name) is \(answer.status), and shown as \(record.status)")
            }
        }
        return findings + answers.values.map { "\($0.operation.name) is not shown" }
    }
}
