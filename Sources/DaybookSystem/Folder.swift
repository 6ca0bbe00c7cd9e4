#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What is done with folders: nothing here follows a rule of the journal.
package enum Folder {
    /// Makes a folder, mode 0700. Fine when it is there already.
    /// - Throws: ``SystemError``, `ENOTDIR` when something else is there.
    package static func create(_ path: String) throws(SystemError) {
        if try make(path) { return }
        guard try FileStatus.of(path)?.isFolder == true else {
            throw SystemError(number: ENOTDIR, operation: "mkdir", path: path)
        }
    }

    /// Makes a folder, mode 0700.
    /// - Returns: false when something of that name is there already.
    package static func make(_ path: String) throws(SystemError) -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        guard errno == EEXIST else { throw .current("mkdir", path: path) }
        return false
    }

    /// The path of the folder that `path` is in.
    package static func parent(of path: String) -> String {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The names in a folder, sorted, without `.` and `..`.
    package static func names(in path: String) throws(SystemError) -> [String] {
        guard let stream = opendir(path) else { throw .current("opendir", path: path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file. Fine when it is not there.
    package static func removeFile(_ path: String) throws(SystemError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        throw .current("unlink", path: path)
    }

    /// Removes a file if that can be done: for cleaning up after an error, which says more than why
    /// this could not be.
    package static func discardFile(_ path: String) { unlink(path) }

    /// Removes a folder with all that is in it; a link is removed, and what it points to is left alone,
    /// whatever else changes the folder meanwhile. Fine when it is not there.
    package static func removeAll(_ path: String) throws(SystemError) {
        let parent = open(Folder.parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else {
            if errno == ENOENT { return }
            throw .current("open", path: path)
        }
        defer { close(parent) }
        let name = Array(String(path.split(separator: "/").last ?? "").utf8CString)
        try remove(name, in: parent, path)
    }

    private static func remove(
        _ name: [CChar],
        in folder: Int32,
        _ path: String
    ) throws(SystemError) {
        if unlinkat(folder, name, 0) == 0 || errno == ENOENT { return }
        // What cannot be unlinked is a folder: so Linux and Darwin say it.
        guard errno == EISDIR || errno == EPERM else { throw .current("unlinkat", path: path) }
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        var inner = openat(folder, name, flags)
        if inner < 0, errno == EACCES {
            // Whoever ran in it may have locked it. A link was removed above.
            _ = fchmodat(folder, name, 0o700, 0)
            inner = openat(folder, name, flags)
        }
        guard inner >= 0 else {
            if errno == ENOENT { return }
            throw .current("openat", path: path)
        }
        guard let stream = fdopendir(inner) else {
            let error = SystemError.current("fdopendir", path: path)
            close(inner)
            throw error
        }
        defer { closedir(stream) }
        for name in members(of: stream) { try remove(name, in: inner, path) }
        guard unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw .current("unlinkat", path: path)
        }
    }

    /// The names in a folder as its file system has them, without `.` and `..`.
    private static func members(of stream: OpaquePointer) -> [[CChar]] {
        var names: [[CChar]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            }
            let dot = CChar(bitPattern: UInt8(ascii: "."))
            if name != [dot, 0] && name != [dot, dot, 0] { names.append(name) }
        }
        return names
    }

    /// Gives a file another name in the same file system, in place of what had that name.
    package static func rename(_ path: String, to other: String) throws(SystemError) {
        guard systemRename(path, other) == 0 else { throw .current("rename", path: path) }
    }

    /// Flushes the names in a folder to the disk.
    package static func synchronize(_ path: String) throws(SystemError) {
        try File.open(path, .read).synchronize()
    }

    /// The absolute path with links resolved.
    package static func resolved(_ path: String) throws(SystemError) -> String {
        guard let raw = realpath(path, nil) else { throw .current("realpath", path: path) }
        defer { free(raw) }
        return String(cString: raw)
    }
}

private func systemRename(_ path: String, _ other: String) -> Int32 { rename(path, other) }
