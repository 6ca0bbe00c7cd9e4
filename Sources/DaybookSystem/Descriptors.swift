#if canImport(Glibc)
import Glibc

/// The descriptors of this process.
package enum Descriptors {
    /// Keeps children from inheriting any descriptor that a library has opened for `path`.
    /// - Parameter path: absolute, without links.
    package static func keepPrivate(openFor path: String) throws(SystemError) {
        let folder = "/proc/self/fd"
        for name in try Folder.names(in: folder) {
            guard let descriptor = Int32(name), target(of: "\(folder)/\(name)") == path else {
                continue
            }
            let flags = fcntl(descriptor, F_GETFD)
            // Another thread may have closed it since; then there is nothing to keep private.
            guard flags >= 0 else { continue }
            guard fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) == 0 else {
                throw .current("fcntl", path: path)
            }
        }
    }

    private static func target(of link: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(link, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
#endif
