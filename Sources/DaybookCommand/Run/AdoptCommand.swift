#if CLI
import ArgumentParser
import Daybook
import DaybookInspector

struct AdoptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Declare a copy, or a restored backup, to be the journal from now on.",
        discussion: """
            A journal that was copied, or moved to another machine, can be read and not written: \
            two copies that both go on would be two histories of one name. This records who has \
            decided that the journal belongs here now, and why.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var consent: ConsentOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String

    func run() async throws {
        let path = try common.journalPath()
        if consent.dryRun {
            let command = try Engine.adoption(at: path, actor: write.actor, reason: reason)
            try rehearse("adopt", command, common)
            return
        }
        try consent.ask("make \(path) the home of its journal")
        var options = write.options(common)
        options.claims = .nothing
        options.adoption = reason
        let daybook = try await Engine.open(at: path, options)
        try await daybook.close()
        if common.json {
            common.write("daybook.adopt/1") { $0.member("journal", path) }
        } else {
            common.output.line("\(path) is at home here")
        }
    }
}
#endif
