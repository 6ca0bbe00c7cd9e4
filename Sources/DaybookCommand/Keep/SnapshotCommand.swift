#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal

struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "The files from which recovery begins.",
        discussion: """
            A snapshot is what is open after the first entries of the journal: whoever opens that begins with \
            it, and folds only what came later. Engines take one by themselves; nothing in it is true that \
            does not follow from the entries, and it can be removed at any time.
            """,
        subcommands: [List.self, Create.self, Verify.self, Drop.self],
        defaultSubcommand: List.self
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the snapshots, and whether each is the one that was recorded."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var time: TimeOptions

        func run() throws {
            let (records, count) = try common.inspect { (try $0.snapshots(), try $0.entryCount()) }
            SnapshotTable(common, time).write(records, "daybook.snapshot.list/1", of: count)
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Take a snapshot now, and record it."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var write: WriteOptions

        func run() async throws {
            try write.check()
            var options = write.options(common)
            options.claims = .nothing
            let path = try common.journalPath()
            let size = try await Engine.withOpen(at: path, options) { try await $0.takeSnapshot() }
            guard let size else {
                throw Refusal(
                    .conflict,
                    "no snapshot of \(path) was taken: another process takes one at this moment"
                )
            }
            if common.json {
                common.write("daybook.snapshot.create/1") { $0.member("size", size) }
            } else {
                common.output.line("a snapshot of \(size) entries is recorded")
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Fold the entries again, and compare each snapshot with what they come to.",
            discussion: "Exit status 5 when one is damaged. Recovery leaves such a one aside."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var time: TimeOptions

        func run() throws {
            let (records, count) = try common.inspect { inspector in
                let bar = ProgressBar(common.errors, "folding")
                defer { bar.finish() }
                let records = try inspector.verifySnapshots { bar.update($0, of: $1) }
                return (records, try inspector.entryCount())
            }
            SnapshotTable(common, time).write(records, "daybook.snapshot.verify/1", of: count)
            let damaged = records.filter(\.isDamaged)
            guard !damaged.isEmpty else { return }
            let advice = Advice.completed("`daybook snapshot drop --unfit`")
            common.errors.line(
                "daybook: \(damaged.count) of \(records.count) snapshots are damaged, and left aside; remove them with \(advice)"
            )
            throw CommandEnd(status: .integrity)
        }
    }

    struct Drop: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "drop",
            abstract:
                "Remove snapshots: recovery begins with an older one, or with the first entry.",
            discussion:
                "No entry is written: nothing is lost that does not follow from the entries."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var consent: ConsentOptions

        @Argument(help: "The names of those to be removed (`daybook snapshot list`).")
        var names: [String] = []

        @Flag(help: "Those that cannot be used.")
        var unfit = false

        @Flag(help: "All.")
        var all = false

        func validate() throws {
            let kinds = [!names.isEmpty, unfit, all].count { $0 }
            guard kinds == 1 else {
                throw ValidationError("Give names, or --unfit, or --all.")
            }
        }

        func run() throws {
            try common.inspect { inspector in
                let there = try inspector.snapshots()
                let chosen = try chosen(among: there)
                if !consent.dryRun, !chosen.isEmpty {
                    try consent.ask("remove \(chosen.count) of \(there.count) snapshots")
                }
                let gone = consent.dryRun ? chosen : try inspector.dropSnapshots(chosen)
                write(gone)
            }
        }

        private func chosen(among there: [SnapshotRecord]) throws -> [String] {
            if all { return there.map(\.name) }
            if unfit { return there.filter { $0.condition != .fit }.map(\.name) }
            if let missing = names.first(where: { name in !there.contains { $0.name == name } }) {
                throw Refusal(
                    .notFound,
                    "there is no snapshot \(missing); `daybook snapshot list` shows those that are"
                )
            }
            return names
        }

        private func write(_ gone: [String]) {
            if common.json {
                common.write("daybook.snapshot.drop/1") { json in
                    if consent.dryRun { json.member("dryRun", true) }
                    json.key("removed")
                    json.array { json in for name in gone { json.string(name) } }
                }
                return
            }
            for name in gone {
                common.output.line("\(name) \(consent.dryRun ? "would be" : "is") removed")
            }
            if gone.isEmpty { common.output.line("there is none to remove") }
        }
    }
}

/// Shows snapshots.
private struct SnapshotTable {
    let common: CommonOptions
    let time: TimeOptions

    init(_ common: CommonOptions, _ time: TimeOptions) {
        self.common = common
        self.time = time
    }

    /// - Parameter count: how many entries the journal has.
    func write(_ records: [SnapshotRecord], _ schema: String, of count: UInt64) {
        if common.json {
            common.write(schema) { json in
                json.member("entries", count)
                json.key("snapshots")
                json.array { json in
                    for record in records { json.object { record.write(to: &$0) } }
                }
            }
            return
        }
        var table = Table(
            ["SNAPSHOT", "ENTRIES", "BEHIND", "BYTES", "RECORDED", "STATE"],
            flexible: ["STATE"]
        )
        for record in records {
            table.add([
                record.name, "\(record.size)", "\(count - min(record.size, count))",
                "\(record.bytes)", record.recordedAt.map { time.text($0) } ?? "", record.words,
            ])
        }
        table.print(to: common.output)
    }
}

extension SnapshotRecord {
    fileprivate var isDamaged: Bool {
        if case .damaged = condition { true } else { false }
    }

    /// Whether it can be used, in words.
    var words: String {
        switch condition {
        case .fit: "fit"
        case .unrecorded: "left aside: no entry vouches for it"
        case .otherVersion: "left aside: another version has written it"
        case .outdated: "left aside: the journal was pruned later"
        case .damaged(let reason): "damaged: \(reason)"
        }
    }

    /// One word for programs.
    private var word: String {
        switch condition {
        case .fit: "fit"
        case .unrecorded: "unrecorded"
        case .otherVersion: "other-version"
        case .outdated: "outdated"
        case .damaged: "damaged"
        }
    }

    func write(to json: inout JSONWriter) {
        json.member("name", name)
        json.member("size", size)
        json.member("bytes", bytes)
        json.member("entry", sequence)
        json.member("recordedAt", recordedAt?.description)
        json.member("condition", word)
        if case .damaged(let reason) = condition { json.member("reason", reason) }
    }
}
#endif
