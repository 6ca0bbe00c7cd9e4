#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The machine has too little of something at this moment: descriptors, processes, memory, room on
/// the disk.
///
/// It says nothing about the work that met it, which may be tried again as it is.
public struct Shortage: Error, Equatable, Sendable, CustomStringConvertible {
    /// The number in `errno`.
    public let number: Int32
    /// What was asked of the system, for example `pipe of the job's output`.
    public let operation: String
    /// The file that it was about, if any.
    public let path: String?

    /// Takes an error for a shortage.
    /// - Returns: nil when it is something else.
    package init?(_ error: SystemError) {
        guard error.isShortage else { return nil }
        number = error.number
        operation = error.operation
        path = error.path
    }

    /// What is to be done about it.
    public var advice: String {
        switch number {
        case EMFILE: "raise the limit on open files (`ulimit -n`), or run less at once"
        case ENFILE: "the machine has too many open files; end something, or raise fs.file-max"
        case EAGAIN: "there are too many processes or threads; end some, or raise `ulimit -u`"
        case ENOMEM, ENOBUFS: "there is too little memory; end something, or run less at once"
        default: "the disk or the quota is full; make room"
        }
    }

    /// For example: `pipe failed: Too many open files (errno 24); raise the limit on open files …,
    /// then try again`.
    public var description: String {
        let error = SystemError(number: number, operation: operation, path: path)
        return "\(error); \(advice), then try again"
    }
}

extension SystemError {
    /// The machine has too little of something: ``Shortage`` says of what. The same may work later.
    package var isShortage: Bool {
        switch number {
        case EMFILE, ENFILE, EAGAIN, ENOMEM, ENOBUFS, ENOSPC, EDQUOT, EFBIG: true
        default: false
        }
    }
}
