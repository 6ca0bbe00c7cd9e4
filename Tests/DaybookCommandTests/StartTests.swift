import DaybookSystem
import Testing

/// Processes that are given too little to begin: they say so at once, and never hang.
@Suite struct StartTests {
    private func start(
        _ limits: String,
        _ command: String,
        in sandbox: Sandbox
    ) async throws -> CommandResult {
        try await RunningCommand(
            ["bash", "-c", "\(limits)\nexec \"$0\" \(command)", DaybookProgram.path],
            environment: ["DAYBOOK_JOURNAL": sandbox.journal],
            folder: sandbox.folder,
            seconds: 120
        ).finish()
    }

    @Test(arguments: [4, 5, 6, 8, 9])
    func tooFewDescriptorsAreSaid(_ limit: Int) async throws {
        try await withSandbox { sandbox in
            for command in ["info", "--version", "run runbook.yaml"] {
                expect(
                    try await start("ulimit -n \(limit)", command, in: sandbox),
                    exits: 75,
                    saying: "8 descriptors are needed to start",
                    "ulimit -n"
                )
            }
        }
    }

    /// However much memory there is: it is enough, or too little for threads, or for the loader.
    @Test(arguments: [90_000, 100_000, 110_000, 120_000, 130_000, 150_000, 200_000, 400_000])
    func tooLittleMemoryIsSaid(_ kilobytes: Int) async throws {
        try await withSandbox { sandbox in
            let result = try await start("ulimit -v \(kilobytes)", "info", in: sandbox)
            #expect([0, 1, 75, 127].contains(result.status), "\(result.status) \(result.errors)")
            #expect(result.status == 0 || !result.errors.isEmpty)
        }
    }

    /// In a process of its own: other tests open files too.
    ///
    /// The runtime opens a file of /sys for a moment on threads of its own, so the count is not exact:
    /// a look that left one descriptor open would leave one in each round.
    @Test func aLookThatFindsEnoughLeavesNothingOpen() async {
        await #expect(processExitsWith: .success) {
            let rounds = 50
            let before = try Folder.names(in: "/proc/self/fd").count
            for _ in 0..<rounds { try StartCheck.run() }
            #expect(try Folder.names(in: "/proc/self/fd").count < before + rounds)
        }
    }
}
