#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookRunbook

struct RunbookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runbook",
        abstract: "Store runbooks in the journal, which tasks can run.",
        subcommands: [AddRunbookCommand.self, ListRunbooksCommand.self, ShowRunbookCommand.self]
    )
}

struct AddRunbookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Store a version of a runbook: the backend runbook:NAME of task types."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Option(help: "Its name in the journal; that in the runbook when left out.")
    var name: String?

    @Argument(help: ArgumentHelp("The runbook.", valueName: "RUNBOOK.yaml"))
    var file: String

    func run() async throws {
        try write.check()
        let (runbook, text) = try RunbookSource.parsed(file)
        let name = name ?? runbook.name
        let answer = try await withDaybook(common, write) {
            try await $0.storeRunbook(name, text: text, by: write.requester(reason))
        }
        if common.json {
            common.write("daybook.runbook-add/1") { json in
                json.member("name", name)
                json.member("version", answer.version)
                json.member("existed", answer.existed)
            }
        } else {
            let what = answer.existed ? "is there already" : "stored"
            common.output.line("\(name) version \(answer.version) \(what)")
        }
    }
}

extension CommonOptions {
    /// Names the runbooks that task types have run and that are not stored: tasks of those types wait.
    /// - Parameter types: their names.
    func tellOfMissingRunbooks(_ types: some Sequence<String>) throws {
        let tasks = try inspect { try $0.state() }.tasks
        for type in Set(types).sorted() {
            guard let name = tasks.type(named: Name(type))?.definition.runbook,
                tasks.runbook(named: Name(name)) == nil
            else { continue }
            errors.line(
                "daybook: no runbook \(name) is stored, so that tasks of \(type) wait; store it with `daybook runbook add\(journalWords) \(name).yaml`"
            )
        }
    }
}

struct ListRunbooksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the stored runbooks, in the order of their names."
    )

    @OptionGroup var common: CommonOptions

    func run() throws {
        let all = try common.inspect { try $0.state() }.tasks.runbooksInOrder
        if common.json {
            return common.write("daybook.runbooks/1") { json in
                json.key("runbooks")
                json.array { json in
                    for runbook in all {
                        json.object { json in
                            json.member("name", runbook.name.text)
                            json.member("version", runbook.version)
                            json.member("entry", runbook.last)
                        }
                    }
                }
            }
        }
        for runbook in all { common.output.line("\(runbook.name.text) version \(runbook.version)") }
    }
}

struct ShowRunbookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the newest version of a stored runbook."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "Its name.")
    var name: String

    func run() throws {
        let (kept, text) = try common.inspect { inspector in
            guard let kept = try inspector.state().tasks.runbook(named: Name(name)) else {
                throw Refusal(
                    .notFound,
                    "no runbook has the name \(name); store it with `daybook runbook add`, or look at the list of those that exist"
                )
            }
            return (kept, try inspector.entry(kept.last).text(ofPayload: 0) ?? "")
        }
        if common.json {
            common.write("daybook.runbook/1") { json in
                json.member("name", name)
                json.member("version", kept.version)
                json.member("text", text)
            }
        } else {
            common.output.write(Array(text.utf8))
        }
    }
}
#endif
