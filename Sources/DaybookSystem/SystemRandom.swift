#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The system's cryptographic random numbers.
public enum SystemRandom {
    /// Fills memory with random bytes.
    public static func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        #if canImport(Glibc)
        var done = 0
        while done < bytes.count {
            // getentropy gives at most 256 bytes at a time (getentropy(3)).
            let count = min(256, bytes.count - done)
            // It fails only for a bad address or a kernel without it: neither is input.
            guard getentropy(bytes.baseAddress! + done, count) == 0 else {
                fatalError("getentropy failed: \(String(cString: strerror(errno)))")
            }
            done += count
        }
        #else
        arc4random_buf(bytes.baseAddress!, bytes.count)
        #endif
    }
}
