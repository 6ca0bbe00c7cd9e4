import DaybookSystem
import Testing

/// A bit that has flipped on the disk is found, and laid at the right door.
@Suite struct DamageTests {
    /// Checks that `verify` finds fault, and names the entry.
    private func expectFault(
        _ journal: JournalBytes,
        in entry: Int? = nil,
        _ comment: Comment? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await journal.verified()
        #expect(result.status == 5, comment, sourceLocation: sourceLocation)
        #expect(result.text == "", comment, sourceLocation: sourceLocation)
        let lines = result.errors.split(separator: "\n")
        #expect(
            lines.last?.contains("restore it from a backup") == true,
            comment,
            sourceLocation: sourceLocation
        )
        if let entry {
            #expect(
                lines.contains { $0.hasPrefix("daybook: entry \(entry): ") },
                "entry \(entry) is not named: \(result.errors)",
                sourceLocation: sourceLocation
            )
        }
    }

    private func raw(_ sequence: Int, _ sandbox: Sandbox) async throws -> [UInt8] {
        try await sandbox.succeed("entry", "\(sequence)", "--raw").output
    }

    @Test func theSamplesAreGoodBeforeTheyAreDamaged() async throws {
        for sample in [try await SampleJournals.small(), try await SampleJournals.large()] {
            let result = try await sample.verified()
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.errors == "")
        }
    }

    @Test func aBitInAnyEntryIsLaidAtItsDoor() async throws {
        var random = SystemRandomNumberGenerator()
        let sample = try await SampleJournals.small()
        let entries = try await sample.withJournal { sandbox in
            let count = try await sandbox.events().count
            var all: [[UInt8]] = []
            for sequence in 0..<count { all.append(try await raw(sequence, sandbox)) }
            return all
        }
        #expect(entries.count > 20)
        for (sequence, entry) in entries.enumerated() {
            let offset = Int.random(in: 0..<entry.count, using: &random)
            let bit = Int.random(in: 0..<8, using: &random)
            var journal = sample
            try journal.flip(bit: bit, at: offset, in: entry)
            try await expectFault(
                journal,
                in: sequence,
                "entry \(sequence), byte \(offset), bit \(bit)"
            )
        }
    }

    @Test(arguments: [0, 1, 255, 256, 300, 511, 512, 600])
    func aBitInAnEntryIsFoundBehindAFullTileToo(_ sequence: Int) async throws {
        var journal = try await SampleJournals.large()
        let entry = try await journal.withJournal { try await raw(sequence, $0) }
        try journal.flip(bit: sequence % 8, at: entry.count / 2, in: entry)
        try await expectFault(journal, in: sequence)
    }

    /// Also behind a full tile, and in what holds for the whole journal.
    @Test(arguments: [0, 1, 300, 600])
    func aChangedEntryIsNotShown(_ sequence: Int) async throws {
        var journal = try await SampleJournals.large()
        let entry = try await journal.withJournal { try await raw(sequence, $0) }
        try journal.flip(bit: sequence % 8, at: entry.count / 2, in: entry)
        try await journal.withJournal { sandbox in
            for command in [["entry", "\(sequence)"], ["export"], ["log"]] {
                let result = try await sandbox.daybook(command)
                #expect(result.status == 5, "\(command): \(result.errors)")
                #expect(result.errors.contains("entry \(sequence): its bytes"), "\(command)")
            }
        }
    }

    /// Nothing runs on a journal whose first entry has changed, and nobody can say that it is at home here.
    @Test func nothingRunsOnAChangedFirstEntry() async throws {
        let sample = try await SampleJournals.large()
        let entry = try await sample.withJournal { try await raw(0, $0) }
        for offset in stride(from: 30, to: entry.count, by: 7) {
            var journal = sample
            try journal.flip(bit: offset % 8, at: offset, in: entry)
            try await journal.withJournal { sandbox in
                try sandbox.write(runbook(["job": "echo ran > ran"]))
                for command in [["run", "runbook.yaml"], ["adopt", "--yes", "--reason", "moved"]] {
                    let result = try await sandbox.daybook(command)
                    #expect(result.status == 5, "byte \(offset), \(command): \(result.errors)")
                }
                #expect(try FileStatus.of(sandbox.folder + "/ran") == nil)
            }
        }
    }

    @Test func aBitInAPayloadIsLaidAtItsEntrysDoor() async throws {
        let sample = try await SampleJournals.small()
        let events = try await sample.withJournal { try await $0.entries() }
        // An input, a log, an error's message: text that lies in the file as it is.
        for (text, event) in [
            ("name: test", "execution_submitted"), ("what I say is one", "log_recorded"),
            ("exited with status 3", "execution_failed"),
        ] {
            let needle = Array(text.utf8)
            for place in sample.places(of: needle) {
                var journal = sample
                journal.bytes[place] ^= 0x10
                let result = try await journal.verified()
                // An old copy of a page may be damaged without harm.
                guard result.status != 0 else { continue }
                #expect(result.status == 5)
                let named = result.errors.split(separator: "\n")
                    .compactMap { $0.wholeMatch(of: /daybook: entry (\d+): its payload .*/) }
                let sequence = try #require(named.first.flatMap { Int($0.1) }, "\(result.errors)")
                let name = events[sequence]["event"].string
                #expect(name == event || name == "checkpoint_failed", "\(text)")
            }
        }
    }

    /// A payload can be erased, and then has neither salt nor bytes. One of which only the salt
    /// cannot be found has been damaged.
    @Test(arguments: 0..<8)
    func aPayloadThatLooksErasedButIsNotIsFound(_ bit: Int) async throws {
        var journal = try await SampleJournals.small()
        let payload = try await journal.withJournal { sandbox in
            let lines = try await sandbox.entries()
            let log = try #require(lines.first { $0["event"] == "log_recorded" })
            let salt = log["payloads"][0]["salt"].string.flatMap { base64($0) }
            return (sequence: try #require(log["sequence"].integer), salt: try #require(salt))
        }
        // Before the salt: the tag of its field and its length.
        try journal.flip(bit: bit, at: 0, in: [0x0A, 0x10] + payload.salt)
        try await expectFault(journal, in: payload.sequence, "bit \(bit) of the tag")
        try journal.flip(bit: bit, at: 0, in: [0x0A ^ 1 << UInt8(bit), 0x10] + payload.salt)
        try journal.flip(bit: bit, at: 1, in: [0x0A, 0x10] + payload.salt)
        try await expectFault(journal, in: payload.sequence, "bit \(bit) of the length")
    }

    @Test func aPayloadThatIsStoredUnderAnotherEntryIsFound() async throws {
        var journal = try await SampleJournals.small()
        let (last, salt) = try await journal.withJournal { sandbox in
            let payloads = try await sandbox.entries().filter { $0["payloads"] != .null }
            let last = try #require(payloads.last)
            let salt = last["payloads"][0]["salt"].string.flatMap { base64($0) }
            return (try #require(last["sequence"].integer), try #require(salt))
        }
        // The record is behind its key; between the two is the head of the record, which tells
        // its length in two bytes.
        let places = journal.places(of: [0x0A, 0x10] + salt)
        for place in places {
            let key = place - 3 - 8
            #expect(Int(journal.bytes[key]) == last)
            journal.bytes[key + 3] ^= 1
        }
        #expect(!places.isEmpty)
        try await expectFault(journal, in: last)
    }

    @Test(arguments: [0, 100, 255, 256, 511])
    func aBitInATileIsLaidAtTheDoorOfItsEntry(_ sequence: Int) async throws {
        var journal = try await SampleJournals.large()
        let text = try await journal.withJournal { sandbox in
            try await sandbox.succeed("entry", "\(sequence)").text
        }
        let match = try #require(text.firstMatch(of: /leaf hash  ([0-9a-f]{64})/))
        let digits = Array(match.1.utf8)
        let hash = try (0..<32).map { place in
            try #require(
                UInt8(String(decoding: digits[2 * place..<2 * place + 2], as: UTF8.self), radix: 16)
            )
        }
        try journal.flip(bit: 7, at: sequence % 32, in: hash)
        try await expectFault(journal, in: sequence)
    }

    @Test func aBitInTheIDOfAnIndexRowIsFound() async throws {
        for id in ["good", "bad", "open"] {
            var journal = try await SampleJournals.small()
            // In LMDB's pages a key has its length in two bytes before it.
            let key = [UInt8(id.utf8.count), 0] + Array(id.utf8)
            try journal.flip(bit: 0, at: key.count - 1, in: key)
            try await expectFault(journal, in: nil, "the row of \(id)")
        }
    }
}
