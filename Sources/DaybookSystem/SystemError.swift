#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A system call that failed.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The number in `errno`.
    public let number: Int32
    /// The call, for example `open`.
    public let operation: String
    /// The file that it was about, if any.
    public let path: String?
    /// What lies there in place of what is to be there, for example `a named pipe`; nil: that was not it.
    package let found: String?

    /// Describes a failure with a known number.
    package init(number: Int32, operation: String, path: String? = nil, found: String? = nil) {
        self.number = number
        self.operation = operation
        self.path = path
        self.found = found
    }

    /// Describes the failure that `errno` holds now.
    package static func current(_ operation: String, path: String? = nil) -> SystemError {
        SystemError(number: errno, operation: operation, path: path)
    }

    /// The system's words for the number.
    public var reason: String {
        String(cString: strerror(number))
    }

    /// For example: `open of /a/b failed: Permission denied (errno 13)`.
    public var description: String {
        if let found, let path {
            return
                "\(path) is \(found), which is not used here; find out who has put it there, and put back what it takes the place of"
        }
        let subject = path.map { " of \($0)" } ?? ""
        return "\(operation)\(subject) failed: \(reason) (errno \(number))"
    }

    /// The file system is mounted for reading only, or the file may not be written.
    package var isReadOnly: Bool { number == EROFS || number == EACCES || number == EPERM }
    /// There is no room left: the disk, the quota or what a process may write into a file (`ulimit -f`).
    package var isFull: Bool { number == ENOSPC || number == EDQUOT || number == EFBIG }
    /// The disk, or the file system, has failed: that says nothing about the work that met it.
    package var isOfTheDisk: Bool { number == EIO || number == EROFS || number == ENXIO }
    /// The machine lacks something, or fails: that says nothing about the work that met it.
    package var isOfTheMachine: Bool { isShortage || isOfTheDisk }
    /// The file or folder is not there.
    package var isNotFound: Bool { number == ENOENT || number == ENOTDIR }
}
