#if canImport(Glibc)
import Glibc

/// A shell script in a process group of its own.
public final class ChildProcess: Sendable {
    /// Where a piece of output comes from.
    public enum Source: Sendable {
        /// Descriptor 1.
        case standardOutput
        /// Descriptor 2.
        case standardError
    }

    /// How a process ended.
    public enum Ending: Sendable, Equatable {
        /// By itself, with this status.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
    }

    /// The group, of which the script's shell is the leader.
    public let group: ProcessGroup
    private let descriptors: Descriptors

    /// What the parent holds of the child.
    private struct Descriptors: Sendable {
        let gate: Int32
        let output: Int32
        let errors: Int32
        /// Written to when the child should be ended.
        let stopWrite: Int32
        let stopRead: Int32
    }

    private init(group: ProcessGroup, descriptors: Descriptors) {
        self.group = group
        self.descriptors = descriptors
    }

    /// The shell that is started first. It waits for a line on descriptor 3 and gives up at its
    /// end: a child whose parent dies before it has noted the child never begins.
    private static let prologue =
        #"IFS= read -r go <&3 || exit 125; exec 3<&-; cd -- "$2" || exit 126; exec /bin/sh -e -c "$1""#

    /// Starts a child that waits until ``begin()``.
    /// - Parameters:
    ///   - script: for `/bin/sh -e -c`: it ends at the first command that fails.
    ///   - environment: all of its environment.
    ///   - folder: where it runs.
    public static func start(
        script: String,
        environment: [String: String],
        folder: String
    ) throws(SystemError) -> ChildProcess {
        try starting.withLock { _ throws(SystemError) in
            try startAlone(script: script, environment: environment, folder: folder)
        }
    }

    /// One child at a time: a pipe is not yet marked as private when it comes into being, and must
    /// not reach another child.
    private static let starting = Locked(())

    private static func startAlone(
        script: String,
        environment: [String: String],
        folder: String
    ) throws(SystemError) -> ChildProcess {
        let gate = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        let stop = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writeEnd, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writeEnd, 2)
        posix_spawn_file_actions_adddup2(&actions, gate.readEnd, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )

        let arguments = ["sh", "-c", prologue, "daybook-job", script, folder]
        let pairs = environment.keys.sorted().map { "\($0)=\(environment[$0] ?? "")" }
        var process: pid_t = 0
        let result = withCStrings(arguments) { arguments in
            withCStrings(pairs) { pairs in
                posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments, pairs)
            }
        }
        guard result == 0 else { throw SystemError(number: result, operation: "posix_spawn") }
        guard let group = try ProcessGroup(leader: process) else {
            throw SystemError(number: ESRCH, operation: "look at the new process")
        }
        return ChildProcess(
            group: group,
            descriptors: Descriptors(
                gate: gate.takeWriteEnd(),
                output: output.takeReadEnd(),
                errors: errors.takeReadEnd(),
                stopWrite: stop.takeWriteEnd(),
                stopRead: stop.takeReadEnd()
            )
        )
    }

    deinit {
        close(descriptors.output)
        close(descriptors.errors)
        close(descriptors.stopWrite)
        close(descriptors.stopRead)
    }

    /// Lets the script run. Call it once, after the group has been noted.
    /// - Parameter isUnwanted: it does not run after all, and the shell exits with 125.
    public func begin(unless isUnwanted: Bool = false) {
        if !isUnwanted {
            var line: UInt8 = UInt8(ascii: "\n")
            // When the child is gone already, waiting for its end tells so.
            _ = write(descriptors.gate, &line, 1)
        }
        close(descriptors.gate)
    }

    /// Asks the group to end: SIGTERM, and SIGKILL two seconds later.
    public func stop() {
        var byte: UInt8 = 1
        _ = write(descriptors.stopWrite, &byte, 1)
    }

    /// Reads the output until the script ends, then ends what is left of its group.
    ///
    /// Blocks: call it on a thread of its own.
    /// - Parameter output: given pieces of output as they come.
    public func wait(_ output: (Source, UnsafeRawBufferPointer) -> Void) throws(SystemError)
        -> Ending
    {
        let ended = try Pipe()
        let notice = ended.takeWriteEnd()
        let leader = id_t(group.id)
        let watcher = try SystemThread.start {
            var information = siginfo_t()
            // The leader stays a zombie, so that its number, and the group's, are not given away.
            _ = retryingInterrupts { waitid(P_PID, leader, &information, WEXITED | WNOWAIT) }
            close(notice)
        }
        var reader = OutputReader(
            output: descriptors.output,
            errors: descriptors.errors,
            ended: ended.readEnd,
            stop: descriptors.stopRead
        )
        try reader.run(group.id, output)
        watcher.join()
        kill(-group.id, SIGKILL)
        reader.drain(output)
        var status: Int32 = 0
        guard retryingInterrupts({ waitpid(group.id, &status, 0) }) == group.id else {
            throw .current("waitpid")
        }
        // The macros of wait(2), which are not imported.
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }
}

