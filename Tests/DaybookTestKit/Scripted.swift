package import Daybook
import FoundationEssentials

/// A workflow made of a closure, so that tests can change its code between two starts.
package struct Scripted: Workflow {
    package typealias Code = @Sendable (Int, WorkflowContext) async throws -> String

    package static let name = "scripted"
    private let body: Code

    package init(body: @escaping Code) { self.body = body }

    package func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
        try await body(input, context)
    }
}

/// Runs `body` with an empty journal that is removed afterwards.
package func withJournal<Result>(
    _ options: CreationOptions = CreationOptions(),
    _ body: (String) async throws -> Result
) async throws -> Result {
    try await TestRoom.engines.with {
        let path = FileManager.default.temporaryDirectory.path + "/test-\(UUID()).daybook"
        try Engine.create(at: path, options)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(path))
        } catch {
            result = .failure(error)
        }
        try FileManager.default.removeItem(atPath: path)
        return try result.get()
    }
}

/// Runs `body` with an engine, in which the workflow's code is `code`.
package func withEngine<Result>(
    _ path: String,
    _ options: EngineOptions = EngineOptions(),
    code: @escaping Scripted.Code,
    _ body: (Engine) async throws -> Result
) async throws -> Result {
    let daybook = try await Engine.open(at: path, options, workflows: [Scripted(body: code)])
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(try await body(daybook))
    } catch {
        result = .failure(error)
    }
    // Bodies that block until they are told would have it wait.
    try await daybook.close(grace: .zero)
    return try result.get()
}

/// Runs code up to a body that blocks behind it, shuts down, lets `between` happen, and runs other
/// code, or the same, to its end.
/// - Returns: how the execution stands then.
package func interrupting(
    _ path: String,
    _ options: EngineOptions = EngineOptions(),
    running first: @escaping Scripted.Code,
    between: () -> Void = {},
    then second: @escaping Scripted.Code
) async throws -> ExecutionRecord {
    let (reached, signal) = AsyncStream.makeStream(of: Void.self)
    try await withEngine(
        path,
        options,
        code: { input, context in
            let output = try await first(input, context)
            try await context.checkpoint("end") { _ in
                signal.yield()
                try await untilCancelled()
            }
            return output
        }
    ) { daybook in
        try await daybook.start()
        for await _ in reached { break }
    }
    between()
    return try await withEngine(
        path,
        options,
        code: { input, context in
            let output = try await second(input, context)
            try await context.checkpoint("end") { _ in }
            return output
        }
    ) { try await $0.waitForEnd(of: "a") }
}

extension Engine {
    /// Has a scripted execution run.
    package func start(
        _ id: String = "a",
        _ terms: ExecutionOptions = ExecutionOptions(),
        input: Int = 1
    ) async throws {
        try await submit(Scripted.self, id: id, options: terms, input: input).execute()
    }

    /// Waits for the end of an execution.
    /// - Returns: its output, encoded.
    /// - Throws: what it failed with.
    package func result(of id: String = "a") async throws -> String {
        let record = try await waitForEnd(of: id)
        return String(decoding: try outcome(of: record).get(), as: UTF8.self)
    }

    /// Waits until all of an execution waits.
    package func untilWaiting(_ id: String = "a") async throws {
        _ = try await wait(for: id) { $0.status == .waiting }
    }
}
