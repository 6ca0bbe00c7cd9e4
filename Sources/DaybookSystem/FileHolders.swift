#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A process that has a file open.
package struct FileHolder: Sendable, Equatable, CustomStringConvertible {
    /// Its number.
    package let process: Int32
    /// The name of its program, of which the system keeps 15 bytes.
    package let program: String

    /// For example `process 4711 (daybook)`.
    package var description: String { "process \(process) (\(program))" }

    /// The processes that have a file open, as proc_pid_fd(5) says it. Those that may not be looked into, as
    /// those of other users, are left out; elsewhere than on Linux all are.
    package static func all(of file: FileStatus) throws(SystemError) -> [FileHolder] {
        #if os(Linux)
        var found: [FileHolder] = []
        for name in try Folder.names(in: "/proc") {
            guard let process = Int32(name), try isOpen(file, in: process) else { continue }
            found.append(FileHolder(process: process, program: try program(of: process)))
        }
        return found.sorted { $0.process < $1.process }
        #else
        return []
        #endif
    }

    private static func isOpen(
        _ file: FileStatus,
        in process: Int32
    ) throws(SystemError) -> Bool {
        let folder = "/proc/\(process)/fd"
        do throws(SystemError) {
            for name in try Folder.names(in: folder) {
                // Follows the link, also to a file that has been removed.
                guard let open = try FileStatus.of("\(folder)/\(name)") else { continue }
                if open.device == file.device, open.inode == file.inode { return true }
            }
            return false
        } catch {
            if isGoneOrHidden(error) { return false }
            throw error
        }
    }

    private static func program(of process: Int32) throws(SystemError) -> String {
        do throws(SystemError) {
            let bytes = try File.contents(of: "/proc/\(process)/comm")
            return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        } catch {
            if isGoneOrHidden(error) { return "?" }
            throw error
        }
    }

    private static func isGoneOrHidden(_ error: SystemError) -> Bool {
        error.isNotFound || [EACCES, EPERM, ESRCH].contains(error.number)
    }
}
