import DaybookSystem
import FoundationEssentials
import Glibc

/// Runs `body` with an empty folder that is removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let path = FileManager.default.temporaryDirectory.path + "/system-\(UUID())"
    try Folder.create(path)
    let result: Result
    do {
        result = try body(path)
    } catch {
        try FileManager.default.removeItem(atPath: path)
        throw error
    }
    try FileManager.default.removeItem(atPath: path)
    return result
}

/// The permission bits of what is at `path`.
func permissions(of path: String) throws -> mode_t {
    var raw = stat()
    guard stat(path, &raw) == 0 else { throw SystemError.current("stat", path: path) }
    return raw.st_mode & 0o777
}

/// Whether there is anything at `path`.
func isThere(_ path: String) throws -> Bool { try FileStatus.of(path) != nil }
