#if CLI
import Daybook
import DaybookInspector
import DaybookJournal
import DaybookSystem

extension Inspector {
    /// Watches the journal's file for what others append.
    func follow() throws -> FileWatch { try FileWatch(folder.dataFile) }
}

/// Looks again whenever something is appended.
enum Following {
    /// Runs `look` now, and again after each change, until it gives a value, or Ctrl-C.
    /// - Returns: nil after Ctrl-C.
    static func run<Value: Sendable>(
        _ watch: FileWatch,
        _ inspector: Inspector,
        _ look: @escaping @Sendable () throws -> Value?
    ) async throws -> Value? {
        let interrupts = try Interrupts.stream()
        let stopper = Task { for await _ in interrupts { watch.stop() } }
        defer { stopper.cancel() }
        return try await withCheckedThrowingContinuation {
            (done: CheckedContinuation<Value?, any Error>) in
            do {
                _ = try SystemThread.start {
                    done.resume(
                        with: Result {
                            if let value = try look() { return value }
                            while try watch.wait(whileBehind: inspector.store.hasUnpublishedCommit)
                            {
                                if let value = try look() { return value }
                            }
                            return nil
                        }
                    )
                }
            } catch {
                done.resume(throwing: error)
            }
        }
    }
}
#endif