/// Reads both outputs of a child until it has ended.
private struct OutputReader {
    let output: Int32
    let errors: Int32
    let ended: Int32
    let stop: Int32
    private var isOutputOpen = true
    private var isErrorsOpen = true

    init(output: Int32, errors: Int32, ended: Int32, stop: Int32) {
        self.output = output
        self.errors = errors
        self.ended = ended
        self.stop = stop
    }

    typealias Sink = (ChildProcess.Source, UnsafeRawBufferPointer) -> Void

    private static let patience = Duration.seconds(2)

    mutating func run(_ group: Int32, _ sink: Sink) throws(SystemError) {
        /// When what has been asked to end is killed, however much it says meanwhile.
        var killAt: ContinuousClock.Instant?
        while true {
            var descriptors = [
                pollfd(fd: isOutputOpen ? output : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isErrorsOpen ? errors : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: ended, events: Int16(POLLIN), revents: 0),
                pollfd(fd: killAt != nil ? -1 : stop, events: Int16(POLLIN), revents: 0),
            ]
            let count = retryingInterrupts { poll(&descriptors, 4, Self.milliseconds(to: killAt)) }
            guard count >= 0 else { throw .current("poll") }
            if let time = killAt, time <= .now {
                kill(-group, SIGKILL)
                killAt = .now + Self.patience
            }
            if descriptors[0].revents != 0 { isOutputOpen = read(output, .standardOutput, sink) }
            if descriptors[1].revents != 0 { isErrorsOpen = read(errors, .standardError, sink) }
            if descriptors[3].revents != 0 {
                killAt = .now + Self.patience
                kill(-group, SIGTERM)
            }
            if descriptors[2].revents != 0 { return }
        }
    }

    /// The time left, for `poll`; -1: there is no end to it.
    private static func milliseconds(to time: ContinuousClock.Instant?) -> Int32 {
        guard let time else { return -1 }
        let left = ContinuousClock.now.duration(to: time)
        // Rounded up, so that it is over by then.
        return left <= .zero ? 0 : Int32(left / .milliseconds(1)) + 1
    }

    /// Takes what has been written and not yet read. Does not wait for a writer that has left the
    /// group and still holds the pipe.
    mutating func drain(_ sink: Sink) {
        for (descriptor, source) in [
            (output, ChildProcess.Source.standardOutput), (errors, .standardError),
        ] {
            var waiting = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
            while retryingInterrupts({ poll(&waiting, 1, 0) }) > 0,
                read(descriptor, source, sink)
            {}
        }
    }

    /// - Returns: whether there may be more.
    private func read(_ descriptor: Int32, _ source: ChildProcess.Source, _ sink: Sink) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 16) { buffer in
            let count = retryingInterrupts {
                Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            guard count > 0 else { return false }
            sink(source, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            return true
        }
    }
}

/// Two connected descriptors that children do not inherit. What is not taken is closed at the end.
private final class Pipe {
    private var ends: (read: Int32, write: Int32)

    init() throws(SystemError) {
        var raw: [Int32] = [-1, -1]
        guard pipe(&raw) == 0 else { throw .current("pipe") }
        _ = fcntl(raw[0], F_SETFD, FD_CLOEXEC)
        _ = fcntl(raw[1], F_SETFD, FD_CLOEXEC)
        ends = (raw[0], raw[1])
    }

    var readEnd: Int32 { ends.read }
    var writeEnd: Int32 { ends.write }

    func takeReadEnd() -> Int32 {
        defer { ends.read = -1 }
        return ends.read
    }

    func takeWriteEnd() -> Int32 {
        defer { ends.write = -1 }
        return ends.write
    }

    deinit {
        if ends.read >= 0 { close(ends.read) }
        if ends.write >= 0 { close(ends.write) }
    }
}

/// Runs `body` with the strings as C has them: an array that ends with a null pointer.
private func withCStrings<Result>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
}
#endif
