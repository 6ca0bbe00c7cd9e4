#if CLI
import ArgumentParser
import DaybookInspector
import DaybookSystem

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what is damaged, and make anew what follows from the entries.",
        discussion: """
            Entries and payloads are what everything else is made from. Where they are whole, --repair makes a \
            new file with all indexes from them, verifies it, and puts it in the place of the old one, \
            which is kept under a name that is printed. Where they are not, only a backup helps (`daybook \
            restore`). Nobody may have the journal open meanwhile: what does is named.

            Exit status 5 when anything is damaged, and when it cannot be repaired; also when all is made \
            anew but the file of keys of secrets, which nothing makes anew.

            daybook doctor --repair --reason "the disk flipped a bit"
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var consent: ConsentOptions

    @Flag(help: "Make anew what is damaged and can be.")
    var repair = false

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(help: "Who acts, for the record. By default the user of the system.")
    var actor: String?

    func validate() throws {
        if repair, reason == nil {
            throw ValidationError("--repair needs --reason TEXT.")
        }
        if !repair, reason != nil || actor != nil || consent.dryRun {
            throw ValidationError("--reason, --actor and --dry-run go with --repair.")
        }
    }

    func run() throws {
        let path = try common.journalPath()
        guard repair, let reason else { return try look(path) }
        var options = RewriteOptions(reason: reason)
        options.actor = actor
        options.isRehearsal = consent.dryRun
        if !consent.dryRun { try consent.ask("make anew what is damaged in \(path)") }
        let bar = ProgressBar(common.errors, "verifying")
        defer { bar.finish() }
        let made = try Doctor.repair(path, options) { bar.update($0, of: $1) }
        bar.finish()
        write(made)
        guard let problem = made.keysProblem else { return }
        common.errors.line(
            "daybook: \(TerminalText(Advice.completed("the file keys is damaged (\(problem)), and nothing makes it anew: \(Diagnosis.keysAdvice)")))"
        )
        throw CommandEnd(status: .integrity)
    }

    private func look(_ path: String) throws {
        let bar = ProgressBar(common.errors, "verifying")
        let found: Diagnosis
        do {
            defer { bar.finish() }
            found = try Doctor.examine(path) { bar.update($0, of: $1) }
        }
        if common.json {
            common.write("daybook.doctor/1") { found.write(to: &$0) }
        } else {
            found.write(to: common.output)
        }
        guard !found.isSound else { return }
        common.errors.line("daybook: \(TerminalText(Advice.completed(found.advice)))")
        throw CommandEnd(status: .integrity)
    }

    private func write(_ made: Repair) {
        if common.json {
            common.write("daybook.doctor/1") { json in
                made.diagnosis.write(to: &json)
                if consent.dryRun { json.member("dryRun", true) }
                json.member("repaired", !consent.dryRun && !made.diagnosis.isSound)
                json.member("size", made.rewriting?.size)
                json.member("root", made.rewriting?.root.hex)
                json.member("entry", made.rewriting?.sequence)
                json.member("kept", made.rewriting?.kept)
                json.member("keysError", made.keysProblem?.reason)
                json.key("removedSnapshots")
                json.array { json in for name in made.removedSnapshots { json.string(name) } }
            }
            return
        }
        let output = common.output
        if made.diagnosis.isSound {
            return output.line("\(made.diagnosis.path): nothing is damaged, and nothing was done")
        }
        let parts = Set(made.diagnosis.problems.map(\.part)).filter(\.isDerived)
        let names = parts.map(\.rawValue).sorted().joined(separator: ", ")
        if let rewriting = made.rewriting {
            output.line(
                "\(made.diagnosis.path): \(names) \(consent.dryRun ? "would be" : "are") made anew from \(rewriting.size) entries, verified"
            )
            output.line("root \(rewriting.root.hex)")
            if let kept = rewriting.kept { output.line("the old file is kept as \(kept)") }
        }
        for name in made.removedSnapshots {
            output.line("the snapshot \(name) \(consent.dryRun ? "would be" : "is") removed")
        }
        if parts.contains(.positions) {
            output.line("how far readers had come is lost: each begins again at the first entry")
        }
    }
}

extension Diagnosis {
    /// What is to be done.
    fileprivate var advice: String {
        if canBeRepaired {
            let repair = "`daybook doctor --repair --reason WHY`"
            if let keys = problems(of: .keys).first {
                return
                    "entries and payloads are whole, and what is damaged can be made anew (\(repair)), but for the file keys (\(keys)): \(Self.keysAdvice)"
            }
            if unexamined.contains(.keys) {
                return
                    "entries and payloads are whole, and all that is known to be damaged can be made anew: \(repair), which looks at the rest, and at the file keys"
            }
            return
                "entries and payloads are whole, and all that is damaged can be made anew: \(repair)"
        }
        if let obstacle {
            return
                "what everything else is made from is damaged (\(obstacle)): restore it from a backup: `daybook restore BACKUP -j NEW.daybook --reason WHY`"
        }
        if problems(of: .keys).isEmpty {
            return
                "the journal's file is sound, and files of archives are not: take them from a backup, or take their executions back (`daybook archive restore NAME`)"
        }
        return "only the file keys is damaged: \(Self.keysAdvice)"
    }

    fileprivate static let keysAdvice =
        "restore it from a backup that has it, or give the secrets again (`daybook retry ID --secret NAME=@FILE`)"

    fileprivate func write(to json: inout JSONWriter) {
        json.member("journal", path)
        json.member("sound", isSound)
        json.member("repairable", canBeRepaired)
        json.member("entries", report?.entries)
        json.key("parts")
        json.object { json in
            for part in VerificationReport.Part.allCases {
                json.member(part.rawValue, word(of: part))
            }
        }
        json.key("problems")
        json.array { json in
            for problem in problems {
                json.object { json in
                    json.member("part", problem.part.rawValue)
                    json.member("sequence", problem.sequence)
                    json.member("reason", problem.reason)
                }
            }
        }
        json.member("cutShort", isCutShort)
    }

    fileprivate func write(to output: Terminal) {
        output.line("\(output.styled("\(path)", .bold))\(count)")
        for part in VerificationReport.Part.allCases {
            let found = problems(of: part)
            let pad = String(repeating: " ", count: 12 - part.rawValue.count)
            let more = found.count > 1 ? ", and \(found.count - 1) more" : ""
            let first = found.first.map { ": \($0)\(more)" } ?? ""
            output.line("  \(part.rawValue)\(pad)\(word(of: part))\(first)")
        }
        if isCutShort { output.line("  there is more; this is cut short") }
        if let report, problems(of: .entries).isEmpty { output.line("root \(report.root.hex)") }
    }

    private var count: String { report.map { ": \($0.entries) entries" } ?? "" }

    private func word(of part: VerificationReport.Part) -> String {
        if !problems(of: part).isEmpty {
            return part.isDerived || part == .snapshots ? "damaged, can be made anew" : "damaged"
        }
        return unexamined.contains(part) ? "not looked at" : "sound"
    }
}
#endif
