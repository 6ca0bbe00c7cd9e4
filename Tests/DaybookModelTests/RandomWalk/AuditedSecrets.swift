import DaybookFormat
import FoundationEssentials

/// What an auditor remembers of secrets: each key once, and none beyond a good end.
struct AuditedSecrets {
    private var all: Set<Data> = []
    /// Those that are kept, by name, of each run.
    private var kept: [UInt64: [String: Data]] = [:]
    private var isClosed: Set<UInt64> = []

    /// - Returns: the rule that the entry breaks; nil: none.
    mutating func read(_ entry: ProtoEntry) -> String? {
        switch entry.event {
        case .secretsStored(let event):
            guard !isClosed.contains(entry.stream) else { return "stored after the end" }
            guard entry.commitments.count == event.secrets.count else {
                return "not one payload each"
            }
            for secret in event.secrets {
                guard all.insert(secret.key).inserted else { return "a key is used twice" }
                let before = kept[entry.stream, default: [:]].updateValue(
                    secret.key,
                    forKey: secret.name
                )
                guard before == nil else { return "a secret is stored twice" }
            }
        case .secretsWiped(let event):
            guard !event.secrets.isEmpty else { return "nothing is wiped" }
            for secret in event.secrets {
                guard kept[entry.stream]?.removeValue(forKey: secret.name) == secret.key else {
                    return "wiped, and not kept"
                }
            }
        case .executionCompleted:
            guard kept[entry.stream]?.isEmpty ?? true else { return "completed with a secret" }
        case .executionContinued(let event):
            kept[event.next] = kept.removeValue(forKey: entry.stream)
        case .executionFailed, .executionTimedOut, .executionCancelled, .executionExpired:
            isClosed.insert(entry.stream)
        case .executionReopened: isClosed.remove(entry.stream)
        default: break
        }
        return nil
    }
}
