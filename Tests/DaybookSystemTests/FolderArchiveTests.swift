import FoundationEssentials
import Testing

@testable import DaybookSystem

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What is in a folder goes into an archive and comes out of it byte for byte; nothing else does.
@Suite struct FolderArchiveTests {
    @Test func whatComesOutIsWhatWentIn() throws {
        try withFolders { one, other in
            try write("plain", to: "\(one)/a")
            try write("", to: "\(one)/empty")
            try write(String(repeating: "x", count: 511), to: "\(one)/one less")
            try write(String(repeating: "x", count: 512), to: "\(one)/a block")
            chmod("\(one)/a", 0o4751)
            try Folder.create("\(one)/folder")
            try Folder.create("\(one)/folder/inner")
            try Folder.create("\(one)/folder/void")
            try write("deep", to: "\(one)/folder/inner/file")
            chmod("\(one)/folder/inner", 0o500)
            symlink("../a", "\(one)/folder/link")
            symlink("/nonexistent/\(String(repeating: "long/", count: 60))", "\(one)/dangling")
            let archive = try FolderArchive.of(one, limit: 1 << 20)
            #expect(archive.members == 10 && archive.leftOut == 0 && archive.contentSize == 1_032)
            try FolderArchive.unpack(archive.bytes, into: other)
            #expect(try FolderArchive.of(other, limit: 1 << 20) == archive)
            #expect(try tree(one) == tree(other))
            #expect(try FileStatus.of("\(other)/folder/inner/file")?.size == 4)
            chmod("\(one)/folder/inner", 0o700)
            chmod("\(other)/folder/inner", 0o700)
        }
    }

    @Test func namesMayBeAnyBytes() throws {
        try withFolders { one, other in
            let names: [[UInt8]] = [
                Array("with\nline".utf8), Array("-rf".utf8), Array("*".utf8), [0xFF, 0xFE, 0x80],
                Array("über".utf8), Array(repeating: UInt8(ascii: "n"), count: 255),
                Array("tab\t\u{7F}".utf8), Array("path=evil".utf8), Array("...".utf8),
            ]
            for name in names {
                let path = Array(one.utf8) + [UInt8(ascii: "/")] + name
                let file = open(path.map { CChar(bitPattern: $0) } + [0], O_CREAT | O_WRONLY, 0o644)
                #expect(file >= 0)
                close(file)
            }
            var path = one
            for level in 0..<40 {
                path += "/\(String(repeating: "d", count: 20))\(level)"
                try Folder.create(path)
            }
            try write("deep", to: path + "/file")
            let archive = try FolderArchive.of(one, limit: 1 << 20)
            #expect(archive.members == UInt64(names.count + 41))
            try FolderArchive.unpack(archive.bytes, into: other)
            #expect(try FolderArchive.of(other, limit: 1 << 20) == archive)
        }
    }

    /// Another program reads what is written here.
    @Test(arguments: ["tar", "python3"])
    func otherToolsReadIt(_ tool: String) throws {
        try withFolders { one, other in
            try write("plain", to: "\(one)/a")
            try Folder.create("\(one)/folder")
            let long = String(repeating: "long name ", count: 20)
            try write("long", to: "\(one)/folder/\(long)")
            symlink("../a", "\(one)/folder/link")
            chmod("\(one)/a", 0o640)
            let archive = try FolderArchive.of(one, limit: 1 << 20)
            try archive.bytes.withUnsafeBytes {
                try File.open("\(one).tar", .create).append($0)
            }
            defer { unlink("\(one).tar") }
            let code = "import sys,tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])"
            let arguments =
                tool == "tar"
                ? ["-xf", "\(one).tar", "-C", other] : ["-c", code, "\(one).tar", other]
            #expect(try run(tool, arguments))
            #expect(try tree(other) == tree(one))
        }
    }

