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
///
/// They are counted, and who waits says how many it has seen: one that comes between two waits is
/// not lost, and a wait that is given up takes none along.
final class Interrupts: Sendable {
    /// The end of the pipe that the handler writes to. Set once, before the handler is.
    nonisolated(unsafe) private static var pipeEnd: Int32 = -1

    /// A reader that goes away is an error of the write, not the end of the process.
    static func ignoreClosedPipes() { signal(SIGPIPE, SIG_IGN) }

    private static func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
        unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private struct State {
        var count = 0
        var nextWait = 0
        var waiting: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let state = Locked(State())

    /// Counts the signals from now on. A process does so once.
    /// - Parameter most: so many are counted; the next one ends the process at once.
    init(_ most: Int = 1) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .current("pipe") }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
        Self.pipeEnd = ends[1]
        let readEnd = ends[0]
        _ = try SystemThread.start { [state] in
            var byte: UInt8 = 0
            for _ in 0..<most {
                while read(readEnd, &byte, 1) < 0 {}
                let waiting = state.withLock { state in
                    state.count += 1
                    defer { state.waiting = [:] }
                    return state.waiting.values.map { $0 }
                }
                for wait in waiting { wait.finish() }
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
            if number == SIGHUP, Self.isIgnored(before) { signal(number, SIG_IGN) }
        }
    }

    /// Waits until more than `seen` signals have come.
    /// - Returns: false when the task was cancelled before that.
    func wait(beyond seen: Int = 0) async -> Bool {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let number = state.withLock { state -> Int? in
            guard state.count <= seen else { return nil }
            state.nextWait += 1
            state.waiting[state.nextWait] = continuation
            return state.nextWait
        }
        guard let number else { return true }
        for await _ in stream {}
        return state.withLock { state in
            state.waiting[number] = nil
            return state.count > seen
        }
    }
}
#endif
