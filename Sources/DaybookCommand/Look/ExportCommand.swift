#if CLI
import ArgumentParser
import Daybook
import DaybookInspector
import DaybookJournal

struct ExportCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case jsonl
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write all entries, complete, to standard output.",
        discussion: """
            With their payloads; secrets are in them as they lie in the journal, sealed. The keys of \
            secrets, workspaces and snapshots are left out.
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(help: "The form: jsonl.")
    var format = Format.jsonl

    @Argument(
        help:
            "Only this execution, with the signals that earlier runs of its id have handed on to it."
    )
    var id: String?

    func run() async throws {
        try common.inspect { inspector in
            if common.json {
                try common.write("daybook.export/1") { json in
                    json.key("entries")
                    try json.array { json in
                        try visit(inspector) { entry in
                            try entry.write(to: &json)
                            common.flush(&json)
                        }
                    }
                }
                return
            }
            try visit(inspector) { entry in
                var json = JSONWriter()
                try entry.write(to: &json)
                common.output.write(json.bytes + [UInt8(ascii: "\n")])
            }
        }
    }

    private func visit(
        _ inspector: Inspector,
        _ body: (JournalEntry) throws -> Void
    ) throws {
        let each: (JournalEntry) throws -> Bool = { entry in
            try body(entry)
            return true
        }
        if let id {
            try inspector.export(of: inspector.record(of: id).number, each)
        } else {
            try inspector.scan(each)
        }
    }
}
#endif