    @Test func whatIsNeitherFileNorFolderNorLinkIsCounted() throws {
        try withFolders { one, _ in
            mkfifo("\(one)/pipe", 0o600)
            let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let path = Array("\(one)/s".utf8)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
            let bound = withUnsafePointer(to: address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            #expect(bound == 0)
            try write("kept", to: "\(one)/file")
            let archive = try FolderArchive.of(one, limit: 1 << 20)
            #expect(archive.members == 1 && archive.leftOut == 2)
        }
    }

    /// A part of the same file system, by a bind mount; where none can be made nothing is tried.
    @Test func whatIsMountedInsideIsNeitherReadNorRemoved() throws {
        try withFolders { one, outside in
            try Folder.create("\(one)/mount")
            try write("outside", to: "\(outside)/file")
            guard try run("mount", ["--bind", outside, "\(one)/mount"]) else { return }
            defer { unlink("\(one)/mount") }
            let archive = try FolderArchive.of(one, limit: 1 << 20)
            #expect(archive.members == 0 && archive.leftOut == 1)
            #expect(throws: SystemError.self) { try Folder.removeAll(one) }
            let left = try Folder.names(in: outside)
            #expect(left == ["file"])
            #expect(try run("umount", ["\(one)/mount"]))
        }
    }

    /// It says that it has more bytes than there are numbers for.
    @Test func aSparseFileOfAnySizeIsTooLarge() throws {
        let path = "/dev/shm/archive-\(UUID())"
        try Folder.create(path)
        try write("first", to: "\(path)/a")
        try write("", to: "\(path)/z")
        #expect(truncate("\(path)/z", .max) == 0)
        #expect(throws: ArchiveError.self) { try FolderArchive.of(path, limit: 1 << 20) }
        try Folder.removeAll(path)
    }

    @Test func whatIsTooLargeIsSaid() throws {
        try withFolders { one, _ in
            try write(String(repeating: "x", count: 100_000), to: "\(one)/large")
            let error = #expect(throws: ArchiveError.self) {
                try FolderArchive.of(one, limit: 50_000)
            }
            guard case .tooLarge(let size, 50_000) = error else {
                Issue.record("it is \(String(describing: error))")
                return
            }
            #expect(size >= 100_000)
            // Headers count: a million empty files are no small archive.
            for index in 0..<100 { try write("", to: "\(one)/\(index)") }
            unlink("\(one)/large")
            #expect(throws: ArchiveError.self) { try FolderArchive.of(one, limit: 50_000) }
            #expect(try FolderArchive.of(one, limit: 60_000).members == 100)
        }
    }

