import DaybookFormat
import DaybookSystem
import LMDB
import Testing

@testable import DaybookJournal

/// What a journal refuses, and that nothing of it stays.
@Suite struct JournalLimitsTests {
    /// A draft of an execution whose entry takes exactly `size` bytes.
    private func draft(_ execution: UInt64, size: Int, in batch: Batch) throws -> EntryDraft {
        var length = size - 100
        while true {
            let draft = Drafts.entry(execution, text: String(repeating: "a", count: length))
            let taken = try self.size(of: draft, in: batch)
            if taken == size { return draft }
            length += size - taken
        }
    }

    private func size(of draft: EntryDraft, in batch: Batch) throws -> Int {
        var header = EntryHeader()
        header.sequence = batch.nextSequence
        header.time = batch.now
        header.stream = draft.stream
        header.session = draft.session
        if let end = try batch.reader.historyEnd(of: draft.stream.rawValue) {
            header.ordinal = end.count
            header.previous = end.last
        }
        var writer = WireWriter()
        draft.event.withUnsafeBytes { writer.entry(header, [], event: $0) }
        return writer.count
    }

    @Test(arguments: StoreKind.allCases)
    func anEntryHas65535BytesAndNoMore(_ kind: StoreKind) throws {
        try kind.withJournal { journal throws in
            try journal.write { batch in
                for number in UInt64(1)...2 { try batch.append(Drafts.entry(number)) { _ in } }
                let tooLarge = try draft(1, size: 65_536, in: batch)
                let error = journalError {
                    try batch.append(tooLarge) { _ in
                        Issue.record("an entry that is too large was written")
                    }
                }
                #expect(error?.code == .entryTooLarge)
                #expect(batch.failure == nil)
                #expect(batch.nextSequence == 3)
                #expect(try batch.reader.entryCount() == 3)
                // The same batch goes on, as if nothing had been asked for.
                try batch.append(draft(1, size: 65_535, in: batch)) { entry in
                    #expect(entry.bytes.count == 65_535)
                }
                for number: UInt64 in [2, 8] { try batch.append(Drafts.entry(number)) { _ in } }
            }
            let chain = try journal.entries().map {
                [$0.header.stream.rawValue, $0.header.ordinal]
            }
            #expect(chain == [[0, 0], [1, 0], [2, 0], [1, 1], [2, 1], [8, 0]])
            try journal.checkInvariants()
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aBatchOfNothingButARefusalWritesNothing(_ kind: StoreKind) throws {
        try kind.withJournal { journal throws in
            let head = journal.head
            let large = Drafts.entry(1, text: String(repeating: "a", count: 70_000))
            #expect(journalError { try journal.append([large]) }?.code == .entryTooLarge)
            #expect(journal.head == head)
            try journal.checkInvariants()
        }
    }

    @Test func aFullDiskRefusesTheBatchAndTheNextOneGoesOn() throws {
        let store = MemoryStore()
        let journal = try Journal.create(in: store, event: Drafts.created)
        try journal.append([Drafts.entry(1)])
        let before = try journal.entries()
        let head = journal.head
        store.inject(.full)
        #expect(
            journalError { try journal.append([Drafts.entry(1), Drafts.entry(2)]) }?.code == .full
        )
        #expect(try journal.entries() == before)
        #expect(journal.head == head)
        try journal.append([Drafts.entry(2), Drafts.entry(1)])
        try journal.checkInvariants()
    }

    @Test func aFullMapRefusesTheBatchAndTheNextOneGoesOn() throws {
        try withTemporaryFolder { folder in
            var options = EnvironmentOptions.scratch
            options.mapSize = 1 << 20
            options.maximumMapSize = 1 << 20
            let store = try LMDBStore.open(folder, options)
            defer { store.close() }
            let journal = try Journal.create(in: store, event: Drafts.created)
            try journal.append([Drafts.entry(1)])
            let head = journal.head
            let drafts = (0..<40).map { _ in
                Drafts.entry(1, text: String(repeating: "a", count: 60_000))
            }
            let error = journalError { try journal.append(drafts) }
            #expect(error?.code == .full)
            #expect((error?.underlying as? LMDBError)?.code == .mapFull)
            #expect(journal.head == head)
            #expect(try journal.entries().count == 2)
            try journal.append([Drafts.entry(1)])
            try journal.checkInvariants()
        }
    }

    @Test func aMapThatMayGrowTakesTheBatchAtTheNextTry() throws {
        try withTemporaryFolder { folder in
            var options = EnvironmentOptions.scratch
            options.mapSize = 1 << 20
            let store = try LMDBStore.open(folder, options)
            defer { store.close() }
            let journal = try Journal.create(in: store, event: Drafts.created)
            let drafts = (0..<20).map { _ in
                Drafts.entry(1, text: String(repeating: "a", count: 60_000))
            }
            #expect(journalError { try journal.append(drafts) }?.code == .full)
            #expect(try journal.append(drafts) == 1..<21)
            try journal.checkInvariants()
        }
    }
}
