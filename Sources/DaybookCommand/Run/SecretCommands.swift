#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookRunbook

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
        let (found, now) = try common.inspect { inspector in
            (try inspector.secrets(ofAllRuns: id), try inspector.secretTime())
        }
        let secrets = found.records
        if common.json {
            common.write("daybook.secrets/1") { json in
                json.member("id", id)
                json.key("secrets")
                json.array { json in
                    for secret in secrets {
                        json.object { secret.write(to: &$0, by: now) }
                    }
                }
                json.member("secretsError", found.fault?.message)
            }
            return
        }
        guard !secrets.isEmpty else {
            return common.errors.line("\(id: id) was given no secrets")
        }
        for secret in secrets {
            let stored = "stored \(time.text(secret.storedAt))"
            common.output.line("\(secret.name)  \(stored), \(secret.fate(by: now, time))")
        }
        if let fault = found.fault { common.errors.line("daybook: \(fault)") }
        if secrets.contains(where: { $0.isOwed(by: now) }) {
            let line = Advice.completed("`daybook secret wipe \(id.shellArgument)`")
            common.errors.line(
                "daybook: what is still to be done of that, the next command that writes does: run \(line), or another"
            )
        }
    }
}

extension SecretRecord {
    /// How it stands, as programs read it.
    enum State: String {
        case kept
        case expired
        case wiped
    }

    func state(by now: Timestamp) -> State {
        if wiped != nil { return .wiped }
        return expiresAt.map { $0 <= now } ?? false ? .expired : .kept
    }

    /// Whether its end has come, and something of it is still to be done by whoever writes next.
    func isOwed(by now: Timestamp) -> Bool {
        wiped?.isOverwritten == false || state(by: now) == .expired
    }

    /// What became of it.
    func fate(by now: Timestamp, _ time: TimeOptions) -> String {
        if let wiped {
            let words = "\(time.text(wiped.at)) (\(wiped.cause))"
            return switch wiped.isOverwritten {
            case true?: "wiped \(words)"
            case false?: "wipe recorded \(words), its key is not overwritten yet"
            case nil: "wipe recorded \(words), whether its key is overwritten cannot be read"
            }
        }
        guard let expiresAt else { return "kept\(lack)" }
        return state(by: now) == .expired
            ? "expired \(time.text(expiresAt)), not wiped yet"
            : "kept until \(time.text(expiresAt))\(lack)"
    }

    /// What is wrong with the key of one that is kept, as the rest of a sentence.
    private var lack: String {
        switch key {
        case .held: ""
        case .missing: ", and its key is missing"
        case nil: ", whether its key is there cannot be read"
        default: ", and its key is damaged"
        }
    }

    /// Its name and state: never its value.
    func write(to json: inout JSONWriter, by now: Timestamp) {
        json.member("name", name)
        json.member("state", state(by: now).rawValue)
        json.member("storedAt", "\(storedAt)")
        json.member("entry", sequence)
        json.member("expiresAt", expiresAt.map { "\($0)" })
        guard let wiped else { return json.member("key", key?.rawValue) }
        json.member("wipedAt", "\(wiped.at)")
        json.member("cause", wiped.cause)
        if let isOverwritten = wiped.isOverwritten { json.member("overwritten", isOverwritten) }
    }
}

extension Inspector {
    /// The journal's time now, by which secrets expire.
    func secretTime() throws -> Timestamp {
        let now = SystemClock().now()
        return now.adding(try lag(of: now).wholeNanoseconds)
    }

    /// The secrets which a runbook names, and of which an execution of it keeps nothing that can be opened; of
    /// a program those that were given to it: which of them its code asks for is not known.
    func lackingSecrets(of record: ExecutionRecord) throws -> [String] {
        var runbooks = RecordedRunbooks(self)
        let runbook = try runbooks.runbook(of: record)
        if let runbook, runbook.secrets.isEmpty { return [] }
        let now = try secretTime()
        let given = try secrets(ofRun: record).records
        let kept = given.filter { secret in
            // Of what cannot be read it is not known.
            secret.state(by: now) == .kept && (secret.key ?? .held) == .held
        }
        let names = Set(kept.map(\.name))
        let wanted = runbook?.secrets ?? Set(given.map(\.name)).sorted()
        return wanted.filter { !names.contains($0) }
    }

    /// Options that give those secrets again, and the journal key where this process has none.
    func missingSecrets(of record: ExecutionRecord) throws -> String {
        let names = try lackingSecrets(of: record)
        guard !names.isEmpty else { return "" }
        let key = try keyFault()?.isAboutKey == true ? SecretNeeds.keyFile : ""
        return names.map { " --secret \($0)=@FILE" }.joined() + key
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
        try checkNames()
        if consent.dryRun {
            let command = WipeSecrets(
                Intervention(id: Name(id)),
                names: chosen?.map { Name($0) }
            )
            try rehearse("secret wipe", command, common)
            return
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
                    ? "\(id: id) keeps no secret\(names.isEmpty ? "" : " of these names") any more"
                    : "wiped \(wiped.joined(separator: ", ")) of \(id: id)"
            )
        }
    }

    /// A name that is mistyped is not to be taken for one that is wiped.
    private func checkNames() throws {
        guard !names.isEmpty else { return }
        let known = try common.inspect { inspector in
            try inspector.secrets(of: id).map(\.name)
        }
        guard let name = names.first(where: { !known.contains($0) }) else { return }
        let list = Set(known).sorted().joined(separator: ", ")
        throw Refusal(
            .notFound,
            "the secret \(name) of \(id) was to be wiped, and \(id) was given \(known.isEmpty ? "no secrets" : "none of that name; it has \(list)")"
        )
    }
}
#endif