    @Test func whatLiesTooDeepIsSaid() throws {
        try withFolders { one, _ in
            var folder = open(one, O_RDONLY | O_DIRECTORY)
            for _ in 0...FolderArchive.deepest {
                mkdirat(folder, "d", 0o700)
                let inner = openat(folder, "d", O_RDONLY | O_DIRECTORY)
                close(folder)
                folder = inner
            }
            close(folder)
            let error = #expect(throws: ArchiveError.self) {
                try FolderArchive.of(one, limit: 1 << 20)
            }
            guard case .tooDeep = error else {
                Issue.record("it is \(String(describing: error))")
                return
            }
        }
    }

    /// Somebody puts a link to another folder in the place of one, and of a file, again and again.
    @Test func nothingOutsideIsReadWhateverIsChangedMeanwhile() async throws {
        try await withFolders { one, outside in
            try write("outside", to: "\(outside)/file")
            try Folder.create("\(one)/folder")
            try write("inside", to: "\(one)/folder/file")
            try await withThrowingTaskGroup(of: Void.self) { group in
                let isOver = Locked(false)
                group.addTask {
                    try await SystemThread.run {
                        while !isOver.withLock({ $0 }) {
                            rename("\(one)/folder", "\(one)/away")
                            symlink(outside, "\(one)/folder")
                            unlink("\(one)/folder")
                            rename("\(one)/away", "\(one)/folder")
                        }
                    }
                }
                group.addTask {
                    try await SystemThread.run {
                        defer { isOver.withLock { $0 = true } }
                        for _ in 0..<3_000 {
                            let archive = try FolderArchive.of(one, limit: 1 << 20)
                            let text = String(decoding: archive.bytes, as: UTF8.self)
                            #expect(!text.contains("outside\0"))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: [
        ["../evil"], ["/evil"], ["a/../../evil"], ["."], [""], ["a//b"], ["missing/file"],
        ["a", "a"],
        ["file", "file/inner"], ["link", "link/inner"],
    ])
    func aHostileArchiveMakesNothingOutside(_ paths: [String]) throws {
        try withFolders { one, other in
            var bytes: [UInt8] = []
            for path in paths {
                let kind: TarHeader.Kind =
                    path == "link" ? .link : path == "a" ? .folder : .file
                TarHeader(
                    kind: kind,
                    path: Array(path.utf8),
                    mode: 0o644,
                    size: 0,
                    time: 0,
                    target: kind == .link ? Array(other.utf8) : []
                ).write(to: &bytes)
            }
            bytes += [UInt8](repeating: 0, count: 1_024)
            #expect(throws: ArchiveError.self) { try FolderArchive.unpack(bytes, into: one) }
            let left = try Folder.names(in: other)
            let evil = try FileStatus.of(Folder.parent(of: one) + "/evil")
            #expect(left == [] && evil == nil)
        }
    }

    /// Each byte of an archive is changed: it is unpacked, or refused, and nothing traps.
    @Test func damagedArchivesAreRefusedOrUnpacked() throws {
        try withFolders { one, other in
            try write("plain", to: "\(one)/a")
            try write("long", to: "\(one)/\(String(repeating: "n", count: 200))")
            symlink("a", "\(one)/link")
            let whole = try FolderArchive.of(one, limit: 1 << 20).bytes
            for place in stride(from: 0, to: whole.count, by: 3) {
                var bytes = whole
                bytes[place] ^= 0x41
                do {
                    try FolderArchive.unpack(bytes, into: other)
                } catch {
                    // Refused, with what of it is wrong.
                    #expect(!"\(error)".isEmpty)
                }
                try Folder.removeAll(other)
                try Folder.create(other)
            }
            for count in stride(from: 0, to: whole.count - 1_024, by: 100) {
                #expect(throws: ArchiveError.self) {
                    try FolderArchive.unpack(Array(whole[..<count]), into: other)
                }
                try Folder.removeAll(other)
                try Folder.create(other)
            }
        }
    }

    @Test func aSignatureChangesWithWhatIsInTheFolder() throws {
        try withFolders { one, _ in
            var last = try FolderSignature.of(one)
            func expectChange(_ change: () throws -> Void) throws {
                try change()
                let next = try FolderSignature.of(one)
                #expect(next != last)
                #expect(try FolderSignature.of(one) == next)
                last = next
            }
            try expectChange { try write("1", to: "\(one)/a") }
            try expectChange { try write("12", to: "\(one)/a") }
            try expectChange { chmod("\(one)/a", 0o755) }
            try expectChange { try Folder.create("\(one)/folder") }
            try expectChange { symlink("a", "\(one)/folder/link") }
            try expectChange { rename("\(one)/a", "\(one)/b") }
            try expectChange { unlink("\(one)/b") }
        }
    }

    // MARK: Means

    private func withFolders(_ body: (String, String) async throws -> Void) async throws {
        let path = FileManager.default.temporaryDirectory.path + "/archive-\(UUID())"
        for folder in ["", "/one", "/other"] { try Folder.create(path + folder) }
        do {
            try await body("\(path)/one", "\(path)/other")
        } catch {
            try Folder.removeAll(path)
            throw error
        }
        try Folder.removeAll(path)
    }

    private func withFolders(_ body: (String, String) throws -> Void) throws {
        try withTemporaryFolder { path in
            for folder in ["/one", "/other"] { try Folder.create(path + folder) }
            try body("\(path)/one", "\(path)/other")
        }
    }

    private func write(_ text: String, to path: String) throws {
        let file = try File.open(path, .readWrite)
        try file.append(Array(text.utf8))
    }

    /// Names, kinds, modes and contents, as `find` and others would say them.
    private func tree(_ path: String) throws -> [String] {
        var all: [String] = []
        for name in try Folder.names(in: path) {
            let inner = "\(path)/\(name)"
            var status = stat()
            #expect(lstat(inner, &status) == 0)
            let mode = String(status.st_mode, radix: 8)
            switch status.st_mode & S_IFMT {
            case S_IFDIR: all += ["\(name)/ \(mode)"] + (try tree(inner)).map { "\(name)/\($0)" }
            case S_IFLNK:
                let target = try FileManager.default.destinationOfSymbolicLink(atPath: inner)
                all.append("\(name) -> \(target)")
            default: all.append("\(name) \(mode) \(try File.contents(of: inner))")
            }
        }
        return all
    }

    /// Runs a program until it has ended.
    private func run(_ tool: String, _ arguments: [String]) throws -> Bool {
        let quoted = ([tool] + arguments).map { "'\($0)'" }.joined(separator: " ")
        let child = try ChildProcess.start(
            script: quoted,
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"],
            folder: "/"
        )
        try child.begin()
        return try child.wait { _, _ in } == .exited(0)
    }
}
