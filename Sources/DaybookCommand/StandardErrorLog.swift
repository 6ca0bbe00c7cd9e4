#if CLI
import Logging

/// Writes what the engine says for operators to standard error, a line each.
struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.keys.sorted().map { " \($0)=\(all[$0] ?? "")" }.joined()
        Terminal.standardError.line("daybook: \(event.level): \(event.message)\(pairs)")
    }
}
#endif
