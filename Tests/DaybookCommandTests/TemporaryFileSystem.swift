import DaybookSystem
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// A file system in memory, mounted where only commands with ``launcher`` see it.
///
/// A process keeps the name space of the mount alive, and ends with us, however we end: so nothing
/// stays mounted.
struct TemporaryFileSystem {
    /// Where it is mounted.
    let path: String
    private let keeper: RunningCommand
    private let end: Gate

    /// Words that start a command where the file system is mounted.
    var launcher: [String] { ["nsenter", "--mount=/proc/\(keeper.pid)/ns/mnt"] }

    /// Runs `body` with a journal's folder on a file system of its own. Where mounting is not
    /// permitted the test is skipped.
    /// - Parameter size: as `mount` takes it.
    static func with(
        size: String,
        _ body: (TemporaryFileSystem, Sandbox) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            let end = try Gate(folder + "/end")
            let path = folder + "/mounted"
            try Folder.create(path)
            let script = """
                mount -t tmpfs -o size="$2" tmpfs "$1" && echo mounted && exec cat "$3"
                """
            let keeper = try RunningCommand(
                ["unshare", "--mount", "sh", "-c", script, "sh", path, size, end.path]
            )
            do {
                try await keeper.line(containing: "mounted")
            } catch let error as WaitedInVain {
                try Test.cancel("mounting is not permitted here: \(error.result.errors)")
            }
            let system = TemporaryFileSystem(path: path, keeper: keeper, end: end)
            defer { keeper.signal(SIGKILL) }
            try await body(system, Sandbox(folder: path, launcher: system.launcher))
        }
    }

    /// Mounts it again with other options.
    func remount(_ options: String) async throws {
        try await run("mount", "-o", "remount,\(options)", path)
    }

    /// Runs a program where the file system is mounted.
    func run(_ arguments: String...) async throws {
        let result = try await RunningCommand(launcher + arguments).finish()
        try #require(result.status == 0, "\(arguments): \(result.errors)")
    }
}
