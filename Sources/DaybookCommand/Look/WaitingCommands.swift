#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookRunbook
import DaybookSystem

struct PendingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pending",
        abstract: "List what open executions wait for, the soonest first."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Option(help: "The most waits to list.")
    var limit: Int?

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        let (waits, needs, lag) = try common.inspect { inspector in
            var runbooks = RecordedRunbooks(inspector)
            let waits = try inspector.pending().prefix(limit ?? .max).map { wait in
                (wait: wait, approval: try runbooks.approval(wait))
            }
            return (waits, try SecretNeeds(inspector), try ClockLag(inspector))
        }
        lag.warn(common)
        if common.json {
            common.write("daybook.pending/1") { json in
                lag.write(to: &json)
                json.key("pending")
                json.array { json in
                    for (wait, approval) in waits {
                        json.object { wait.write(approval, needs, to: &$0) }
                    }
                }
            }
            return
        }
        var table = Table(
            ["ENTRY", "ID", "WAITS FOR", "SINCE", "UNTIL"],
            flexible: ["WAITS FOR"],
            spare: ["SINCE", "ENTRY"]
        )
        for (wait, approval) in waits {
            table.add([
                "\(wait.sequence)", wait.id.shownAsID, approval?.words ?? wait.words,
                time.text(wait.since), wait.until.map { time.text($0) } ?? "",
            ])
        }
        table.print(to: common.output)
        writeNeeds(waits.map { $0.wait }, needs)
        let asking = waits.filter { $0.approval != nil }
        guard let first = asking.first else { return }
        let id = asking.count == 1 ? first.wait.id.shellArgument : "ID"
        // Of several, one that accepts only certain answers needs the value, and the others take it.
        let accept = asking.lazy.compactMap { $0.approval?.approval.accept }
            .first { $0 != .anythingButNo }
        common.errors.line("\(WaitingApproval.advice(id, accept ?? .anythingButNo, common))")
    }

    /// What is ready, and is left by every worker that is started as this process was.
    private func writeNeeds(_ waits: [PendingWait], _ needs: SecretNeeds) {
        let left = waits.filter { $0.reason == .claim && needs.fault(of: $0.number) != nil }
        guard let first = left.first else { return }
        let more = left.count == 1 ? "" : " (and \(left.count - 1) more)"
        let advice = WorkerAdvice(first.type, common, needs.fault(of: first.number)).toClaim
        common.errors.line("\(id: first.id)\(more): \(advice)")
    }
}

extension ExecutionRecord {
    /// What somebody can do about how it has ended; nil: nothing is to be done.
    func advice(_ common: CommonOptions, _ inspector: Inspector) throws -> String? {
        if let erasure = try inspector.erasure(of: self) {
            return "nothing runs it again: its payloads were \(erasure.words)"
        }
        if let (origin, erasure) = try erasedOrigin(inspector) {
            return
                "nothing runs it again: it is a fork that goes on by what \(origin.shellWord) has recorded, and the payloads of that were \(erasure.words)"
        }
        if let heir = try inspector.heir(of: self) {
            let fork = "it was forked, and \(heir.id.shellWord)"
            let words = "\(common.journalWords) \(heir.id.shellArgument)"
            guard heir.isClosed else {
                return
                    "\(fork) goes on with what it did and is \(heir.statusText); `daybook why\(words)` says what that waits for"
            }
            return heir.status == .completed
                ? "\(fork) went on with what it did, and has completed; `daybook show\(words)` shows it"
                : "\(fork) went on with what it did, and has ended as \(heir.statusText); `daybook why\(words)` says why, and what has it run again"
        }
        if case .executionFailed(let event) = try inspector.ending(of: self)?.entry.event,
            event.error.code == "workspace-not-saved"
        {
            return
                "a retry fails in the same way where its files are not; `daybook fork\(common.journalWords) --at OPERATION \(id.shellArgument)` begins before they were lost"
        }
        let secrets = try inspector.missingSecrets(of: self)
        let retry = Advice.completed(
            "`daybook retry\(common.journalWords) \(id.shellArgument)\(secrets)` opens it again"
        )
        return try rerun(inspector).map { "\(retry), and \($0)" }
    }

    /// What a fork goes on by, of which the payloads are erased; nil: nothing of that is.
    private func erasedOrigin(
        _ inspector: Inspector
    ) throws -> (id: String, erasure: Erasure)? {
        var number = forkedFrom
        while let origin = try number.flatMap({ try inspector.record(ofRun: $0) }) {
            if let erasure = try inspector.erasure(of: origin) { return (origin.id, erasure) }
            number = origin.forkedFrom
        }
        return nil
    }

    /// What runs again when it is retried, as the rest of a sentence; nil: it cannot be.
    func rerun(_ inspector: Inspector) throws -> String? {
        let own: String
        switch status {
        case .cancelled, .expired: own = "what had not ended runs again"
        case .failed, .timedOut, .childrenTasksFailed, .finalizeTaskFailed:
            own = "what failed runs again"
        default: return nil
        }
        let undone = try inspector.undone(of: self)
        return undone.isEmpty
            ? own : "\(own), and so does what was undone: \(undone.joined(separator: ", "))"
    }

