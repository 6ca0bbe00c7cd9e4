import DaybookFormat
import DaybookSystem
import LMDB
import Testing

@testable import DaybookJournal

/// A batch that cannot be written fails every command in it, and the state stays as it was.
@Suite(.timeLimit(.minutes(20))) struct GroupWriterFaultTests {
    /// Has one command written in a batch of its own that `fault` befalls, and 30 in the next.
    private func oneAndThirty(
        _ callers: Callers,
        _ fault: MemoryStore.Fault,
        in store: MemoryStore
    ) async -> [Result<UInt64, any Error>] {
        let gate = Gate()
        return await withTaskGroup { group in
            group.addTask { await callers.outcome(gate.command(1)) }
            await gate.waitUntilReached()
            let before = await callers.started
            for _ in 0..<30 { group.addTask { await callers.outcome(Callers.entry(1)) } }
            await callers.waitForStarted(before + 30)
            store.inject(fault)
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test(arguments: [
        (MemoryStore.Fault.full, JournalError.Code.full), (.lostInCommit, .system),
    ])
    func everyCommandOfTheBatchFails(
        _ fault: MemoryStore.Fault,
        _ code: JournalError.Code
    ) async throws {
        let store = MemoryStore()
        var options = GroupWriterOptions()
        options.batchLimit = 30
        try await withWriter(store, options) { callers async throws in
            #expect(try await callers.perform(Callers.entry(1)) == 1)
            let gate = Gate()
            let outcomes = await withTaskGroup { group in
                group.addTask { await callers.outcome(gate.command(1)) }
                await gate.waitUntilReached()
                for _ in 0..<30 {
                    group.addTask {
                        await callers.outcome { fold, batch in
                            // The last one of the batch breaks the disk.
                            if fold.pending.count == 29 { store.inject(fault) }
                            let sequence = batch.nextSequence
                            try fold.append(Drafts.entry(1), batch)
                            return .success(sequence)
                        }
                    }
                }
                await callers.waitForStarted(32)
                gate.open()
                return await group.reduce(into: []) { $0.append($1) }
            }
            var failures = 0
            for outcome in outcomes {
                switch outcome {
                case .success(let sequence): #expect(sequence == 2)
                case .failure(let error):
                    #expect((error as? JournalError)?.code == code)
                    failures += 1
                }
            }
            #expect(failures == 30)
            #expect(callers.writer.inspect { $0.committed } == [0, 1, 2])
            #expect(callers.writer.inspect { $0.rollBacks } == 1)
            // The disk is well again.
            #expect(try await callers.perform(Callers.entry(1)) == 3)
        }
    }

    @Test func aBatchThatWasWrittenAfterAllIsAnswered() async throws {
        let store = MemoryStore()
        try await withWriter(store) { callers async throws in
            let outcomes = await oneAndThirty(callers, .writtenInCommit, in: store)
            #expect(try outcomes.map { try $0.get() }.sorted() == (1...31).map { $0 })
            #expect(callers.writer.inspect { $0.rollBacks } == 0)
        }
    }

    @Test func theBatchesAfterOneThatFailedGoOn() async throws {
        let store = MemoryStore()
        try await withWriter(store) { callers async throws in
            let outcomes = await oneAndThirty(callers, .full, in: store)
            // Only the command that was held up was in the batch that failed.
            let failed = outcomes.count { outcome in
                if case .failure = outcome { return true }
                return false
            }
            #expect(failed == 1)
            #expect(callers.writer.journal.head.size == 31)
            #expect(callers.writer.inspect { $0.rollBacks } == 1)
        }
    }

    @Test func aFullMapFailsTheBatchAndSmallerOnesGoOn() async throws {
        try await withTemporaryFolder { folder in
            var options = EnvironmentOptions.scratch
            options.mapSize = 1 << 20
            options.maximumMapSize = 1 << 20
            let store = try LMDBStore.open(folder, options)
            defer { store.close() }
            try await withWriter(store) { callers async throws in
                #expect(try await callers.perform(Callers.entry(1)) == 1)
                let large = String(repeating: "a", count: 60_000)
                let outcome = await callers.outcome { fold, batch in
                    for _ in 0..<30 { try fold.append(Drafts.entry(1, text: large), batch) }
                    return .success(0)
                }
                let error = #expect(throws: JournalError.self) { try outcome.get() }
                #expect(error?.code == .full)
                #expect(callers.writer.inspect { $0.committed } == [0, 1])
                #expect(try await callers.perform(Callers.entry(1)) == 2)
            }
        }
    }

    @Test func aBatchForWhichTheMapIsDoubledIsDecidedAgain() async throws {
        try await withTemporaryFolder { folder in
            var options = EnvironmentOptions.scratch
            options.mapSize = 1 << 20
            options.maximumMapSize = 1 << 26
            let store = try LMDBStore.open(folder, options)
            defer { store.close() }
            try await withWriter(store) { callers async throws in
                let large = String(repeating: "a", count: 60_000)
                let answer = try await callers.perform { fold, batch in
                    for _ in 0..<20 { try fold.append(Drafts.entry(1, text: large), batch) }
                    return .success(7)
                }
                #expect(answer == 7)
                #expect(callers.writer.journal.head.size == 21)
                #expect(callers.writer.inspect { $0.rollBacks } == 1)
            }
        }
    }

    @Test func aFoldThatRefusesAnEntryFailsTheBatch() async throws {
        var fold = TallyFold()
        fold.refusing = 13
        try await withWriter(MemoryStore(), fold: fold) { callers async throws in
            let outcome = await callers.outcome(Callers.entry(13))
            #expect(throws: TallyFold.Refused.self) { try outcome.get() }
            #expect(callers.writer.journal.head.size == 1)
            #expect(try await callers.perform(Callers.entry(12)) == 1)
        }
    }

    /// The state runs ahead of the disk until it can be read again: nothing is decided on it.
    @Test func aBatchThatCannotBeTakenBackIsTakenBackBeforeTheNext() async throws {
        let store = MemoryStore()
        var fold = TallyFold()
        fold.undoFaults = Array(
            repeating: JournalError(.system, "the disk cannot be read"),
            count: 2
        )
        try await withWriter(store, fold: fold) { callers async throws in
            store.inject(.full)
            let first = await callers.outcome(Callers.entry(1))
            let error = #expect(throws: JournalError.self) { try first.get() }
            #expect(error?.message.contains("the disk cannot be read") == true)
            let second = await callers.outcome { _, _ in
                Issue.record("a command was decided on a state that runs ahead")
                return .success(0)
            }
            #expect(throws: JournalError.self) { try second.get() }
            #expect(try await callers.perform(Callers.entry(1)) == 1)
            #expect(callers.writer.inspect { $0.rollBacks } == 1)
        }
    }

    @Test func refreshingTakesInWhatOthersHaveWritten() async throws {
        let seen = Locked<[UInt64]>([])
        var fold = TallyFold()
        fold.onCommitted = { sequence in
            seen.withLock { $0.append(sequence) }
            seen.wakeAll()
        }
        try await withWriter(MemoryStore(), fold: fold) { callers async throws in
            let other = try Journal.open(callers.writer.journal.store)
            for round in UInt64(1)...20 {
                try other.append([Drafts.entry(5)])
                callers.writer.refresh()
                seen.wait(until: { $0.last == round }) { _ in }
            }
            #expect(seen.withLock { $0 } == (0...20).map { $0 })
        }
    }

    @Test(arguments: StoreKind.allCases)
    func twoWritersShareAJournal(_ kind: StoreKind) async throws {
        try await kind.withStore { (store: any JournalStore) async throws in
            try await withWriter(store) { callers async throws in
                let other = try GroupWriter(try Journal.open(store), fold: TallyFold())
                let writers = [callers.writer, other]
                let sequences = try await withThrowingTaskGroup { group in
                    for caller in 0..<200 {
                        group.addTask {
                            let decide = Callers.entry(UInt64(caller % 7) + 1)
                            return try await writers[caller % 2].perform { decide }
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(sequences.sorted() == (1...200).map { $0 })
                // A command without entries has each of them take in the last of the other's.
                for writer in writers {
                    _ = try await writer.perform {
                        { _, batch in Swift.Result<UInt64, any Error>.success(batch.nextSequence) }
                    }
                    #expect(writer.inspect { $0.committed } == (0...200).map { $0 })
                }
                other.stop()
            }
        }
    }
}
