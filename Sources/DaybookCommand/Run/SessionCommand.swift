#if CLI
import ArgumentParser
import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel

struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "The processes that have the journal open for writing.",
        subcommands: [List.self, Evict.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the sessions that have not been closed."
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var time: TimeOptions

        func run() async throws {
            let path = try common.journalPath()
            let sessions = try common.inspect { try $0.state().sessions }
            let states = try sessions.map {
                ($0, try SessionLiveness.of($0, in: JournalFolder(path)))
            }
            if common.json {
                common.write("daybook.session.list/1") { json in
                    json.key("sessions")
                    json.array { json in
                        for (session, liveness) in states {
                            json.object { session.write(to: &$0, liveness) }
                        }
                    }
                }
                return
            }
            var table = Table(
                ["SESSION", "STATE", "PID", "HOST", "PROGRAM", "ACTOR", "OPENED"],
                flexible: ["HOST", "PROGRAM", "ACTOR"]
            )
            for (session, liveness) in states {
                table.add([
                    "\(session.number)", liveness.rawValue, "\(session.pid)", session.host,
                    session.program, session.actor, time.text(session.openedAt),
                ])
            }
            table.print(to: common.output)
        }
    }

    struct Evict: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "evict",
            abstract: "Take over from a session: whoever claims next gets its leases.",
            discussion: """
                A session whose process is gone is taken over by the next process that opens the \
                journal anyway. --kill ends a live or stopped process first.
                """
        )

        @OptionGroup var common: CommonOptions
        @OptionGroup var write: WriteOptions
        @OptionGroup var consent: ConsentOptions

        @Option(help: "The reason, in words, for the record.")
        var reason: String?

        @Argument(help: "The session's number, as `session list` shows it.")
        var session: UInt64

        @Flag(help: "End the session's process if it is alive.")
        var kill = false

        func run() async throws {
            let path = try common.journalPath()
            let found = try common.inspect { try $0.state() }.sessions
                .first { $0.number == session }
            guard let found else {
                throw Refusal(
                    .notFound,
                    "no session \(session) is open; look at the list of those that are"
                )
            }
            if consent.dryRun {
                let message = try SealedPayloads([.text("")], limit: 1 << 16)
                try rehearse(
                    "session.evict",
                    LoseSession(session, parkMessage: message),
                    common
                )
                return
            }
            let folder = JournalFolder(path)
            if try SessionLiveness.of(found, in: folder) != .gone {
                guard kill else {
                    throw Refusal(
                        .conflict,
                        "the process \(found.pid) of session \(session) is alive; stop it, or use --kill"
                    )
                }
                try consent.ask(
                    "end the process \(found.pid) and take over from session \(session)"
                )
            } else {
                try consent.ask("take over from session \(session)")
            }
            try Eviction(actor: write.actor, reason: reason).carryOut(on: found, in: folder)
            // Opening takes over from every session whose process is gone.
            _ = try await withDaybook(common, write) { $0.session }
            // Another process may have noticed the end first, and be about to do it.
            try SessionLiveness.waitForTakeover(from: found, in: folder)
            let remaining = try common.inspect { try $0.state() }.sessions
            guard !remaining.contains(where: { $0.number == session }) else {
                throw Refusal(
                    .conflict,
                    "the session \(session) could not be taken over; try again"
                )
            }
            if common.json {
                common.write("daybook.session.evict/1") { $0.member("session", session) }
            } else {
                common.output.line("session \(session) evicted")
            }
        }
    }
}

extension State.Session {
    func write(to json: inout JSONWriter, _ liveness: SessionLiveness) {
        json.member("session", number)
        json.member("state", liveness.rawValue)
        json.member("pid", pid)
        json.member("host", host)
        json.member("program", program)
        json.member("revision", revision.text)
        json.member("actor", actor)
        json.member("openedAt", openedAt.description)
    }
}
#endif
