import DaybookFormat
import SwiftProtobuf

@testable import DaybookModel

/// What a handler that ran again would be answered.
extension RandomWalk {
    /// Compares what a replay hands out of each execution with what counts of what was recorded.
    func compareReplays() throws {
        var histories: [UInt64: [[UInt8]]] = [:]
        for bytes in harness.entries {
            let number = try withEntry(bytes) { $0.header.stream.rawValue }
            histories[number, default: []].append(bytes)
        }
        for expected in reference.all {
            var replay = try Self.replay(of: histories[expected.number] ?? [])
            for wait in expected.waits where wait.kind != .retry {
                try check(
                    !replay.hasWake(of: OperationPath(wait.operation)),
                    "\(wait.operation) of \(expected.id) waits, and is replayed as ended"
                )
            }
            for scope in Set(expected.operations.map(\.scope)) {
                var found: [UInt32] = []
                while let record = replay.next(in: scope) {
                    found.append(record.operation.position)
                }
                let wanted = expected.operations
                    .filter { $0.scope == scope }
                    .filter { !expected.reopened.contains($0.scope + [$0.position]) }
                    .map(\.position)
                if found == wanted { continue }
                let history = try Self.text(of: histories[expected.number] ?? [])
                try check(
                    false,
                    "the scope \(scope) of \(expected.id) replays as \(found), and is \(wanted); its history: \(history)"
                )
            }
        }
    }

    private static func text(of history: [[UInt8]]) throws -> String {
        try history.map { try ProtoEntry(serializedBytes: $0).textFormatString() }
            .joined(separator: "--\n")
    }

    private static func replay(of history: [[UInt8]]) throws -> Replay {
        var state: ExecutionState?
        for bytes in history {
            try withEntry(bytes) { entry in
                if state == nil {
                    state = try ExecutionState(first: entry)
                    state?.collectUndone()
                } else {
                    try state?.apply(entry)
                }
            }
        }
        var replay = Replay(state?.undoing ?? Undoing())
        let payload = try storedPayload([])
        for bytes in history { try withEntry(bytes) { try replay.take($0) { [payload] } } }
        return replay
    }
}
