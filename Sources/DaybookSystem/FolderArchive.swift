#if canImport(Glibc)
import CSystem
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A folder could not be archived, or an archive could not be unpacked.
package enum ArchiveError: Error, Equatable, Sendable {
    /// It would have more bytes than it may: at least so many.
    case tooLarge(atLeast: Int, limit: Int)
    /// Something in it cannot be read or made: its path, from the folder on.
    case failed(String, SystemError)
    /// A path is longer, or lies deeper, than is archived.
    case tooDeep(String)
    /// It is no archive that this code writes.
    case damaged(String)

    /// What is wrong, in words.
    package var reason: String {
        switch self {
        case .tooLarge(let size, let limit): "it has at least \(size) bytes, of \(limit)"
        case .failed(let path, let error): "\(path): \(error)"
        case .tooDeep(let path): "\(path) is too long, or lies too deep"
        case .damaged(let reason): reason
        }
    }
}

/// What is in a folder, as a tar archive: the same bytes for the same content.
///
/// Folders, regular files and symbolic links are in it, with their permission bits and the second of
/// their last change. Sockets, pipes, devices and other file systems are counted and left out. Owners,
/// extended attributes and hard links are not kept: a file that has two names is in it twice.
package struct FolderArchive: Equatable, Sendable {
    /// The archive.
    package fileprivate(set) var bytes: [UInt8] = []
    /// Folders, files and links in it.
    package fileprivate(set) var members: UInt64 = 0
    /// Bytes of the contents of its files.
    package fileprivate(set) var contentSize: UInt64 = 0
    /// What was left out.
    package fileprivate(set) var leftOut: UInt64 = 0

    /// Bytes that a path has at most, from the folder on.
    package static let longestPath = 4_095
    /// So many folders lie in each other at most.
    package static let deepest = 128

    /// Archives a folder. Nothing outside of it is read, whatever its links point to and whoever
    /// changes it meanwhile; what goes away meanwhile is left out.
    /// - Parameters:
    ///   - limit: bytes that the archive may have.
    ///   - expected: bytes that it will have, about.
    package static func of(
        _ path: String,
        limit: Int,
        expected: Int = 0
    ) throws(ArchiveError) -> FolderArchive {
        var archive = FolderArchive()
        archive.bytes.reserveCapacity(min(expected, limit))
        try FolderWalk.of(path) { member throws(ArchiveError) in
            try archive.add(member, limit)
        }
        archive.finish()
        return archive
    }

    /// That of an empty folder.
    package static let empty: FolderArchive = {
        var archive = FolderArchive()
        archive.finish()
        return archive
    }()

    /// Two blocks of zeros end an archive.
    private mutating func finish() {
        bytes.append(contentsOf: repeatElement(0, count: 2 * TarHeader.blockSize))
    }

    private mutating func add(_ member: FolderWalk.Member, _ limit: Int) throws(ArchiveError) {
        var header = TarHeader(
            kind: .file,
            path: member.path,
            mode: UInt32(member.status.st_mode) & 0o7777,
            size: 0,
            time: Int64(member.status.seconds)
        )
        var content: [UInt8] = []
        switch member.kind {
        case .other:
            leftOut += 1
            return
        case .folder: header.kind = .folder
        case .link:
            guard let target = try member.target() else { return }
            (header.kind, header.target, header.mode) = (.link, target, 0o777)
        case .file:
            let room = limit - bytes.count
            guard let read = try member.content(limit: room) else { return }
            guard read.count <= room else {
                // A sparse file may say that it has any number of bytes.
                let size = bytes.count.addingReportingOverflow(Int(member.status.st_size))
                throw .tooLarge(atLeast: size.overflow ? .max : size.partialValue, limit: limit)
            }
            content = read
            header.size = content.count
        }
        header.write(to: &bytes)
        bytes += content
        TarHeader.pad(&bytes)
        guard bytes.count + 2 * TarHeader.blockSize <= limit else {
            throw .tooLarge(atLeast: bytes.count + 2 * TarHeader.blockSize, limit: limit)
        }
        members += 1
        contentSize += UInt64(content.count)
    }

    /// The path of the member that a byte of the archive belongs to, from the folder on, quoted where it
    /// must be; nil: it belongs to none.
    package func path(ofByteAt offset: Int) throws(ArchiveError) -> String? {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(ArchiveError) in
                var reader = TarReader(bytes)
                while let (header, content) = try reader.next() {
                    let end = content.baseAddress.map { $0 + content.count - bytes.baseAddress! }
                    if let end, end > offset { return quoted(header.path) }
                }
                return nil
            }
        }.get()
    }

    // MARK: Unpacking

    /// Makes what is in an archive in an empty folder. Nothing outside of it is made or changed: each
    /// name is one of a folder that this call has made.
    package static func unpack(_ bytes: [UInt8], into path: String) throws(ArchiveError) {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(ArchiveError) in
                var unpacking = try Unpacking(path)
                var reader = TarReader(bytes)
                while let (header, content) = try reader.next() {
                    try unpacking.make(header, content)
                }
                try unpacking.finish()
            }
        }.get()
    }

    /// Folders are open from the top to the one that is filled; modes and times of folders are set once
    /// they are full.
    private struct Unpacking: ~Copyable {
        private struct Level {
            let name: [UInt8]
            let descriptor: Int32
            let header: TarHeader?
        }

        private var levels: [Level] = []

        init(_ path: String) throws(ArchiveError) {
            let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard top >= 0 else { throw .failed(".", .current("open", path: path)) }
            levels.append(Level(name: [], descriptor: top, header: nil))
        }

        deinit { for level in levels { close(level.descriptor) } }

        mutating func make(
            _ header: TarHeader,
            _ content: UnsafeRawBufferPointer
        ) throws(ArchiveError) {
            let parts = header.path.split(
                separator: UInt8(ascii: "/"),
                omittingEmptySubsequences: false
            ).map(Array.init)
            for part in parts {
                let dots = Array(".".utf8)
                guard !part.isEmpty, part != dots, part != dots + dots, !part.contains(0) else {
                    throw .damaged("a member is called \(quoted(header.path))")
                }
            }
            try goTo(parts.dropLast(), header.path)
            let name = parts[parts.count - 1].map { CChar(bitPattern: $0) } + [0]
            let folder = levels[levels.count - 1].descriptor
            switch header.kind {
            case .records: throw .damaged("its records concern no member")
            case .folder:
                try check(mkdirat(folder, name, 0o700), "mkdirat", header)
                let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
                let inner = openat(folder, name, flags)
                try check(inner, "openat", header)
                levels.append(
                    Level(name: parts[parts.count - 1], descriptor: inner, header: header)
                )
            case .link:
                guard !header.target.contains(0), !header.target.isEmpty else {
                    throw .damaged("the link \(quoted(header.path)) points to nothing")
                }
                let target = header.target.map { CChar(bitPattern: $0) } + [0]
                try check(symlinkat(target, folder, name), "symlinkat", header)
                try setTime(folder, name, header)
            case .file: try makeFile(header, name, folder, content)
            }
        }

        private func makeFile(
            _ header: TarHeader,
            _ name: [CChar],
            _ folder: Int32,
            _ content: UnsafeRawBufferPointer
        ) throws(ArchiveError) {
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let file = openat(folder, name, flags, 0o600)
            try check(file, "openat", header)
            defer { close(file) }
            var done = 0
            while done < content.count {
                let count = retryingInterrupts {
                    write(file, content.baseAddress! + done, content.count - done)
                }
                try check(Int32(clamping: count), "write", header)
                done += count
            }
            try check(fchmod(file, mode_t(header.mode & 0o7777)), "fchmod", header)
            try setTime(folder, name, header)
        }

        /// Goes to a folder that is open, or below one, and finishes those that it leaves.
        private mutating func goTo(
            _ parts: ArraySlice<[UInt8]>,
            _ path: [UInt8]
        ) throws(ArchiveError) {
            let open = levels.dropFirst().map(\.name)
            let common = zip(open, parts).prefix { $0 == $1 }.count
            while levels.count - 1 > common { try leave() }
            guard common == parts.count else {
                throw .damaged("\(quoted(path)) is in a folder that is not before it")
            }
        }

        private mutating func leave() throws(ArchiveError) {
            let level = levels.removeLast()
            defer { close(level.descriptor) }
            guard let header = level.header else { return }
            try check(fchmod(level.descriptor, mode_t(header.mode & 0o7777)), "fchmod", header)
            var times = Self.times(header)
            try check(futimens(level.descriptor, &times), "futimens", header)
        }

        mutating func finish() throws(ArchiveError) { while levels.count > 1 { try leave() } }

        private func setTime(
            _ folder: Int32,
            _ name: [CChar],
            _ header: TarHeader
        ) throws(ArchiveError) {
            var times = Self.times(header)
            try check(utimensat(folder, name, &times, AT_SYMLINK_NOFOLLOW), "utimensat", header)
        }

        private static func times(_ header: TarHeader) -> [timespec] {
            [timespec](repeating: timespec(tv_sec: Int(header.time), tv_nsec: 0), count: 2)
        }

        private func check(
            _ result: Int32,
            _ operation: String,
            _ header: TarHeader
        ) throws(ArchiveError) {
            guard result < 0 else { return }
            throw .failed(quoted(header.path), .current(operation, path: quoted(header.path)))
        }
    }
}

/// A path for a message: what is not UTF-8 is replaced.
func quoted(_ path: [UInt8]) -> String { "\"\(String(decoding: path, as: UTF8.self))\"" }
