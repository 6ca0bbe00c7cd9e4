#if CLI
import Yams

/// The secrets of a runbook and of its jobs.
extension RunbookParser {
    /// The names of the secrets that a runbook is submitted with.
    func declaredSecrets(_ node: Node) throws(RunbookError) -> [String] {
        let names = try secretNames(node, "the secrets of the runbook")
        guard names.count <= Self.secretLimit else {
            throw reader.error(
                at: node,
                "a runbook has at most \(Self.secretLimit) secrets, and \(names.count) are named"
            )
        }
        return names
    }

    /// So many an execution may have.
    private static let secretLimit = 32

    /// The names of the secrets that a job sees.
    func jobSecrets(_ node: Node) throws(RunbookError) -> [String] {
        let names = try secretNames(node, "the secrets of a job")
        for name in names where !secrets.contains(name) {
            throw reader.error(
                at: node,
                "the secret \(quoted(name)) is not among the secrets of the runbook; add it to the"
                    + " runbook's \"secrets\""
            )
        }
        return names
    }

    private func secretNames(_ node: Node, _ what: String) throws(RunbookError) -> [String] {
        var names: [String] = []
        for item in try reader.items(of: node, what) {
            let name = try reader.text(item, "the name of a secret").string
            try checkVariable(name, at: item)
            guard !RunbookRequest.alwaysPassed.contains(name) else {
                throw reader.error(
                    at: item,
                    "the variable \(quoted(name)) is passed to every job and recorded; give the"
                        + " secret another name"
                )
            }
            guard !names.contains(name) else {
                throw reader.error(at: item, "the secret \(quoted(name)) is in the list already")
            }
            names.append(name)
        }
        return names
    }

    /// What is under `environment` is recorded in clear.
    func checkIsNoSecret(_ name: String, at node: Node) throws(RunbookError) {
        guard secrets.contains(name) else { return }
        throw reader.error(
            at: node,
            "\(quoted(name)) is a secret of the runbook, and what is under \"environment\" is recorded"
                + " in clear; name it under \"secrets\" of the jobs that need it"
        )
    }
}
#endif
