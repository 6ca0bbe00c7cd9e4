#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What is done with folders: nothing here follows a rule of the journal.
public enum Folder {
    /// Makes a folder, mode 0700. Fine when it is there already.
    public static func create(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw .current("mkdir", path: path)
    }

    /// Makes a folder, mode 0700.
    /// - Returns: false when something of that name is there already.
    public static func make(_ path: String) throws(SystemError) -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        guard errno == EEXIST else { throw .current("mkdir", path: path) }
        return false
    }

    /// The path of the folder that `path` is in.
    public static func parent(of path: String) -> String {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The names in a folder, sorted, without `.` and `..`.
    public static func names(in path: String) throws(SystemError) -> [String] {
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
    public static func removeFile(_ path: String) throws(SystemError) {
        guard unlink(path) != 0, errno != ENOENT else { return }
        throw .current("unlink", path: path)
    }

    /// Removes a file if that can be done: for cleaning up after an error, which says more than why
    /// this could not be.
    public static func discardFile(_ path: String) { unlink(path) }

    /// Gives a file another name in the same file system, in place of what had that name.
    public static func rename(_ path: String, to other: String) throws(SystemError) {
        guard systemRename(path, other) == 0 else { throw .current("rename", path: path) }
    }

    /// Flushes the names in a folder to the disk.
    public static func synchronize(_ path: String) throws(SystemError) {
        try File.open(path, .read).synchronize()
    }

    /// The absolute path with links resolved.
    public static func resolved(_ path: String) throws(SystemError) -> String {
        guard let raw = realpath(path, nil) else { throw .current("realpath", path: path) }
        defer { free(raw) }
        return String(cString: raw)
    }
}

private func systemRename(_ path: String, _ other: String) -> Int32 { rename(path, other) }
