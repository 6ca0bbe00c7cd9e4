#if CLI
import ArgumentParser
import DaybookInspector
import DaybookRunbook

#if canImport(Glibc)
import Glibc
#endif

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a runbook, without a journal, and run nothing.",
        discussion: """
            With --input the values are checked too, and all that are required must be given. Exit \
            status 64 when something is wrong, with its line and column.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var source: RunbookSource

    func run() async throws {
        let (runbook, _) = try source.parsed()
        if !source.input.isEmpty { _ = try runbook.resolveInputs(source.given()) }
        if common.json {
            common.write("daybook.check/1") { json in
                json.member("runbook", source.runbook)
                json.member("name", runbook.name)
                json.member("blocks", runbook.blocks.count)
                json.member("jobs", runbook.jobs.count)
                json.key("inputs")
                json.array { json in
                    for input in runbook.inputs {
                        json.object { json in
                            json.member("name", input.name)
                            json.member("type", input.type.rawValue)
                            json.member("required", input.isRequired)
                            json.member("default", input.defaultValue)
                        }
                    }
                }
                json.key("secrets")
                json.array { json in for name in runbook.secrets { json.string(name) } }
                json.key("environment")
                json.array { json in for name in runbook.environment { json.string(name) } }
            }
        } else {
            writeText(runbook)
        }
    }

    private func writeText(_ runbook: Runbook) {
        let blocks = Self.count(runbook.blocks.count, "block")
        let jobs = Self.count(runbook.jobs.count, "job")
        common.output.line("\(source.runbook) is fine: \(runbook.name), \(blocks), \(jobs)")
        for input in runbook.inputs {
            let need =
                input.isRequired
                ? "required" : input.defaultValue.map { "default \($0.shellWord)" } ?? "optional"
            common.output.line("  input        \(input.name): \(input.type.rawValue), \(need)")
        }
        for name in runbook.secrets { common.output.line("  secret       \(name)") }
        for name in runbook.environment {
            let isSet = getenv(name) != nil
            common.output.line("  environment  \(name)\(isSet ? "" : ", which is not set here")")
        }
    }

    private static func count(_ number: Int, _ word: String) -> String {
        number == 1 ? "1 \(word)" : "\(number) \(word)s"
    }
}
#endif
