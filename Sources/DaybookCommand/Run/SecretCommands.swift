#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel

struct SecretCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "List the secrets of an execution, or wipe them.",
        subcommands: [ListSecretsCommand.self, WipeSecretsCommand.self]
    )
}

struct ListSecretsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the secrets of an execution: names and what became of them, no values."
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var time: TimeOptions

    @Argument(help: "The execution's id.")
    var id: String

    func run() throws {
        try Names.check(id, "execution id")
        let secrets = try common.inspect { try $0.secrets(of: id) }
        if common.json {
            common.write("daybook.secrets/1") { json in
                json.member("id", id)
                json.key("secrets")
                json.array { json in
                    for secret in secrets {
                        json.object { json in
                            json.member("name", secret.name)
                            json.member("storedAt", "\(secret.storedAt)")
                            json.member("entry", secret.sequence)
                            guard let wiped = secret.wiped else { return }
                            json.member("wipedAt", "\(wiped.at)")
                            json.member("cause", wiped.cause)
                        }
                    }
                }
            }
            return
        }
        guard !secrets.isEmpty else {
            return common.errors.line("\(id: id) was given no secrets")
        }
        for secret in secrets {
            let stored = "stored \(time.text(secret.storedAt))"
            let end = secret.wiped.map { "wiped \(time.text($0.at)) (\($0.cause))" } ?? "kept"
            common.output.line("\(secret.name)  \(stored), \(end)")
        }
    }
}

struct WipeSecretsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wipe",
        abstract: "Wipe secrets of an execution, whether it is open or closed.",
        discussion: """
            Their keys are overwritten, and nothing opens what is sealed any more. Code that asks for \
            one fails by its name; `daybook retry --secret` gives a fresh one.
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var write: WriteOptions
    @OptionGroup var consent: ConsentOptions

    @Option(help: "The reason, in words, for the record.")
    var reason: String?

    @Argument(help: "The execution's id.")
    var id: String

    @Argument(help: "Names of secrets; all when left out.")
    var names: [String] = []

    func run() async throws {
        try Names.check(id, "execution id")
        try write.check()
        let chosen = names.isEmpty ? nil : names
        if consent.dryRun {
            let command = WipeSecrets(
                Intervention(id: Name(id)),
                names: chosen?.map { Name($0) }
            )
            return try rehearse("secret wipe", command, common)
        }
        try consent.ask("wipe \(names.isEmpty ? "all secrets" : "secrets") of \(id: id)")
        let wiped = try await withDaybook(common, write) {
            try await $0.wipeSecrets(of: id, names: chosen, by: write.requester(reason))
        }
        if common.json {
            common.write("daybook.secret-wipe/1") { json in
                json.member("id", id)
                json.key("wiped")
                json.array { json in for name in wiped { json.string(name) } }
            }
        } else {
            common.output.line(
                wiped.isEmpty
                    ? "\(id: id) keeps no such secrets"
                    : "wiped \(wiped.joined(separator: ", ")) of \(id: id)"
            )
        }
    }
}
#endif
