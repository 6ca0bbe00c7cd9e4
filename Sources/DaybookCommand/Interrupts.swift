#if CLI
import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// SIGINT and SIGTERM, waited for instead of handled, so that nothing runs in a signal handler.
enum Interrupts {
    /// Keeps the signals back. Call it before there are other threads: they inherit it.
    static func block() {
        var signals = watched
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    private static var watched: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }

    /// Yields when one of the signals comes. The second one ends the process at once.
    static func stream() throws(SystemError) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        _ = try SystemThread.start {
            var signals = watched
            var number: Int32 = 0
            sigwait(&signals, &number)
            continuation.yield()
            sigwait(&signals, &number)
            exit(ExitStatus.interrupted.rawValue)
        }
        return stream
    }
}
#endif
