import Crypto
import DaybookFormat
import DaybookSystem

/// The folder of a journal's archives: files with what is recorded of executions that are closed. They are
/// never changed.
///
/// A file is on the disk, name and all, before the entry that vouches for it. One that no entry vouches for
/// is left over, and removed by whoever writes the next.
package struct ArchiveFolder: Sendable {
    /// The folder's path.
    package let path: String

    init(_ path: String) { self.path = path }

    /// What a file was written as.
    package struct Written: Sendable, Equatable {
        /// Its name.
        package let name: String
        /// SHA-256 of its bytes.
        package let digest: [UInt8]
        /// How many they are.
        package let bytes: UInt64
    }

    static let suffix = ".archive"
    private static let unfinished = ".unfinished"

    /// The path of a file.
    package func place(of name: String) -> String { path + "/" + name }

    /// Whether a name is one that a file here can have: 20 digits, a hyphen, 16 hexadecimal digits, `.archive`.
    package static func isName(_ name: String) -> Bool {
        guard name.utf8.count == 20 + 1 + 16 + suffix.utf8.count, name.hasSuffix(suffix) else {
            return false
        }
        let bytes = Array(name.utf8)
        let hex = UInt8(ascii: "a")...UInt8(ascii: "f")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return bytes[..<20].allSatisfy(digits.contains) && bytes[20] == UInt8(ascii: "-")
            && bytes[21..<37].allSatisfy { digits.contains($0) || hex.contains($0) }
    }

    /// Bytes as lower-case hexadecimal digits.
    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The names of its files, in their order.
    /// - Throws: `SystemError`.
    package func names() throws(SystemError) -> [String] {
        guard try FileStatus.of(path) != nil else { return [] }
        return try Folder.names(in: path).filter(Self.isName).sorted()
    }

    /// The right to write and to remove, for one process at a time; given back with the last reference.
    /// - Returns: nil when another has it.
    /// - Throws: `SystemError`.
    package func lock() throws(SystemError) -> HeldLock? {
        try Folder.create(path)
        let file = try File.open(path + "/lock", .readWrite, followsLink: false)
        return try file.tryLock(.exclusive) ? HeldLock(file) : nil
    }

    /// Writes a file and makes it durable, name and all.
    /// - Parameters:
    ///   - size: of the tree that its entries are proven to be in; a part of its name.
    ///   - lock: makes sure that nobody else does the same.
    ///   - contents: writes its messages, one after another.
    /// - Throws: `SystemError`; what `contents` throws.
    package func write(
        size: UInt64,
        holding lock: HeldLock,
        _ contents: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> Written {
        // Left by processes that were killed.
        for name in try Folder.names(in: path) where name.hasSuffix(Self.unfinished) {
            try Folder.removeFile(path + "/" + name)
        }
        let unfinished = path + "/archive" + Self.unfinished
        var hash = SHA256()
        var count: UInt64 = 0
        do {
            let output = try File.open(unfinished, .create)
            func put(_ bytes: UnsafeRawBufferPointer) throws {
                try output.append(bytes)
                hash.update(bufferPointer: bytes)
                count += UInt64(bytes.count)
            }
            try ArchiveFile.magic.withUnsafeBytes { try put($0) }
            // A message and its length are little; a file is written in pieces that are not.
            var buffer: [UInt8] = []
            try contents { message in
                ArchiveFile.append(lengthOf: message, to: &buffer)
                buffer.append(contentsOf: message)
                guard buffer.count >= 1 << 16 else { return }
                try buffer.withUnsafeBytes { try put($0) }
                buffer.removeAll(keepingCapacity: true)
            }
            try buffer.withUnsafeBytes { try put($0) }
            try output.synchronize()
            let digest = Array(hash.finalize())
            let digits = String(size)
            let name =
                String(repeating: "0", count: 20 - digits.count) + digits + "-"
                + Self.hex(digest.prefix(8)) + Self.suffix
            try Folder.rename(unfinished, to: place(of: name))
            try Folder.synchronize(path)
            // The folder may be new, too.
            try Folder.synchronize(Folder.parent(of: path))
            return Written(name: name, digest: digest, bytes: count)
        } catch {
            Folder.discardFile(unfinished)
            throw error
        }
    }

    /// Removes a file. Fine when it is not there.
    /// - Throws: `SystemError`.
    package func remove(_ name: String, holding lock: HeldLock) throws(SystemError) {
        try Folder.removeFile(place(of: name))
        try Folder.synchronize(path)
    }

    /// Copies files into another folder, which is made where it is not there, and synced with them.
    /// - Parameter names: of those to copy. What is not there any more is left out: an entry says so.
    /// - Returns: how many were copied.
    /// - Throws: `SystemError`.
    package func copy(_ names: [String], to other: ArchiveFolder) throws(SystemError) -> Int {
        guard !names.isEmpty else { return 0 }
        try Folder.create(other.path)
        var count = 0
        for name in names {
            let source: File
            do throws(SystemError) {
                source = try .open(place(of: name), .read, followsLink: false)
            } catch {
                if error.isNotFound { continue }
                throw error
            }
            // Whoever is killed leaves nothing under the name.
            let unfinished = other.place(of: name) + Self.unfinished
            try Folder.removeFile(unfinished)
            let copy = try File.open(unfinished, .create)
            try copy.append(contentsOf: source)
            try copy.synchronize()
            try Folder.rename(unfinished, to: other.place(of: name))
            count += 1
        }
        try Folder.synchronize(other.path)
        return count
    }
}
