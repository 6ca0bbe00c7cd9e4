import DaybookFormat
import DaybookSystem
import LMDB
import Testing

@testable import DaybookJournal

/// A store whose contents contradict themselves is an error, and never a crash.
@Suite struct JournalDamageTests {
    /// A journal of 300 entries in memory.
    private func store() throws -> MemoryStore {
        let store = MemoryStore()
        let journal = try Journal.create(in: store, event: Drafts.created)
        try journal.append((1..<300).map { Drafts.entry($0) })
        return store
    }

    private func openingFails(
        _ store: MemoryStore,
        at sequence: UInt64?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = journalError({ _ = try Journal.open(store) }, sourceLocation: sourceLocation)
        #expect(error?.code == .integrity, sourceLocation: sourceLocation)
        #expect(error?.sequence == sequence, sourceLocation: sourceLocation)
    }

    @Test func aMissingTileIsAnError() throws {
        let store = try store()
        store.tamper { $0.tiles = [:] }
        openingFails(store, at: nil)
    }

    @Test func aTileThatIsTooShortIsAnError() throws {
        let store = try store()
        store.tamper { $0.tiles[tileKey(0, 0)]?.removeLast(32) }
        openingFails(store, at: nil)
    }

    @Test func aLastEntryThatIsNoneIsAnError() throws {
        let store = try store()
        store.tamper { $0.entries[299] = [0xFF] }
        openingFails(store, at: 299)
    }

    @Test func aLastEntryOfAnotherSequenceIsAnError() throws {
        let store = try store()
        store.tamper { $0.entries[299] = $0.entries[298] }
        openingFails(store, at: 299)
    }

    @Test func anEntryThatCannotBeReadEndsAScan() throws {
        let store = try store()
        let journal = try Journal.open(store)
        store.tamper { $0.entries[7] = [0x80] }
        var seen = 0
        let error = journalError {
            try journal.scan { _ in
                seen += 1
                return true
            }
        }
        #expect(error?.code == .integrity)
        #expect(error?.sequence == 7)
        #expect(seen == 7)
    }

    @Test func followingRefusesAnEntryOfAnotherSequence() throws {
        let store = try store()
        let journal = try Journal.open(store)
        store.tamper { $0.entries.append($0.entries[5]) }
        let error = journalError { try journal.catchUp { _ in } }
        #expect(error?.code == .integrity)
        #expect(error?.sequence == 300)
        // The same when it is met inside a write.
        #expect(journalError { try journal.append([Drafts.entry(1)]) }?.code == .integrity)
    }

    @Test func followingRefusesAGap() throws {
        try withTemporaryFolder { folder in
            let store = try LMDBStore.open(folder, .scratch)
            defer { store.close() }
            let journal = try Journal.create(in: store, event: Drafts.created)
            try write(2, to: store)
            let error = journalError { try journal.catchUp { _ in } }
            #expect(error?.code == .integrity)
            #expect(error?.sequence == 1)
        }
    }

    /// Puts an entry into the store behind the journal's back.
    private func write(
        _ sequence: UInt64,
        ordinal: UInt64 = 0,
        to store: any JournalStore
    ) throws {
        try Self.write(sequence, ordinal: ordinal, to: store)
    }

    private static func write(
        _ sequence: UInt64,
        ordinal: UInt64,
        to store: any JournalStore
    ) throws {
        var header = EntryHeader()
        header.sequence = sequence
        header.stream = StreamID(1)
        header.ordinal = ordinal
        var bytes = WireWriter()
        Drafts.created.withUnsafeBytes { bytes.entry(header, [], event: $0) }
        let entry = Array(bytes.bytes)
        try store.write { writer in
            try entry.withUnsafeBytes { try writer.append(entry: $0, at: sequence) }
        }
    }

    @Test func anEntryFarBeyondTheOthersIsAnError() throws {
        try withTemporaryFolder { folder in
            let store = try LMDBStore.open(folder, .scratch)
            defer { store.close() }
            _ = try Journal.create(in: store, event: Drafts.created)
            try write(1 << 62, to: store)
            #expect(journalError { _ = try Journal.open(store) }?.code == .integrity)
        }
    }

    @Test func theLastSequenceThatThereCanBeIsAnError() async {
        do {
            await #expect(processExitsWith: .success) {
                try withTemporaryFolder { folder in
                    let store = try LMDBStore.open(folder, .scratch)
                    _ = try Journal.create(in: store, event: Drafts.created)
                    try Self.write(.max, ordinal: 0, to: store)
                    #expect(journalError { _ = try Journal.open(store) }?.code == .integrity)
                }
            }
        }
    }

    @Test func theLastOrdinalThatThereCanBeIsAnError() async {
        do {
            await #expect(processExitsWith: .success) {
                let store = MemoryStore()
                let journal = try Journal.create(in: store, event: Drafts.created)
                try Self.write(1, ordinal: .max, to: store)
                #expect(journalError { try journal.catchUp { _ in } }?.code == .integrity)
            }
        }
    }
}
