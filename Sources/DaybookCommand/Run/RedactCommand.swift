#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel

struct RedactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redact",
        abstract: "Erase the payloads of executions that are closed, for ever.",
        discussion: """
            Values, messages, reasons, lines of logs and saved files are erased, of an execution and of \
            all that it has begun. Entries, proofs and roots stay as they are, and so do names, ids, \
            labels, actors, times and sizes. What is erased is neither retried nor forked, and its id is \
            not given again. Secrets that are kept are wiped.

            Not reached: backups and copies made before, files that `daybook doctor --repair` has kept \
            (they are named), pages of the journal's file that are free until they are written again (--shred \
            writes it anew), and what file systems and SSDs keep of old blocks. A fork has the input of what it was forked from: those that are left are named.

            An interrupted command is asked again, and goes on where it came to.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var consent: ConsentOptions

    @Option(help: "The reason, in words, for the record: it stays.")
    var reason: String

    @Option(
        help:
            "Only the payloads of this entry of a closed execution, which is neither retried nor forked then."
    )
    var entry: UInt64?

    @Option(
        help: ArgumentHelp(
            "Those with this label; may be repeated, and then all are asked for.",
            valueName: "name=value"
        )
    )
    var label: [LabelArgument] = []

    @Option(
        help: ArgumentHelp(
            "Those that ended before then: a span until now (90d, 12w), a time or a day.",
            valueName: "time"
        )
    )
    var olderThan: PointInTime?

    @Option(help: "Those with one of these statuses, separated by commas; may be repeated.")
    var status: [StatusList] = []

    @Option(
        help: ArgumentHelp(
            "Where they have kept their files, if not in the journal's folder: as it was said to `daybook run`.",
            valueName: "folder"
        )
    )
    var workspaces: String?

    @Flag(
        help:
            "Then write the journal's file anew, so that nothing erased is left in it (as `daybook compact --shrink`)."
    )
    var shred = false

    @Argument(help: "The ids of executions.")
    var ids: [String] = []

    /// They are asked for by what they are, and not by name.
    private var isRule: Bool { !label.isEmpty || olderThan != nil || !status.isEmpty }

    func validate() throws {
        let ways = [!ids.isEmpty, isRule, entry != nil].count { $0 }
        if ways == 0 {
            throw ValidationError(
                "Name executions, --entry, or a rule: --label, --older-than, --status."
            )
        }
        if ways > 1 {
            throw ValidationError("Executions, --entry and a rule exclude each other.")
        }
        if reason.isEmpty { throw ValidationError("--reason must not be empty.") }
    }

    func run() async throws {
        for id in ids { try Names.check(id, "execution id") }
        try write.check()
        let (plans, left) = try common.inspect { inspector in
            let limit = try inspector.payloadLimit()
            let size = reason.utf8.count
            guard size <= limit else { throw PayloadTooLarge(size: size, limit: limit) }
            return (try self.plans(inspector), try stillOpen(inspector))
        }
        if consent.dryRun { return try report(plans.map { Outcome($0) } + left, isDone: false) }
        guard shred || !plans.isEmpty else { return try report(left, isDone: true) }
        // Who asks again has what an interruption left done, and nothing more.
        if plans.contains(where: { $0.payloads > 0 }) {
            try consent.ask(question(plans))
        } else if shred {
            try consent.ask("write the journal's file anew")
        }
        let outcomes = plans.isEmpty ? [] : try await erase(plans)
        try report(outcomes + left, isDone: true, shred ? rewriting() : nil)
    }

    /// What is erased stays so, whatever comes of this.
    private func rewriting() -> Result<Rewriting, any Error> {
        Result {
            var options = RewriteOptions(reason: reason)
            options.actor = write.actor
            return try Compactor.shrink(try common.journalPath(), options)
        }
    }

    // MARK: What is meant

    private func plans(_ inspector: Inspector) throws -> [ErasablePayloads] {
        if let entry {
            let record = try inspector.record(ofEntry: entry)
            return [try plan(record, inspector)]
        }
        if !isRule {
            var seen: Set<String> = []
            return try ids.filter { seen.insert($0).inserted }.map {
                try plan(inspector.record(of: $0), inspector)
            }
        }
        var query = try labelled()
        let statuses = status.flatMap(\.all)
        if !statuses.isEmpty { query.statuses = Set(statuses) }
        let end = olderThan?.timestamp(now: SystemClock().now())
        return try inspector.erasable(query, endedBefore: end)
    }

    private func labelled() throws -> ExecutionQuery {
        var query = ExecutionQuery()
        for label in label {
            guard query.labels.updateValue(label.value, forKey: label.name) == nil else {
                throw UsageError("the label \(label.name) is given twice; give each name once")
            }
        }
        return query
    }

    /// Labels without an age or a status mean all that has them: what is open is told, and left.
    private func stillOpen(_ inspector: Inspector) throws -> [Outcome] {
        guard isRule, olderThan == nil, status.isEmpty else { return [] }
        var query = try labelled()
        query.isClosed = false
        query.order = .oldestFirst
        var left: [Outcome] = []
        try inspector.executions(query) { record in
            // A child goes with its parent.
            if record.parent != nil { return true }
            do {
                _ = try plan(record, inspector)
            } catch let refusal as Refusal {
                left.append(Outcome(try inspector.erasable(of: record), refusal))
            }
            return true
        }
        return left
    }

    /// - Throws: ``Refusal`` as erasing it does.
    private func plan(
        _ record: ExecutionRecord,
        _ inspector: Inspector
    ) throws -> ErasablePayloads {
        let command = ErasePayloads(
            Intervention(id: Name(record.id)),
            entry.map { .entry($0) } ?? .everything(nil)
        )
        _ = try inspector.rehearse(command, at: SystemClock().now())
        return try inspector.erasable(of: record, entry: entry)
    }

    private func question(_ plans: [ErasablePayloads]) -> TerminalText {
        let bytes = plans.reduce(0) { $0 + $1.bytes }
        let payloads = plans.reduce(0) { $0 + $1.payloads }
        let what: TerminalText =
            plans.count == 1 ? "\(id: plans[0].id)" : "\(plans.count) executions"
        return
            "erase \(payloads) payloads (\(bytes) bytes) of \(what) for ever; \(Self.endOfRetries)"
    }

    /// One line of a log may go, and with it the whole execution cannot go on.
    private static let endOfRetries: TerminalText =
        "an execution of which anything is erased is neither retried nor forked any more, and its forks are not retried"

    // MARK: Erasing

    /// What was meant to be erased, and what has become of it.
    private struct Outcome {
        let id: String
        var executions: Int
        var entries: Int
        var payloads: Int
        var bytes: UInt64
        /// Nil: nothing is done yet.
        var secrets: Int?
        var open: [String]
        var sharing: [String]
        var refusal: Refusal?

        /// As it was found.
        init(_ plan: ErasablePayloads, _ refusal: Refusal? = nil) {
            id = plan.id
            (executions, entries) = (plan.executions, plan.entries)
            (payloads, bytes) = (plan.payloads, plan.bytes)
            (open, sharing) = (plan.open, plan.sharing)
            self.refusal = refusal
        }

        /// As it was done: there may have been more, or somebody else has erased a part of it.
        init(_ plan: ErasablePayloads, _ done: ErasureAnswer) {
            id = plan.id
            (executions, entries) = (done.executions, done.entries)
            (payloads, bytes, secrets) = (done.payloads, done.bytes, done.secrets)
            (open, sharing) = (done.open, done.sharing)
        }

        /// The rest of a line.
        var wiped: String {
            guard let secrets, secrets > 0 else { return "" }
            return secrets == 1 ? "; 1 secret is wiped" : "; \(secrets) secrets are wiped"
        }
    }

    private func erase(_ plans: [ErasablePayloads]) async throws -> [Outcome] {
        let requester = write.requester(reason)
        return try await withDaybook(common, write, workspaces: workspaces) { engine in
            var outcomes: [Outcome] = []
            for plan in plans {
                do {
                    let done =
                        if let entry {
                            try await engine.erase(entry: entry, of: plan.id, by: requester)
                        } else {
                            try await engine.erase(
                                plan.id,
                                by: requester,
                                isRule: isRule,
                                seen: plan.last
                            )
                        }
                    outcomes.append(Outcome(plan, done))
                } catch let refusal as Refusal {
                    // The others are meant too.
                    outcomes.append(Outcome(plan, refusal))
                }
            }
            return outcomes
        }
    }

    // MARK: Saying what became of it

    private static let freePages =
        "pages of the journal's file that are free, until they are written again"

    /// What erasing leaves, in words for people and programs.
    private static let limits = [
        "backups and copies that were made before",
        freePages,
        "old blocks that file systems and SSDs keep",
        "folders that it kept files in on other machines, or that --workspaces did not name",
        "ids, names, labels, actors, error codes, times and sizes",
    ]

    private func limits(isRewritten: Bool) throws -> [String] {
        let general = isRewritten ? Self.limits.filter { $0 != Self.freePages } : Self.limits
        let limits = try JournalFolder(try common.journalPath()).unreachedContents() + general
        return entry == nil
            ? limits
            : limits + [
                "the digest of what its operation declares as input: a short value can be guessed by it until the execution is erased"
            ]
    }

    /// The ids of executions that are left and have the same input.
    private func sharing(_ outcome: Outcome, _ outcomes: [Outcome]) -> [String] {
        let gone = outcomes.lazy.filter { $0.refusal == nil && entry == nil }.map(\.id)
        return outcome.sharing.filter { !gone.contains($0) }
    }

    private func report(
        _ outcomes: [Outcome],
        isDone: Bool,
        _ rewriting: Result<Rewriting, any Error>? = nil
    ) throws {
        var made: Rewriting?
        if case .success(let new)? = rewriting { made = new }
        let limits = try limits(isRewritten: made != nil)
        if common.json {
            common.write("daybook.redact/1") { json in
                json.member("dryRun", !isDone)
                json.key("executions")
                json.array { json in
                    for outcome in outcomes {
                        json.object { write(outcome, sharing(outcome, outcomes), to: &$0) }
                    }
                }
                json.key("notReached")
                json.array { json in for limit in limits { json.string(limit) } }
                if let made {
                    json.key("file")
                    json.object { json in
                        json.member("entry", made.sequence)
                        json.member("bytesBefore", made.bytesBefore)
                        json.member("bytesAfter", made.bytesAfter)
                    }
                }
            }
        } else {
            writeText(outcomes, isDone: isDone, limits)
            if let made {
                common.output.line(
                    "the file is written anew: \(made.bytesAfter) of \(made.bytesBefore) bytes"
                )
            }
        }
        if case .failure(let error)? = rewriting {
            common.errors.line(
                "daybook: what is erased stays erased, and the file is not written anew: \(error)"
            )
            throw CommandEnd(status: Failure.status(of: error) ?? .failed)
        }
        if outcomes.contains(where: { $0.refusal != nil }) { throw CommandEnd(status: .conflict) }
    }

    private func write(_ outcome: Outcome, _ sharing: [String], to json: inout JSONWriter) {
        json.member("id", outcome.id)
        json.member("executions", outcome.executions)
        json.member("entries", outcome.entries)
        json.member("payloads", outcome.payloads)
        json.member("bytes", outcome.bytes)
        if let secrets = outcome.secrets { json.member("secrets", secrets) }
        if !outcome.open.isEmpty {
            json.key("open")
            json.array { json in for id in outcome.open { json.string(id) } }
        }
        if !sharing.isEmpty {
            json.key("sharing")
            json.array { json in for id in sharing { json.string(id) } }
        }
        json.member("refused", outcome.refusal?.message)
    }

    private func writeText(_ outcomes: [Outcome], isDone: Bool, _ limits: [String]) {
        for outcome in outcomes {
            if let refusal = outcome.refusal {
                common.errors.line("daybook: not erased: \(refusal.message)")
                continue
            }
            let others =
                outcome.executions > 1 ? " and \(outcome.executions - 1) that it has begun" : ""
            let verb = isDone ? "erased" : "would erase"
            common.output.line(
                outcome.payloads == 0
                    ? "\(id: outcome.id)\(others)  nothing is left to erase"
                    : "\(id: outcome.id)\(others)  \(verb) \(outcome.payloads) payloads of \(outcome.entries) entries, \(outcome.bytes) bytes\(outcome.wiped)"
            )
            if !outcome.open.isEmpty {
                common.errors.line(
                    "daybook: left, because they are open, or an open fork goes on by them: \(outcome.open.joined(separator: ", "))"
                )
            }
            let sharing = sharing(outcome, outcomes)
            if !sharing.isEmpty {
                common.errors.line(
                    "daybook: left, and have the same input: \(sharing.joined(separator: ", ")); redact them too"
                )
            }
        }
        guard !outcomes.isEmpty else {
            return common.errors.line("daybook: nothing is left to erase of what was asked for")
        }
        guard outcomes.contains(where: { $0.refusal == nil }) else { return }
        if !isDone { common.errors.line("daybook: \(Self.endOfRetries)") }
        common.errors.line("daybook: not reached: \(limits.joined(separator: "; "))")
    }
}

/// Statuses, separated by commas.
struct StatusList: ExpressibleByArgument {
    let all: [ExecutionStatus]

    init?(argument: String) {
        var all: [ExecutionStatus] = []
        for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let status = ExecutionStatus(rawValue: String(word)), status.isFinal else {
                return nil
            }
            all.append(status)
        }
        self.all = all
    }

    static var allValueStrings: [String] {
        ExecutionStatus.allCases.filter(\.isFinal).map(\.rawValue)
    }
}
#endif
