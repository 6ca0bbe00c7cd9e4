#if canImport(Glibc)
import CSystem
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
    ///
    /// Holds a descriptor for each level up to ``deepest``; what lies deeper is brought up first.
    package static func removeAll(_ path: String) throws(SystemError) {
        let parent = open(Folder.parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else {
            if errno == ENOENT { return }
            throw .current("open", path: path)
        }
        defer { close(parent) }
        let name = Array(String(path.split(separator: "/").last ?? "").utf8CString)
        var removal = Removal(path: path)
        try removal.remove(name, in: parent)
    }

    /// Folders below the one that is removed that are open at once.
    package static let deepest = 64

    private struct Removal {
        let path: String
        /// The folder that is removed; -1 before it is open.
        private var top: Int32 = -1
        private var level = 0
        /// How many folders were brought up into it.
        private var raised = 0

        init(path: String) { self.path = path }

        mutating func remove(_ name: [CChar], in folder: Int32) throws(SystemError) {
            if unlinkat(folder, name, 0) == 0 || errno == ENOENT { return }
            // What cannot be unlinked is a folder: so Linux and Darwin say it.
            guard errno == EISDIR || errno == EPERM else { throw failure("unlinkat") }
            if level > Folder.deepest { return try raise(name, from: folder) }
            guard let inner = try open(name, in: folder) else { return }
            // Whoever ran in it may have locked it.
            _ = fchmod(inner, 0o700)
            guard let stream = fdopendir(inner) else {
                let error = failure("fdopendir")
                close(inner)
                throw error
            }
            defer { closedir(stream) }
            if top < 0 { top = inner }
            level += 1
            defer { level -= 1 }
            // Folders that were brought up while it was gone through are members too.
            var before = -1
            while before != raised {
                before = raised
                rewinddir(stream)
                for name in Folder.members(of: stream) { try remove(name, in: inner) }
                if level > 1 { break }
            }
            guard unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
                throw failure("unlinkat")
            }
        }

        /// Brings a folder up into the one that is removed.
        private mutating func raise(_ name: [CChar], from folder: Int32) throws(SystemError) {
            var isOpened = false
            while true {
                raised += 1
                let result = renameat(folder, name, top, ".removed-\(raised)")
                if result == 0 || errno == ENOENT { return }
                switch errno {
                // Something else has the name.
                case ENOTEMPTY, EEXIST, ENOTDIR: continue
                // A folder that is moved must be writable: its `..` changes.
                case EACCES where fchmodat(folder, name, 0o700, 0) == 0 && !isOpened:
                    isOpened = true
                default: throw failure("renameat")
                }
            }
        }

        private func open(_ name: [CChar], in folder: Int32) throws(SystemError) -> Int32? {
            let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
            // What is mounted there belongs to somebody else: it is left alone, and so is the folder.
            var inner = Folder.openInside(folder, name, flags)
            if inner < 0, errno == EACCES {
                // Locked so that it cannot be looked into. A link was removed above.
                _ = fchmodat(folder, name, 0o700, 0)
                inner = Folder.openInside(folder, name, flags)
            }
            if inner >= 0 { return inner }
            if errno == ENOENT { return nil }
            throw failure("openat")
        }

        private func failure(_ operation: String) -> SystemError {
            .current(operation, path: path)
        }
    }

    /// Opens a name in a folder, by no link, and nothing that is mounted there.
    static func openInside(_ folder: Int32, _ name: [CChar], _ flags: Int32) -> Int32 {
        #if os(Linux)
        csystem_open_inside(folder, name, flags)
        #else
        openat(folder, name, flags | O_NOFOLLOW)
        #endif
    }

    /// The bytes of a name that ends with a zero.
    static func bytes(of name: [CChar]) -> [UInt8] {
        name.dropLast().map { UInt8(bitPattern: $0) }
    }

    /// The names in a folder as its file system has them, without `.` and `..`.
    static func members(of stream: OpaquePointer) -> [[CChar]] {
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

    /// Gives a file a second name in the same file system.
    /// - Throws: ``SystemError``, `EEXIST` where something has that name.
    package static func link(_ path: String, as other: String) throws(SystemError) {
        guard systemLink(path, other) == 0 else { throw .current("link", path: other) }
    }

    /// Gives a folder another name in the same file system.
    /// - Throws: ``SystemError``, `EEXIST` or `ENOTEMPTY` where something has that name.
    package static func renameNew(_ path: String, to other: String) throws(SystemError) {
        #if os(Linux)
        let result = csystem_rename_new(path, other)
        #else
        let result = systemRename(path, other)
        #endif
        guard result == 0 else { throw .current("rename", path: path) }
    }

    /// Flushes the names in a folder to the disk.
    package static func synchronize(_ path: String) throws(SystemError) {
        try File.openFolder(path).synchronize()
    }

    /// The absolute path with links resolved.
    package static func resolved(_ path: String) throws(SystemError) -> String {
        guard let raw = realpath(path, nil) else { throw .current("realpath", path: path) }
        defer { free(raw) }
        return String(cString: raw)
    }
}

private func systemLink(_ path: String, _ other: String) -> Int32 { link(path, other) }
private func systemRename(_ path: String, _ other: String) -> Int32 { rename(path, other) }
