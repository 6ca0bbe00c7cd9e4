import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A folder with a journal in it, for one test.
struct Sandbox: Sendable {
    let folder: String
    /// Words before the command, which start it in other surroundings.
    var launcher: [String] = []

    var journal: String { folder + "/test.daybook" }
    var dataFile: String { journal + "/journal.mdb" }

    /// Starts a command on the journal.
    func start(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> RunningCommand {
        try RunningCommand(
            launcher + [DaybookProgram.path] + arguments,
            environment: ["DAYBOOK_JOURNAL": journal].merging(environment) { $1 },
            folder: folder
        )
    }

    func start(_ arguments: String...) throws -> RunningCommand { try start(arguments) }

    /// Runs a command on the journal to its end.
    func daybook(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> CommandResult {
        try await start(arguments, environment: environment).finish()
    }

    func daybook(_ arguments: String...) async throws -> CommandResult {
        try await daybook(arguments)
    }

    /// Runs a command that has to succeed.
    @discardableResult
    func succeed(
        _ arguments: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> CommandResult {
        let result = try await daybook(arguments)
        try #require(
            result.status == 0,
            "\(arguments): \(result.errors)",
            sourceLocation: sourceLocation
        )
        return result
    }

    @discardableResult
    func succeed(
        _ arguments: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> CommandResult {
        try await succeed(arguments, sourceLocation: sourceLocation)
    }

    /// Writes a file into the folder.
    /// - Returns: its path.
    @discardableResult
    func write(_ text: String, to name: String = "runbook.yaml") throws -> String {
        let path = folder + "/" + name
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    /// The journal's entries, as `export` gives them.
    func entries() async throws -> [JSON] { try await succeed("export").jsonLines }

    /// The operating system's user, as the first session says.
    func user() async throws -> String {
        let opened = try await entries().first { $0["event"] == "session_opened" }
        return try #require(opened?["data"]["user"].string)
    }

    /// The events of the entries, in order.
    func events() async throws -> [String] { try await entries().compactMap { $0["event"].string } }

    /// The lines that jobs have logged, in order.
    func loggedLines() async throws -> [String] {
        try await succeed("log").text.split(separator: "\n")
            .filter { $0.hasPrefix("        | ") || $0.hasPrefix("        ! ") }
            .map { String($0.dropFirst(10)) }
    }
}

/// Runs `body` with a folder of its own, in which nothing is.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    try await TestRoom.processes.with { try await withOwnFolder(body) }
}

private func withOwnFolder<Result>(
    _ body: (String) async throws -> Result
) async throws -> Result {
    let path =
        try Folder.resolved(FileManager.default.temporaryDirectory.path)
        + "/command-\(UUID())"
    try Folder.create(path)
    let result: Swift.Result<Result, any Error>
    do {
        result = .success(try await body(path))
    } catch {
        result = .failure(error)
    }
    // A test that has failed in the middle leaves commands and jobs behind.
    try await endAll(in: path)
    try FileManager.default.removeItem(atPath: path)
    return try result.get()
}

/// Ends all processes whose working directory is in a folder.
private func endAll(in folder: String) async throws {
    var isAny = true
    while isAny {
        isAny = false
        for name in try Folder.names(in: "/proc") {
            guard let process = Int32(name), process != getpid(),
                let place = workingDirectory(of: process),
                place == folder || place.hasPrefix(folder + "/")
            else { continue }
            kill(process, SIGKILL)
            isAny = true
        }
        await Task.yield()
    }
}

/// Where a process is; nil: it has ended, or is another user's.
private func workingDirectory(of process: Int32) -> String? {
    var characters = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/\(process)/cwd", &characters, characters.count)
    guard count > 0 else { return nil }
    return String(decoding: characters[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Runs `body` with an empty journal.
/// - Parameter options: of `daybook init`.
func withSandbox<Result>(
    _ options: [String] = [],
    _ body: (Sandbox) async throws -> Result
) async throws -> Result {
    try await withFolder { folder in
        let sandbox = Sandbox(folder: folder)
        try await sandbox.succeed(["init", sandbox.journal] + options)
        return try await body(sandbox)
    }
}

/// Checks that a command refused something: with this status, nothing on its standard output, and
/// one sentence that contains these words.
func expect(
    _ result: CommandResult,
    exits status: Int32,
    saying words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.text == "", sourceLocation: sourceLocation)
    #expect(
        result.errors.hasPrefix("daybook: "),
        "\(result.errors)",
        sourceLocation: sourceLocation
    )
    #expect(
        result.errors.count { $0 == "\n" } == 1 && result.errors.hasSuffix("\n"),
        "not one line: \(result.errors)",
        sourceLocation: sourceLocation
    )
    for word in words {
        #expect(
            result.errors.contains(word),
            "\"\(word)\" is missing in: \(result.errors)",
            sourceLocation: sourceLocation
        )
    }
}

/// The text of a runbook of one block.
/// - Parameters:
///   - jobs: names and scripts.
///   - inputs: names of inputs, all of them required.
func runbook(_ jobs: KeyValuePairs<String, String>, inputs: [String] = []) -> String {
    var text = "name: test\n"
    if !inputs.isEmpty {
        text += "inputs:\n" + inputs.map { "  \($0): { required: true }\n" }.joined()
    }
    text += "blocks:\n- name: block\n  jobs:\n"
    for (name, script) in jobs {
        text += "  - name: \(name)\n    run: |\n"
        for line in script.split(separator: "\n") { text += "      \(line)\n" }
    }
    return text
}

/// The arguments that give a runbook these inputs.
func inputs(_ values: KeyValuePairs<String, String>) -> [String] {
    values.flatMap { ["--input", "\($0.key)=\($0.value)"] }
}

/// A named pipe through which a job and a test wait for each other.
final class Gate: Sendable {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        guard mkfifo(path, 0o600) == 0 else { throw SystemError.current("mkfifo", path: path) }
        // With both ends open here nobody waits for the opening of the other one.
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.current("open", path: path) }
    }

