import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookSystem
import DaybookTestKit
import FoundationEssentials
import Testing

/// A process that is killed between an entry and the file of keys leaves keys that are to be overwritten:
/// that is told as it is, and is no damage.
@Suite struct OwedWipeTests {
    private let room = ClockedJournal()

    private var options: EngineOptions {
        var options = room.options
        options.journalKey = .bytes([UInt8](repeating: 7, count: 32))
        return options
    }

    private static let waiting: Scripted.Code = { _, context in
        "\(try await context.receive("go", as: Int.self))"
    }

    private func inspect<Result>(
        _ path: String,
        _ body: (Inspector) throws -> Result
    ) throws -> Result {
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        return try body(inspector)
    }

    /// An execution with a secret that is wiped, and the file of keys as it was before.
    private func prepare(_ path: String) async throws {
        let keys = JournalFolder(path).keys
        var before: [UInt8] = []
        try await withEngine(path, options, code: Self.waiting) { engine async throws in
            var terms = ExecutionOptions()
            terms.secrets = ["TOKEN": "hunter2-and-more"]
            try await engine.start("a", terms)
            try await engine.untilWaiting()
            before = try File.contents(of: keys)
            #expect(try await engine.wipeSecrets(of: "a") == ["TOKEN"])
        }
        #expect(try inspect(path) { try $0.verify().leftKeys } == [])
        #expect(try inspect(path) { try $0.secrets(of: "a") }.first?.wiped?.isOverwritten == true)
        try Data(before).write(to: URL(filePath: keys))
    }

