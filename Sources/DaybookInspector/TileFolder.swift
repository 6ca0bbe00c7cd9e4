import DaybookJournal
import DaybookSystem

/// A folder with the files of a static log (c2sp.org/tlog-tiles).
struct TileFolder {
    /// What was done.
    private(set) var done: TileExport
    private let path: String
    /// Folders that are there.
    private var folders: Set<String> = []

    init(_ path: String, _ size: UInt64) throws {
        self.path = path
        done = TileExport(size: size)
        try Folder.create(path)
    }

    private static let limit = 256 * (65_535 + 2)

    /// The head that it has; nil: none yet.
    func head() throws -> TreeHead? {
        guard let bytes = try contents("checkpoint") else { return nil }
        return try TreeHead(text: try SignedNote(bytes).text)
    }

    mutating func put(_ level: UInt8, _ index: UInt64, _ hashes: [TreeHash]) throws {
        try put(hashes.flatMap(\.bytes), "\(level)", index, width: hashes.count)
    }

    /// Puts a tile, or a bundle, where it belongs.
    mutating func put(_ bytes: [UInt8], _ kind: String, _ index: UInt64, width: Int) throws {
        let whole = "tile/\(kind)/\(Self.place(of: index))"
        let file = width == 256 ? whole : "\(whole).p/\(width)"
        if let known = try contents(file) {
            guard known == bytes else {
                throw ProofError(
                    .inconsistent,
                    "the file \(path)/\(file) is not the one of this journal: it was changed, or the folder has another log; name another folder"
                )
            }
            done.kept += 1
            return
        }
        try write(bytes, file)
        // Nobody needs the parts of a tile that is full.
        let parts = "\(path)/\(whole).p"
        if width == 256, try FileStatus.of(parts) != nil { try Folder.removeAll(parts) }
    }

    /// Puts the head, in the place of an earlier one.
    mutating func putHead(_ note: SignedNote) throws {
        if try contents("checkpoint") == note.bytes {
            done.kept += 1
        } else {
            try write(note.bytes, "checkpoint")
        }
    }

    /// The number of a tile, three digits to a folder: 1234067 is `x001/x234/067`.
    static func place(of index: UInt64) -> String {
        var rest = index
        var groups: [String] = []
        repeat {
            let digits = String(rest % 1_000)
            let padded = String(repeating: "0", count: 3 - digits.count) + digits
            groups.append(groups.isEmpty ? padded : "x" + padded)
            rest /= 1_000
        } while rest > 0
        return groups.reversed().joined(separator: "/")
    }

    private func contents(_ file: String) throws -> [UInt8]? {
        do throws(File.Unfit) {
            return try File.contents(of: "\(path)/\(file)", limit: Self.limit, followsLink: false)
        } catch {
            if case .system(let error) = error { throw error }
            throw ProofError(
                .malformed,
                "\(path)/\(file) is no file of a log: it is no regular file, or too large; name another folder"
            )
        }
    }

    /// Writes a file so that it is there whole or not at all.
    private mutating func write(_ bytes: [UInt8], _ file: String) throws {
        let place = "\(path)/\(file)"
        try makeFolder(Folder.parent(of: place))
        let unfinished = place + ".unfinished"
        try Folder.removeFile(unfinished)
        let output = try File.open(unfinished, .create)
        try output.append(bytes)
        try Folder.rename(unfinished, to: place)
        done.written += 1
    }

    private mutating func makeFolder(_ folder: String) throws {
        guard folder.utf8.count > path.utf8.count, folders.insert(folder).inserted else { return }
        try makeFolder(Folder.parent(of: folder))
        try Folder.create(folder)
    }
}
