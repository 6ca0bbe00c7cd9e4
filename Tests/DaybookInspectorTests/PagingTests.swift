import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookTestKit
import DaybookView
import LMDB
import Testing

@testable import Daybook

/// A journal of executions that were submitted, and no more.
func withSubmissions(
    _ count: Int,
    _ body: (LMDBStore) throws -> Void
) async throws {
    var creation = CreationOptions()
    creation.environment.synchronizes = false
    try await withJournal(creation) { path in
        let store = try LMDBStore.open(path, creation.environment)
        defer { store.close() }
        let journal = try Journal.open(store)
        var state = State()
        try journal.scan { entry in
            try state.apply(committed: entry)
            return true
        }
        let input = try SealedPayloads(Payload([], contentType: "text/plain"), limit: 16)
        for first in stride(from: 0, to: count, by: 10_000) {
            state = try journal.write { batch in
                var tx = DaybookModel.Transaction(state, JournalLedger(batch))
                for number in first..<min(first + 10_000, count) {
                    // The order of ids is another one than that of numbers.
                    let id: Name = "\(number % 7)-\(number)"
                    let submit = Submit(id: id, type: "t", input: [], payloads: input)
                    _ = try submit.decide(&tx)
                }
                return tx.finish()
            }
            state.commit()
        }
        try body(store)
    }
}

/// Lists of executions that come page by page.
@Suite struct PagingTests {
    @Test func oneHundredThousandExecutionsAreListedInShortReadsAndNotHeld() async throws {
        let count = 100_000
        try await withSubmissions(count) { lmdb in
            let store = CountingStore(lmdb)
            var query = ExecutionQuery()
            query.order = .newestFirst
            var cursor: ExecutionCursor?
            var last = UInt64.max
            var listed = 0
            var held = 0
            repeat {
                let page = try ExecutionReader.page(query, after: cursor, store)
                held = max(held, page.records.count)
                for record in page.records {
                    #expect(record.number < last)
                    last = record.number
                }
                listed += page.records.count
                cursor = page.next
            } while cursor != nil
            #expect(listed == count)
            #expect(held == ExecutionPage.standardLimit)
            let rows = store.rowsOfReads
            #expect(rows.reduce(0, +) == count)
            #expect(rows.allSatisfy { $0 <= 1_024 } && rows.count >= count / 1_024)
            // Who asks for the first few looks at no more.
            query.limit = 3
            _ = try ExecutionReader.records(query, store)
            #expect(store.rowsOfReads.reduce(0, +) == count + 3)
        }
    }

    @Test func pagesThatHoldNothingThatIsWantedArePassedOverInShortReads() async throws {
        try await withSubmissions(5_000) { lmdb in
            let store = CountingStore(lmdb)
            var query = ExecutionQuery()
            query.statuses = [.completed]
            let page = try ExecutionReader.page(query, store)
            #expect(page.records.isEmpty && page.next == nil)
            #expect(store.rowsOfReads.allSatisfy { $0 <= 1_024 })
        }
    }

    @Test func aPageLooksAtTheSameHoweverManyExecutionsThereAre() async throws {
        var looks: [[Int]] = []
        for count in [1_000, 20_000] {
            try await withSubmissions(count) { lmdb in
                for types in [nil, ["t"], ["other"]] {
                    let store = CountingStore(lmdb)
                    var query = ExecutionQuery()
                    query.types = types
                    query.statuses = [.submitted]
                    query.limit = 50
                    let page = try ExecutionReader.page(query, store)
                    #expect(page.records.count == (types == ["other"] ? 0 : 50))
                    looks.append([store.places, store.lookUps])
                }
            }
        }
        #expect(looks[0...2] == looks[3...5])
        #expect(looks.allSatisfy { $0[0] <= 4 * 50 && $0[1] <= 8 * 50 }, "\(looks)")
    }

    @Test(arguments: [1, 2, 7, 1_000], [true, false])
    func pagesTogetherAreTheWholeList(_ size: Int, _ isNewestFirst: Bool) async throws {
        try await withSubmissions(50) { store in
            var query = ExecutionQuery()
            query.order = isNewestFirst ? .newestFirst : .oldestFirst
            let all = try ExecutionReader.records(query, store)
            #expect(all.count == 50)
            #expect(all == all.sorted { ($0.number < $1.number) != isNewestFirst })
            for ids in [nil, all.shuffled().map(\.id)] {
                query.ids = ids
                query.limit = size
                var pages: [ExecutionRecord] = []
                var cursor: ExecutionCursor?
                repeat {
                    let page = try ExecutionReader.page(query, after: cursor, store)
                    #expect(page.records.count <= size)
                    pages += page.records
                    // It may go by way of somebody else.
                    cursor = page.next.flatMap { ExecutionCursor(rawValue: $0.rawValue) }
                    #expect((cursor == nil) == (page.next == nil))
                } while cursor != nil
                #expect(pages == all)
            }
        }
    }

    @Test(arguments: ["", "-", "1", "1-2-3", "a-1", "1--2", "-1-2", "99999999999999999999-1"])
    func aCursorThatIsNoneIsRefused(_ text: String) {
        #expect(ExecutionCursor(rawValue: text) == nil)
    }

    @Test(arguments: [true, false])
    func anIdThatGoesOnAsANewRunBetweenPagesIsListedOnce(_ isNewestFirst: Bool) async throws {
        let room = ClockedJournal()
        try await room.withEngine(code: { input, context in
            if input == 1 {
                _ = try await context.receive("go", as: String.self)
                throw try context.continueAsNew(Scripted.self, input: 2)
            }
            return "done"
        }) { daybook in
            for id in ["a", "b", "c"] {
                try await daybook.start(id)
                try await daybook.untilWaiting(id)
            }
            var query = ExecutionQuery()
            query.order = isNewestFirst ? .newestFirst : .oldestFirst
            query.limit = 1
            let first = try await daybook.executions(query)
            #expect(first.records.map(\.id) == [isNewestFirst ? "c" : "a"])
            for id in ["a", "b", "c"] {
                try await daybook.signal(id, "go", "on")
                #expect(try await daybook.result(of: id) == "\"done\"")
            }
            try await daybook.start("d", input: 2)
            query.limit = nil
            let rest = try await daybook.executions(query, after: first.next)
            #expect(rest.records.map(\.id) == (isNewestFirst ? ["b", "a"] : ["b", "c"]))
            #expect(rest.records.allSatisfy { $0.status == .completed })
            #expect(rest.next == nil)
            // A list that begins now has each id where its first run is.
            query.order = .oldestFirst
            #expect(try await daybook.executions(query).records.map(\.id) == ["a", "b", "c", "d"])
        }
    }
}
