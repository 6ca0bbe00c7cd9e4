import DaybookFormat
import DaybookSystem
import LMDB
import Testing

@testable import DaybookJournal

@Suite(.timeLimit(.minutes(20))) struct GroupWriterTests {
    private struct Refused: Error, Equatable {}

    @Test(arguments: StoreKind.allCases)
    func aCommandIsAnsweredOnceItsEntriesAreWritten(_ kind: StoreKind) async throws {
        try await kind.withStore { (store: any JournalStore) async throws in
            try await withWriter(store) { callers async throws in
                for expected in UInt64(1)..<20 {
                    #expect(try await callers.perform(Callers.entry(4)) == expected)
                    #expect(try store.read { try $0.entryCount() } == expected + 1)
                    #expect(callers.writer.inspect { $0.committed.last } == expected)
                }
            }
        }
    }

    @Test func commandsThatWaitTogetherShareACommit() async throws {
        try await withTemporaryFolder { folder in
            let store = try LMDBStore.open(folder, .scratch)
            defer { store.close() }
            try await withWriter(store) { callers async throws in
                let before = try store.information().0.transaction
                let gate = Gate()
                let answers = await withTaskGroup { group in
                    group.addTask { await callers.outcome(gate.command(1)) }
                    await gate.waitUntilReached()
                    for _ in 0..<200 {
                        group.addTask { await callers.outcome(Callers.entry(1)) }
                    }
                    await callers.waitForStarted(201)
                    gate.open()
                    return await group.reduce(into: []) { $0.append($1) }
                }
                let sequences = try answers.map { try $0.get() }.sorted()
                #expect(sequences == (1...201).map { $0 })
                // One for the command that was held up, and one for all that had come meanwhile.
                #expect(try store.information().0.transaction == before + 2)
                #expect(callers.writer.inspect { $0.commits } == 2)
            }
        }
    }

    @Test func commandsAreDecidedInTheOrderTheyCame() async throws {
        try await withWriter(MemoryStore()) { callers async throws in
            let decided = Locked<[Int]>([])
            let gate = Gate()
            await withTaskGroup { group in
                group.addTask { _ = await callers.outcome(gate.command(1)) }
                await gate.waitUntilReached()
                for number in 0..<100 {
                    group.addTask {
                        _ = await callers.outcome { fold, batch in
                            decided.withLock { $0.append(number) }
                            try fold.append(Drafts.entry(UInt64(number) + 10), batch)
                            return .success(0)
                        }
                    }
                    // The next one begins when this one is in the queue.
                    await callers.waitForStarted(number + 2)
                }
                gate.open()
            }
            #expect(decided.withLock { $0 } == Array(0..<100))
        }
    }

    @Test func aCommandSeesWhatThoseBeforeItInTheBatchHaveWritten() async throws {
        try await withWriter(MemoryStore()) { callers async throws in
            let gate = Gate()
            let answers = await withTaskGroup { group in
                group.addTask { await callers.outcome(gate.command(1)) }
                await gate.waitUntilReached()
                for number in 0..<10 {
                    group.addTask {
                        await callers.outcome { fold, batch in
                            let seen = fold.pending.count
                            let stored = try batch.reader.historyEnd(of: 1)?.count ?? 0
                            #expect(stored == UInt64(seen) + 1)
                            try fold.append(Drafts.entry(1), batch)
                            return .success(UInt64(seen))
                        }
                    }
                    await callers.waitForStarted(number + 2)
                }
                gate.open()
                return await group.reduce(into: []) { $0.append($1) }
            }
            let seen = try answers.map { try $0.get() }.sorted()
            // The first answer, 1, is the sequence of the entry that was held up.
            #expect(seen == [0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        }
    }

    @Test func aCommandThatIsRefusedLeavesTheOthersOfItsBatchIntact() async throws {
        try await withWriter(MemoryStore()) { callers async throws in
            let commands: [Callers.Decide] = [
                Callers.entry(2),
                { _, _ in throw Refused() },
                Callers.entry(2),
                // What it has appended before it fails is not there either.
                { fold, batch in
                    let large = String(repeating: "a", count: 70_000)
                    try fold.append(Drafts.entry(2), batch)
                    try fold.append(Drafts.entry(3, text: large), batch)
                    return .success(0)
                },
                // A refusal that is worth an entry.
                { fold, batch in
                    try fold.append(Drafts.entry(2), batch)
                    return .failure(Refused())
                },
                { _, batch in .success(batch.nextSequence) },
                Callers.entry(3),
            ]
            let gate = Gate()
            var outcomes: [Result<UInt64, any Error>] = []
            await withTaskGroup { group in
                group.addTask { (0, await callers.outcome(gate.command(1))) }
                await gate.waitUntilReached()
                for (index, command) in commands.enumerated() {
                    group.addTask { (index + 1, await callers.outcome(command)) }
                    await callers.waitForStarted(index + 2)
                }
                gate.open()
                let all = await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
                outcomes = all.keys.sorted().compactMap { all[$0] }
            }
            let texts = outcomes.map { outcome in
                switch outcome {
                case .success(let sequence): "\(sequence)"
                case .failure(let error as JournalError): error.code.rawValue
                case .failure(let error): "\(type(of: error))"
                }
            }
            #expect(
                texts == ["1", "2", "Refused", "3", "entry-too-large", "Refused", "5", "5"]
            )
            #expect(callers.writer.inspect { $0.commits } == 2)
            let chain = try callers.writer.journal.entries(from: 2).map(\.header.ordinal)
            #expect(chain == [0, 1, 2, 0])
        }
    }

    @Test func anErrorBeforeTheQueueGivesItsPlaceBack() async throws {
        var options = GroupWriterOptions()
        options.queueLimit = 1
        try await withWriter(MemoryStore(), options) { callers async throws in
            for _ in 0..<3 {
                await #expect(throws: Refused.self) {
                    let _: UInt64 = try await callers.writer.perform(bytes: 1 << 40) {
                        throw Refused()
                    }
                }
            }
            #expect(try await callers.perform(Callers.entry(1)) == 1)
        }
    }

    @Test func theStateIsThatOfTheJournalFromTheStart() async throws {
        let journal = try Journal.create(in: MemoryStore(), event: Drafts.created)
        try journal.append((1..<50).map { Drafts.entry($0) })
        // What another has written since this journal was opened belongs to it, too.
        try Journal.open(journal.store).append([Drafts.entry(3)])
        let writer = try GroupWriter(journal, fold: TallyFold())
        #expect(writer.inspect { $0.committed } == (0..<51).map { $0 })
        let answer = try await Callers(writer).perform(Callers.entry(3))
        #expect(answer == 51)
        writer.stop()
    }

    @Test func stoppingAnswersWhatIsInTheQueueAndRefusesTheRest() async throws {
        try await withWriter(MemoryStore()) { callers async throws in
            let gate = Gate()
            let outcomes = await withTaskGroup { group in
                group.addTask { await callers.outcome(gate.command(1)) }
                await gate.waitUntilReached()
                for _ in 0..<20 { group.addTask { await callers.outcome(Callers.entry(1)) } }
                await callers.waitForStarted(21)
                gate.open()
                callers.writer.stop()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(try outcomes.map { try $0.get() }.sorted() == (1...21).map { $0 })
            for _ in 0..<3 {
                let later = await callers.outcome { _, _ in
                    Issue.record("a command was decided after the end")
                    throw Refused()
                }
                let error = #expect(throws: JournalError.self) { try later.get() }
                #expect(error?.code == .closed)
            }
            callers.writer.stop()
        }
    }

    @Test func everyCallerIsAnsweredAlsoThoseThatWaitForRoomWhenItStops() async throws {
        var options = GroupWriterOptions()
        options.queueLimit = 2
        try await withWriter(MemoryStore(), options) { callers async throws in
            let gate = Gate()
            let outcomes = await withTaskGroup { group in
                group.addTask { await callers.outcome(gate.command(1)) }
                await gate.waitUntilReached()
                for _ in 0..<50 { group.addTask { await callers.outcome(Callers.entry(1)) } }
                await callers.waitForStarted(51)
                gate.open()
                callers.writer.stop()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count == 51)
            var written = 0
            for outcome in outcomes {
                switch outcome {
                case .success: written += 1
                case .failure(let error): #expect((error as? JournalError)?.code == .closed)
                }
            }
            #expect(written >= 2)
            #expect(callers.writer.journal.head.size == UInt64(written) + 1)
        }
    }
}
