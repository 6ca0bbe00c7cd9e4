#if CLI
import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// SIGINT, SIGTERM and SIGHUP for commands that end in good order.
///
/// The handler does nothing but write a byte into a pipe, which a thread reads. Keeping the signals
/// back and waiting for them would not do: the main thread of a program with concurrency waits with
/// an empty signal mask.
enum Interrupts {
    /// The end of the pipe that the handler writes to. Set once, before the handler is.
    nonisolated(unsafe) private static var pipeEnd: Int32 = -1

    /// A reader that goes away is an error of the write, not the end of the process.
    static func ignoreClosedPipes() { signal(SIGPIPE, SIG_IGN) }

    private static func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Yields when one of the signals comes.
    /// - Parameter count: so many are yielded; the next one ends the process at once.
    static func stream(_ count: Int = 1) throws(SystemError) -> AsyncStream<Void> {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .current("pipe") }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        pipeEnd = ends[1]
        let readEnd = ends[0]
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        _ = try SystemThread.start {
            var byte: UInt8 = 0
            for _ in 0..<count {
                while read(readEnd, &byte, 1) < 0 {}
                continuation.yield()
            }
            while read(readEnd, &byte, 1) < 0 {}
            exit(ExitStatus.interrupted.rawValue)
        }
        for number in [SIGINT, SIGTERM, SIGHUP] {
            let before = signal(number) { _ in
                var byte: UInt8 = 1
                _ = write(Interrupts.pipeEnd, &byte, 1)
            }
            // As nohup(1) has it: the end of the terminal is none of its business.
            if number == SIGHUP, isIgnored(before) { signal(number, SIG_IGN) }
        }
        return stream
    }
}
#endif
