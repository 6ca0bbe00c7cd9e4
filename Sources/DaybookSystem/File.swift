#if canImport(Glibc)
import CSystem
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An open file that is closed at the end of its life. Its descriptor is not inherited by children.
package struct File: ~Copyable, Sendable {
    /// The descriptor, valid as long as this value lives.
    package let descriptor: Int32
    /// The path that it was opened by.
    package let path: String

    /// How a file is opened.
    package enum Mode: Sendable {
        /// An existing file, for reading.
        case read
        /// For reading and writing; created, mode 0600, when it does not exist.
        case readWrite
        /// For reading and writing; fails when it exists.
        case create
        /// An existing file, for reading and writing.
        case existing
    }

    private init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Opens a regular file. Whatever lies there, it never waits: to open a named pipe can take for ever.
    /// - Parameter followsLink: whether a link may lead to it.
    /// - Throws: ``SystemError`` of `open`; with ``SystemError/found`` for anything but a regular file.
    package static func open(
        _ path: String,
        _ mode: Mode,
        followsLink: Bool = true
    ) throws(SystemError) -> File {
        let flags =
            switch mode {
            case .read: O_RDONLY
            case .readWrite: O_RDWR | O_CREAT
            case .create: O_RDWR | O_CREAT | O_EXCL
            case .existing: O_RDWR
            }
        let bits = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followsLink ? 0 : O_NOFOLLOW)
        let descriptor = retryingInterrupts { unsafeOpen(path, bits, 0o600) }
        guard descriptor >= 0 else {
            let error = SystemError.current("open", path: path)
            // A folder, a socket, a device that is not there, a link where none may be.
            guard [EISDIR, ENXIO, ENODEV, ELOOP].contains(error.number),
                let status = followsLink ? try FileStatus.of(path) : try FileStatus.ofLink(path)
            else { throw error }
            throw status.unfit(path) ?? error
        }
        let file = File(descriptor: descriptor, path: path)
        if let unfit = try file.status().unfit(path) { throw unfit }
        return file
    }

    /// Opens a folder, whose names are to be flushed.
    static func openFolder(_ path: String) throws(SystemError) -> File {
        let bits = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let descriptor = retryingInterrupts { unsafeOpen(path, bits, 0) }
        guard descriptor >= 0 else { throw .current("open", path: path) }
        return File(descriptor: descriptor, path: path)
    }

    /// A descriptor of its own for a file that is open already, whatever lies at its path by now.
    package static func duplicate(
        of descriptor: Int32,
        _ path: String
    ) throws(SystemError) -> File {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .current("fcntl", path: path) }
        return File(descriptor: copy, path: path)
    }

    deinit { close(descriptor) }

    /// Reads up to `buffer.count` bytes at `offset`; fewer only at the end of the file.
    /// - Returns: how many bytes were read.
    package func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) throws(SystemError) -> Int {
        var done = 0
        while done < buffer.count {
            let count = retryingInterrupts {
                pread(
                    descriptor,
                    buffer.baseAddress! + done,
                    buffer.count - done,
                    off_t(offset + done)
                )
            }
            guard count >= 0 else { throw .current("read", path: path) }
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Why a file of somebody else was not read.
    package enum Unfit: Error, Equatable, Sendable {
        /// It is a link, a pipe, a device, a folder or a socket.
        case notRegular
        /// It has more bytes than this.
        case tooLarge(limit: Int)
        /// The system refused.
        case system(SystemError)
    }

    /// Reads a whole file that somebody else has made, whatever they have put there: never waits
    /// for a pipe or a device, and never takes more than `limit` bytes into memory.
    /// - Parameter followsLink: whether a link may lead to it.
    /// - Returns: nil when nothing is there.
    package static func contents(
        of path: String,
        limit: Int,
        followsLink: Bool
    ) throws(Unfit) -> [UInt8]? {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followsLink ? 0 : O_NOFOLLOW)
        let descriptor = retryingInterrupts { unsafeOpen(path, flags, 0) }
        guard descriptor >= 0 else {
            // A link where none may be; a socket, or a device that is not there.
            if errno == ELOOP || errno == ENXIO || errno == ENODEV { throw .notRegular }
            let error = SystemError.current("open", path: path)
            if error.isNotFound { return nil }
            throw .system(error)
        }
        let file = File(descriptor: descriptor, path: path)
        var raw = stat()
        guard fstat(descriptor, &raw) == 0 else { throw .system(.current("fstat", path: path)) }
        guard raw.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
        guard raw.st_size <= limit else { throw .tooLarge(limit: limit) }
        // Somebody may be writing it still: its size is not relied on.
        let all: [UInt8]
        do throws(SystemError) {
            all = try file.prefix(limit + 1)
        } catch {
            throw .system(error)
        }
        guard all.count <= limit else { throw .tooLarge(limit: limit) }
        return all
    }

    /// Its first bytes, up to `count` of them.
    private borrowing func prefix(_ count: Int) throws(SystemError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        var all: [UInt8] = []
        while all.count < count {
            let room = min(buffer.count, count - all.count)
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<room])
            let done = try read(into: piece, at: all.count)
            all.append(contentsOf: buffer[..<done])
            if done < room { break }
        }
        return all
    }

    /// Reads a whole file, also one in `/proc`, which does not tell its size.
    /// - Parameter followsLink: whether a link may lead to it.
    package static func contents(
        of path: String,
        followsLink: Bool = true
    ) throws(SystemError) -> [UInt8] {
        let file = try File.open(path, .read, followsLink: followsLink)
        var all: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = retryingInterrupts {
                Int(pread(file.descriptor, buffer.baseAddress!, buffer.count, off_t(all.count)))
            }
            guard count >= 0 else { throw .current("read", path: path) }
            if count == 0 { return all }
            all.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Appends all of `bytes`.
    package func append(_ bytes: [UInt8]) throws(SystemError) {
        try bytes.withUnsafeBytes { bytes in
            Result { () throws(SystemError) in try append(bytes) }
        }.get()
    }

    /// Appends all of `bytes`.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = retryingInterrupts {
                write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            }
            guard count >= 0 else { throw .current("write", path: path) }
            done += count
        }
    }

    /// Writes all of `bytes` at `offset`.
    package func overwrite(
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int
    ) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = retryingInterrupts {
                pwrite(
                    descriptor,
                    bytes.baseAddress! + done,
                    bytes.count - done,
                    off_t(offset + done)
                )
            }
            guard count >= 0 else { throw .current("write", path: path) }
            done += count
        }
    }

    /// Appends what another file holds from its beginning to its end, in pieces.
    package func append(contentsOf other: borrowing File) throws(SystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        var done = 0
        while true {
            let count = try other.read(into: buffer, at: done)
            try append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            done += count
            if count < buffer.count { return }
        }
    }

    /// Flushes contents and metadata to the disk.
    package func synchronize() throws(SystemError) {
        guard retryingInterrupts({ fsync(descriptor) }) == 0 else {
            throw .current("fsync", path: path)
        }
    }

    /// Flushes contents, and of the metadata what is needed to read them, to the disk.
    package func synchronizeData() throws(SystemError) {
        #if os(Linux)
        guard retryingInterrupts({ fdatasync(descriptor) }) == 0 else {
            throw .current("fdatasync", path: path)
        }
        #else
        try synchronize()
        #endif
    }

    /// Takes room on the disk for the first bytes; what the file holds stays, and what is new is
    /// zeros. Without effect on a file system that cannot do that.
    /// - Throws: ``SystemError/isFull`` when there is no room.
    package func allocate(_ size: Int) throws(SystemError) {
        #if os(Linux)
        guard retryingInterrupts({ csystem_allocate(descriptor, Int64(size)) }) != 0 else { return }
        if errno == EOPNOTSUPP || errno == ENOSYS { return }
        throw .current("fallocate", path: path)
        #endif
    }

    /// What `fstat` says.
    package func status() throws(SystemError) -> FileStatus {
        var raw = stat()
        guard fstat(descriptor, &raw) == 0 else { throw .current("fstat", path: path) }
        return FileStatus(raw)
    }

    /// Whether `path` is still a name of this file.
    package func isStill(at path: String) throws(SystemError) -> Bool {
        guard let there = try FileStatus.of(path) else { return false }
        let own = try status()
        return there.device == own.device && there.inode == own.inode
    }

    /// How a whole file is locked.
    package enum LockMode: Sendable {
        /// Held together with other shared locks.
        case shared
        /// Held alone.
        case exclusive
    }

    /// Takes a lock that belongs to the open file description, without waiting.
    ///
    /// The kernel drops it when the description is closed, however the process ends.
    /// - Returns: false when somebody else's lock stands in the way.
    package func tryLock(_ mode: LockMode) throws(SystemError) -> Bool {
        let result = setLock(mode, openFileDescriptionLock)
        if result == 0 { return true }
        if errno == EAGAIN || errno == EACCES { return false }
        throw .current("lock", path: path)
    }

    /// Whether ``tryLock(_:)`` would succeed, without taking the lock.
    package func isLockable(_ mode: LockMode) throws(SystemError) -> Bool {
        var request = Self.request(mode)
        guard retryingInterrupts({ fcntl(descriptor, openFileDescriptionLockTest, &request) }) == 0
        else { throw .current("look at the lock", path: path) }
        return request.l_type == Int16(F_UNLCK)
    }

    /// Whether ``tryLock(bytes:)`` would succeed, without taking the lock.
    package func isLockable(bytes range: Range<Int>) throws(SystemError) -> Bool {
        var request = Self.request(.exclusive, range)
        guard retryingInterrupts({ fcntl(descriptor, openFileDescriptionLockTest, &request) }) == 0
        else { throw .current("look at the lock", path: path) }
        return request.l_type == Int16(F_UNLCK)
    }

    /// Takes a lock that belongs to the open file description, and waits for it.
    package func lock(_ mode: LockMode) throws(SystemError) {
        guard setLock(mode, openFileDescriptionLockWait) == 0 else {
            throw .current("lock", path: path)
        }
    }

    /// Takes a lock on some of the file's bytes alone, without waiting.
    ///
    /// It belongs to the open file description, as that on the whole file does.
    /// - Returns: false when somebody else's lock stands in the way.
    package func tryLock(bytes range: Range<Int>) throws(SystemError) -> Bool {
        if setLock(.exclusive, openFileDescriptionLock, range) == 0 { return true }
        if errno == EAGAIN || errno == EACCES { return false }
        throw .current("lock", path: path)
    }

    /// Takes a lock on some of the file's bytes alone, and waits for it.
    package func lock(bytes range: Range<Int>) throws(SystemError) {
        guard setLock(.exclusive, openFileDescriptionLockWait, range) == 0 else {
            throw .current("lock", path: path)
        }
    }

    /// Gives the lock on some of the file's bytes back.
    package func unlock(bytes range: Range<Int>) throws(SystemError) {
        var request = Self.request(.exclusive, range)
        request.l_type = Int16(F_UNLCK)
        guard retryingInterrupts({ fcntl(descriptor, openFileDescriptionLock, &request) }) == 0
        else { throw .current("unlock", path: path) }
    }

    /// Gives a lock back at once.
    ///
    /// Closing the file would, too, but not before whatever shares the description has closed it: a
    /// child process has, from its fork to its exec.
    /// - Throws: ``SystemError``.
    package func unlock() throws(SystemError) {
        var request = flock()
        request.l_type = Int16(F_UNLCK)
        request.l_whence = Int16(SEEK_SET)
        guard retryingInterrupts({ fcntl(descriptor, openFileDescriptionLock, &request) }) == 0
        else { throw .current("unlock", path: path) }
    }

    private func setLock(
        _ mode: LockMode,
        _ command: Int32,
        _ range: Range<Int>? = nil
    ) -> Int32 {
        var request = Self.request(mode, range)
        return retryingInterrupts { fcntl(descriptor, command, &request) }
    }

    /// - Parameter range: bytes of the file; nil: all of it.
    private static func request(_ mode: LockMode, _ range: Range<Int>? = nil) -> flock {
        var request = flock()
        request.l_type = Int16(mode == .shared ? F_RDLCK : F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        guard let range else { return request }
        request.l_start = off_t(range.lowerBound)
        request.l_len = off_t(range.count)
        return request
    }
}

