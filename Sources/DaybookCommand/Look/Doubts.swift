#if CLI
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookRunbook

extension Doubt {
    /// The operation's name, with the place of the element in brackets if it is a job that runs once
    /// for each.
    func name(_ runbook: Runbook?) -> String {
        let name = operation.name.text
        let isRepeated = runbook?.blocks.contains { block in
            block.each != nil && block.jobs.contains { $0.name == name }
        }
        guard isRepeated == true, let index = operation.scope.last else { return name }
        return "\(name)[\(index)]"
    }

    /// Which operation it is, when its body began, and in which process.
    func words(
        _ inspector: Inspector,
        _ runbook: Runbook?,
        _ time: TimeOptions
    ) throws -> TerminalText {
        let entry = try inspector.entry(started)
        let session = entry.entry.session
        var process = "session \(session)"
        if session != 0, case .sessionOpened(let opened) = try inspector.entry(session).entry.event
        {
            process += " (\(opened.program), process \(opened.pid) on \(opened.host))"
        }
        let path = OperationPath(operation)
        return
            "the operation \(name(runbook)) (\(path)) began at \(time.text(entry.time)) in \(process), entry \(started): it may have happened"
    }

    /// The command line that settles it.
    func advice(_ id: String, _ common: CommonOptions) -> TerminalText {
        let command = "daybook resolve\(common.journalWords)"
        return
            "look whether it did; then `\(command) --done JSON \(id.shellArgument) \(OperationPath(operation))`, or with --not-done, or with --failed MESSAGE"
    }
}

extension ExecutionRecord {
    /// Which code must run it, when none that is open may; nil: it is not held up by that.
    func pinWords(_ inspector: Inspector, _ common: CommonOptions) throws -> TerminalText? {
        guard let revision, !isClosed else { return nil }
        let sessions = try inspector.state().sessions
        let others = Set(sessions.map(\.revision.text)).sorted().filter { $0 != revision }
        guard !sessions.contains(where: { $0.revision.text == revision }) else { return nil }
        let found =
            others.isEmpty
            ? "no process is open" : "those that are open run \(others.joined(separator: ", "))"
        return
            "it is pinned to the revision \(revision), and \(found); start a process of that revision, or `daybook repin\(common.journalWords) \(id.shellArgument) --revision REVISION`"
    }
}
#endif
