#if CLI
import Yams

/// The keys that a kind of mapping may have.
struct Vocabulary {
    /// The mapping in words, for a message.
    let subject: String
    let keys: [String]
    let required: [String]

    static let runbook = Vocabulary(
        subject: "a runbook",
        keys: ["name", "description", "inputs", "environment", "secrets", "blocks", "on_failure"],
        required: ["name", "blocks"]
    )
    static let input = Vocabulary(
        subject: "an input",
        keys: ["type", "required", "default", "description"],
        required: []
    )
    static let block = Vocabulary(
        subject: "a block",
        keys: [
            "name", "description", "jobs", "each", "limit", "approval", "always", "continueOnError",
            "failFast",
        ],
        required: ["name"]
    )
    static let approval = Vocabulary(
        subject: "an approval",
        keys: ["signal", "timeout", "accept"],
        required: ["signal"]
    )
    static let retry = Vocabulary(
        subject: "\"retry\"",
        keys: ["attempts", "delay", "backoff", "cap", "jitter", "on", "not"],
        required: ["attempts"]
    )
    static let job = Vocabulary(
        subject: "a job",
        keys: [
            "name", "description", "run", "verify", "undo", "output", "environment", "retry",
            "timeout", "fatal", "onDoubt", "secrets",
        ],
        required: ["name", "run"]
    )
}

/// The values of a mapping, by their keys.
struct Fields {
    private let values: [String: Node]
    private let whole: Node

    /// Checks the keys of a mapping: first those that are there, then those that are not.
    /// - Parameter what: the mapping in words, where there is more to say than its kind.
    init(
        of node: Node,
        _ vocabulary: Vocabulary,
        _ reader: NodeReader,
        what: String? = nil
    ) throws(RunbookError) {
        whole = node
        var values: [String: Node] = [:]
        for entry in try reader.entries(of: node, what ?? vocabulary.subject) {
            guard vocabulary.keys.contains(entry.name) else {
                throw reader.error(at: entry.key, vocabulary.refusal(of: entry.name))
            }
            values[entry.name] = entry.value
        }
        for key in vocabulary.required where values[key] == nil {
            throw reader.error(
                at: node,
                "\(vocabulary.subject) must have the key \(quoted(key))"
            )
        }
        self.values = values
    }

    subscript(key: String) -> Node? { values[key] }

    /// The value of a key that is required, and so is there.
    func required(_ key: String) -> Node { values[key] ?? whole }
}

extension Vocabulary {
    fileprivate func refusal(of key: String) -> String {
        let found = "\(subject) has no key \(quoted(key))"
        if let near = nearest(to: key, among: keys) {
            return "\(found); did you mean \(quoted(near))?"
        }
        return "\(found); it may have \(listed(keys))"
    }
}
#endif
