import DaybookFormat
import DaybookSystem
import Testing

@testable import DaybookJournal

/// The queue is bounded: callers wait, and every one of them is answered.
@Suite(.timeLimit(.minutes(20))) struct GroupWriterLimitsTests {
    @Test(arguments: [1, 2, 3], [1, 2, 3, 4_096])
    func noMoreThanTheLimitAreInTheQueue(_ queueLimit: Int, _ batchLimit: Int) async throws {
        var options = GroupWriterOptions()
        options.queueLimit = queueLimit
        options.batchLimit = batchLimit
        try await withWriter(MemoryStore(), options) { callers async throws in
            let gate = Gate()
            let outcomes = await withTaskGroup { group in
                group.addTask { await callers.outcome(gate.command(1)) }
                await gate.waitUntilReached()
                for _ in 0..<300 { group.addTask { await callers.outcome(Callers.entry(1)) } }
                await callers.waitForStarted(301)
                // The one that is held up counts: its place is free when it is answered.
                #expect(await callers.admitted == queueLimit)
                gate.open()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(try outcomes.map { try $0.get() }.sorted() == (1...301).map { $0 })
            let commits = callers.writer.inspect { $0.commits }
            #expect(
                commits >= (301 + min(queueLimit, batchLimit) - 1) / min(queueLimit, batchLimit)
            )
        }
    }

    @Test func batchesAreNoLargerThanTheirLimit() async throws {
        var options = GroupWriterOptions()
        options.batchLimit = 7
        try await withWriter(MemoryStore(), options) { callers async throws in
            let gate = Gate()
            await withTaskGroup { group in
                group.addTask { _ = await callers.outcome(gate.command(1)) }
                await gate.waitUntilReached()
                for _ in 0..<50 { group.addTask { _ = await callers.outcome(Callers.entry(1)) } }
                await callers.waitForStarted(51)
                gate.open()
            }
            // 1, and 50 in batches of 7.
            #expect(callers.writer.inspect { $0.commits } == 1 + 8)
        }
    }

    @Test func bytesInTheQueueAreLimited() async throws {
        var options = GroupWriterOptions()
        options.queueByteLimit = 100
        try await withWriter(MemoryStore(), options) { callers async throws in
            let gate = Gate()
            let outcomes = await withTaskGroup { group in
                group.addTask { await callers.outcome(bytes: 40, gate.command(1)) }
                await gate.waitUntilReached()
                // 60 fit beside the 40; what comes after them waits its turn, even if it is small.
                for (index, bytes) in [60, 1, 0, 100, 101, 5_000].enumerated() {
                    group.addTask { await callers.outcome(bytes: bytes, Callers.entry(1)) }
                    await callers.waitForStarted(index + 2)
                }
                #expect(await callers.admitted == 2)
                gate.open()
                return await group.reduce(into: []) { $0.append($1) }
            }
            // Those larger than the limit are let in alone.
            #expect(try outcomes.map { try $0.get() }.sorted() == (1...7).map { $0 })
        }
    }

    @Test func bytesInABatchAreLimited() async throws {
        var options = GroupWriterOptions()
        options.batchByteLimit = 100
        try await withWriter(MemoryStore(), options) { callers async throws in
            let gate = Gate()
            await withTaskGroup { group in
                group.addTask { _ = await callers.outcome(gate.command(1)) }
                await gate.waitUntilReached()
                for (index, bytes) in [60, 40, 1, 500, 0, 99, 1, 1].enumerated() {
                    group.addTask { _ = await callers.outcome(bytes: bytes, Callers.entry(1)) }
                    await callers.waitForStarted(index + 2)
                }
                gate.open()
            }
            // 1; 60 and 40; 1; 500; 0, 99 and 1; 1.
            #expect(callers.writer.inspect { $0.commits } == 6)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func hundredsOfCallersOnManyThreadsAreAllAnswered(_ kind: StoreKind) async throws {
        try await kind.withStore { (store: any JournalStore) async throws in
            var options = GroupWriterOptions()
            options.queueLimit = 3
            options.batchLimit = 2
            try await withWriter(store, options) { callers async throws in
                let writer = callers.writer
                let sequences = try await withThrowingTaskGroup { group in
                    for caller in UInt64(0)..<400 {
                        group.addTask {
                            let decide = Callers.entry(caller % 10 + 1)
                            return try await writer.perform { decide }
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(sequences.sorted() == (1...400).map { $0 })
            }
        }
    }
}
