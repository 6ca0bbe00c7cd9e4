import DaybookFormat
import DaybookSystem
import Glibc
import LMDB
import Testing

@testable import DaybookJournal

/// A commit that fails may have been written or not: the answer must be the true one.
@Suite struct JournalOutcomeTests {
    private func journal(in store: some JournalStore) throws -> Journal {
        let journal = try Journal.create(in: store, event: Drafts.created)
        try journal.append([Drafts.entry(1), Drafts.entry(2)])
        return journal
    }

    @Test func aBatchThatWasWrittenIsAnswered() throws {
        let store = MemoryStore()
        let journal = try journal(in: store)
        store.inject(.writtenInCommit)
        #expect(try journal.append([Drafts.entry(1), Drafts.entry(3)]) == 3..<5)
        #expect(journal.head.size == 5)
        try journal.append([Drafts.entry(3), Drafts.entry(1)])
        try journal.checkInvariants()
    }

    @Test func aBatchThatWasNotWrittenIsRefused() throws {
        let store = MemoryStore()
        let journal = try journal(in: store)
        let head = journal.head
        store.inject(.lostInCommit)
        let error = journalError { try journal.append([Drafts.entry(1), Drafts.entry(3)]) }
        #expect(error?.code == .system)
        #expect((error?.underlying as? JournalError)?.code == .outcomeUnknown)
        #expect(journal.head == head)
        #expect(try journal.entries().count == 3)
        try journal.append([Drafts.entry(3), Drafts.entry(1)])
        try journal.checkInvariants()
    }

    @Test func theBatchOfAnotherInTheSamePlaceIsNotTakenForIt() throws {
        let store = FaultyStore()
        let journal = try journal(in: store)
        let other = try Journal.open(store.memory)
        store.memory.inject(.lostInCommit)
        // Between the failure and the look, somebody else writes as many entries.
        store.onReopen { try other.append([Drafts.entry(9)]) }
        let error = journalError { try journal.append([Drafts.entry(1)]) }
        #expect(error?.code == .system)
        #expect(try journal.append([Drafts.entry(1)]) == 4..<5)
        try journal.checkInvariants()
    }

    @Test func aBatchIsFoundAlsoBehindEntriesOfOthers() throws {
        let store = FaultyStore()
        let journal = try journal(in: store)
        let other = try Journal.open(store.memory)
        store.memory.inject(.writtenInCommit)
        store.onReopen { try other.append([Drafts.entry(9), Drafts.entry(1)]) }
        #expect(try journal.append([Drafts.entry(1)]) == 3..<4)
        var seen: [UInt64] = []
        try journal.catchUp { seen.append($0.header.sequence) }
        #expect(seen == [4, 5])
        try journal.append([Drafts.entry(1)])
        try journal.checkInvariants()
    }

    @Test func aJournalThatCannotBeOpenedAgainLeavesTheOutcomeOpen() throws {
        let store = FaultyStore()
        let journal = try journal(in: store)
        store.memory.inject(.lostInCommit)
        store.onReopen { throw JournalError(.system, "the disk is gone") }
        let error = journalError { try journal.append([Drafts.entry(1), Drafts.entry(3)]) }
        #expect(error?.code == .outcomeUnknown)
        #expect(error?.message.contains("the disk is gone") == true)
        // The disk comes back, and the batch was not on it.
        store.onReopen {}
        try journal.append([Drafts.entry(3), Drafts.entry(1)])
        let chain = try journal.entries().suffix(2).map { [$0.header.ordinal, $0.header.previous] }
        do {
            #expect(chain == [[0, 0], [1, 1]])
        }
    }

    @Test func aDiskThatRefusesToGrowLeavesTheBatchOut() async {
        // A limit on the size of files, which holds for the whole process, stands in for the disk.
        await #expect(processExitsWith: .success) {
            try withTemporaryFolder { folder in
                signal(SIGXFSZ, SIG_IGN)
                let store = try LMDBStore.open(folder, EnvironmentOptions())
                let journal = try Journal.create(in: store, event: Drafts.created)
                try journal.append([Drafts.entry(1)])
                let size = try #require(try FileStatus.of(folder + "/journal.mdb")).size
                try limitFiles(to: rlim_t(size))
                let large = (0..<100).map { _ in
                    Drafts.entry(1, text: String(repeating: "a", count: 10_000))
                }
                let error = journalError { try journal.append(large) }
                #expect(error?.code == .full)
                #expect(error?.message.contains("Nothing of this batch was written") == true)
                #expect(journal.head.size == 2)
                #expect(try journal.entries().count == 2)
                try limitFiles(to: rlim_t.max)
                try journal.append(large)
                try journal.checkInvariants()
                store.close()
            }
        }
    }
}

/// The largest file that this process may write.
private func limitFiles(to size: rlim_t) throws {
    var limit = rlimit(rlim_cur: size, rlim_max: rlim_t.max)
    guard setrlimit(__rlimit_resource_t(UInt32(RLIMIT_FSIZE.rawValue)), &limit) == 0 else {
        throw SystemError.current("setrlimit")
    }
}

/// A store in memory that does something when it is opened again.
private final class FaultyStore: JournalStore {
    let memory = MemoryStore()
    private let reopening = Locked<@Sendable () throws -> Void>({})

    func onReopen(_ body: @escaping @Sendable () throws -> Void) {
        reopening.withLock { $0 = body }
    }

    var location: String { memory.location }
    func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        try memory.read(body)
    }
    func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        try memory.write(body)
    }
    func reopen() throws { try reopening.withLock { $0 }() }
    func close() { memory.close() }
}
