#if CLI
import DaybookInspector
import DaybookSystem

#if canImport(Glibc)
import Glibc
#endif

/// Files that somebody else may have made: heads, proofs, public keys; and keys of one's own.
enum TrustFile {
    /// A note has at most 1,000,000 bytes, and a proof with its entry less.
    static let limit = 1 << 20

    /// Reads a file whole; `-` is standard input.
    /// - Parameter what: what it is taken for, for the message.
    /// - Throws: ``UsageError``; `SystemError` for what the machine lacks.
    static func contents(
        of path: String,
        _ what: String,
        limit: Int = TrustFile.limit
    ) throws -> [UInt8] {
        if path == "-" {
            let all = try StandardInput.contents(what, limit: limit)
            guard all.count <= limit else { throw failure(path, what, "it is too large for one") }
            return all
        }
        if let all = try contents(ifPresent: path, what, limit: limit) { return all }
        throw failure(path, what, "it is not there")
    }

    /// Reads a file and takes it for what it is to be.
    /// - Throws: ``UsageError``, also when it is something else; as ``contents(of:_:)``.
    static func parsed<Value>(
        _ path: String,
        _ what: String,
        limit: Int = TrustFile.limit,
        _ parse: ([UInt8]) throws(ProofError) -> Value
    ) throws -> Value {
        try parsed(try contents(of: path, what, limit: limit), path, what, parse)
    }

    /// The same for what was read from there.
    static func parsed<Value>(
        _ bytes: [UInt8],
        _ path: String,
        _ what: String,
        _ parse: ([UInt8]) throws(ProofError) -> Value
    ) throws -> Value {
        do throws(ProofError) {
            return try parse(bytes)
        } catch {
            throw UsageError("\(what) cannot be taken from \(path): \(error)")
        }
    }

    /// - Returns: nil when nothing is there.
    static func contents(
        ifPresent path: String,
        _ what: String,
        limit: Int = TrustFile.limit
    ) throws -> [UInt8]? {
        do throws(File.Unfit) {
            return try File.contents(of: path, limit: limit, followsLink: true)
        } catch {
            switch error {
            case .notRegular: throw failure(path, what, "it is no regular file")
            case .tooLarge: throw failure(path, what, "it is too large for one")
            case .system(let error) where error.isShortage: throw error
            case .system(let error): throw failure(path, what, "\(error)")
            }
        }
    }

    /// Puts a file in the place of what has the path: whole and on the disk, or not at all.
    static func replace(
        _ path: String,
        with bytes: [UInt8],
        mode: mode_t = 0o600
    ) throws(SystemError) {
        let unfinished = "\(path).\(getpid())"
        do throws(SystemError) {
            try Folder.removeFile(unfinished)
            let file = try File.open(unfinished, .create)
            try file.append(bytes)
            guard fchmod(file.descriptor, mode) == 0 else {
                throw SystemError.current("fchmod", path: unfinished)
            }
            try file.synchronize()
            try Folder.rename(unfinished, to: path)
            try Folder.synchronize(Folder.parent(of: path))
        } catch {
            Folder.discardFile(unfinished)
            throw error
        }
    }

    private static func failure(_ path: String, _ what: String, _ why: String) -> UsageError {
        UsageError("\(what) cannot be read from \(path): \(why); look at the path")
    }
}
#endif
