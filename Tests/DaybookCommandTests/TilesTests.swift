import DaybookSystem
import Testing

/// `daybook tiles export`, and what programs of others make of it.
@Suite struct TilesTests {
    /// A key, as its text.
    private func key(_ sandbox: Sandbox) async throws -> String {
        String(try await sandbox.succeed("keygen", "--output", "log.key").text.dropLast())
    }

    private func files(_ path: String) async throws -> [String] {
        let found = try await RunningCommand(["find", ".", "-type", "f"], folder: path).finish()
        return found.text.split(separator: "\n").map { String($0.dropFirst(2)) }.sorted()
    }

    private func expectRight(
        _ sandbox: Sandbox,
        _ key: String,
        _ size: UInt64,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let go = try await Verifiers.go("tiles", key, "log", in: sandbox.folder)
        #expect(
            go.status == 0 && go.text.hasPrefix("\(size) entries, "),
            "\(go.errors)",
            sourceLocation: sourceLocation
        )
        let python = try await Verifiers.python("entries", "log", in: sandbox.folder)
        #expect(
            python.status == 0 && python.text == "\(size) entries\n",
            "\(python.errors)",
            sourceLocation: sourceLocation
        )
    }

    /// A folder that is added to, around where tiles become full.
    @Test func everySizeIsRightToOthers() async throws {
        try await withSandbox { sandbox in
            let key = try await key(sandbox)
            for size in [1, 2, 255, 256, 257, 511, 512, 600] as [UInt64] {
                try sandbox.grow(to: size)
                let line = try await sandbox.succeed("tiles", "export", "log", "--key", "log.key")
                #expect(line.text.hasPrefix("\(size) entries in log: "))
                try await expectRight(sandbox, key, size)
            }
            let expected: [String] = [
                "checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/1",
                "tile/1/000.p/2", "tile/entries/000", "tile/entries/001",
                "tile/entries/002.p/88",
            ]
            #expect(try await files(sandbox.folder + "/log") == expected)
            // Nothing is new: nothing is written.
            let again = try await sandbox.succeed(
                "tiles",
                "export",
                "log",
                "--head",
                "log/checkpoint",
                "--json"
            )
            #expect(try again.json["written"].integer == 0)
            #expect(try again.json["kept"].integer == 8)
            #expect(try permissions(of: sandbox.folder + "/log/tile/0/000") == 0o600)
        }
    }

    /// The example of c2sp.org/tlog-tiles.
    @Test func seventyThousandEntries() async throws {
        try await withSandbox { sandbox in
            let key = try await key(sandbox)
            try sandbox.grow(to: 70_000)
            try await sandbox.succeed("tiles", "export", "log", "--key", "log.key")
            let files = try await files(sandbox.folder + "/log")
            func count(_ prefix: String) -> Int { files.count { $0.hasPrefix(prefix) } }
            #expect(count("tile/0/") == 274)
            #expect(count("tile/entries/") == 274)
            #expect(count("tile/1/") == 2)
            #expect(count("tile/2/") == 1)
            #expect(files.count == 552)
            for file in [
                "tile/0/273.p/112", "tile/entries/273.p/112", "tile/1/000", "tile/1/001.p/17",
                "tile/2/000.p/1",
            ] {
                #expect(files.contains(file), "\(file)")
            }
            try await expectRight(sandbox, key, 70_000)
        }
    }

    @Test func whatDoesNotBelongThereIsRefused() async throws {
        try await withSandbox { sandbox in
            let key = try await key(sandbox)
            try sandbox.grow(to: 300)
            let head = try await sandbox.succeed("head", "--key", "log.key", "--size", "200").text
            try sandbox.write(head, to: "early")
            let export = ["tiles", "export", "log"]
            #expect(try await sandbox.daybook(export).status == 64)
            try await sandbox.succeed(export + ["--key", "log.key"])
            let earlier = try await sandbox.daybook(export + ["--head", "early"])
            #expect(earlier.status == 64 && earlier.errors.contains("name another folder"))
            // Each file with another byte: the others see it, and so does the next export.
            for file in try await files(sandbox.folder + "/log") {
                let path = sandbox.folder + "/log/" + file
                let bytes = try File.contents(of: path)
                var changed = bytes
                changed[changed.count / 2] ^= 1
                try writeBytes(changed, to: path)
                let go = try await Verifiers.go("tiles", key, "log", in: sandbox.folder)
                #expect(go.status == 1, "\(file)")
                if file != "checkpoint" {
                    let again = try await sandbox.daybook(export + ["--key", "log.key"])
                    #expect(again.status == 5 && again.errors.contains(file), "\(again.errors)")
                }
                try writeBytes(bytes, to: path)
            }
            try await expectRight(sandbox, key, 300)
            // Another journal.
            try await sandbox.succeed("init", "other.daybook")
            let name = ["--journal", "other.daybook"]
            try await sandbox.succeed(["keygen", "--output", "other.key"] + name)
            let other = try await sandbox.daybook(export + ["--key", "other.key"] + name)
            #expect(other.status == 5 && other.errors.contains("the head is of the log"))
            try await expectRight(sandbox, key, 300)
        }
    }
}
