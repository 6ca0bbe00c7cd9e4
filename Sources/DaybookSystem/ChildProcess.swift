#if canImport(Glibc)
import CSystem
import Glibc

/// A shell script in a process group of its own.
package final class ChildProcess: Sendable {
    /// Where a piece of output comes from.
    package enum Source: Sendable {
        /// Descriptor 1.
        case standardOutput
        /// Descriptor 2.
        case standardError
    }

    /// How a process ended.
    package enum Ending: Sendable, Equatable {
        /// By itself, with this status.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
    }

    /// The group, of which the script's shell is the leader.
    package let group: ProcessGroup
    private let descriptors: Descriptors
    /// Nobody is left of it, and its number may be given to another process.
    private let isOver = Locked(false)

    /// What the parent holds of the child.
    private struct Descriptors: Sendable {
        let gate: Int32
        let output: Int32
        let errors: Int32
        /// Can be read once the script has ended (pidfd_open(2)).
        let ended: Int32
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

    /// Starts a child that waits until ``begin(unless:)``.
    /// - Parameters:
    ///   - script: for `/bin/sh -e -c`: it ends at the first command that fails.
    ///   - environment: all of its environment, but for the mark of the try.
    ///   - folder: where it runs.
    /// - Throws: ``SystemError``; nothing is left of the child then.
    package static func start(
        script: String,
        environment: [String: String],
        folder: String
    ) throws(SystemError) -> ChildProcess {
        let mark = try ProcessMark()
        let gate = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        let stop = try Pipe()
        var environment = environment
        environment[ProcessMark.variable] = mark.value
        let arguments = ["sh", "-c", prologue, "daybook-job", script, folder]
        let pairs = environment.keys.sorted().map { "\($0)=\(environment[$0] ?? "")" }
        let process = try Orphans.starting { () throws(SystemError) -> Int32 in
            try spawn(arguments, pairs, [output.writeEnd, errors.writeEnd, gate.readEnd])
        }
        do throws(SystemError) {
            let ended = csystem_pidfd_open(process)
            guard ended >= 0 else { throw .current("pidfd_open of \(process)") }
            guard let group = try ProcessGroup(leader: process, mark: mark) else {
                close(ended)
                throw SystemError(number: ESRCH, operation: "look at the new process")
            }
            return ChildProcess(
                group: group,
                descriptors: Descriptors(
                    gate: gate.takeWriteEnd(),
                    output: output.takeReadEnd(),
                    errors: errors.takeReadEnd(),
                    ended: ended,
                    stopWrite: stop.takeWriteEnd(),
                    stopRead: stop.takeReadEnd()
                )
            )
        } catch {
            // It waits at the gate, and has started nothing.
            kill(process, SIGKILL)
            _ = retryingInterrupts { waitpid(process, nil, 0) }
            try Orphans.reaped(process)
            throw error
        }
    }

    /// - Parameter inherited: what become descriptors 1, 2 and 3 of the child.
    private static func spawn(
        _ arguments: [String],
        _ environment: [String],
        _ inherited: [Int32]
    ) throws(SystemError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        for (index, descriptor) in inherited.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(index) + 1)
        }
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
        var process: pid_t = 0
        let result = withCStrings(arguments) { arguments in
            withCStrings(environment) { pairs in
                posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments, pairs)
            }
        }
        guard result == 0 else { throw SystemError(number: result, operation: "posix_spawn") }
        return process
    }

    deinit {
        close(descriptors.output)
        close(descriptors.errors)
        close(descriptors.ended)
        close(descriptors.stopWrite)
        close(descriptors.stopRead)
    }

    /// Lets the script run. Call it once, after the group has been noted.
    /// - Parameter isUnwanted: it does not run after all, and the shell exits with 125.
    /// - Throws: ``SystemError`` when it could not be told: nothing of it has run then.
    package func begin(unless isUnwanted: Bool = false) throws(SystemError) {
        defer { close(descriptors.gate) }
        guard !isUnwanted else { return }
        var line: UInt8 = UInt8(ascii: "\n")
        let count = retryingInterrupts { write(descriptors.gate, &line, 1) }
        // When the child is gone already, waiting for its end tells so.
        guard count == 1 || errno == EPIPE else { throw .current("write to the new process") }
    }

    /// Asks the group to end: SIGTERM, and SIGKILL two seconds later.
    package func stop() {
        var byte: UInt8 = 1
        _ = write(descriptors.stopWrite, &byte, 1)
    }

    /// Reads the output until the script ends, then ends what is left of its group, and what has left
    /// that and has its mark.
    ///
    /// Blocks: call it on a thread of its own.
    /// - Parameter output: given pieces of output as they come.
    /// - Throws: ``SystemError``; the child has been ended then.
    package func wait(_ output: (Source, UnsafeRawBufferPointer) -> Void) throws(SystemError)
        -> Ending
    {
        var reader = OutputReader(
            output: descriptors.output,
            errors: descriptors.errors,
            ended: descriptors.ended,
            stop: descriptors.stopRead
        )
        do throws(SystemError) {
            try reader.run(group.id, output)
        } catch {
            try abandon()
            throw error
        }
        let status = try endAll { reader.drain(output) }
        // The macros of wait(2), which are not imported.
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }

    /// Ends a child that nobody waits for, with all that it has started. Does nothing after
    /// ``wait(_:)``.
    /// - Throws: ``SystemError``.
    package func abandon() throws(SystemError) { _ = try endAll {} }

    /// Ends what is left, and reaps the leader: until then it keeps its number, and the group's.
    /// - Parameter body: run when nobody is left that could write.
    /// - Returns: the leader's status.
    private func endAll(_ body: () -> Void) throws(SystemError) -> Int32 {
        try isOver.withLock { isOver throws(SystemError) in
            guard !isOver else { return 0 }
            isOver = true
            // The leader first: nobody begins what it would still start.
            kill(-group.id, SIGKILL)
            let marked = endMarked()
            body()
            var status: Int32 = 0
            guard retryingInterrupts({ waitpid(group.id, &status, 0) }) == group.id else {
                throw .current("waitpid")
            }
            try Orphans.reaped(group.id)
            try marked.get()
            return status
        }
    }

    private func endMarked() -> Result<Void, SystemError> {
        do throws(SystemError) {
            _ = try group.mark?.end()
            return .success(())
        } catch {
            return .failure(error)
        }
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
        guard csystem_private_pipe(&raw) == 0 else { throw .current("pipe2") }
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
