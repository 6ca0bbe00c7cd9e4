import DaybookSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What a creation has made so far, to be removed when it fails. What was there before is kept.
struct JournalRemains {
    private enum Thing {
        case file(String)
        case folder(String)
    }

    private var things: [Thing] = []

    /// Makes a folder, unless there is one.
    mutating func makeFolder(_ path: String) throws(SystemError) {
        if try Folder.make(path) { things.append(.folder(path)) }
    }

    /// Opens a file for reading and writing, making it if there is none.
    mutating func makeFile(_ path: String) throws(SystemError) -> File {
        while true {
            do throws(SystemError) {
                let file = try File.open(path, .create)
                things.append(.file(path))
                return file
            } catch {
                guard error.number == EEXIST else { throw error }
            }
            do throws(SystemError) {
                return try File.open(path, .existing, followsLink: false)
            } catch {
                // Removed between the two.
                guard error.isNotFound else { throw error }
            }
        }
    }

    /// Counts a file as made that is not there yet and that somebody else makes for us.
    mutating func note(_ path: String) throws(SystemError) {
        if try FileStatus.of(path) == nil { things.append(.file(path)) }
    }

    /// No longer counts a file as made.
    mutating func keep(_ path: String) {
        things.removeAll { thing in
            if case .file(path) = thing { return true }
            return false
        }
    }

    /// Removes what was made, the last first. Why it is removed says more than what of it could not
    /// be: what stays is what the next creation goes on with.
    mutating func remove() {
        for thing in things.reversed() {
            switch thing {
            case .file(let path): unlink(path)
            case .folder(let path): rmdir(path)
            }
        }
        things = []
    }
}
