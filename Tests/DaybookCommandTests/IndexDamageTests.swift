import DaybookFormat
import Testing

/// Bits that flip in the indexes: `list` and `status` answer from these alone.
@Suite struct IndexDamageTests {
    /// The key and the row of a closed execution, as they lie behind each other in a page.
    ///
    /// The row is not written again once it says so: all copies of it are the same, that in the
    /// page in use and those that LMDB keeps in pages that are free.
    private func row(of id: String, in journal: JournalBytes) throws -> [UInt8] {
        let key = [UInt8(id.utf8.count), 0] + Array(id.utf8)
        for place in journal.places(of: key) {
            let first = place + key.count
            // Its number, then the summary with its length in a byte; only a closed one has it.
            guard journal.bytes[first] == 0x08, journal.bytes[first + 2] == 0x12 else { continue }
            // Behind it the check, with its tag.
            let end = first + 4 + Int(journal.bytes[first + 3]) + ExecutionRowCheck.size
            return Array(journal.bytes[place..<end])
        }
        Issue.record("no row of \(id) says that it is closed")
        return key
    }

    @Test(arguments: ["good", "bad"])
    func aBitAnywhereInTheRowOfAClosedExecutionIsFound(_ id: String) async throws {
        let sample = try await SampleJournals.small()
        let row = try row(of: id, in: sample)
        #expect(row.count > 40)
        for offset in 2..<row.count {
            var journal = sample
            try journal.flip(bit: offset % 8, at: offset, in: row)
            let result = try await journal.verified()
            #expect(result.status == 5, "`verify` does not look at byte \(offset) of the row")
            if offset >= 2 + id.utf8.count {
                #expect(result.errors.contains(" row"), "byte \(offset): \(result.errors)")
            }
        }
    }

    /// Of the copies of a row one is in use, and that one alone counts.
    @Test(arguments: ["good", "bad"])
    func onlyTheRowInUseCounts(_ id: String) async throws {
        let sample = try await SampleJournals.small()
        let row = try row(of: id, in: sample)
        var statuses: [Int32] = []
        for place in sample.places(of: row) {
            var journal = sample
            journal.bytes[place + row.count - 1] ^= 1
            statuses.append(try await journal.verified().status)
        }
        #expect(statuses.count { $0 == 5 } == 1, "\(statuses)")
        #expect(statuses.allSatisfy { [0, 5].contains($0) }, "\(statuses)")
    }

    /// The history of an execution is a row of sequences.
    @Test(arguments: 0..<4)
    func aBitInAHistoryIsFound(_ place: Int) async throws {
        var journal = try await SampleJournals.small()
        let members = try await journal.withJournal { sandbox in
            try await sandbox.succeed("log", "good", "--jsonl").jsonLines
                .compactMap { $0["sequence"].integer }
        }
        #expect(members.count > place + 3)
        let bytes = members.flatMap { [UInt8($0)] + [UInt8](repeating: 0, count: 7) }
        try journal.flip(bit: 6, at: 8 * place, in: bytes)
        let result = try await journal.verified()
        #expect(result.status == 5)
        #expect(result.errors.contains("daybook: "))
    }
}
