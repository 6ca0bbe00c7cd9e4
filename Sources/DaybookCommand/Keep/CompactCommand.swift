#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookSystem

struct CompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact",
        abstract: "Make the journal's file smaller: entries and proofs stay.",
        discussion: """
            With --dry-run it says what each step would come to: erasing the payloads of what is closed \
            (`daybook redact --older-than TIME`), and writing the file anew without what nothing uses \
            (--shrink). Others may read and write the journal meanwhile: they go on with the new file.

            Pages that are free, and gaps in others, keep what was erased until they are written again: \
            after --shrink the file has none of it. Files that `daybook doctor --repair` has kept in the folder are \
            named. Backups made before, file systems and SSDs are out of reach.

            daybook compact --shrink --reason "erased payloads are to be gone from the disk"
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var consent: ConsentOptions

    @Flag(help: "Write the file anew, without what nothing uses.")
    var shrink = false

    @Option(
        help: ArgumentHelp(
            "For --dry-run: count what ended before then as to be erased: a span until now (90d, 12w), a time or a day.",
            valueName: "time"
        )
    )
    var olderThan: PointInTime?

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(help: "Who acts, for the record. By default the user of the system.")
    var actor: String?

    func validate() throws {
        guard !consent.dryRun else { return }
        guard shrink else {
            throw ValidationError("Say what is to be done: --shrink, or --dry-run.")
        }
        if reason == nil { throw ValidationError("--shrink needs --reason TEXT.") }
        if olderThan != nil { throw ValidationError("--older-than goes with --dry-run.") }
    }

    func run() throws {
        let path = try common.journalPath()
        guard !consent.dryRun, let reason else { return try look(path) }
        var options = RewriteOptions(reason: reason)
        options.actor = actor
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
        output.line(
            "shrink  from \(shrinking.bytesBefore) to about \(shrinking.bytesInUse) bytes, with `daybook compact --shrink`"
        )
        if let obstacle = shrinking.obstacle {
            output.line("        would be refused now: \(obstacle)")
        }
    }
}
#endif
