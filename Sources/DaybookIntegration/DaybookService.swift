#if Integration
public import Daybook
import DaybookSystem
public import ServiceLifecycle

/// An engine as a service of swift-service-lifecycle: it opens the journal when the group starts,
/// and closes it in good order when the group shuts down gracefully.
public struct DaybookService: Service {
    private let path: String
    private let options: EngineOptions
    private let creation: CreationOptions?
    private let workflows: [any Workflow]
    private let onOpen: @Sendable (Engine) async throws -> Void
    private let opened = OpenedEngine()

    /// The engine, once the journal is open: whoever asks before waits for that.
    /// - Throws: what kept the journal from being opened; ``DaybookServiceEnded`` once the service
    ///   has ended; `CancellationError`.
    public var engine: Engine {
        get async throws { try await opened.engine() }
    }

    /// - Parameters:
    ///   - path: the journal's folder.
    ///   - creation: has the journal made with these settings when there is none; nil: a journal that
    ///     is missing ends the service.
    ///   - workflows: the handlers that it runs.
    ///   - onOpen: given the open journal before the service waits, for example to hand it to
    ///     others; what it throws ends the service.
    public init(
        path: String,
        options: EngineOptions = EngineOptions(),
        creatingIfMissing creation: CreationOptions? = nil,
        workflows: [any Workflow],
        onOpen: @escaping @Sendable (Engine) async throws -> Void = { _ in }
    ) {
        self.path = path
        self.options = options
        self.creation = creation
        self.workflows = workflows
        self.onOpen = onOpen
    }

    /// Runs until the group shuts down, or the journal fails.
    /// - Throws: `JournalError`, also when the journal could not be written any more.
    public func run() async throws {
        let daybook: Engine
        do {
            daybook = try await Engine.open(
                at: path,
                options,
                creatingIfMissing: creation,
                workflows: workflows
            )
        } catch {
            opened.settle(.failure(error))
            throw error
        }
        opened.settle(.success(daybook))
        defer { opened.settle(.failure(DaybookServiceEnded())) }
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

/// The service has ended, and with it its engine.
public struct DaybookServiceEnded: Error, CustomStringConvertible {
    /// What to do.
    public var description: String {
        "the service that has the journal open has ended; ask for its engine while the service runs"
    }
}

/// An engine that is yet to be opened, and who waits for it.
private final class OpenedEngine: Sendable {
    private struct State {
        var result: Result<Engine, any Error>?
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
    }

    private let state = Locked(State())

    /// What became of the opening, or of the engine.
    func settle(_ result: Result<Engine, any Error>) {
        let waiters = state.withLock { state in
            state.result = result
            defer { state.waiters = [:] }
            return state.waiters.sorted { $0.key < $1.key }.map(\.value)
        }
        for waiter in waiters { waiter.resume() }
    }

    func engine() async throws -> Engine {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        while true {
            if let result = state.withLock({ $0.result }) { return try result.get() }
            try Task.checkCancellation()
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let waits = state.withLock { state in
                        guard state.result == nil, !Task.isCancelled else { return false }
                        state.waiters[number] = continuation
                        return true
                    }
                    if !waits { continuation.resume() }
                }
            } onCancel: {
                state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
            }
        }
    }
}
#endif
