#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A thread of the operating system, for work that blocks.
package struct SystemThread: Sendable {
    private let thread: UncheckedThread

    /// Starts `body` on a new thread.
    package static func start(
        _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> SystemThread {
        let box = Unmanaged.passRetained(ThreadBody(run: body))
        #if os(Linux)
        var thread = pthread_t()
        #else
        var thread: pthread_t?
        #endif
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                #if os(Linux)
                let box = Unmanaged<ThreadBody>.fromOpaque(argument!).takeRetainedValue()
                #else
                let box = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
                #endif
                box.run()
                return nil
            },
            box.toOpaque()
        )
        guard result == 0 else {
            box.release()
            throw SystemError(number: result, operation: "pthread_create")
        }
        #if os(Linux)
        return SystemThread(thread: UncheckedThread(handle: thread))
        #else
        return SystemThread(thread: UncheckedThread(handle: thread!))
        #endif
    }

    /// Runs `body` on a thread of its own, and waits without holding the caller's.
    package static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            do throws(SystemError) {
                let thread = try start { continuation.resume(with: .init(catching: body)) }
                thread.detach()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Nobody will wait for the thread's end. Call it once, and not ``join()``.
    package func detach() { pthread_detach(thread.handle) }

    /// Waits for the thread's end. Call it once.
    package func join() {
        pthread_join(thread.handle, nil)
    }
}

/// Sendable without the compiler's check: a thread id is a name that any thread may use.
private struct UncheckedThread: @unchecked Sendable {
    let handle: pthread_t
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}
