#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookSystem

struct WorkspaceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workspace",
        abstract: "List what is saved of an execution's workspace, or write it as a tar archive.",
        discussion: """
            The workspace is saved after each operation that has changed it. An archive holds all of it, \
            as that operation left it: `daybook workspace ID --output - | tar -xf -`.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write an archive into a new file; - is standard output.",
            valueName: "file"
        )
    )
    var output: String?

    @Option(
        help: ArgumentHelp(
            "The entry that saved it (the newest by default).",
            valueName: "entry"
        )
    )
    var at: UInt64?

    @Argument(help: "The execution's id.")
    var id: String

    func validate() throws {
        if at != nil, output == nil { throw ValidationError("--at needs --output FILE.") }
        if output != nil, common.json {
            throw ValidationError("--output writes an archive, and --json a list; use one of them.")
        }
    }

    func run() throws {
        try Names.check(id, "execution id")
        try common.inspect { inspector in
            let number = try inspector.record(of: id).number
            let records = try inspector.workspaces(of: number)
            if let output {
                try write(try chosen(records), to: output, inspector)
            } else if common.json {
                writeJSON(records)
            } else if records.isEmpty {
                common.errors.line("nothing is saved of a workspace of \(id: id)")
            } else {
                for record in records {
                    common.output.line(
                        "\(record.sequence)  \(time.text(record.time))  \(record.words(in: number))"
                    )
                }
            }
        }
    }

    private func chosen(_ records: [WorkspaceRecord]) throws -> WorkspaceRecord {
        guard let record = at.map({ at in records.first { $0.sequence == at } }) ?? records.last
        else {
            let found =
                records.isEmpty
                ? "nothing is saved of it"
                : "it is recorded by the entries \(records.map { "\($0.sequence)" }.joined(separator: ", "))"
            throw Refusal(
                .notFound,
                at.map {
                    "entry \($0) saves no workspace of \(id); \(found)"
                } ?? "a workspace of \(id) was asked for; \(found)"
            )
        }
        guard case .unsaved(let code, let reason) = record.content else { return record }
        let saved = records.filter { $0.content.isSaved }.map { "\($0.sequence)" }
        let advice =
            saved.isEmpty
            ? "no entry saved it; its files are where it ran"
            : "--at names an entry that saved it: \(saved.joined(separator: ", "))"
        throw Refusal(
            .wrongState,
            "the workspace of \(id) could not be saved at entry \(record.sequence) (\(code)): \(reason ?? "the reason is erased"); \(advice)"
        )
    }

    private func write(
        _ record: WorkspaceRecord,
        to file: String,
        _ inspector: Inspector
    ) throws {
        let archive = try inspector.archive(of: record)
        if file == "-" { return common.output.write(archive) }
        guard try FileStatus.ofLink(file) == nil else {
            throw UsageError(
                "the archive was to be written into \(file), which exists; name a new file, or remove it"
            )
        }
        try File.open(file, .create).append(archive)
    }

    private func writeJSON(_ records: [WorkspaceRecord]) {
        common.write("daybook.workspace/1") { json in
            json.member("id", id)
            json.key("saved")
            json.array { json in
                for record in records {
                    json.object { json in
                        json.member("entry", record.sequence)
                        json.member("time", "\(record.time)")
                        json.member("execution", record.execution)
                        record.content.write(to: &json)
                        if record.isErased { json.member("erased", true) }
                    }
                }
            }
        }
    }
}

extension WorkspaceRecord {
    /// In a line about a run.
    func words(in run: UInt64) -> String {
        content.words + (isErased && content.isSaved ? " (erased)" : "")
            + (execution == run ? "" : " (by what it was forked from)")
    }
}

extension WorkspaceRecord.Content {
    var isSaved: Bool { if case .saved = self { true } else { false } }

    /// In a line.
    var words: String {
        switch self {
        case .saved(let members, let bytes, let leftOut):
            let rest = leftOut == 0 ? "" : ", without \(leftOut) sockets, pipes, devices or mounts"
            return "\(members) \(members == 1 ? "file" : "files"), \(bytes) bytes\(rest)"
        case .unsaved(let code, let reason):
            return "not saved (\(code)): \(reason ?? "the reason is erased")"
        }
    }

    func write(to json: inout JSONWriter) {
        switch self {
        case .saved(let members, let bytes, let leftOut):
            json.member("files", members)
            json.member("bytes", bytes)
            json.member("leftOut", leftOut)
        case .unsaved(let code, let reason):
            json.member("code", code)
            json.member("reason", reason)
        }
    }
}
#endif
