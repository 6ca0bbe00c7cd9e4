package import Daybook

/// What a suite needs whose journals are under a clock that the test moves.
package struct ClockedJournal: Sendable {
    package let clock = ManualClock()

    package init() {}

    package var options: EngineOptions {
        var options = EngineOptions()
        options.clock = clock
        return options
    }

    package var creation: CreationOptions {
        var options = CreationOptions()
        options.clock = clock
        return options
    }

    /// Runs `body` with an empty journal and an engine, in which the workflow's code is `code`.
    package func withEngine<Result>(
        code: @escaping Scripted.Code,
        _ body: (Engine) async throws -> Result
    ) async throws -> Result {
        try await withJournal(creation) { path in
            try await DaybookTestKit.withEngine(path, options, code: code, body)
        }
    }
}
