#if canImport(Glibc)
import CSystem
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Goes through what is in a folder, in the order of the names' bytes, a folder before what is in it.
///
/// Each name is looked up in a folder that is open, and no link is followed: whoever puts something else
/// in the place of a folder meanwhile leads nowhere.
enum FolderWalk {
    /// Something in the folder.
    struct Member {
        enum Kind { case file, folder, link, other }

        /// From the folder on.
        let path: [UInt8]
        /// As it was when it was come by.
        let status: stat
        let kind: Kind
        fileprivate let name: [CChar]
        fileprivate let folder: Int32

        /// The same, as something that no archive holds.
        fileprivate var asOther: Member {
            Member(path: path, status: status, kind: .other, name: name, folder: folder)
        }

        /// What a link points to.
        /// - Returns: nil: it is gone, or something else by now.
        func target() throws(ArchiveError) -> [UInt8]? {
            var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = buffer.withUnsafeMutableBytes {
                readlinkat(
                    folder,
                    name,
                    $0.baseAddress!.assumingMemoryBound(to: CChar.self),
                    $0.count
                )
            }
            guard count >= 0 else {
                if isOver(errno) || errno == EINVAL { return nil }
                throw failure("readlinkat")
            }
            return Array(buffer.prefix(count))
        }

        /// The bytes of a file; of one that has more than `limit` one more than that.
        /// - Returns: nil: it is gone, or something else by now.
        func content(limit: Int) throws(ArchiveError) -> [UInt8]? {
            // Without waiting for whoever writes into a pipe that has taken its place.
            let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
            let file = Folder.openInside(folder, name, flags)
            guard file >= 0 else {
                if isOver(errno) || errno == ENXIO || errno == EXDEV { return nil }
                throw failure("openat")
            }
            defer { close(file) }
            var now = stat()
            guard fstat(file, &now) == 0 else { throw failure("fstat") }
            guard now.st_mode & S_IFMT == S_IFREG else { return nil }
            var content: [UInt8] = []
            var room = min(max(Int(now.st_size), 0), max(limit, 0)) + 1
            while true {
                let before = content.count
                var failed = false
                content.reserveCapacity(before + room)
                let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                    let read = retryingInterrupts { systemRead(file, buffer.baseAddress!, room) }
                    failed = read < 0
                    count = max(read, 0)
                }
                if failed { throw failure("read") }
                if piece.isEmpty { return content }
                content += piece
                if content.count > limit { return content }
                room = min(65_536, limit - content.count + 1)
            }
        }

        private func isOver(_ number: Int32) -> Bool {
            number == ENOENT || number == ENOTDIR || number == ELOOP
        }

        fileprivate func failure(_ operation: String) -> ArchiveError {
            .failed(quoted(path), .current(operation, path: quoted(path)))
        }
    }

    /// Runs `body` on everything in a folder.
    static func of(
        _ path: String,
        _ body: (Member) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        let top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard top >= 0 else { throw .failed(".", .current("open", path: path)) }
        var status = stat()
        guard fstat(top, &status) == 0 else {
            let error = SystemError.current("fstat", path: path)
            close(top)
            throw .failed(".", error)
        }
        try walk(top, [], depth: 0, on: status.st_dev, body)
    }

    /// - Parameter folder: is closed here.
    private static func walk(
        _ folder: Int32,
        _ path: [UInt8],
        depth: Int,
        on device: dev_t,
        _ body: (Member) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        guard let stream = fdopendir(folder) else {
            let error = SystemError.current("fdopendir", path: quoted(path))
            close(folder)
            throw .failed(quoted(path), error)
        }
        defer { closedir(stream) }
        let names = Folder.members(of: stream).map { (name: $0, bytes: Folder.bytes(of: $0)) }
        for (name, bytes) in names.sorted(by: { $0.bytes.lexicographicallyPrecedes($1.bytes) }) {
            let inner = depth == 0 ? bytes : path + [UInt8(ascii: "/")] + bytes
            guard inner.count <= FolderArchive.longestPath, depth < FolderArchive.deepest else {
                throw .tooDeep(quoted(inner))
            }
            var status = stat()
            guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
                if errno == ENOENT { continue }
                throw .failed(quoted(inner), .current("fstatat", path: quoted(inner)))
            }
            var kind: Member.Kind =
                switch status.st_mode & S_IFMT {
                case S_IFREG: .file
                case S_IFDIR: .folder
                case S_IFLNK: .link
                default: .other
                }
            // Another file system is mounted there.
            if status.st_dev != device { kind = .other }
            let member = Member(
                path: inner,
                status: status,
                kind: kind,
                name: name,
                folder: folder
            )
            guard kind == .folder else {
                try body(member)
                continue
            }
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            let opened = Folder.openInside(folder, name, flags)
            guard opened >= 0 else {
                if errno == ENOENT || errno == ENOTDIR || errno == ELOOP { continue }
                // A part of the same file system that is mounted there.
                guard errno == EXDEV else { throw member.failure("openat") }
                try body(member.asOther)
                continue
            }
            do throws(ArchiveError) {
                try body(member)
            } catch {
                close(opened)
                throw error
            }
            try walk(opened, inner, depth: depth + 1, on: device, body)
        }
    }
}

/// What a folder looks like from outside: names, sizes, kinds, modes and times. Two that are equal have
/// the same content, unless something was changed within the grain of the file system's clock.
package struct FolderSignature: Equatable, Sendable {
    private var hasher = Hasher()
    private var digest = 0
    /// When something in it has changed last, in nanoseconds since 1970, by the file system's clock.
    package private(set) var lastChange: Int64 = 0
    /// Bytes that it takes as an archive, about, as far as its files' sizes say.
    package private(set) var archiveSize = 2 * TarHeader.blockSize

    /// Looks at a folder without reading its files.
    package static func of(_ path: String) throws(ArchiveError) -> FolderSignature {
        var signature = FolderSignature()
        try FolderWalk.of(path) { member throws(ArchiveError) in
            signature.add(member)
        }
        signature.digest = signature.hasher.finalize()
        return signature
    }

    package static func == (one: FolderSignature, other: FolderSignature) -> Bool {
        one.digest == other.digest && one.lastChange == other.lastChange
    }

    private mutating func add(_ member: FolderWalk.Member) {
        hasher.combine(member.path)
        hasher.combine(member.status.st_mode)
        hasher.combine(member.status.st_size)
        hasher.combine(member.status.st_ino)
        hasher.combine(member.status.nanoseconds)
        let change = member.status.changeNanoseconds
        hasher.combine(change)
        lastChange = max(lastChange, change)
        let content = member.kind == .file ? Int(clamping: member.status.st_size) : 0
        // A sparse file may say that it has any number of bytes.
        let size = archiveSize.addingReportingOverflow(content)
        archiveSize = size.overflow ? .max : min(size.partialValue, 1 << 60)
        archiveSize += 2 * TarHeader.blockSize + member.path.count
    }
}

extension stat {
    /// Second of the last change of the content.
    var seconds: Int { lastModification.tv_sec }
    /// Nanosecond of the last change of the content.
    fileprivate var nanoseconds: Int64 { Self.nanoseconds(lastModification) }
    /// Nanosecond of the last change of anything.
    fileprivate var changeNanoseconds: Int64 { Self.nanoseconds(lastStatusChange) }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    #if canImport(Glibc)
    private var lastModification: timespec { st_mtim }
    private var lastStatusChange: timespec { st_ctim }
    #else
    private var lastModification: timespec { st_mtimespec }
    private var lastStatusChange: timespec { st_ctimespec }
    #endif
}

private func systemRead(_ file: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(file, buffer, count)
}
