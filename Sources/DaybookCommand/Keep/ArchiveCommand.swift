#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal

struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "The files that executions lie in which are archived.",
        discussion: """
            `daybook compact --older-than TIME --archive` makes them. What lies in one is neither retried nor forked, its id is \
            not given again, and nothing of it is erased, until it is taken back.
            """,
        subcommands: [List.self, Verify.self, Export.self, Restore.self],
        defaultSubcommand: List.self
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the archives that executions lie in."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var time: TimeOptions

        func run() throws {
            let (records, left) = try common.inspect {
                (try $0.archives(), try $0.leftArchiveFiles())
            }
            if common.json {
                common.write("daybook.archive.list/1") { json in
                    json.key("archives")
                    json.array { json in
                        for record in records { json.object { record.write(to: &$0) } }
                    }
                    json.key("leftOver")
                    json.array { json in for name in left { json.string(name) } }
                }
                return
            }
            var table = Table(
                ["ARCHIVE", "EXECUTIONS", "ENTRIES", "PAYLOADS", "BYTES", "RECORDED", "REASON"],
                flexible: ["REASON"]
            )
            for record in records {
                table.add([
                    record.name, "\(record.executions)", "\(record.entries)",
                    "\(record.payloads)", "\(record.bytes)", time.text(record.time),
                    record.request.reason ?? "",
                ])
            }
            table.print(to: common.output)
            for name in left {
                common.errors.line(
                    "daybook: \(name) is left over: no entry vouches for it; who archives next removes it"
                )
            }
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Check archives: against the journal, or a file by itself.",
            discussion: """
                Each file is compared with the SHA-256 that was recorded of it, and checked in itself: its \
                entries, with the hashes beside them, have to have the root that the journal had then. With \
                --file a file is checked that lies anywhere, without a journal: compare the root with \
                a head of that size which somebody else keeps.

                Exit status 5 when one is damaged or missing.
                """
        )

        @OptionGroup var common: CommonOptions

        @Argument(help: "The names of archives; none: all.")
        var names: [String] = []

        @Option(help: ArgumentHelp("A file, checked by itself.", valueName: "path"))
        var file: String?

        func validate() throws {
            if file != nil, !names.isEmpty {
                throw ValidationError("Names of archives and --file exclude each other.")
            }
        }

        func run() throws {
            if let file { return try check(file) }
            let found = try common.inspect { inspector in
                try inspector.verifyArchives(names.isEmpty ? nil : names)
            }
            let damaged = found.filter { $0.problem != nil }
            if common.json {
                common.write("daybook.archive.verify/1") { json in
                    json.member("good", damaged.isEmpty)
                    json.key("archives")
                    json.array { json in
                        for one in found {
                            json.object { json in
                                one.record.write(to: &json)
                                json.member("problem", one.problem)
                            }
                        }
                    }
                }
            } else {
                for one in found where one.problem == nil {
                    let record = one.record
                    common.output.line(
                        "\(record.name): \(record.executions) executions, \(record.entries) entries, \(record.payloads) payloads, as recorded"
                    )
                }
                if found.isEmpty { common.output.line("there is no archive") }
            }
            guard !damaged.isEmpty else { return }
            for one in damaged {
                common.errors.line(
                    "daybook: entry \(one.record.sequence): \(one.problem ?? "")"
                )
            }
            throw CommandEnd(status: .integrity)
        }

        private func check(_ path: String) throws {
            let report = try Inspector.checkArchive(at: path)
            if common.json {
                common.write("daybook.archive.verify/1") { json in
                    json.member("good", true)
                    json.member("file", path)
                    json.member("journal", report.journal?.description)
                    json.member("origin", report.origin)
                    json.member("size", report.size)
                    json.member("root", report.root.hexadecimal)
                    json.member("entries", report.entries)
                    json.member("payloads", report.payloads)
                    json.member("erased", report.erased)
                    json.member("bytes", report.bytes)
                    json.member("sha256", report.digest.hexadecimal)
                    json.key("executions")
                    json.array { json in for id in report.executions { json.string(id) } }
                }
                return
            }
            common.output.line(
                "\(path): \(report.executions.count) executions, \(report.entries) entries, \(report.payloads) payloads (\(report.erased) erased), of the journal \(report.origin)"
            )
            common.output.line("root \(report.root.hexadecimal) of \(report.size) entries")
            common.output.line("sha256 \(report.digest.hexadecimal)")
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract:
                "Write the entries in an archive to standard output, as `daybook export` does.",
            discussion: """
                From the file as it lies, which is checked by itself before: a line of JSON for each entry, with its \
                payloads. With --file from a file anywhere, without a journal.
                """
        )

        @OptionGroup var common: CommonOptions

        @Option(help: ArgumentHelp("The name of an archive.", valueName: "name"))
        var archive: String?

        @Option(help: ArgumentHelp("A file of an archive.", valueName: "path"))
        var file: String?

        @Argument(
            help:
                "Only this execution; without --archive and --file from the archive that it lies in."
        )
        var id: String?

        func validate() throws {
            if archive != nil, file != nil {
                throw ValidationError("--archive and --file exclude each other.")
            }
            if archive == nil, file == nil, id == nil {
                throw ValidationError("Name an execution, --archive or --file.")
            }
        }

        func run() throws {
            let path = try file ?? common.inspect { try place($0) }
            if common.json {
                return try common.write("daybook.export/1") { json in
                    json.key("entries")
                    try json.array { json in
                        try Inspector.scanArchive(at: path, of: id) { entry in
                            try entry.write(to: &json)
                            common.flush(&json)
                            return true
                        }
                    }
                }
            }
            try Inspector.scanArchive(at: path, of: id) { entry in
                var json = JSONWriter()
                try entry.write(to: &json)
                common.output.write(json.bytes + [UInt8(ascii: "\n")])
                return true
            }
        }

        private func place(_ inspector: Inspector) throws -> String {
            if let archive { return try inspector.archivePath(of: archive) }
            if let pruned = try inspector.archive(ofPruned: id ?? "") {
                return try inspector.archivePath(of: pruned.name)
            }
            let record = try inspector.record(of: id ?? "")
            guard let archive = try inspector.archive(of: record) else {
                throw Refusal(
                    .notFound,
                    "\(record.id) lies in no archive; `daybook export \(record.id)` writes its entries"
                )
            }
            return try inspector.archivePath(of: archive.name)
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "restore",
            abstract:
                "Take the executions of an archive back: they can be retried, forked and erased again.",
            discussion: """
                The file is removed after the entry that says so. Secrets that were wiped do not come back. \
                An interrupted command is asked again, and goes on where it came to.
                """
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var write: WriteOptions
        @OptionGroup var consent: ConsentOptions

        @Option(help: "The reason, in words, for the record: it stays.")
        var reason: String

        @Argument(help: "The name of the archive (`daybook archive list`).")
        var name: String

        func validate() throws {
            if reason.isEmpty { throw ValidationError("--reason must not be empty.") }
        }

        func run() async throws {
            try write.check()
            let found = try common.inspect { inspector in
                try inspector.archives().last { $0.name == name }
            }
            if consent.dryRun {
                guard let found else {
                    throw Refusal(
                        .notFound,
                        "the journal has no archive \(name); `daybook archive list` shows those that it has"
                    )
                }
                return report(found.executions, nil)
            }
            if let found {
                try consent.ask("take \(found.executions) executions back from \(name)")
            }
            let requester = write.requester(reason)
            let answer = try await withDaybook(common, write, workspaces: nil) { engine in
                try await engine.takeBack(archive: name, by: requester)
            }
            report(answer.executions, answer.sequence)
        }

        private func report(_ executions: Int, _ sequence: UInt64?) {
            if common.json {
                common.write("daybook.archive.restore/1") { json in
                    json.member("dryRun", sequence == nil)
                    json.member("archive", name)
                    json.member("executions", executions)
                    json.member("entry", sequence)
                }
            } else if let sequence {
                common.output.line(
                    executions == 0
                        ? "\(name): its executions were taken back before, by entry \(sequence)"
                        : "\(name): \(executions) executions are taken back, and its file is removed"
                )
            } else {
                common.output.line("\(name): would take \(executions) executions back")
            }
        }
    }
}

extension ArchiveRecord {
    func write(to json: inout JSONWriter) {
        json.member("name", name)
        json.member("entry", sequence)
        json.member("recordedAt", time.description)
        json.member("actor", request.actor)
        json.member("reason", request.reason)
        json.member("sha256", digest.hexadecimal)
        json.member("bytes", bytes)
        json.member("size", size)
        json.member("root", root.hexadecimal)
        json.member("first", first)
        json.member("last", last)
        json.member("executions", executions)
        json.member("entries", entries)
        json.member("payloads", payloads)
        json.member("prunedBy", prunedBy)
    }
}

extension [UInt8] {
    /// Lower-case hexadecimal digits.
    fileprivate var hexadecimal: String {
        map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
#endif
