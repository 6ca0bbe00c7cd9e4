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
            "Archive what is closed; take it out of the journal; make its file smaller. Proofs stay.",
        discussion: """
            With --dry-run it says what each step would come to: erasing the payloads of what is closed \
            (`daybook redact --older-than TIME`), archiving it (--older-than TIME --archive), and writing the file \
            anew without what nothing uses (--shrink). Others may read and write the journal meanwhile: they go on \
            with the new file.

            --archive puts executions that are closed, with all that they have begun, into files in the journal's \
            folder `archive` that can be verified by themselves (`daybook archive`). They are neither retried nor \
            forked, and their ids are not given again, until they are taken back. Secrets that are kept are \
            wiped. What somebody has to look at stays, and is named. Their entries stay in the journal, too.

            --prune takes what lies in archives out of the journal's file, and writes that anew: their archives are the one \
            place that has it then. Heads, and proofs of what stays, hold; ids are not given again, and nothing of it is \
            taken back. With --archive what is archived by the same command goes along.

            Pages that are free, and gaps in others, keep what was erased until they are written again: \
            after --shrink the file has none of it. Files that `daybook doctor --repair` has kept in the folder are \
            named. Backups made before, file systems and SSDs are out of reach.

            daybook compact --older-than 52w --archive --reason "kept for the auditors"
            daybook compact --older-than 52w --archive --prune --reason "a year is kept at hand"
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

    @Flag(help: "Take what lies in archives out of the journal's file.")
    var prune = false

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
        if prune, shrink {
            throw ValidationError("--prune writes the file anew: leave --shrink out.")
        }
        if archive, olderThan == nil { throw ValidationError("--archive needs --older-than TIME.") }
        guard !consent.dryRun else { return }
        guard shrink || archive || prune else {
            throw ValidationError(
                "Say what is to be done: --archive, --prune, --shrink, or --dry-run."
            )
        }
        if reason?.isEmpty ?? true {
            let option = archive ? "--archive" : prune ? "--prune" : "--shrink"
            throw ValidationError("\(option) needs --reason TEXT.")
        }
        if olderThan != nil, !archive {
            throw ValidationError("--older-than goes with --archive or --dry-run.")
        }
    }

    func run() async throws {
        if archive, let end = olderThan?.timestamp(now: SystemClock().now()) {
            return try await ArchivingRun(common, write, consent, reason, query(), end, prune)
                .run()
        }
        if prune { return try PruningRun(common, write, consent, reason).run() }
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
#endif
