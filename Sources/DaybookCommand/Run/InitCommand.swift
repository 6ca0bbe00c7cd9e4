#if CLI
import ArgumentParser
import Daybook
import DaybookInspector

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Create an empty journal."
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "The folder to create, by convention NAME.daybook.")
    var path: String?

    @Option(help: "Origin line of its checkpoints; by default made from the journal's UUID.")
    var origin: String?

    @Option(help: "Bytes that a payload may have.")
    var payloadLimit = 16 << 20

    @Option(help: "So many lost leases in a row park an execution.")
    var lossLimit: UInt32 = 5

    func validate() throws {
        guard payloadLimit > 0, lossLimit > 0 else {
            throw ValidationError("The limits must be greater than 0.")
        }
    }

    func run() async throws {
        guard let path = path ?? common.journal else {
            throw UsageError("no folder was named; use `daybook init NAME.daybook`")
        }
        var options = CreationOptions()
        options.origin = origin
        options.payloadLimit = payloadLimit
        options.lossLimit = lossLimit
        try Daybook.create(at: path, options)
        if common.json {
            common.write("daybook.init/1") { $0.member("journal", path) }
        } else {
            common.output.line("created \(path)")
        }
    }
}
#endif
