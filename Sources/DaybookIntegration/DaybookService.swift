#if Integration
public import Daybook
import DaybookSystem
public import ServiceLifecycle

/// An engine as a service of swift-service-lifecycle: it opens the journal when the group starts,
/// and closes it in good order when the group shuts down gracefully.
public struct DaybookService: Service {
    private let path: String
    private let options: DaybookOptions
    private let workflows: [any Workflow]
    private let onOpen: @Sendable (Engine) async throws -> Void

    /// - Parameters:
    ///   - path: the journal's folder.
    ///   - workflows: the handlers that it runs.
    ///   - onOpen: given the open journal before the service waits, for example to hand it to
    ///     others; what it throws ends the service.
    public init(
        path: String,
        options: DaybookOptions = DaybookOptions(),
        workflows: [any Workflow],
        onOpen: @escaping @Sendable (Engine) async throws -> Void = { _ in }
    ) {
        self.path = path
        self.options = options
        self.workflows = workflows
        self.onOpen = onOpen
    }

    /// Runs until the group shuts down, or the journal fails.
    /// - Throws: `JournalError`, also when the journal could not be written any more.
    public func run() async throws {
        let daybook = try await Engine.open(at: path, options, workflows: workflows)
        let result: Result<Void, any Error>
        do {
            try await onOpen(daybook)
            try await cancelWhenGracefulShutdown { try await daybook.waitForFailure() }
            result = .success(())
        } catch is CancellationError {
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await daybook.close()
        try result.get()
    }
}
#endif
