#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookSystem

struct CompactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract:
            "Archive what is closed; make the journal's file smaller. Entries and proofs stay.",
        discussion: """
            With --dry-run it says what each step would come to: erasing the payloads of what is closed \
            (`daybook redact --older-than TIME`), archiving it (--older-than TIME --archive), and writing the file \
            anew without what nothing uses (--shrink). Others may read and write the journal meanwhile: they go on \
            with the new file.

            --archive puts executions that are closed, with all that they have begun, into files in the journal's \
            folder `archive` that can be verified by themselves (`daybook archive`). They are neither retried nor \
            forked, and their ids are not given again, until they are taken back. Secrets that are kept are \
            wiped. What somebody has to look at stays, and is named. Their entries stay in the journal, too.

            Pages that are free, and gaps in others, keep what was erased until they are written again: \
            after --shrink the file has none of it. Files that `daybook doctor --repair` has kept in the folder are \
            named. Backups made before, file systems and SSDs are out of reach.

            daybook compact --older-than 52w --archive --reason "kept for the auditors"
            daybook compact --shrink --reason "erased payloads are to be gone from the disk"
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var consent: ConsentOptions

    @Flag(help: "Write the file anew, without what nothing uses.")
    var shrink = false

    @Flag(help: "Archive executions that are closed, and ended before --older-than.")
    var archive = false

    @Option(
        help: ArgumentHelp(
            "What ended before then, with all that it has begun: a span until now (90d, 12w), a time or a day.",
            valueName: "time"
        )
    )
    var olderThan: PointInTime?

    @Option(help: ArgumentHelp("Only of this workflow.", valueName: "workflow"))
    var type: String?

    @Option(
        help: ArgumentHelp(
            "Only those with this label; may be repeated, and then all are asked for.",
            valueName: "name=value"
        )
    )
    var label: [LabelArgument] = []

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    func validate() throws {
        if type != nil || !label.isEmpty, !archive {
            throw ValidationError("--type and --label go with --archive.")
        }
        if archive, shrink { throw ValidationError("--archive and --shrink exclude each other.") }
        if archive, olderThan == nil { throw ValidationError("--archive needs --older-than TIME.") }
        guard !consent.dryRun else { return }
        guard shrink || archive else {
            throw ValidationError("Say what is to be done: --archive, --shrink, or --dry-run.")
        }
        if reason?.isEmpty ?? true {
            throw ValidationError("\(archive ? "--archive" : "--shrink") needs --reason TEXT.")
        }
        if olderThan != nil, !archive {
            throw ValidationError("--older-than goes with --archive or --dry-run.")
        }
    }

    func run() async throws {
        if archive, let end = olderThan?.timestamp(now: SystemClock().now()) {
            return try await ArchivingRun(common, write, consent, reason, query(), end).run()
        }
        let path = try common.journalPath()
        guard !consent.dryRun, let reason else { return try look(path) }
        try rewrite(path, reason)
    }

    private func query() throws -> ExecutionQuery {
        var query = ExecutionQuery()
        query.types = type.map { [$0] }
        for label in label {
            guard query.labels.updateValue(label.value, forKey: label.name) == nil else {
                throw UsageError("the label \(label.name) is given twice; give each name once")
            }
        }
        return query
    }

    private func rewrite(_ path: String, _ reason: String) throws {
        var options = RewriteOptions(reason: reason)
        options.actor = write.actor
        try consent.ask("write the file of \(path) anew")
        let bar = ProgressBar(common.errors, "verifying")
        defer { bar.finish() }
        let made = try Compactor.shrink(path, options) { bar.update($0, of: $1) }
        bar.finish()
        let unreached = try JournalFolder(path).unreachedContents()
        if common.json {
            common.write("daybook.compact/1") { json in
                json.member("journal", path)
                json.member("size", made.size)
                json.member("root", made.root.hex)
                json.member("entry", made.sequence)
                json.member("bytesBefore", made.bytesBefore)
                json.member("bytesAfter", made.bytesAfter)
                json.key("notReached")
                json.array { json in for kept in unreached { json.string(kept) } }
            }
        } else {
            common.output.line(
                "\(path): \(made.bytesAfter) of \(made.bytesBefore) bytes, with all \(made.size) entries, verified"
            )
            common.output.line("root \(made.root.hex)")
        }
        guard !unreached.isEmpty else { return }
        common.errors.line("daybook: not reached: \(unreached.joined(separator: "; "))")
    }

    private func look(_ path: String) throws {
        let end = olderThan?.timestamp(now: SystemClock().now())
        let plan = try common.inspect { try $0.compaction(erasing: end) }
        let (erasing, shrinking) = (plan.erasing, plan.shrinking)
        let archiving = try end.map { end in
            try common.inspect { try $0.archivable(endedBefore: end) }
        }
        if common.json {
            common.write("daybook.compact/1") { json in
                json.member("journal", path)
                json.member("dryRun", true)
                json.key("erase")
                json.object { json in
                    json.member("executions", erasing.executions)
                    json.member("entries", erasing.entries)
                    json.member("payloads", erasing.payloads)
                    json.member("bytes", erasing.bytes)
                }
                if let archiving {
                    json.key("archive")
                    json.object { archiving.write(to: &$0) }
                }
                json.key("shrink")
                json.object { json in
                    json.member("bytesBefore", shrinking.bytesBefore)
                    json.member("bytesInUse", shrinking.bytesInUse)
                    json.member("obstacle", shrinking.obstacle)
                }
            }
            return
        }
        let output = common.output
        output.line(
            "erase   \(erasing.payloads) payloads (\(erasing.bytes) bytes) in \(erasing.entries) entries of \(erasing.executions) executions that are closed, with `daybook redact`"
        )
        if let archiving {
            output.line(
                "archive \(archiving.executions) executions, \(archiving.entries) entries, \(archiving.payloads) payloads (\(archiving.bytes) bytes), with `daybook compact --older-than TIME --archive`"
            )
        }
        output.line(
            "shrink  from \(shrinking.bytesBefore) to about \(shrinking.bytesInUse) bytes, with `daybook compact --shrink`"
        )
        if let obstacle = shrinking.obstacle {
            output.line("        would be refused now: \(obstacle)")
        }
    }
}

/// Archives, or says what that would come to.
private struct ArchivingRun {
    let common: CommonOptions
    let write: WriteOptions
    let consent: ConsentOptions
    let reason: String?
    let query: ExecutionQuery
    let end: Timestamp

    init(
        _ common: CommonOptions,
        _ write: WriteOptions,
        _ consent: ConsentOptions,
        _ reason: String?,
        _ query: ExecutionQuery,
        _ end: Timestamp
    ) {
        self.common = common
        self.write = write
        self.consent = consent
        self.reason = reason
        self.query = query
        self.end = end
    }

    func run() async throws {
        try write.check()
        let plan = try common.inspect { try $0.archivable(endedBefore: end, query) }
        guard !consent.dryRun, let reason else { return report(plan) }
        if plan.executions > 0 {
            try consent.ask(
                "archive \(plan.executions) executions with \(plan.entries) entries, and wipe secrets that they keep"
            )
        }
        let requester = write.requester(reason)
        let answer = try await withDaybook(common, write, workspaces: nil) { engine in
            try await engine.archive(endedBefore: end, query, by: requester)
        }
        report(answer)
    }

    private func report(_ plan: ArchivablePlan) {
        if common.json {
            common.write("daybook.compact/1") { json in
                json.member("dryRun", true)
                json.key("archive")
                json.object { plan.write(to: &$0) }
            }
            return
        }
        common.output.line(
            "would archive \(plan.executions) executions, \(plan.entries) entries, \(plan.payloads) payloads (\(plan.bytes) bytes)"
        )
        for one in plan.left { common.errors.line("daybook: \(one.id) stays: \(one.reason)") }
    }

    private func report(_ answer: ArchivingAnswer) {
        if common.json {
            common.write("daybook.compact/1") { json in
                json.key("archives")
                json.array { json in
                    for archive in answer.archives { json.object { archive.write(to: &$0) } }
                }
                json.member("secrets", answer.secrets)
                json.key("left")
                json.array { json in
                    for one in answer.left {
                        json.object { json in
                            json.member("id", one.id)
                            json.member("reason", one.reason)
                        }
                    }
                }
            }
            return
        }
        for archive in answer.archives {
            common.output.line(
                "\(archive.name): \(archive.executions) executions, \(archive.entries) entries, \(archive.payloads) payloads, \(archive.bytes) bytes"
            )
        }
        if answer.archives.isEmpty { common.output.line("there is nothing to archive") }
        if answer.secrets > 0 {
            common.output.line(
                answer.secrets == 1 ? "1 secret is wiped" : "\(answer.secrets) secrets are wiped"
            )
        }
        for one in answer.left { common.errors.line("daybook: \(one.id) stays: \(one.reason)") }
    }
}

extension ArchivablePlan {
    fileprivate func write(to json: inout JSONWriter) {
        json.member("executions", executions)
        json.member("entries", entries)
        json.member("payloads", payloads)
        json.member("bytes", bytes)
        json.key("left")
        json.array { json in
            for one in left {
                json.object { json in
                    json.member("id", one.id)
                    json.member("reason", one.reason)
                }
            }
        }
    }
}
#endif
