#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookSystem
import LMDB

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check the journal against itself: order, hashes, payloads, indexes.",
        discussion: """
            Exit status 5 when anything contradicts anything else. Keys of secrets that a process has left \
            to be overwritten, killed or with a file that failed, contradict nothing: they are listed as \
            owed, with exit status 0, and the next command that writes overwrites them. Nor does a journal \
            without the file keys, as a backup may be: a line says how many secrets cannot be opened there. A \
            replacement of the whole journal shows only against a head that somebody else holds: --against.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "A head of `daybook head` that was kept elsewhere: the journal has to go on from it.",
            valueName: "file"
        )
    )
    var against: String?

    @OptionGroup var trusted: TrustOptions

    func validate() throws { try trusted.check(against: against) }

    func run() async throws {
        let head = try against.map { try trusted.head(in: $0) }
        let folder = JournalFolder(try common.journalPath())
        // What is verified is the file whose pages were walked.
        let (report, departure) = try withExtendedLifetime(try folder.holdFile()) {
            try checkPages(folder)
            return try common.inspect { inspector in
                // What contradicts the head does not keep the rest from being looked at: it says what has changed.
                let departure = try head.flatMap { try inspector.departure(from: $0) }
                let bar = ProgressBar(common.errors, "verifying")
                defer { bar.finish() }
                return (try inspector.verify { bar.update($0, of: $1) }, departure)
            }
        }
        if common.json {
            common.write("daybook.verify/1") { json in
                json.member("good", report.isGood && departure == nil)
                report.writeCounts(to: &json)
                json.member("root", report.root.hex)
                json.key("problems")
                json.array { json in
                    for problem in report.problems {
                        json.object { json in
                            json.member("sequence", problem.sequence)
                            json.member("reason", problem.reason)
                        }
                    }
                }
                json.member("cutShort", report.isCutShort)
                if let head {
                    json.key("against")
                    json.object { json in
                        json.member("origin", head.origin)
                        json.member("size", head.size)
                        json.member("root", head.root.hex)
                        json.member("problem", departure.map { "\($0)" })
                    }
                }
                if let unopenable = report.unopenable {
                    json.key("unopenable")
                    json.object { json in
                        json.member("secrets", UInt64(unopenable.secrets))
                        json.member("executions", UInt64(unopenable.executions))
                    }
                }
                json.key("owed")
                json.array { json in for key in report.leftKeys { key.write(to: &json) } }
            }
        } else if report.isGood {
            common.output.line(
                "verified \(report.entries) entries, \(report.executions) executions, \(report.payloads) payloads (\(report.erased) erased), \(report.tiles) tiles, \(report.snapshots) snapshots\(report.archives == 0 ? "" : ", \(report.archives) archives")"
            )
            if report.prunedEntries > 0 {
                common.output.line(
                    "\(report.prunedEntries) entries of \(report.prunedExecutions) executions are pruned: their hashes lead to the root, and archives have them"
                )
            }
            common.output.line("root \(report.root.hex)")
            if let head, departure == nil {
                common.output.line("goes on from the head of \(head.size) entries")
            }
            if let unopenable = report.unopenable { common.output.line("\(unopenable)") }
        }
        writeOwed(report.leftKeys)
        if let departure { common.errors.line("daybook: \(departure)") }
        guard report.isGood else {
            for problem in report.problems { common.errors.line("daybook: \(problem)") }
            if report.isCutShort { common.errors.line("daybook: there is more; this is cut short") }
            common.errors.line("daybook: \(advice(report))")
            throw CommandEnd(status: .integrity)
        }
        if departure != nil { throw CommandEnd(status: .integrity) }
    }

    /// What is to be done about what was found.
    private func advice(_ report: VerificationReport) -> String {
        if report.problems.allSatisfy({ $0.part == .archives }) {
            return
                "the journal's file is sound, and files of archives are not: take them from a backup, or take their executions back where these are not pruned (`daybook archive restore NAME`)"
        }
        if report.areEntriesSound {
            return
                "the entries are sound, and the file keys is not: restore it from a backup that has it, or give the secrets again (`daybook retry ID --secret NAME=@FILE`), or wipe them (`daybook secret wipe ID`)"
        }
        return
            "the journal contradicts itself; do not rely on it: `daybook doctor\(common.journalWords)` says whether what is damaged can be made anew; if not, restore it from a backup"
    }
}

extension Inspector {
    /// In what the journal departs from a head; nil: in nothing.
    fileprivate func departure(from head: TreeHead) throws -> ProofError? {
        do {
            try check(head)
            return nil
        } catch let error as ProofError {
            return error
        }
    }
}

extension VerifyCommand {
    /// What the next command that writes sees to.
    private func writeOwed(_ keys: [VerificationReport.LeftKey]) {
        guard let first = keys.first else { return }
        if !common.json { for key in keys { common.output.line("owed: \(key)") } }
        let id = keys.lazy.compactMap(\.secret?.execution).first
        let line = Advice.completed(
            id.map { "`daybook secret wipe \($0.shellArgument)`" } ?? "`daybook work --until-idle`"
        )
        common.errors.line(
            "daybook: slot \(first.slot) of the file of keys\(keys.count == 1 ? "" : ", and \(keys.count - 1) more,") is still to be overwritten; the next command that writes does that: run \(line), or another"
        )
    }

    /// Makes sure that LMDB can read the file at all.
    private func checkPages(_ folder: JournalFolder) throws {
        // What is not a journal is told by opening it.
        guard let status = try FileStatus.of(folder.dataFile), status.size > 0 else { return }
        let problems = try LMDBStore.checkPages(folder.path)
        guard !problems.isEmpty else { return }
        if common.json {
            common.write("daybook.verify/1") { json in
                json.member("good", false)
                json.key("problems")
                json.array { json in
                    for problem in problems {
                        json.object { json in
                            json.member("page", problem.page)
                            json.member("reason", problem.reason)
                        }
                    }
                }
            }
        }
        for problem in problems { common.errors.line("daybook: \(problem)") }
        common.errors.line(
            "daybook: pages of the file are damaged; do not use the journal, and restore it from a backup"
        )
        throw CommandEnd(status: .integrity)
    }
}

extension VerificationReport {
    fileprivate func writeCounts(to json: inout JSONWriter) {
        json.member("entriesSound", areEntriesSound)
        json.member("entries", entries)
        json.member("executions", executions)
        json.member("payloads", payloads)
        json.member("erased", erased)
        json.member("tiles", tiles)
        json.member("snapshots", snapshots)
        if archives > 0 { json.member("archives", archives) }
        guard prunedEntries > 0 else { return }
        json.member("prunedEntries", prunedEntries)
        json.member("prunedExecutions", prunedExecutions)
    }
}

extension VerificationReport.LeftKey {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("slot", UInt64(slot))
            guard let secret else { return }
            json.member("id", secret.execution)
            json.member("name", secret.name)
            json.member("entry", secret.sequence)
            json.member("wipedAt", "\(secret.wipedAt)")
        }
    }
}
#endif
