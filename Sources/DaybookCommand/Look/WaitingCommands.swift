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
            flexible: ["ID", "WAITS FOR"]
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

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say what an execution waits for, since when, and what helps."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Argument(help: "The execution's id.")
    var id: String

    func run() async throws {
        try common.inspect { inspector in
            let record = try inspector.record(of: id)
            var interruptions = Interruptions(inspector)
            let isInterrupted = try interruptions.contains(record)
            let state = try inspector.openState(of: record)
            var runbooks = RecordedRunbooks(inspector)
            let waits = try state.map { try inspector.waits(of: $0) } ?? []
            let asked = try waits.map { (wait: $0, approval: try runbooks.approval($0)) }
            let lag = try ClockLag(inspector)
            lag.warn(common)
            if common.json {
                try common.write("daybook.why/1") { json in
                    record.write(to: &json, isInterrupted: isInterrupted)
                    lag.write(to: &json)
                    let needs = try asked.isEmpty ? nil : SecretNeeds(inspector)
                    json.key("pending")
                    json.array { json in
                        for (wait, approval) in asked {
                            json.object { wait.write(approval, needs, to: &$0) }
                        }
                    }
                }
                return
            }
            common.output.line("\(id: record.id) \(record.standing(isInterrupted: isInterrupted))")
            if let end = try inspector.ending(of: record) {
                common.output.line("  entry \(end.sequence): \(end.eventName) \(end.summary)")
                if let sibling = try inspector.siblingMessage(of: record, end) {
                    common.output.line("  \(sibling)")
                }
            }
            if record.status.isFinal, let reason = record.parkingReason {
                common.output.line("  cleaning up is parked: \(reason.text)")
            }
            if let error = record.lastErrorText {
                common.output.line("  the last attempt that failed ended with \(error)")
            }
            for line in try inspector.undoings(of: record) { common.output.line("  \(line)") }
            if record.isClosed, let advice = try record.advice(common, inspector) {
                common.output.line("    \(advice)")
            }
            for doubt in record.doubts {
                common.output.line(
                    "    \(try doubt.words(inspector, runbooks.runbook(of: record), time))"
                )
                common.output.line("    \(doubt.advice(record.id, common))")
            }
            if let words = try record.pinWords(inspector, common) {
                common.output.line("  \(words)")
            }
            for (wait, approval) in asked {
                let until = wait.until.map { ", until \(time.text($0))" } ?? ""
                let words = approval?.words ?? wait.words
                // It runs now, and nobody waits for anything else.
                var verb = "waits for"
                if case .unfinished = wait.reason { verb = "runs" }
                common.output.line(
                    "  \(verb) \(words) since \(time.text(wait.since))\(until) (entry \(wait.sequence))"
                )
                if let advice = try advice(on: wait, approval, of: record, inspector) {
                    common.output.line("    \(advice)")
                }
            }
            guard let state, let session = state.session else { return }
            if state.status == .running {
                common.output.line("  runs in session \(session), attempt \(state.attempt)")
            } else if state.owesCleaning {
                common.output.line("  cleans up in session \(session)")
            }
            if let advice = try advice(onSession: session, of: record, inspector) {
                common.output.line("    \(advice)")
            }
            if state.status == .running, state.deadline.rawValue != 0 {
                common.output.line("  its attempt times out at \(time.text(state.deadline))")
            }
        }
    }

    private func advice(
        on wait: PendingWait,
        _ approval: WaitingApproval?,
        of record: ExecutionRecord,
        _ inspector: Inspector
    ) throws -> String? {
        if let accept = approval?.approval.accept {
            return WaitingApproval.advice(wait.id.shellArgument, accept, common)
        }
        return record.doubts.isEmpty ? try wait.advice(common, record, inspector) : nil
    }

    /// What is to be done when the process that holds an execution does not work on it any more.
    private func advice(
        onSession number: UInt64,
        of record: ExecutionRecord,
        _ inspector: Inspector
    ) throws -> String? {
        guard let session = try inspector.state().sessions.first(where: { $0.number == number })
        else { return nil }
        switch try SessionLiveness.of(session, in: JournalFolder(try common.journalPath())) {
        case .alive: return nil
        case .gone:
            return
                "its process is gone; \(WorkerAdvice(record.type, common).toTakeOver)"
        case .stopped:
            return
                "its process \(session.pid) is stopped: continue it, or `daybook session evict\(common.journalWords) \(number) --kill`"
        }
    }
}

