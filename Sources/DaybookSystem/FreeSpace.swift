#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Room on a file system.
package enum FreeSpace {
    /// Bytes that an ordinary user could still write on the file system of `path`.
    package static func bytes(at path: String) throws(SystemError) -> UInt64 {
        var information = statvfs()
        guard statvfs(path, &information) == 0 else { throw .current("statvfs", path: path) }
        return UInt64(information.f_bavail) * UInt64(information.f_frsize)
    }
}
