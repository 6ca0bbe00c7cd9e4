#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookModel

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a journal that goes on from a backup.",
        discussion: """
            Everything that is restored is verified before: with exit status 5 and the first finding nothing \
            is made. An entry records who has restored it, from how many entries, and why. Make sure that \
            nobody writes the original any more. What happened after the backup runs again: compare with the \
            other systems before you let it work.

            --against is a head that was kept elsewhere (`daybook head`). A backup that is older than it has \
            lost what others know of: it is refused, unless it goes on under a new --origin, with a new key.

            daybook restore /mnt/backup/orders.daybook -j orders.daybook --reason "the disk is broken"
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var consent: ConsentOptions

    @Argument(help: "The folder of the backup.")
    var backup: String

    @Option(help: "The reason, in words, for the record.")
    var reason: String

    @Option(help: "Who acts, for the record. By default the user of the system.")
    var actor: String?

    @Option(
        help: ArgumentHelp(
            "Restore what had been written by then, and nothing later: a time (2026-03-01T09:30:00Z), a span before now (2h), or the number of the last entry.",
            valueName: "moment"
        )
    )
    var at: RestoreMoment?

    @Option(
        help: ArgumentHelp(
            "A head of `daybook head` that was kept elsewhere: what is restored has to go on from it.",
            valueName: "file"
        )
    )
    var against: String?

    @OptionGroup var trusted: TrustOptions

    @Option(help: "The origin line of its heads from here on. By default as before.")
    var origin: String?

    @Flag(help: "Leave the keys of secrets out, if the backup has them.")
    var withoutKeys = false

    func validate() throws { try trusted.check(against: against) }

    func run() throws {
        guard let path = try common.namedJournal() else {
            throw UsageError(
                "no folder was named to restore to; name a new one with -j NAME.daybook"
            )
        }
        var options = RestoreOptions(reason: reason)
        options.actor = actor
        options.end = at?.end(now: SystemClock().now()) ?? .all
        options.head = try against.map { try trusted.head(in: $0) }
        options.origin = origin
        options.includesKeys = !withoutKeys
        options.isRehearsal = consent.dryRun
        // What is advised from here on is about the backup.
        Advice.note(journal: backup)
        let inspector = try Inspector(path: backup)
        defer { inspector.close() }
        if !consent.dryRun {
            try consent.ask("make \(path) the home of the journal that \(backup) is a backup of")
        }
        let bar = ProgressBar(common.errors, "verifying")
        defer { bar.finish() }
        let made = try inspector.restore(to: path, options) { bar.update($0, of: $1) }
        bar.finish()
        write(made)
    }

    private func write(_ made: Restoration) {
        if common.json {
            common.write("daybook.restore/1") { json in
                json.member("journal", made.path)
                json.member("backup", backup)
                if consent.dryRun { json.member("dryRun", true) }
                json.member("size", made.size)
                json.member("root", made.root.hex)
                json.member("backupSize", made.backupSize)
                json.member("origin", made.origin)
                json.member("executions", made.report.executions)
                json.member("payloads", made.report.payloads)
                json.member("keys", made.hasKeys)
                json.member("departure", made.departure.map { "\($0)" })
            }
            return
        }
        let output = common.output
        output.line(
            "\(made.path) \(consent.dryRun ? "would go" : "goes") on from \(made.size) of \(made.backupSize) entries of \(backup), verified: \(made.report.executions) executions, \(made.report.payloads) payloads"
        )
        output.line("root \(made.root.hex)")
        if let departure = made.departure {
            output.line("under the origin \(made.origin), because \(departure)")
        } else if made.size < made.backupSize, origin == nil {
            output.line(
                "a head of more than \(made.size) entries that was signed before cannot agree with it: if there is one, restore it under a new --origin, and sign with a new key"
            )
        }
        if let unopenable = made.report.unopenable { output.line("\(unopenable)") }
    }
}

/// Up to where a backup is restored, as a person writes it.
enum RestoreMoment: ExpressibleByArgument {
    case entry(UInt64)
    case time(PointInTime)

    init?(argument: String) {
        if argument.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard let sequence = UInt64(argument) else { return nil }
            self = .entry(sequence)
        } else if let time = PointInTime(argument: argument) {
            self = .time(time)
        } else {
            return nil
        }
    }

    func end(now: Timestamp) -> RestoreOptions.End {
        switch self {
        case .entry(let sequence): .entry(sequence)
        case .time(let time): .time(time.timestamp(now: now))
        }
    }
}
#endif
