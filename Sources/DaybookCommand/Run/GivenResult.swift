#if CLI
import Daybook
import DaybookRunbook

/// What a person says that an operation of a runbook gives, as JSON. A message about it repeats none of its
/// values: they may have something secret.
struct GivenResult {
    private let text: String

    init(_ text: String) { self.text = text }

    private static let fields: Set = ["exitStatus", "outputs", "stored", "removed"]
    private static let advice =
        "write '{\"outputs\":{\"KEY\":\"VALUE\"}}', or '{\"outputs\":{}}' for none"

    /// Makes sure that it is what an operation gives.
    /// - Parameters:
    ///   - name: that of the operation, or of its block.
    ///   - approve: the command line that answers an approval of the fork.
    /// - Throws: ``UsageError``.
    func check(for name: String, _ runbook: Runbook, _ approve: String) throws(UsageError) {
        let block = runbook.blocks.first { $0.name == name || $0.approval?.signal == name }
        if let block, block.approval != nil {
            throw UsageError(
                "\(block.name) is an approval, and is answered: fork at it without --with, then \(approve)"
            )
        }
        let keys = try outputs()
        let job =
            runbook.jobs.first { $0.name == name }
            ?? block.flatMap { $0.jobs.count == 1 ? $0.jobs.first : nil }
        guard let job else { return }
        let declared = job.output.map(\.name)
        // What a script writes that is declared nowhere is recorded too: nobody can say how it is spelt.
        guard !declared.isEmpty, let unknown = keys.filter({ !declared.contains($0) }).min() else {
            return
        }
        let known = "it declares \(declared.joined(separator: ", "))"
        let near = nearest(to: unknown, among: declared)
        throw UsageError(
            "the job \(job.name) declares no output \"\(unknown)\"; \(near.map { "did you mean \"\($0)\"?" } ?? known)"
        )
    }

    /// Makes sure that it is what some job gives.
    /// - Returns: the keys of its outputs.
    /// - Throws: ``UsageError``.
    func outputs() throws(UsageError) -> [String] {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw wrong("it is no JSON")
        }
        guard case .object(let members) = value else { throw wrong("it is no object") }
        if let unknown = members.keys.filter({ !Self.fields.contains($0) }).min() {
            throw UsageError("a job of a runbook gives no field \"\(unknown)\"; \(Self.advice)")
        }
        guard let given = members["outputs"] else { throw wrong("it has no \"outputs\"") }
        guard case .object(let outputs) = given else {
            throw wrong("its \"outputs\" are no object")
        }
        for (key, value) in outputs.sorted(by: { $0.key < $1.key }) {
            if case .string = value { continue }
            throw wrong("the output \"\(key)\" is no text")
        }
        do {
            _ = try JSONPayloadCodec().decode(JobResult.self, from: Array(text.utf8))
        } catch {
            throw wrong("its \"exitStatus\", \"stored\" or \"removed\" is of another type")
        }
        return Array(outputs.keys)
    }

    private func wrong(_ what: String) -> UsageError {
        UsageError(
            "a job of a runbook gives its outputs, and what was given is something else: \(what); \(Self.advice)"
        )
    }
}
#endif
