#if CLI
import Crypto
import DaybookFormat
import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// A new folder of files that has its name once everything in it is on the disk.
struct AuditFolder {
    static let report = "report.html"

    private let path: String
    private let unfinished: String
    /// The SHA-256 of each file, by name.
    private(set) var sums: [String: String] = [:]

    /// - Parameter folders: those in it.
    /// - Throws: ``UsageError`` where something has the name; `SystemError`.
    init(path: String, folders: [String]) throws {
        var path = path
        while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
        self.path = path
        unfinished = "\(path).unfinished-\(getpid())"
        try checkIsNew()
        do throws(SystemError) {
            // One that is left of a process of this number that was killed.
            try Folder.removeAll(unfinished)
            for folder in [unfinished] + folders.map({ unfinished + "/" + $0 }) {
                try Folder.create(folder)
            }
        } catch {
            if error.isShortage { throw error }
            throw UsageError("the bundle cannot be made at \(path): \(error); name another folder")
        }
    }

    private func checkIsNew() throws {
        guard try FileStatus.ofLink(path) == nil else {
            throw UsageError(
                "the bundle was to be made at \(path), which exists; name a new folder"
            )
        }
    }

    /// Writes a file, and syncs it.
    mutating func write(_ bytes: [UInt8], to name: String) throws(SystemError) {
        let file = try File.open("\(unfinished)/\(name)", .create)
        try file.append(bytes)
        try file.synchronize()
        sums[name] = Array(SHA256.hash(data: bytes)).hexadecimal
    }

    /// A file that is written in pieces.
    func stream(_ name: String) throws(SystemError) -> AuditFile {
        AuditFile(try File.open("\(unfinished)/\(name)", .create))
    }

    /// Notes the SHA-256 of a file that was written in pieces.
    mutating func note(_ sum: String, of name: String) { sums[name] = sum }

    /// Gives the folder its name.
    func finish(_ folders: [String]) throws {
        for folder in folders { try Folder.synchronize("\(unfinished)/\(folder)") }
        try Folder.synchronize(unfinished)
        do throws(SystemError) {
            try Folder.renameNew(unfinished, to: path)
        } catch {
            // Somebody else may have been faster.
            try checkIsNew()
            throw error
        }
        try Folder.synchronize(Folder.parent(of: path))
    }

    /// Removes what was written, after an error that says more than why this could not be.
    func discard() {
        do throws(SystemError) { try Folder.removeAll(unfinished) } catch { return }
    }
}

/// A file of a bundle that is written in pieces.
final class AuditFile {
    private let file: File
    private var digest = SHA256()
    private var buffer: [UInt8] = []

    fileprivate init(_ file: consuming File) { self.file = file }

    func write(_ text: String) throws(SystemError) {
        buffer += text.utf8
        if buffer.count >= 1 << 16 { try flush() }
    }

    private func flush() throws(SystemError) {
        try file.append(buffer)
        digest.update(data: buffer)
        buffer = []
    }

    /// Syncs it.
    /// - Returns: its SHA-256.
    func end() throws(SystemError) -> String {
        try flush()
        try file.synchronize()
        return Array(digest.finalize()).hexadecimal
    }
}
#endif
