#if CLI
import ArgumentParser
import Daybook

/// How a command that runs jobs ends.
struct GraceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "After Ctrl-C or SIGTERM, the time that jobs which run have to end (30s by default, 0s for none). A second one ends them at once.",
            valueName: "span"
        )
    )
    var grace: Span?

    @Flag(name: .long, help: "Keep the folder of an execution when it has completed.")
    var keepWorkspaces = false

    @Option(
        help: ArgumentHelp(
            "Keep the folders of executions in here instead of in the journal's folder.",
            valueName: "folder"
        )
    )
    var workspaces: String?

    @Option(
        help: ArgumentHelp(
            "Save a folder in the journal after each job, up to this size, as in 200MB (50MB by default, 1GiB at most; 0: do not save it).",
            valueName: "size"
        )
    )
    var workspaceLimit: ByteSize?

    /// Puts what is said of workspaces into an engine's options.
    func apply(to options: inout EngineOptions) {
        options.keepsWorkspaces = keepWorkspaces
        options.workspaces = workspaces
        if let workspaceLimit { options.workspaceLimit = workspaceLimit.bytes }
    }

    /// The words that say the same of workspaces in another command line.
    var workspaceWords: String {
        (keepWorkspaces ? " --keep-workspaces" : "")
            + (workspaces.map { shellOption("--workspaces", $0) } ?? "")
            + (workspaceLimit.map { shellOption("--workspace-limit", $0.text) } ?? "")
    }

    private var patience: Duration { grace?.duration ?? .seconds(30) }

    /// Closes the journal: what runs may end, until the next interrupt.
    /// - Parameters:
    ///   - seen: so many interrupts had it close: one more hurries it.
    ///   - isAsked: somebody interrupted it, and is told how long it takes.
    func close(
        _ daybook: Engine,
        _ interrupts: Interrupts,
        seen: Int = 0,
        _ common: CommonOptions,
        isAsked: Bool = true
    ) async throws {
        let patience = patience
        if isAsked, daybook.isBusy, patience > .zero {
            common.errors.line(
                "jobs that run have \(patience.brief) to end; interrupt once more to end them at once"
            )
        }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await daybook.close(grace: patience)
                return true
            }
            group.addTask {
                if await interrupts.wait(beyond: seen) { try await daybook.close(grace: .zero) }
                return false
            }
            defer { group.cancelAll() }
            while let isClosed = try await group.next() { if isClosed { return } }
        }
    }
}
#endif
