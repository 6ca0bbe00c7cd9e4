#if CLI
import ArgumentParser
import Daybook
import DaybookSystem
import LMDB

#if canImport(Glibc)
import Glibc
#endif

/// The `daybook` command.
struct DaybookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daybook",
        abstract: "Run, inspect and verify workflows that are recorded in a journal.",
        discussion: """
            A journal is a folder, by convention NAME.daybook. Commands use --journal, else \
            DAYBOOK_JOURNAL, else the only *.daybook in the current folder.

            Exit status: 0 fine; 1 failed at run time; 3 not found; 4 conflict or locked; \
            5 integrity failure; 7 the workflow failed or was cancelled; 8 it timed out \
            (the run, or a job with which it failed); 9 it is \
            parked, for example because code and history disagree, or because something may have \
            happened; 64 usage; 75 try again; 130 interrupted.
            """,
        version: Engine.version,
        groupedSubcommands: [
            CommandGroup(
                name: "Run",
                subcommands: [
                    InitCommand.self, RunCommand.self, SubmitCommand.self, ExecCommand.self,
                    StatusCommand.self, CheckCommand.self, WorkCommand.self, WaitCommand.self,
                    ApproveCommand.self, RejectCommand.self, SignalCommand.self, CancelCommand.self,
                    PauseCommand.self, ResumeCommand.self, RetryCommand.self, ResolveCommand.self,
                    ForkCommand.self,
                    RepinCommand.self, SecretCommand.self, RedactCommand.self,
                    SessionCommand.self, AdoptCommand.self,
                ]
            ),
            CommandGroup(
                name: "Schedule",
                subcommands: [
                    TaskTypeCommand.self, TaskCommand.self, RunbookCommand.self,
                ]
            ),
            CommandGroup(
                name: "Look",
                subcommands: [
                    ListCommand.self, ShowCommand.self, TreeCommand.self, LogCommand.self,
                    EntryCommand.self, WorkspaceCommand.self,
                    PendingCommand.self, WhyCommand.self, InfoCommand.self,
                ]
            ),
            CommandGroup(
                name: "Trust",
                subcommands: [
                    VerifyCommand.self, KeygenCommand.self, HeadCommand.self, ProveCommand.self,
                    ProveConsistencyCommand.self, VerifyProofCommand.self,
                    VerifyConsistencyCommand.self, WitnessCommand.self, TilesCommand.self,
                    AuditCommand.self,
                ]
            ),
            CommandGroup(
                name: "Keep",
                subcommands: [
                    BackupCommand.self, RestoreCommand.self, DoctorCommand.self,
                    SnapshotCommand.self, CompactCommand.self, ArchiveCommand.self,
                ]
            ),
            CommandGroup(name: "Share", subcommands: [ExportCommand.self]),
        ]
    )
}

@main
enum Main {
    /// Not asynchronous itself, so that ``StartCheck`` comes before anything that needs a thread. Of
    /// no actor: this thread only waits, and runs no task.
    nonisolated static func main() {
        do {
            try StartCheck.run()
        } catch {
            Terminal.standardError.line("daybook: \(error)")
            exit(ExitStatus.tryAgain.rawValue)
        }
        // A program that ignores it hands that on, and then the kernel tells nobody how a child has
        // ended: a job that went well could not be told from one that failed.
        signal(SIGCHLD, SIG_DFL)
        Interrupts.ignoreClosedPipes()
        MapGuard.install(
            before: "daybook: a page of ",
            after:
                " is damaged: reading it would have crashed; run `daybook verify`, and restore it from a backup\n",
            status: ExitStatus.integrity.rawValue
        )
        do {
            // Before the first task, too: what counts the threads that run tasks reads /proc, and
            // traps where there is none.
            try RawArguments.check()
        } catch {
            Failure.exit(error, in: nil)
        }
        Task { @concurrent in
            await run()
            Terminal.endAfterFailure()
            exit(0)
        }
        while true { pause() }
    }

    private static func run() async {
        var parsed: (any ParsableCommand)?
        do {
            var command = try await DaybookCommand.parseAsRootAsync()
            parsed = command
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            Failure.exit(error, in: parsed)
        }
    }
}

extension DaybookCommand {
    static func parseAsRootAsync() async throws -> any ParsableCommand {
        try parseAsRoot(RawArguments.parsed(Array(CommandLine.arguments.dropFirst())))
    }
}
#else
#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The command without its trait, which has the packages that it needs: whatever it is asked, it does none
/// of it, and no script is to take that for done.
@main
enum Main {
    static func main() {
        let sentence =
            "daybook: this program was built without its commands; build it with `swift build -c release --traits CLI --product daybook`\n"
        let bytes = Array(sentence.utf8)
        // What cannot be said is said by the status.
        _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        // That of a usage error (ExitStatus.usage).
        exit(64)
    }
}
#endif