    @Test func aWipeThatWasCutShortIsOwedAndIsNoDamage() async throws {
        try await withJournal(room.creation) { path in
            try await prepare(path)
            let report = try inspect(path) { try $0.verify() }
            #expect(report.isGood, "\(report.problems)")
            let owed = try #require(report.leftKeys.first)
            #expect(report.leftKeys.count == 1)
            #expect(owed.slot == 0)
            #expect(owed.secret?.name == "TOKEN" && owed.secret?.execution == "a")
            let wiped = try #require(inspect(path) { try $0.secrets(of: "a") }.first?.wiped)
            #expect(wiped.isOverwritten == false && wiped.cause == "asked")
            #expect(wiped.at == owed.secret?.wipedAt)
            let entry = try inspect(path) { try $0.entry(try #require(owed.secret).sequence) }
            #expect(entry.eventName == "secrets_wiped")
            // Whoever writes next overwrites it.
            try await withEngine(path, options, code: Self.waiting) { _ async throws in }
            #expect(try inspect(path) { try $0.verify().leftKeys } == [])
            #expect(
                try inspect(path) { try $0.secrets(of: "a") }.first?.wiped?.isOverwritten == true
            )
        }
    }

    /// It was cut short in the middle of the overwriting: what is left of the key is still to go.
    @Test func aKeyThatIsOverwrittenInPartIsOwed() async throws {
        try await withJournal(room.creation) { path in
            try await prepare(path)
            try tear(path)
            let report = try inspect(path) { try $0.verify() }
            #expect(report.isGood && report.leftKeys.map(\.slot) == [0], "\(report.problems)")
            let wiped = try #require(inspect(path) { try $0.secrets(of: "a") }.first?.wiped)
            #expect(wiped.isOverwritten == false)
            try await withEngine(path, options, code: Self.waiting) { _ async throws in }
            #expect(try inspect(path) { try $0.verify().leftKeys } == [])
            let gone = try #require(inspect(path) { try $0.secrets(of: "a") }.first?.wiped)
            #expect(gone.isOverwritten == true)
        }
    }

    /// Its slot has the key of another secret, which is damaged: that it could be given is how it is known.
    @Test func aKeyWhoseSlotIsAnothersByNowIsOverwritten() async throws {
        try await withJournal(room.creation) { path in
            try await prepare(path)
            try await withEngine(path, options, code: Self.waiting) { engine async throws in
                var terms = ExecutionOptions()
                terms.secrets = ["TOKEN": "hunter3-and-more"]
                try await engine.start("b", terms)
                try await engine.untilWaiting("b")
            }
            try tear(path)
            #expect(try inspect(path) { try $0.verify() }.problems.count == 1)
            let wiped = try #require(inspect(path) { try $0.secrets(of: "a") }.first?.wiped)
            #expect(wiped.isOverwritten == true)
        }
    }

    /// Zeros in the first half of slot 0.
    private func tear(_ path: String) throws {
        let keys = JournalFolder(path).keys
        var bytes = try File.contents(of: keys)
        bytes.replaceSubrange(128..<192, with: repeatElement(0, count: 64))
        try Data(bytes).write(to: URL(filePath: keys))
    }

    /// A file of keys that is none says nothing of a key, and hides nothing of what entries say.
    @Test func aFileOfKeysThatCannotBeReadLeavesItOpen() async throws {
        try await withJournal(room.creation) { path in
            try await prepare(path)
            let keys = JournalFolder(path).keys
            var bytes = try File.contents(of: keys)
            bytes[20] ^= 1
            try Data(bytes).write(to: URL(filePath: keys))
            let record = try #require(inspect(path) { try $0.secrets(of: "a") }.first)
            #expect(record.wiped?.cause == "asked" && record.wiped?.isOverwritten == nil)
            try Folder.removeFile(keys)
            try Folder.create(keys)
            #expect(try inspect(path) { try $0.secrets(of: "a") } == [record])
        }
    }

    /// What cannot be known of one that is wiped hides nothing of one that is kept.
    @Test func beneathADamagedHeaderWhatIsKeptIsDamaged() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, options, code: Self.waiting) { engine async throws in
                var terms = ExecutionOptions()
                terms.secrets = ["OTHER": "hunter3-and-more", "TOKEN": "hunter2-and-more"]
                try await engine.start("a", terms)
                try await engine.untilWaiting()
                #expect(try await engine.wipeSecrets(of: "a", names: ["TOKEN"]) == ["TOKEN"])
            }
            let keys = JournalFolder(path).keys
            var bytes = try File.contents(of: keys)
            bytes[20] ^= 1
            try Data(bytes).write(to: URL(filePath: keys))
            let records = try inspect(path) { try $0.secrets(of: "a") }
            let kept = try #require(records.first { $0.name == "OTHER" })
            #expect(kept.wiped == nil && kept.key == .damaged)
            let wiped = try #require(records.first { $0.name == "TOKEN" }?.wiped)
            #expect(wiped.isOverwritten == nil)
        }
    }

    /// What was wrong with the file of keys when the journal was opened is mended: nothing is owed.
    @Test func whatCouldNotBeLookedForIsLookedForAgain() async throws {
        try await withJournal(room.creation) { path in
            try await prepare(path)
            let keys = JournalFolder(path).keys
            try Folder.rename(keys, to: keys + ".aside")
            try Folder.create(keys)
            try await withEngine(path, options, code: Self.waiting) { engine async throws in
                let error = try #require(try await engine.owedKeys(of: "c"))
                #expect(error.code == .left)
                // Nothing of that one was wiped.
                #expect(!error.message.contains("secrets of c are wiped"), "\(error.message)")
                try Folder.removeAll(keys)
                try Folder.rename(keys + ".aside", to: keys)
                #expect(try await engine.owedKeys(of: "c") == nil)
            }
            #expect(try inspect(path) { try $0.verify().leftKeys } == [])
        }
    }

    @Test func aKeyThatNoEntryCameToNameIsOwedToo() async throws {
        try await withJournal(room.creation) { path in
            try await prepare(path)
            try await withEngine(path, options, code: Self.waiting) { _ async throws in }
            let keys = JournalFolder(path).keys
            let header = try File.contents(of: keys)
            let journal = try #require(Identifier(Array(header[16..<32])))
            let file = KeysFile(keys, journal: journal)
            let place = SecretPlace(journal: journal, execution: "b", name: "TOKEN")
            let key = try #require(JournalKey([UInt8](repeating: 7, count: 32)))
            // As if its process were killed: the locks go, and what it wrote stays.
            _ = try file.reserve([place], key)
            let report = try inspect(path) { try $0.verify() }
            #expect(report.isGood, "\(report.problems)")
            #expect(report.leftKeys.map(\.slot) == [0])
            #expect(report.leftKeys.first?.secret == nil)
        }
    }

    /// A secret that is kept, and whose file of keys is gone, cannot be opened; nothing contradicts anything, and
    /// nothing is owed.
    @Test func aFileOfKeysThatIsMissingIsNothingOwed() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(path, options, code: Self.waiting) { engine async throws in
                var terms = ExecutionOptions()
                terms.secrets = ["TOKEN": "hunter2-and-more"]
                try await engine.start("a", terms)
                try await engine.untilWaiting()
            }
            try Folder.removeFile(JournalFolder(path).keys)
            let report = try inspect(path) { try $0.verify() }
            #expect(report.problems == [] && report.leftKeys == [])
            #expect(report.unopenable?.secrets == 1 && report.unopenable?.executions == 1)
        }
    }
}
