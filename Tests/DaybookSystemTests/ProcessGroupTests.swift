import DaybookSystem
import Glibc
import Testing

@Suite struct ProcessGroupTests {
    @Test func aNoteIsReadBack() throws {
        let group = try #require(try ProcessGroup(leader: getpid()))
        #expect(group.id == getpid())
        #expect(group.note == "\(getpid()) \(group.leaderStart) .")
        #expect(ProcessGroup(note: group.note) == group)
    }

    @Test(arguments: [
        "", ".", "5", "5 6", "5 6 ", "5 6 ..", "5 6 . ", " 5 6 .", "5  6 .", "x 6 .", "5 x .",
        "5 6 x .", "5 6 0123456789abcdef .", "5 6  .", "-5 6 .", "5 -6 .", "1 6 .", "0 6 .",
        "5 6 7 .", "4294967301 6 .", "5 6 .\n",
    ])
    func anythingElseIsNoNote(_ text: String) {
        #expect(ProcessGroup(note: text) == nil)
    }

    @Test func aProcessThatIsGoneLeadsNoGroup() throws {
        let child = try SpawnedGroup("echo ready; read go <&3")
        #expect(child.line() == "ready")
        let group = try #require(try ProcessGroup(leader: child.leader))
        child.send("go\n")
        #expect(child.reap() == 0)
        #expect(try ProcessGroup(leader: child.leader) == nil)
        #expect(try !group.end())
    }

    @Test func endingKillsTheLeaderAndItsChildren() throws {
        let child = try SpawnedGroup("cat <&3 & (cat <&3; true) & echo ready; cat <&3")
        #expect(child.line() == "ready")
        let group = try #require(try ProcessGroup(leader: child.leader))
        #expect(try group.end())
        // All of them held the pipe open: its end says that all of them are gone.
        #expect(child.line() == nil)
        #expect(child.reap() == SIGKILL)
    }

    @Test func childrenAreEndedWhenTheirLeaderIsGoneAlready() throws {
        let child = try SpawnedGroup("echo ready; read go <&3; cat <&3 & exit 0")
        #expect(child.line() == "ready")
        let group = try #require(try ProcessGroup(leader: child.leader))
        child.send("go\n")
        #expect(child.reap() == 0)
        #expect(try ProcessGroup(leader: child.leader) == nil)
        #expect(try group.end())
        #expect(child.line() == nil)
    }

    @Test func aGroupWhoseLeaderBeganAtAnotherTimeIsLeftAlone() throws {
        let child = try SpawnedGroup("echo ready; cat <&3")
        #expect(child.line() == "ready")
        let group = try #require(try ProcessGroup(leader: child.leader))
        for start in [group.leaderStart - 1, group.leaderStart + 1] {
            let other = try #require(ProcessGroup(note: "\(group.id) \(start) ."))
            #expect(try !other.end())
        }
        #expect(child.isRunning)
        #expect(try group.end())
        #expect(child.reap() == SIGKILL)
    }

    /// Another user's processes are not to be looked into.
    @Test func whoMayNotBeLookedIntoMayHaveAFileOpen() async throws {
        if getuid() != 0 { try Test.cancel("only root becomes another user") }
        await #expect(processExitsWith: .success) {
            let file = try #require(try FileStatus.of("/"))
            let parent = getppid()
            #expect(try !ProcessGroup.mayHaveOpen(file, process: parent))
            #expect(setuid(65_534) == 0)
            #expect(try ProcessGroup.mayHaveOpen(file, process: parent))
            // Larger than any number of a process.
            #expect(try !ProcessGroup.mayHaveOpen(file, process: .max))
        }
    }

    @Test func aNameWithSpacesAndParenthesesDoesNotConfuse() throws {
        // The name stands in /proc/PID/stat in parentheses, unescaped.
        let child = try SpawnedGroup("printf ') R 1 1 (x' >/proc/self/comm; echo ready; cat <&3")
        #expect(child.line() == "ready")
        let group = try #require(try ProcessGroup(leader: child.leader))
        #expect(try group.end())
        #expect(child.line() == nil)
        #expect(child.reap() == SIGKILL)
    }
}

/// A shell in a process group of its own. Descriptor 3 of the script gives nothing and does not
/// end before this object does; its output is read here.
private final class SpawnedGroup {
    let leader: pid_t
    private let input: Int32
    private let output: Int32

    init(_ script: String) throws {
        let (inputRead, inputWrite) = try Self.makePipe()
        let (outputRead, outputWrite) = try Self.makePipe()
        defer {
            close(inputRead)
            close(outputWrite)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, outputWrite, 1)
        posix_spawn_file_actions_adddup2(&actions, inputRead, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        let arguments = Self.copies(["sh", "-c", script])
        let environment = Self.copies(["PATH=/usr/bin:/bin"])
        defer { for pointer in arguments + environment { free(pointer) } }
        var process: pid_t = 0
        let result = posix_spawn(
            &process,
            "/bin/sh",
            &actions,
            &attributes,
            arguments,
            environment
        )
        guard result == 0 else { throw SystemError(number: result, operation: "posix_spawn") }
        leader = process
        input = inputWrite
        output = outputRead
    }

    deinit {
        close(input)
        close(output)
    }

    private static func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        // Unlike a pipe, a pair of sockets is private from the start: what another test starts
        // at this moment does not hold it open.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw SystemError.current("socketpair")
        }
        return (ends[0], ends[1])
    }

    /// The strings as C has them, with a null pointer at the end.
    private static func copies(_ strings: [String]) -> [UnsafeMutablePointer<CChar>?] {
        var all: [UnsafeMutablePointer<CChar>?] = []
        for string in strings { all.append(strdup(string)) }
        return all + [nil]
    }

    /// The next line of the output, or nil at its end.
    func line() -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Writes to descriptor 3 of the script.
    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(input, bytes, bytes.count)
    }

    var isRunning: Bool {
        var status: Int32 = 0
        return waitpid(leader, &status, WNOHANG) == 0
    }

    /// Waits for the leader.
    /// - Returns: the signal that ended it; 0 when it ended by itself with status 0.
    func reap() -> Int32 {
        var status: Int32 = 0
        guard waitpid(leader, &status, 0) == leader else { return -1 }
        return status & 0x7F == 0 ? status >> 8 : status & 0x7F
    }
}
