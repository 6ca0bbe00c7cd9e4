import Crypto
import DaybookFormat
import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// The folder of a journal's snapshots: immutable files, each a fold of the journal's first
/// entries. What is folded, and how, is the caller's.
///
/// A file is on the disk, name and all, before the entry that vouches for it. One that no entry
/// vouches for is never used.
package struct SnapshotFolder: Sendable {
    /// The folder's path.
    package let path: String

    init(_ path: String) { self.path = path }

    /// A file in the folder.
    package struct File: Hashable, Sendable {
        /// What it is a fold to.
        package let projection: String
        /// How many entries it is the fold of.
        package let size: UInt64

        /// Names a file.
        package init(projection: String, size: UInt64) {
            self.projection = projection
            self.size = size
        }

        /// - Returns: nil for what is no name of a file here.
        package init?(named name: String) {
            guard let dash = name.lastIndex(of: "-"), dash > name.startIndex,
                let size = UInt64(name[name.index(after: dash)...])
            else { return nil }
            self.init(projection: String(name[..<dash]), size: size)
            guard self.name == name else { return nil }
        }

        /// The file's name: the projection, and the size with 20 digits.
        package var name: String {
            let digits = String(size)
            return projection + "-" + String(repeating: "0", count: 20 - digits.count) + digits
        }
    }

    /// What a file was written as.
    package struct Written: Sendable {
        /// SHA-256 of its bytes.
        package let digest: [UInt8]
        /// How many they are.
        package let bytes: UInt64
    }

    /// Its files of one projection, the newest first.
    /// - Throws: `SystemError`.
    package func files(of projection: String) throws -> [File] {
        guard try FileStatus.of(path) != nil else { return [] }
        return try Folder.names(in: path).compactMap(File.init(named:))
            .filter { $0.projection == projection }.sorted { $0.size > $1.size }
    }

    /// The right to write and to remove, for one process at a time; given back with the last
    /// reference.
    /// - Returns: nil when another has it.
    /// - Throws: `SystemError`.
    package func lock() throws -> HeldLock? {
        try Folder.create(path)
        let file = try DaybookSystem.File.open(path + "/lock", .readWrite, followsLink: false)
        return try file.tryLock(.exclusive) ? HeldLock(file) : nil
    }

    /// Writes a file and makes it durable.
    /// - Parameters:
    ///   - schema: version of its contents.
    ///   - root: of the tree of the entries that it is the fold of.
    ///   - contents: writes fields 5 and later of `daybook.v1.Snapshot`, piece by piece.
    ///   - lock: makes sure that nobody else does the same.
    /// - Throws: `SystemError`; what `contents` throws.
    package func write(
        _ file: File,
        schema: UInt32,
        root: TreeHash,
        holding lock: HeldLock,
        _ contents: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> Written {
        let place = path + "/" + file.name
        let unfinished = place + Self.unfinished
        // Left by processes that were killed.
        for name in try Folder.names(in: path) where name.hasSuffix(Self.unfinished) {
            try Folder.removeFile(path + "/" + name)
        }
        var hash = SHA256()
        var count: UInt64 = 0
        do {
            let output = try DaybookSystem.File.open(unfinished, .create)
            let put = { (bytes: UnsafeRawBufferPointer) throws in
                try output.append(bytes)
                hash.update(bufferPointer: bytes)
                count += UInt64(bytes.count)
            }
            try Self.put(file, schema, root, put)
            try contents(put)
            try output.synchronize()
            try Folder.rename(unfinished, to: place)
            try Folder.synchronize(path)
        } catch {
            Folder.discardFile(unfinished)
            throw error
        }
        return Written(digest: Array(hash.finalize()), bytes: count)
    }

    private static let unfinished = ".unfinished"

    /// The fields before the contents.
    private static func put(
        _ file: File,
        _ schema: UInt32,
        _ root: TreeHash,
        _ put: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var header = WireWriter()
        Array(file.projection.utf8).withUnsafeBytes { header.bytes($0, Wire.Snapshot.projection) }
        header.varint(UInt64(schema), Wire.Snapshot.schema)
        header.varint(file.size, Wire.Snapshot.size)
        root.withBytes { header.bytes($0, Wire.Snapshot.root) }
        try put(header.bytes)
    }

    /// The digest that ``write(_:schema:root:holding:_:)`` would give, without writing.
    /// - Throws: what `contents` throws.
    package static func digest(
        of file: File,
        schema: UInt32,
        root: TreeHash,
        _ contents: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) rethrows -> [UInt8] {
        var hash = SHA256()
        put(file, schema, root) { hash.update(bufferPointer: $0) }
        try contents { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }

    /// The digest of a file as it is.
    /// - Throws: `SystemError`.
    package func digest(of file: File) throws -> [UInt8] {
        let place = path + "/" + file.name
        let bytes = try DaybookSystem.File.contents(of: place, followsLink: false)
        return Array(SHA256.hash(data: bytes))
    }

    /// Copies its files that are folds of no more than `size` entries into another folder, which is made
    /// where it is not there, and synced with them. What is removed meanwhile is left out: a newer one
    /// has taken its place.
    /// - Returns: how many files were copied.
    /// - Throws: `SystemError`.
    package func copy(to other: SnapshotFolder, upTo size: UInt64) throws(SystemError) -> Int {
        guard try FileStatus.of(path) != nil else { return 0 }
        let files = try Folder.names(in: path).compactMap(File.init(named:)).filter {
            $0.size <= size
        }
        guard !files.isEmpty else { return 0 }
        try Folder.create(other.path)
        var count = 0
        for file in files {
            let source: DaybookSystem.File
            do throws(SystemError) {
                source = try .open(path + "/" + file.name, .read, followsLink: false)
            } catch {
                if error.isNotFound { continue }
                throw error
            }
            let copy = try DaybookSystem.File.open(other.path + "/" + file.name, .create)
            try copy.append(contentsOf: source)
            try copy.synchronize()
            count += 1
        }
        try Folder.synchronize(other.path)
        return count
    }

    /// Removes a file. Fine when it is not there.
    /// - Throws: `SystemError`.
    package func remove(_ file: File, holding lock: HeldLock) throws {
        try Folder.removeFile(path + "/" + file.name)
    }

    /// Reads a file.
    /// - Throws: ``JournalError/Code/integrity`` when its bytes are not those that `digest` is of,
    ///   or it is not the fold of these entries; `WireError`; `SystemError`.
    package func read(_ file: File, digest: [UInt8], root: TreeHash) throws -> [UInt8] {
        let place = path + "/" + file.name
        let bytes = try DaybookSystem.File.contents(of: place, followsLink: false)
        guard Array(SHA256.hash(data: bytes)) == digest else {
            throw JournalError.integrity(
                nil,
                "the snapshot \(file.name) is not the one that its entry vouches for"
            )
        }
        guard try Self.root(in: bytes) == root.bytes else {
            throw JournalError.integrity(
                nil,
                "the snapshot \(file.name) is not the fold of this journal's first \(file.size) entries"
            )
        }
        return bytes
    }

    private static func root(in snapshot: [UInt8]) throws -> [UInt8]? {
        try snapshot.withUnsafeBytes { bytes in
            var reader = WireReader(bytes)
            while let field = try reader.field() {
                if field == Wire.Snapshot.root { return Array(try reader.bytes()) }
                try reader.skip(field)
            }
            return nil
        }
    }
}
