#if CLI
import Daybook
import DaybookInspector
import DaybookModel
import DaybookRunbook

/// What whoever forks an execution of a runbook may take for otherwise than it is.
struct ForkNotices {
    /// What the execution was submitted with.
    let old: RunbookRequest
    /// What the fork begins with.
    let new: RunbookRequest
    /// The inputs that were given for the fork.
    let given: Set<String>
    /// The operations that the fork takes over.
    let taken: [OperationRecord]

    /// A sentence for each.
    var lines: [TerminalText] {
        get throws {
            if old == new { return [] }
            let before = try Runbook(parsing: old.runbook, file: "runbook")
            let after = try Runbook(parsing: new.runbook, file: "runbook")
            return keptDefaults(before, after) + usedOtherwise(before)
                + undoneOtherwise(before, after)
        }
    }

    /// Inputs whose default is another one now: they have the value that is recorded.
    private func keptDefaults(_ before: Runbook, _ after: Runbook) -> [TerminalText] {
        after.inputs.compactMap { input in
            let recorded = before.inputs.first { $0.name == input.name }
            guard !given.contains(input.name), let value = new.inputs[input.name], let recorded,
                let other = input.defaultValue, other != recorded.defaultValue, other != value,
                old.inputs[input.name] == value
            else { return nil }
            return
                "the input \(input.name) stays \(value), as it was submitted;\(shellOption("--input", "\(input.name)=\(other)")) gives another"
        }
    }

    /// The jobs before the fork whose scripts name an input that is another one now: they ran with the old
    /// value, and do not run again.
    private func usedOtherwise(_ before: Runbook) -> [TerminalText] {
        let changed = Set(old.inputs.keys).union(new.inputs.keys).sorted().filter {
            old.inputs[$0] != new.inputs[$0]
        }
        let names = Set(taken.filter { $0.status == .success }.map(\.operation.name.text))
        return changed.compactMap { input in
            let variable = EnvironmentName.forInput(input)
            let jobs = before.jobs.filter { job in
                names.contains(job.name)
                    && [job.run, job.verify ?? ""].contains { $0.contains(variable) }
            }
            guard !jobs.isEmpty else { return nil }
            let words = jobs.map(\.name).joined(separator: ", ")
            return
                "the input \(input) is another one now, and does not reach what has run with the old one and is not run again: \(words)"
        }
    }

    /// The jobs before the fork that are undone by another script than they had, or by none although they
    /// have one now: what is to be undone is recorded with the job.
    private func undoneOtherwise(_ before: Runbook, _ after: Runbook) -> [TerminalText] {
        after.jobs.compactMap { job in
            let old = before.jobs.first { $0.name == job.name }
            let records = taken.filter { $0.operation.name.text == job.name }
            guard let undo = job.undo, let old, undo != old.undo, !records.isEmpty else {
                return nil
            }
            return records.contains { $0.compensation != nil }
                ? "\(job.name): its undo is another one now, and the new one runs"
                : "\(job.name): it has an undo now, and ran without one: the fork does not undo it"
        }
    }
}
#endif
