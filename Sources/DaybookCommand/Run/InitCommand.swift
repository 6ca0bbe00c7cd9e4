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

    @Argument(
        help:
            "The folder to create, by convention NAME.daybook. (default: that of --journal or DAYBOOK_JOURNAL)"
    )
    var path: String?

    @Option(help: "Origin line of its checkpoints. By default made from the journal's UUID.")
    var origin: String?

    @Option(help: "The most bytes that a payload may have.")
    var payloadLimit = 16 << 20

    @Option(help: "An execution is parked after this many lost leases in a row.")
    var lossLimit: UInt32 = 5

    @Option(
        help: ArgumentHelp(
            "What is submitted and not executed within this span (30m, 12h, 7d) expires. (default: never)",
            valueName: "span"
        )
    )
    var submissionLifetime: Span?

    @Option(
        help: ArgumentHelp(
            "Secrets of what failed or was cancelled are wiped after this span; 7d is a good one. (default: never)",
            valueName: "span"
        )
    )
    var secretLifetime: Span?

    func validate() throws {
        if let secretLifetime, secretLifetime.duration <= .zero {
            throw ValidationError("--secret-lifetime must be greater than 0.")
        }
        guard payloadLimit > 0, lossLimit > 0 else {
            throw ValidationError("The limits must be greater than 0.")
        }
        if let submissionLifetime, submissionLifetime.duration <= .zero {
            throw ValidationError("--submission-lifetime must be greater than 0.")
        }
    }

    func run() async throws {
        guard let path = try path ?? common.namedJournal() else {
            throw UsageError("no folder was named; use `daybook init NAME.daybook`")
        }
        var options = CreationOptions()
        options.origin = origin
        options.payloadLimit = payloadLimit
        options.lossLimit = lossLimit
        if let submissionLifetime { options.submissionLifetime = submissionLifetime.duration }
        if let secretLifetime { options.secretLifetime = secretLifetime.duration }
        try Engine.create(at: path, options)
        if common.json {
            common.write("daybook.init/1") { $0.member("journal", path) }
        } else {
            common.output.line("created \(path)")
        }
    }
}
#endif
