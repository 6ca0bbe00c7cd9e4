import DaybookSystem
import Testing

/// A damaged page ends a command with a sentence and the status of an integrity failure, whatever
/// LMDB makes of it.
@Suite struct DamagedPageTests {
    private static let commands = [
        ["list"], ["show", "good"], ["log"], ["export"], ["entry", "3"], ["status", "bad"],
        ["info"], ["session"], ["verify"], ["exec", "open"],
        ["submit", "runbook.yaml", "--id", "new"],
        ["signal", "open", "s"], ["work", "--until-idle"],
    ]

    /// Runs every command on a file of its own with this damage.
    /// - Returns: how many ended with an integrity failure.
    private func integrityFailures(
        _ comment: Comment,
        _ damage: (inout JournalBytes) -> Void
    ) async throws -> Int {
        var journal = try await SampleJournals.small()
        damage(&journal)
        var found = 0
        for command in Self.commands {
            try await journal.withJournal { sandbox in
                try sandbox.write(runbook(["a": "true"]))
                let result = try await sandbox.daybook(command)
                // Negative, or above 128: ended by a signal.
                #expect(
                    (0..<128).contains(result.status),
                    "\(comment), \(command): \(result.errors)"
                )
                if result.status == 5 {
                    found += 1
                    #expect(result.errors.contains("daybook: "), "\(comment), \(command)")
                }
                #expect(!result.errors.contains("remove it"), "\(comment), \(command)")
            }
        }
        return found
    }

    @Test(arguments: [0x00, 0xFF] as [UInt8])
    func pagesThatAreOverwritten(_ byte: UInt8) async throws {
        let count = try await SampleJournals.small().bytes.count / JournalBytes.pageSize
        var found = 0
        for page in stride(from: 2, to: count, by: 6) {
            found += try await integrityFailures("page \(page) filled with \(byte)") {
                $0.fill(page, byte)
            }
        }
        #expect(found > 0)
    }

    @Test func pagesOfAnotherKind() async throws {
        let count = try await SampleJournals.small().bytes.count / JournalBytes.pageSize
        var found = 0
        for page in stride(from: 3, to: count, by: 7) {
            // Flags, then the end of the offsets.
            for (offset, mask) in [(10, 0x20), (12, 0xFF)] as [(Int, UInt8)] {
                found += try await integrityFailures("page \(page), offset \(offset)") {
                    $0.bytes[page * JournalBytes.pageSize + offset] ^= mask
                }
            }
        }
        #expect(found > 0)
    }

    @Test func pagesThatChangedPlaces() async throws {
        let count = try await SampleJournals.small().bytes.count / JournalBytes.pageSize
        let found = try await integrityFailures("pages swapped") {
            $0.swapPages(count - 1, count - 4)
        }
        #expect(found > 0)
    }

    /// One with the last, whose keys are greater, and one with the root, which leads back to itself.
    @Test func whoeverWritesFindsLeavesOfTheEntriesThatChangedPlaces() async throws {
        try await withSandbox { sandbox in
            var text = "name: long\nblocks:\n- name: block\n  jobs:\n"
            for number in 1...60 { text += "  - { name: job.\(number), run: ':' }\n" }
            try sandbox.write(text)
            try await sandbox.succeed("run", "runbook.yaml", "--id", "long")
            let whole = JournalBytes(try File.contents(of: sandbox.dataFile))
            let root = try whole.root(of: "entries")
            let leaves = try whole.leaves(of: "entries")
            try #require(leaves.count > 3)
            for leaf in leaves.dropLast() {
                for other in [root, leaves[leaves.count - 1]] {
                    var journal = whole
                    journal.swapPages(leaf, other)
                    // Where it lies: a copy is not written.
                    try writeBytes(journal.bytes, to: sandbox.dataFile)
                    for command in [
                        ["submit", "runbook.yaml", "--id", "new"], ["work", "--until-idle"],
                        ["verify"],
                    ] {
                        let result = try await sandbox.daybook(command)
                        #expect(
                            result.status == 5,
                            "pages \(leaf) and \(other), \(command): \(result.errors)"
                        )
                    }
                }
            }
        }
    }

    @Test(arguments: [0x00, 0x02, 0xFF] as [UInt8])
    func aPageOfTheDatabasesThatIsOverwrittenIsAnIntegrityFailure(_ byte: UInt8) async throws {
        var journal = try await SampleJournals.small()
        journal.fill(journal.mainRoot, byte)
        for command in Self.commands {
            try await journal.withJournal { sandbox in
                try sandbox.write(runbook(["a": "true"]))
                let result = try await sandbox.daybook(command)
                #expect(result.status == 5, "\(command): \(result.errors)")
                #expect(result.errors.contains("restore"), "\(command): \(result.errors)")
            }
        }
    }

    /// The page that names the databases.
    @Test(arguments: ["entries", "executions", "tiles"])
    func aLostNameOfADatabaseIsAnIntegrityFailure(_ name: String) async throws {
        var journal = try await SampleJournals.small()
        let key = [UInt8(name.utf8.count), 0] + Array(name.utf8)
        try journal.flip(at: 3, in: key)
        try await journal.withJournal { sandbox in
            for command in [["list"], ["verify"], ["exec", "open"]] {
                let result = try await sandbox.daybook(command)
                #expect(result.status == 5, "\(command): \(result.errors)")
                #expect(result.errors.contains("page"), "\(command): \(result.errors)")
            }
        }
    }

    @Test func aCommitThatWasTakenBackIsFound() async throws {
        try await withSandbox { sandbox in
            try sandbox.write(runbook(["a": "true"]))
            for id in ["x", "y", "z"] {
                try await sandbox.succeed("submit", "runbook.yaml", "--id", id)
            }
            let whole = try File.contents(of: sandbox.dataFile)
            var refused = 0
            for page in 0..<2 {
                for bit in 0..<16 {
                    var bytes = whole
                    bytes[page * 4_096 + 144 + bit / 8] ^= 1 << UInt8(bit % 8)
                    try writeBytes(bytes, to: sandbox.dataFile)
                    for command in [["verify"], ["list"], ["exec", "x"]] {
                        let result = try await sandbox.daybook(command)
                        #expect(result.status == 5, "page \(page), bit \(bit): \(result.errors)")
                        refused += 1
                    }
                }
            }
            #expect(refused == 96)
            try writeBytes(whole, to: sandbox.dataFile)
            try await sandbox.succeed("verify")
        }
    }
}