    /// Says that the execution is paused, or is so no more.
    func pauseNotice(_ common: CommonOptions) -> TerminalText {
        guard isPaused, !isClosed else { return "\(id: id) is not paused any more" }
        return
            "\(id: id) is paused, and nothing of it runs; `daybook resume\(common.journalWords) \(id.shellArgument)` lets it go on"
    }
}

extension PendingWait {
    var words: String {
        switch reason {
        case .execution: "being executed"
        case .delay: "its time"
        case .claim: "a worker that serves the workflow \(type)"
        case .resumption: "being resumed"
        case .person: "a person"
        case .cleaning: "its code to end"
        case .unfinished(let name): CleaningWords.of(name, in: type)
        case .origin(let id): "\(id), in whose place it goes on, to undo what it has begun"
        case .children(let count): count == 1 ? "a child to end" : "\(count) children to end"
        case .operation(let wait):
            switch wait.kind {
            case .timer: "the timer \(wait.operation.name.text)"
            case .signal: "the signal \(wait.operation.name.text)"
            case .retry: "the next try of \(wait.operation.name.text)"
            case .child where wait.operation.kind == .finalize:
                "its finalizer, \(wait.operation.name.text), to end"
            case .child: "the end of the child \(wait.operation.name.text)"
            case .children: "what it has spawned to end"
            }
        }
    }

    /// What somebody can do about it, as command lines that can be pasted.
    func advice(
        _ common: CommonOptions,
        _ record: ExecutionRecord,
        _ inspector: Inspector
    ) throws -> String? {
        let journal = common.journalWords
        let id = id.shellArgument
        switch reason {
        case .execution: return "`daybook exec\(journal) \(id)` executes it"
        case .claim:
            let lost = try inspector.secrets(ofRun: record).records
                .filter { $0.key == .missing || $0.key == .damaged }
            if !lost.isEmpty {
                let names = lost.map(\.name).joined(separator: ", ")
                let retry =
                    "daybook retry\(journal) \(id)\(try inspector.missingSecrets(of: record))"
                return
                    "nothing opens \(names), which it was given: the file keys is missing or damaged; restore it from a backup that has it, or `daybook cancel\(journal) \(id)`, then `\(retry)`"
            }
            let fault = try SecretNeeds(inspector).fault(of: number)
            return WorkerAdvice(type, common, fault).toClaim
        case .resumption: return "`daybook resume\(journal) \(id)` resumes it"
        case .person:
            let retry = "daybook retry\(journal) \(id)\(try inspector.missingSecrets(of: record))"
            return
                isEnded
                ? "`daybook show\(journal) \(id)` shows it; then `\(retry)` lets it go on cleaning up, or `daybook cancel --force\(journal) \(id)` leaves out all that is still to run"
                : "`daybook show\(journal) \(id)` shows it; then `\(retry)`, or cancel it"
        case .origin(let origin):
            return "`daybook why\(journal) \(origin.shellArgument)` says what that waits for"
        case .children:
            return "`daybook tree\(journal) \(id)` shows them"
        case .operation(let wait) where wait.kind == .child || wait.kind == .children:
            return "`daybook tree\(journal) \(id)` shows where it stands"
        case .unfinished:
            return "`daybook cancel --force\(journal) \(id)` leaves out all that is still to run"
        case .operation(let wait) where wait.kind == .signal:
            return
                "`daybook signal\(journal) \(id) \(wait.operation.name.text.shellWord) JSON` gives it"
        default: return nil
        }
    }

    /// - Parameters:
    ///   - approval: the one that it is for, if it is for one.
    ///   - needs: what secrets need; nil: nothing waits.
    func write(
        _ approval: WaitingApproval?,
        _ needs: SecretNeeds?,
        to json: inout JSONWriter
    ) {
        json.member("id", id)
        json.member("number", number)
        json.member("type", type)
        switch reason {
        case .execution: json.member("for", "execution")
        case .delay: json.member("for", "delay")
        case .claim:
            json.member("for", "claim")
            json.member("secretsError", needs?.fault(of: number)?.message)
        case .resumption: json.member("for", "resumption")
        case .person: json.member("for", "person")
        case .cleaning: json.member("for", "cleaning")
        case .unfinished(let name):
            json.member("for", "unfinished")
            json.member("operation", name)
        case .origin(let origin):
            json.member("for", "origin")
            json.member("origin", origin)
        case .children(let count):
            json.member("for", "children")
            json.member("children", count)
        case .operation(let wait):
            json.member("for", wait.kind.rawValue)
            json.member("operation", wait.operation.name.text)
            json.member("child", wait.child)
        }
        json.member("approval", approval?.block)
        json.member("since", since.description)
        json.member("sequence", sequence)
        json.member("until", until?.description)
    }
}
#endif
