import DaybookFormat
import DaybookJournal
import DaybookSystem
import Testing

/// More is wrong than is listed: what is said of the rest is true all the same.
@Suite struct ManyProblemsTests {
    private static let repair = ["doctor", "--repair", "--reason", "a bad disk", "--yes"]

    /// Runs `body` with a journal of so many entries.
    private func withJournal(
        of size: UInt64,
        _ body: (Sandbox, JournalBytes) async throws -> Void
    ) async throws {
        try await withSandbox { sandbox in
            try sandbox.grow(to: size)
            try await sandbox.succeed("verify")
            try await body(sandbox, JournalBytes(try File.contents(of: sandbox.dataFile)))
        }
    }

    /// The entries are said to be sound, with their root, and the tiles are made anew from them.
    private func expectTilesMadeAnew(_ sandbox: Sandbox, _ damaged: JournalBytes) async throws {
        let root = try await sandbox.succeed("head", "--json").json["root"].string
        try writeBytes(damaged.bytes, to: sandbox.dataFile)
        let look = try await sandbox.daybook("doctor")
        #expect(look.status == 5)
        #expect(look.text.contains("  entries     sound\n"), "\(look)")
        #expect(look.text.contains("  tiles       damaged, can be made anew"), "\(look)")
        #expect(look.text.contains("there is more; this is cut short"), "\(look)")
        #expect(look.text.hasSuffix("\nroot \(try #require(root))\n"), "\(look)")
        try await sandbox.succeed(Self.repair)
        try await sandbox.succeed("verify")
    }

    @Test func moreTilesAreMissingThanAreListed() async throws {
        try await withJournal(of: 26_580) { sandbox, whole in
            var damaged = whole
            damaged.fill(try whole.root(of: "tiles"), 0xFF)
            try await expectTilesMadeAnew(sandbox, damaged)
        }
    }

    /// 128 hashes, as of a page of the disk, and all of a tile.
    @Test(arguments: [128, 256])
    func moreHashesOfATileAreWrongThanAreListed(_ count: Int) async throws {
        try await withJournal(of: 289) { sandbox, whole in
            try await sandbox.succeed("keygen", "--output", "log.key")
            try await sandbox.succeed("tiles", "export", "log", "--key", "log.key")
            let tile = try File.contents(of: sandbox.folder + "/log/tile/0/000")
            try #require(tile.count == 256 * 32)
            var damaged = whole
            let places = whole.places(of: Array(tile.prefix(count * 32)))
            try #require(!places.isEmpty)
            for place in places {
                for offset in 0..<count * 32 { damaged.bytes[place + offset] ^= 0xFF }
            }
            try await expectTilesMadeAnew(sandbox, damaged)
        }
    }

    /// What is wrong with entries is not said of tiles, however much it is.
    @Test func moreEntriesAreWrongThanAreListed() async throws {
        try await withJournal(of: 700) { sandbox, whole in
            var damaged = whole
            try damaged.replace("text/", with: "test/")
            try writeBytes(damaged.bytes, to: sandbox.dataFile)
            let look = try await sandbox.daybook("doctor")
            #expect(look.status == 5)
            #expect(look.text.contains("  entries     damaged: entry "), "\(look)")
            #expect(look.text.contains("  tiles       sound"), "\(look)")
            #expect(look.text.contains("there is more; this is cut short"), "\(look)")
            #expect(look.errors.contains("daybook restore"), "\(look)")
        }
    }
}
