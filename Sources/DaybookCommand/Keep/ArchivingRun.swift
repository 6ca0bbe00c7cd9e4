#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal

/// Archives, or says what that would come to.
struct ArchivingRun {
    let common: CommonOptions
    let write: WriteOptions
    let consent: ConsentOptions
    let reason: String?
    let query: ExecutionQuery
    let end: Timestamp
    /// What lies in archives is taken out of the journal afterwards.
    let prunes: Bool

    init(
        _ common: CommonOptions,
        _ write: WriteOptions,
        _ consent: ConsentOptions,
        _ reason: String?,
        _ query: ExecutionQuery,
        _ end: Timestamp,
        _ prunes: Bool
    ) {
        self.common = common
        self.write = write
        self.consent = consent
        self.reason = reason
        self.query = query
        self.end = end
        self.prunes = prunes
    }

    func run() async throws {
        try write.check()
        let plan = try common.inspect { try $0.archivable(endedBefore: end, query) }
        guard !consent.dryRun, let reason else {
            let prunable = prunes ? try common.inspect { try $0.prunable() } : nil
            return report(plan, prunable)
        }
        if plan.executions > 0 {
            try consent.ask(
                "archive \(plan.executions) executions with \(plan.entries) entries, and wipe secrets that they keep\(prunes ? ", then take what is archived out of the journal" : "")"
            )
        }
        let requester = write.requester(reason)
        let answer = try await withDaybook(common, write, workspaces: nil) { engine in
            try await engine.archive(endedBefore: end, query, by: requester)
        }
        let pruned =
            prunes ? try PruningRun(common, write, consent, reason).prune(reason) : nil
        report(answer, pruned)
    }

    private func report(_ plan: ArchivablePlan, _ prunable: PrunablePlan?) {
        if common.json {
            common.write("daybook.compact/1") { json in
                json.member("dryRun", true)
                json.key("archive")
                json.object { plan.write(to: &$0) }
                if let prunable {
                    json.key("prune")
                    json.object { prunable.write(to: &$0) }
                }
            }
            return
        }
        common.output.line(
            "would archive \(plan.executions) executions, \(plan.entries) entries, \(plan.payloads) payloads (\(plan.bytes) bytes)"
        )
        for one in plan.left { common.errors.line("daybook: \(one.id) stays: \(one.reason)") }
        guard let prunable else { return }
        common.output.line(
            "would prune those, and \(prunable.executions) executions, \(prunable.entries) entries that are archived already"
        )
        prunable.writeLeft(to: common.errors)
    }

    private func report(_ answer: ArchivingAnswer, _ pruned: Pruned?) {
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
                if let pruned {
                    json.key("prune")
                    json.object { pruned.write(to: &$0) }
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
        if let pruned { pruned.print(common) }
    }
}

/// Prunes, or says what that would come to.
struct PruningRun {
    let common: CommonOptions
    let write: WriteOptions
    let consent: ConsentOptions
    let reason: String?

    init(
        _ common: CommonOptions,
        _ write: WriteOptions,
        _ consent: ConsentOptions,
        _ reason: String?
    ) {
        self.common = common
        self.write = write
        self.consent = consent
        self.reason = reason
    }

    func run() throws {
        try write.check()
        let plan = try common.inspect { try $0.prunable() }
        guard !consent.dryRun, let reason else { return report(plan) }
        if plan.executions > 0 {
            try consent.ask(
                "take \(plan.executions) executions with \(plan.entries) entries out of the journal, which lie in archives"
            )
        }
        let pruned = try prune(reason)
        if common.json {
            common.write("daybook.compact/1") { json in
                json.key("prune")
                json.object { pruned.write(to: &$0) }
            }
        } else {
            pruned.print(common)
        }
    }

    /// Prunes without a question.
    func prune(_ reason: String) throws -> Pruned {
        var options = RewriteOptions(reason: reason)
        options.actor = write.actor
        let bar = ProgressBar(common.errors, "verifying")
        defer { bar.finish() }
        return try Compactor.prune(try common.journalPath(), options) { bar.update($0, of: $1) }
    }

    private func report(_ plan: PrunablePlan) {
        if common.json {
            common.write("daybook.compact/1") { json in
                json.member("dryRun", true)
                json.key("prune")
                json.object { plan.write(to: &$0) }
            }
            return
        }
        common.output.line(
            "would prune \(plan.executions) executions, \(plan.entries) entries in \(plan.archives.count) archives"
        )
        plan.writeLeft(to: common.errors)
    }
}

extension Pruned {
    fileprivate func print(_ common: CommonOptions) {
        if let made = rewriting {
            common.output.line(
                "\(plan.executions) executions, \(plan.entries) entries are pruned: \(made.bytesAfter) of \(made.bytesBefore) bytes, verified"
            )
            common.output.line("root \(made.root.hex)")
        } else {
            common.output.line("there is nothing to prune")
        }
        plan.writeLeft(to: common.errors)
    }

    fileprivate func write(to json: inout JSONWriter) {
        plan.write(to: &json)
        guard let made = rewriting else { return }
        json.member("size", made.size)
        json.member("root", made.root.hex)
        json.member("entry", made.sequence)
        json.member("bytesBefore", made.bytesBefore)
        json.member("bytesAfter", made.bytesAfter)
    }
}

extension PrunablePlan {
    fileprivate func writeLeft(to errors: Terminal) {
        for one in left { errors.line("daybook: what lies in \(one.id) stays: \(one.reason)") }
    }

    fileprivate func write(to json: inout JSONWriter) {
        json.member("executions", executions)
        json.member("entries", entries)
        json.key("archives")
        json.array { json in for name in archives { json.string(name) } }
        json.key("left")
        json.array { json in
            for one in left {
                json.object { json in
                    json.member("archive", one.id)
                    json.member("reason", one.reason)
                }
            }
        }
    }
}

extension ArchivablePlan {
    func write(to json: inout JSONWriter) {
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