    deinit { close(descriptor) }

    /// Lets a job go on that reads a line here.
    func pass() {
        var line = UInt8(ascii: "\n")
        _ = write(descriptor, &line, 1)
    }

    /// Waits until a job writes a line here; on a busy machine that may take long.
    @discardableResult
    func line(seconds: Int32 = Int32(RunningCommand.patience)) async throws -> String {
        let descriptor = descriptor
        let line = try await withCheckedThrowingContinuation {
            (done: CheckedContinuation<String?, any Error>) in
            do {
                _ = try SystemThread.start {
                    done.resume(returning: Self.readLine(descriptor, seconds))
                }
            } catch {
                done.resume(throwing: error)
            }
        }
        return try #require(line, "nobody wrote to \(path)")
    }

    private static func readLine(_ descriptor: Int32, _ seconds: Int32) -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, seconds * 1_000) == 1, read(descriptor, &byte, 1) == 1 else {
                return nil
            }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }
}

/// The letter of a process's state; nil when there is no such process.
func readState(of pid: Int32) throws -> String? {
    do throws(SystemError) {
        let text = String(decoding: try File.contents(of: "/proc/\(pid)/stat"), as: UTF8.self)
        return text.split(separator: ")").last.map { String($0.dropFirst().prefix(1)) }
    } catch {
        if error.isNotFound || error.number == ESRCH { return nil }
        throw error
    }
}

/// Whether a process has ended, also if nobody has taken note of it yet.
func hasEnded(_ pid: Int32) throws -> Bool {
    let state = try readState(of: pid)
    return state == nil || state == "Z"
}

/// Who may do what with a file.
func permissions(of path: String) throws -> mode_t {
    var raw = stat()
    guard stat(path, &raw) == 0 else { throw SystemError.current("stat", path: path) }
    return raw.st_mode & 0o777
}
