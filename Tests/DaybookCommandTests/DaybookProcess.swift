import DaybookSystem
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The `daybook` executable, run as a child that can be killed at any moment.
final class DaybookProcess {
    let pid: pid_t
    private let output: Int32
    private var buffer: [UInt8] = []

    /// The executable beside the test bundle.
    static let executable: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let test = String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
        let runner = String(test[..<(test.lastIndex(of: "/") ?? test.startIndex)])
        // The bundle is run by its own executable, or by a runner of the toolchain that is given it.
        for argument in [runner] + CommandLine.arguments.map({ folder(of: $0) }) {
            let candidate = argument + "/daybook"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        return runner + "/daybook"
    }()

    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// Starts the command. Its standard output can be read line by line.
    init(
        _ arguments: [String],
        environment: [String: String] = [:],
        errors: String = "/dev/null"
    ) throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addclose(&actions, ends[1])
        var variables = ProcessInfo.processInfo.environment
        for (name, value) in environment { variables[name] = value }
        let words = ([Self.executable] + arguments).map { strdup($0) } + [nil]
        let pairs = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in words + pairs { free(pointer) } }
        var child: pid_t = 0
        let result = posix_spawn(&child, Self.executable, &actions, nil, words, pairs)
        close(ends[1])
        try #require(result == 0, "\(Self.executable): \(String(cString: strerror(result)))")
        pid = child
        output = ends[0]
    }

    deinit { close(output) }

    /// The next line of its standard output; nil at the end.
    func line() -> String? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeSubrange(...end)
                return line
            }
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffer.append(contentsOf: piece[..<count])
        }
    }

    /// The lines that are left.
    func lines() -> [String] {
        var all: [String] = []
        while let line = line() { all.append(line) }
        return all
    }

    func kill(_ signal: Int32 = SIGKILL) { _ = Glibc.kill(pid, signal) }

    /// Waits for its end.
    /// - Returns: the exit status, or minus the signal.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }
}
