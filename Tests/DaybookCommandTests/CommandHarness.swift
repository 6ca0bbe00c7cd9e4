import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// How a command ended, and everything that it wrote.
struct CommandResult: Sendable {
    /// The exit status, or minus the signal that ended it.
    let status: Int32
    let output: [UInt8]
    let errorOutput: [UInt8]

    var text: String { String(decoding: output, as: UTF8.self) }
    var errors: String { String(decoding: errorOutput, as: UTF8.self) }

    /// The output as one JSON document.
    var json: JSON { get throws { try JSON(parsing: output) } }

    /// The output as JSON, a document a line.
    var jsonLines: [JSON] {
        get throws {
            try text.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
        }
    }
}

/// A command that was waited for did not end, or ended without what was waited for.
struct WaitedInVain: Error {
    let what: String
    let result: CommandResult
}

/// A command that runs, in a process group of its own.
///
/// A thread reads all of its output, so that it never waits for us; when it has not ended after a
/// while it is killed, so that we never wait for it without end.
final class RunningCommand: Sendable {
    let pid: pid_t
    /// Its standard output as it comes, a line at a time.
    let lines: AsyncStream<String>
    private let arguments: [String]
    private let outcome = Locked<(result: CommandResult, isLate: Bool)?>(nil)
    private let ended: AsyncStream<Void>

    /// Seconds after which a command is killed: far more than any takes, on a busy machine too.
    static let patience = 600

    /// Starts a program.
    /// - Parameters:
    ///   - environment: variables besides those few of our own that are passed on.
    ///   - seconds: when they are over it is killed.
    init(
        _ arguments: [String],
        environment: [String: String] = [:],
        folder: String = "/",
        seconds: Int = patience
    ) throws {
        self.arguments = arguments
        let output = try Channel()
        let errors = try Channel()
        let pid = try Spawning(arguments, environment, folder: folder)
            .start(output: output.childEnd, errors: errors.childEnd)
        self.pid = pid
        output.closeChildEnd()
        errors.closeChildEnd()
        let (lines, line) = AsyncStream.makeStream(of: String.self)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        self.lines = lines
        self.ended = ended
        let deadline = ContinuousClock.now + .seconds(seconds)
        _ = try SystemThread.start { [outcome] in
            var reader = OutputReader(pid: pid, deadline: deadline, lines: line)
            reader.readAll(output, errors)
            let result = CommandResult(
                status: Self.reap(pid),
                output: reader.output,
                errorOutput: reader.errors
            )
            outcome.withLock { $0 = (result, reader.isLate) }
            line.finish()
            end.finish()
        }
    }

    private static func reap(_ pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }

    /// Whether it has ended.
    var hasEnded: Bool { outcome.withLock { $0 != nil } }

    /// Waits for its end.
    @discardableResult
    func finish() async throws -> CommandResult {
        for await _ in ended {}
        guard let (result, isLate) = outcome.withLock({ $0 }) else { throw CancellationError() }
        if isLate { throw WaitedInVain(what: "the end of \(arguments)", result: result) }
        return result
    }

    /// Waits for a line that contains `text`.
    @discardableResult
    func line(containing text: String) async throws -> String {
        for await line in lines where line.contains(text) { return line }
        throw WaitedInVain(what: "\(text) from \(arguments)", result: try await finish())
    }

    func signal(_ number: Int32) { _ = kill(pid, number) }
}

/// Reads both outputs of a process to their ends.
private struct OutputReader {
    let pid: pid_t
    let deadline: ContinuousClock.Instant
    let lines: AsyncStream<String>.Continuation
    private(set) var output: [UInt8] = []
    private(set) var errors: [UInt8] = []
    private(set) var isLate = false
    private var firstOfLine = 0

    init(pid: pid_t, deadline: ContinuousClock.Instant, lines: AsyncStream<String>.Continuation) {
        self.pid = pid
        self.deadline = deadline
        self.lines = lines
    }

    mutating func readAll(_ output: Channel, _ errors: Channel) {
        var polled = [output.ourEnd, errors.ourEnd].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        while polled.contains(where: { $0.fd >= 0 }) {
            let left = ContinuousClock.now.duration(to: deadline) / .milliseconds(1)
            let count = poll(&polled, 2, Int32(max(left, 0)))
            if count < 0, errno == EINTR { continue }
            if count <= 0 {
                isLate = true
                kill(-pid, SIGKILL)
                return
            }
            if polled[0].revents != 0, !read(polled[0].fd, &self.output) { polled[0].fd = -1 }
            if polled[1].revents != 0, !read(polled[1].fd, &self.errors) { polled[1].fd = -1 }
            yieldLines()
        }
        if firstOfLine < self.output.count { yieldLine(upTo: self.output.count) }
    }

    /// - Returns: whether there may be more.
    private func read(_ descriptor: Int32, _ all: inout [UInt8]) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 { all.append(contentsOf: buffer[..<count]) }
            return count > 0 || (count < 0 && errno == EINTR)
        }
    }

    private mutating func yieldLines() {
        while let end = nextLineEnd() {
            yieldLine(upTo: end)
            firstOfLine = end + 1
        }
    }

    private func nextLineEnd() -> Int? {
        output.withUnsafeBytes { bytes in
            guard firstOfLine < bytes.count, let base = bytes.baseAddress,
                let found = memchr(base + firstOfLine, 10, bytes.count - firstOfLine)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }

    private func yieldLine(upTo end: Int) {
        lines.yield(String(decoding: output[firstOfLine..<end], as: UTF8.self))
    }
}

/// Two connected descriptors; a program that is started at the same moment inherits neither.
private final class Channel: Sendable {
    let ourEnd: Int32
    private let other: Locked<Int32>

    init() throws {
        var ends: [Int32] = [-1, -1]
        // Unlike a pipe, a pair of sockets is private from the start.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SystemError.current("socketpair")
        }
        ourEnd = ends[0]
        other = Locked(ends[1])
    }

    var childEnd: Int32 { other.withLock { $0 } }

    func closeChildEnd() {
        other.withLock { end in
            if end >= 0 { close(end) }
            end = -1
        }
    }

    deinit {
        closeChildEnd()
        close(ourEnd)
    }
}

/// A program that is about to be started.
private struct Spawning {
    let arguments: [String]
    let variables: [String]

    /// Variables of ours that programs get.
    private static let passed = ["HOME", "LANG", "PATH", "TMPDIR", "ASAN_OPTIONS", "TSAN_OPTIONS"]

    init(_ arguments: [String], _ environment: [String: String], folder: String) {
        // It becomes the program, and keeps its number.
        self.arguments = ["env", "-C", folder, "--"] + arguments
        var all = ["SWIFT_BACKTRACE": "enable=no"]
        for name in Self.passed { all[name] = getenv(name).map { String(cString: $0) } }
        variables = all.merging(environment) { $1 }.map { "\($0)=\($1)" }
    }

    func start(output: Int32, errors: Int32) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Shells start what is in the background with SIGINT ignored: not so here.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )
        let words = arguments.map { strdup($0) } + [nil]
        let pairs = variables.map { strdup($0) } + [nil]
        defer { for pointer in words + pairs { free(pointer) } }
        var pid: pid_t = 0
        let result = posix_spawnp(&pid, arguments[0], &actions, &attributes, words, pairs)
        guard result == 0 else {
            throw SystemError(number: result, operation: "posix_spawn", path: arguments[0])
        }
        return pid
    }
}
