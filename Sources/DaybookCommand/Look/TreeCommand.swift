#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel

struct TreeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tree",
        abstract: "Show the family of an execution: its parents and children.",
        discussion: """
            Begins with the execution that is above all others. --below begins with the one that is \
            named. Each line is indented by its depth.
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "The id of any execution of the family.")
    var id: String

    @Flag(help: "Only the execution, and what it has begun.")
    var below = false

    @Option(help: "The most executions to show.")
    var limit = 1_000

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        try common.inspect { inspector in
            let named = try inspector.record(of: id)
            let top = below ? named : try inspector.root(of: named)
            if common.json {
                try common.write("daybook.tree/1") { json in
                    json.key("family")
                    try json.array { json in
                        try visit(top, inspector) { member in
                            try json.object { json in
                                json.member("depth", member.depth)
                                member.record.write(to: &json)
                                json.member(
                                    "forkedFromID",
                                    try Forks.originID(of: member.record, inspector)
                                )
                                let forks = try Forks.ids(of: member.record, inspector)
                                Forks.write(forks, to: &json)
                            }
                            common.flush(&json)
                        }
                    }
                }
                return
            }
            try visit(top, inspector) { member in
                let indent = String(repeating: "  ", count: member.depth)
                let record = member.record
                let mark = record.number == named.number && !below ? "  <" : ""
                let role = record.isFinalizer ? ", finalizer" : ""
                let origin = try Forks.originID(of: record, inspector)
                let fork = origin.map { ", fork of \($0.shownAsID)" } ?? ""
                let ids = try Forks.ids(of: record, inspector).map(\.shownAsID)
                let forks = ids.isEmpty ? "" : ", forked as \(ids.joined(separator: ", "))"
                common.output.line(
                    "\(indent)\(id: record.id)  \(record.type)  \(record.statusText)\(role)\(fork)\(forks)\(mark)"
                )
            }
        }
    }

    private func visit(
        _ top: ExecutionRecord,
        _ inspector: Inspector,
        _ body: (FamilyMember) throws -> Void
    ) throws {
        var count = 0
        var hasMore = false
        try inspector.family(of: top) { member in
            guard count < limit else {
                hasMore = true
                return false
            }
            count += 1
            try body(member)
            return true
        }
        if hasMore { common.errors.line("the first \(count) are shown; --limit N shows more") }
    }
}
#endif
