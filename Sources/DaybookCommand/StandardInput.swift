#if CLI
import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// Standard input, which may be a pipe.
enum StandardInput {
    /// Reads it to its end, or until there is more than `limit` bytes.
    /// - Parameter what: what is read, for the message.
    static func contents(_ what: String, limit: Int) throws(SystemError) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while all.count <= limit {
            let count = unsafeRead(&buffer)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError.current("read of \(what)") }
            if count == 0 { break }
            all += buffer[..<count]
        }
        return all
    }

    private static func unsafeRead(_ buffer: inout [UInt8]) -> Int {
        Glibc.read(STDIN_FILENO, &buffer, buffer.count)
    }
}
#endif
