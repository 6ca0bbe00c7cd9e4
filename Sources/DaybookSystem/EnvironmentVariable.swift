#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A variable of this process's environment that is not to be seen.
package enum EnvironmentVariable {
    /// Takes the value of a variable, and overwrites it where it lies: whoever may look at this process's
    /// environment from outside, as its children may (`/proc/PID/environ`), finds nothing there any more.
    /// - Returns: nil: there is none of that name, or it is empty, as one is that has been taken.
    package static func take(_ name: String) -> [UInt8]? {
        guard let place = getenv(name) else { return nil }
        let count = strlen(place)
        guard count > 0 else { return nil }
        let value = UnsafeMutableRawBufferPointer(start: place, count: count)
        defer { explicit_bzero(place, count) }
        return Array(value)
    }
}
