import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookTestKit
import DaybookView
import LMDB
import Testing

@testable import Daybook

/// The entries of a journal as a program follows them.
@Suite(.timeLimit(.minutes(20))) struct EntriesTests {
    private let code: Scripted.Code = { input, context in
        try await context.checkpoint("add") { _ in "\(input + 1)" }
    }

    @Test func thoseThatAreThereComeInOrderAndSayWhatHappened() async throws {
        try await withJournal { path in
            try await withEngine(path, code: code) { engine in
                try await engine.start(
                    Scripted.self,
                    id: "a",
                    by: Requester(actor: "eve", reason: "audit"),
                    input: 1
                )
                _ = try await engine.waitForEnd(of: "a")
                var entries: [EntryRecord] = []
                for try await entry in engine.entries() {
                    entries.append(entry)
                    if entry.kind == .executionCompleted { break }
                }
                #expect(entries.map(\.sequence) == Array(0..<UInt64(entries.count)))
                #expect(entries[0].kind == .journalCreated)
                #expect(entries[0].executionID == nil)
                #expect(entries.allSatisfy { $0.event == $0.kind?.name })
                let session = try #require(entries.first { $0.kind == .sessionOpened })
                #expect(session.stream == engine.session)
                #expect(!session.actor.isEmpty)
                let submitted = try #require(entries.first { $0.kind == .executionSubmitted })
                #expect(submitted.executionID == "a")
                #expect(submitted.workflow == "scripted")
                #expect(submitted.actor == "eve")
                #expect(submitted.request?.reason == "audit")
                #expect(submitted.summary.hasPrefix("a (scripted), by eve"))
                #expect(submitted.text(ofPayload: 0) == "1")
                let ran = try #require(entries.first { $0.kind == .checkpointSucceeded })
                #expect(ran.executionID == "a")
                #expect(ran.actor == session.actor)
                #expect(ran.request == nil)
                #expect(ran.summary == "add")
                #expect(ran.text(ofPayload: 0) == "\"2\"")
                #expect(ran.text(ofPayload: 1) == nil)
            }
        }
    }

    @Test func thoseThatComeAreWaitedFor() async throws {
        try await withJournal { path in
            try await withEngine(path, code: code) { engine in
                let start = try engine.journal.store.read { try $0.entryCount() }
                let follower = Task {
                    var ids: [String] = []
                    for try await entry in engine.entries(from: start) {
                        guard entry.kind == .executionCompleted else { continue }
                        ids.append(entry.executionID ?? "")
                        if ids.count == 20 { break }
                    }
                    return ids
                }
                for number in 0..<20 {
                    _ = try await engine.run(Scripted.self, id: "w\(number)", input: number)
                }
                #expect(try await follower.value == (0..<20).map { "w\($0)" })
            }
        }
    }

    @Test func itEndsWhenTheTaskIsCancelledAndWhenTheEngineIsClosed() async throws {
        try await withJournal { path in
            let engine = try await Engine.open(at: path, workflows: [Scripted(body: code)])
            let (seen, see) = AsyncStream<Void>.makeStream()
            func follow() -> Task<Int, any Error> {
                Task {
                    var count = 0
                    for try await _ in engine.entries() {
                        count += 1
                        see.yield()
                    }
                    return count
                }
            }
            let first = follow()
            let second = follow()
            var arrived = seen.makeAsyncIterator()
            for _ in 0..<4 { await arrived.next() }
            first.cancel()
            #expect(try await first.value >= 0)
            try await engine.close()
            #expect(try await second.value >= 2)
        }
    }

    /// Who reads slowly holds nobody up, and has no more in memory than a step.
    @Test func aSlowReaderOfManyEntriesHoldsNobodyUpAndLittleInMemory() async throws {
        var creation = CreationOptions()
        creation.environment.synchronizes = false
        try await withJournal(creation) { path in
            try fill(path, 100_000, creation.environment)
            var options = EngineOptions()
            options.environment = creation.environment
            options.claims = .nothing
            try await withEngine(path, options, code: code) { engine in
                var iterator = engine.entries().makeAsyncIterator()
                _ = try await iterator.next()
                // It does not read on, and all of this is written meanwhile.
                for number in 0..<200 {
                    try await engine.submit(Scripted.self, id: "late \(number)", input: 1)
                }
                let end = try engine.journal.store.read { try $0.entryCount() }
                var (last, most): (UInt64, Int) = (0, 0)
                while last < end - 1, let entry = try await iterator.next() {
                    #expect(entry.sequence == last + 1)
                    last = entry.sequence
                    most = max(most, iterator.held)
                }
                #expect(last == end - 1)
                #expect(end > 100_200)
                #expect(most < EntryReader.step.entries)
                #expect(most > 0)
            }
        }
    }

    /// Entries are read in steps of at most so many bytes, be they ever so large.
    @Test func largeEntriesMakeSmallSteps() async throws {
        try await withJournal { path in
            try await withEngine(path, code: code) { engine in
                let text = String(repeating: "x", count: 400_000)
                for number in 0..<8 {
                    try await engine.submit(
                        Scripted.self,
                        id: "\(number)",
                        by: Requester(reason: text),
                        input: 1
                    )
                }
                let reader = EntryReader(engine.journal.store)
                var (next, steps): (UInt64, Int) = (0, 0)
                while true {
                    let read = try reader.read(from: next)
                    guard let last = read.last else { break }
                    next = last.sequence + 1
                    steps += 1
                    let bytes = read.dropLast().reduce(0) { count, entry in
                        count + entry.payloads.reduce(0) { $0 + $1.data.count }
                    }
                    #expect(bytes < EntryReader.step.bytes)
                }
                #expect(steps >= 3)
            }
        }
    }

    /// Submissions that nobody has executed, one entry each, without an engine.
    private func fill(_ path: String, _ count: Int, _ options: EnvironmentOptions) throws {
        let store = try LMDBStore.open(path, options)
        defer { store.close() }
        let journal = try Journal.open(store)
        var state = State()
        try journal.scan { entry in
            try state.apply(committed: entry)
            return true
        }
        let input = try SealedPayloads(.json([0x31]), limit: 16)
        for first in stride(from: 0, to: count, by: 10_000) {
            let before = state
            state = try journal.write { batch in
                var tx = DaybookModel.Transaction(before, JournalLedger(batch))
                for number in first..<min(first + 10_000, count) {
                    let id = Name("w\(number)")
                    let submit = Submit(id: id, type: "other", input: [0x31], payloads: input)
                    _ = try submit.decide(&tx)
                }
                return tx.finish()
            }
            state.commit()
        }
    }
}