extension Inspector {
    /// What became of the checkpoints that were to be undone because an execution has ended badly, a line
    /// for each that could not be, one for all that were, and one for all that stay. What a runbook runs on
    /// failure undoes nothing, and has a line of its own.
    func undoings(of record: ExecutionRecord) throws -> [String] {
        guard record.status.isFinal, record.status != .completed else { return [] }
        let operations = try operations(of: record.number).filter { $0.compensation != nil }
        let onFailure = operations.first { record.isOnFailure($0) }
        let undoable = operations.filter { !record.isOnFailure($0) }
        let undone = undoable.filter { $0.compensation == .undone }.reversed()
        let left = undoable.filter { $0.compensation == .leftOut }
        var lines: [String] = []
        if !undone.isEmpty { lines.append("undone: \(Self.names(undone))") }
        for operation in undoable where operation.compensation == .failed {
            lines.append(
                "\(operation.operation.name) could not be undone: \(operation.ending("left out"))"
            )
        }
        if !left.isEmpty { lines.append("not undone, and left as it is: \(Self.names(left))") }
        switch onFailure?.compensation {
        case .undone: lines.append("the jobs of on_failure have run")
        case .failed:
            lines.append(
                "of the jobs of on_failure one has failed: \(onFailure?.ending("left out") ?? "")"
            )
        case .leftOut: lines.append("the jobs of on_failure do not run")
        default: break
        }
        return lines
    }

    /// The names of what an execution is to undo should it end badly, what was done last first.
    /// - Parameter first: what was recorded before that entry is left out.
    func undoable(of record: ExecutionRecord, from first: UInt64 = 0) throws -> [String] {
        try operations(of: record.number)
            .filter {
                $0.compensation == .registered && $0.sequence >= first && !record.isOnFailure($0)
            }
            .sorted { $0.sequence > $1.sequence }.map(\.operation.name.text)
    }

    /// The names of what was undone at the end of an execution, in the order in which it was done.
    func undone(of record: ExecutionRecord) throws -> [String] {
        try operations(of: record.number)
            .filter { $0.compensation == .undone && !record.isOnFailure($0) }
            .map(\.operation.name.text)
    }

    private static func names(_ operations: some Sequence<OperationRecord>) -> String {
        operations.map(\.operation.name.text).joined(separator: ", ")
    }
}

extension OperationRecord {
    /// What its undoing failed with.
    fileprivate func ending(_ unknown: String) -> String {
        (compensationCode ?? unknown) + (compensationMessage.map { ": \($0)" } ?? "")
    }
}

extension ExecutionRecord {
    /// Whether an operation registers what a runbook runs on failure.
    fileprivate func isOnFailure(_ operation: OperationRecord) -> Bool {
        type == RunbookWorkflow.name && operation.operation.scope.isEmpty
            && operation.operation.name.text == RunbookOperations.onFailure
    }

    /// What is to run because it has ended badly, in the words of a runbook where it runs one.
    var cleaningWords: [String] { cleaning.map { CleaningWords.of($0, in: type) } }
}

/// What runs because an execution has ended badly, in words.
enum CleaningWords {
    static func of(_ title: String, in type: String) -> String {
        type == RunbookWorkflow.name && title == "undo \(RunbookOperations.onFailure)"
            ? "the jobs of on_failure" : title
    }
}

extension ExecutionRecord {
    /// What somebody can do about how it has ended; nil: nothing is to be done.
    func advice(_ common: CommonOptions, _ inspector: Inspector) throws -> String? {
        if let erasure = try inspector.erasure(of: self) {
            return "nothing runs it again: its payloads were \(erasure.words)"
        }
        if let heir = try inspector.heir(of: self) {
            let fork = "it was forked as \(heir.id.shellWord), which"
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
