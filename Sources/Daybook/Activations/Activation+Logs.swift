import DaybookModel
import DaybookSystem

extension Activation {
    /// Notes a line of a scope, until an entry of that scope takes it along.
    /// - Parameter isOfBody: the body of an operation wrote it, and not the handler.
    func log(
        _ text: String,
        _ stream: LogStream = .log,
        in scope: [UInt32],
        isOfBody: Bool = false
    ) {
        // Beyond its record a handler is only run to learn what it registered.
        if isCollecting { return }
        let now = host.now()
        let text = secrets?.redactor.redacted(text) ?? text
        state.withLock {
            $0.logs[scope, default: LogBuffer()].append(text, stream, at: now, isOfBody: isOfBody)
        }
    }

    /// Takes the lines of a scope out, to record them.
    func takeLogs(in scope: [UInt32]) throws -> [LogChunk] {
        let limit = host.payloadLimit
        return try state.withLock { state in
            guard var lines = state.logs.removeValue(forKey: scope) else { return [] }
            return try lines.take(limit: limit)
        }
    }

    /// A branch has ended: lines after its last operation go to another scope, or nowhere.
    func endLogs(of branch: [UInt32], into scope: [UInt32]?) {
        state.withLock { state in
            guard let lines = state.logs.removeValue(forKey: branch), let scope else { return }
            state.logs[scope, default: LogBuffer()].append(lines)
        }
    }

    /// Takes out the lines of all scopes, when the handler has ended.
    /// - Parameter goesOn: its code is run again: then what it wrote itself is written again.
    func takeLogs(goesOn: Bool = false) throws -> [LogChunk] {
        let limit = host.payloadLimit
        return try state.withLock { state in
            var all = LogBuffer()
            for scope in state.logs.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
                if let lines = state.logs[scope] { all.append(lines) }
            }
            state.logs = [:]
            if goesOn { all.keepLinesOfBodies() }
            return try all.take(limit: limit)
        }
    }
}