// F_OFD_GETLK, F_OFD_SETLK and F_OFD_SETLKW of fcntl.h, which the C library shows only under _GNU_SOURCE.
#if os(Linux)
private let openFileDescriptionLockTest: Int32 = 36
private let openFileDescriptionLock: Int32 = 37
private let openFileDescriptionLockWait: Int32 = 38
#else
private let openFileDescriptionLockTest: Int32 = 92
private let openFileDescriptionLock: Int32 = 90
private let openFileDescriptionLockWait: Int32 = 91
#endif

/// What the system knows of a file.
package struct FileStatus: Sendable, Equatable {
    /// Bytes of contents.
    package let size: Int
    /// The device that it is on.
    package let device: UInt64
    /// Its number there.
    package let inode: UInt64
    /// How many names it has; 0 for an open file that was removed.
    package let links: Int
    /// Whether it is a folder.
    package let isFolder: Bool
    /// What it is, if it is neither a folder nor a regular file, for example `a named pipe`.
    package let rarity: String?
    /// Whether others than its owner may read or write it.
    package let isOpenToOthers: Bool

    init(_ raw: stat) {
        size = Int(raw.st_size)
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        links = Int(raw.st_nlink)
        isFolder = raw.st_mode & S_IFMT == S_IFDIR
        isOpenToOthers = raw.st_mode & 0o077 != 0
        rarity =
            switch raw.st_mode & S_IFMT {
            case S_IFREG, S_IFDIR: nil
            case S_IFLNK: "a symbolic link"
            case S_IFIFO: "a named pipe"
            case S_IFSOCK: "a socket"
            default: "a device"
            }
    }

    /// Why it is not opened as a file; nil: it is a regular one.
    fileprivate func unfit(_ path: String) -> SystemError? {
        if let rarity {
            return SystemError(number: EINVAL, operation: "open", path: path, found: rarity)
        }
        guard isFolder else { return nil }
        return SystemError(number: EISDIR, operation: "open", path: path, found: "a folder")
    }

    /// Looks at `path`.
    /// - Returns: nil when nothing is there.
    package static func of(_ path: String) throws(SystemError) -> FileStatus? {
        var raw = stat()
        // Without the copy that handing over a string makes.
        if path.withCString({ stat($0, &raw) }) == 0 { return FileStatus(raw) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .current("stat", path: path)
    }

    /// Looks at what is at `path` itself, if it is a link.
    /// - Returns: nil when nothing is there.
    package static func ofLink(_ path: String) throws(SystemError) -> FileStatus? {
        var raw = stat()
        if lstat(path, &raw) == 0 { return FileStatus(raw) }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .current("lstat", path: path)
    }

    /// When the file at `path` was made, in nanoseconds since 1970. It stays with the file under any name.
    /// - Returns: 0 where that is not known, as on some file systems.
    package static func madeAt(_ path: String) -> UInt64 {
        #if os(Linux)
        return csystem_made_at(path)
        #else
        var raw = stat()
        guard stat(path, &raw) == 0, raw.st_birthtimespec.tv_sec > 0 else { return 0 }
        let time = raw.st_birthtimespec
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        #endif
    }

    /// Looks at an open file, without a walk along its path.
    /// - Parameter path: for the message of an error.
    package static func of(
        descriptor: CInt,
        _ path: String
    ) throws(SystemError) -> FileStatus {
        var raw = stat()
        if fstat(descriptor, &raw) == 0 { return FileStatus(raw) }
        throw .current("fstat", path: path)
    }
}

func retryingInterrupts<Number: BinaryInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

private func unsafeOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 {
    open(path, flags, mode)
}
