#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The system's cryptographic random numbers.
package enum SystemRandom {
    /// Fills memory with random bytes.
    /// - Throws: ``SystemError`` when the system gives none: what is in memory is not to be used then.
    package static func fill(_ bytes: UnsafeMutableRawBufferPointer) throws(SystemError) {
        #if canImport(Glibc)
        var done = 0
        while done < bytes.count {
            // getentropy gives at most 256 bytes at a time (getentropy(3)).
            let count = min(256, bytes.count - done)
            guard retryingInterrupts({ getentropy(bytes.baseAddress! + done, count) }) == 0 else {
                throw .current("getentropy")
            }
            done += count
        }
        #else
        arc4random_buf(bytes.baseAddress!, bytes.count)
        #endif
    }
}
