import Daybook
import DaybookTesting
import Testing

/// At which entries a process ends, and whose process it is.
@Suite struct DisturbanceTests {
    /// A workflow of some entries.
    private static let steps = Made { _, context in
        for step in 0..<3 { try await context.checkpoint("\(step)") { _ in } }
        return "done"
    }

    /// Where the next process has opened its session.
    private func secondSession(
        _ disturbance: Disturbance,
        _ place: TestEngine.Place
    ) async throws -> UInt64? {
        var options = TestEngine.Options()
        options.place = place
        let test = try TestEngine(options, workflows: [Self.steps])
        return try await test.run(disturbance) { engine in
            _ = try await engine.run(Made.self, id: "a", input: 1)
            var sessions: [UInt64] = []
            for try await entry in engine.entries() {
                if entry.event == "session_opened" { sessions.append(entry.sequence) }
                if entry.event == "execution_completed" { break }
            }
            return sessions.count > 1 ? sessions[1] : nil
        }
    }

    @Test func entriesHaveTheNumbersThatTheJournalGivesThemWhereverItIs() async throws {
        var places: Set<UInt64> = []
        for entry in 2..<8 {
            let inMemory = try #require(try await secondSession(.crash(before: entry), .memory))
            let inFolder = try await secondSession(.crash(before: entry), .temporaryFolder)
            #expect(inFolder == inMemory, "\(entry)")
            #expect(inMemory <= entry)
            places.insert(inMemory)
        }
        #expect(places.count > 2)
        let after = try await secondSession(.crash(after: 2), .temporaryFolder)
        #expect(try await secondSession(.crash(after: 2), .memory) == after)
        #expect(try #require(after) > 2)
    }

    @Test func aScheduleCountsTheEntriesOfAJournalInAFolderToo() async throws {
        func report(_ place: TestEngine.Place, _ only: String) async -> CrashReport {
            await crashEverywhere(only: Schedule(only)) {
                var options = TestEngine.Options()
                options.place = place
                let test = try TestEngine(options, workflows: [Self.steps])
                _ = try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
            }
        }
        let inMemory = await report(.memory, "plain")
        #expect(inMemory.failure == nil && inMemory.entries > 8)
        #expect(await report(.temporaryFolder, "plain").entries == inMemory.entries)
        // The last entry is reached, and there is none after it.
        let last = inMemory.entries - 1
        for place in [TestEngine.Place.memory, .temporaryFolder] {
            #expect(await report(place, "crash-after=\(last)").failure == nil)
            #expect(await report(place, "crash-after=\(last + 1)").failure != nil)
        }
    }

    @Test func whatWasToHappenInARunThatThrowsDoesNotHappenInTheNext() async throws {
        let begun = World()
        let test = try TestEngine(workflows: [Self.steps])
        await #expect(throws: Wrong.self) {
            try await test.run(.crash(after: 9)) { _ in throw Wrong(what: "at once") }
        }
        try await test.run { engine in
            begun.add("begun")
            _ = try await engine.run(Made.self, id: "a", input: 1)
        }
        #expect(try test.entryCount() > 10)
        #expect(begun.all == ["begun"])
    }

    @Test func anEntryThatAnEarlierRunHasWrittenIsNotReached() async throws {
        let begun = World()
        let test = try TestEngine(workflows: [Self.steps])
        try await test.run { _ = try await $0.run(Made.self, id: "a", input: 1) }
        for disturbance in [Disturbance.crash(before: 3), .crash(after: 3), .shutdown(after: 3)] {
            let error = await #expect(throws: TestEngine.NotReached.self) {
                try await test.run(disturbance) { _ in begun.add("begun") }
            }
            #expect(error?.entries == (try test.entryCount()))
        }
        #expect(begun.all.isEmpty)
    }

    @Test func ofTwoEnginesAtWorkTheOneDiesThatIsToDie() async {
        let report = await crashEverywhere(only: Schedule("seed=1")) {
            let (one, other) = (World(), World())
            let first = try TestEngine(workflows: [Self.steps])
            let second = try TestEngine(workflows: [Self.steps])
            async let dies: Void = first.run(.crash(after: 6)) { engine in
                one.add("begun")
                _ = try await engine.run(Made.self, id: "a", input: 1)
            }
            async let lives: Void = second.run { engine in
                other.add("begun")
                for id in 0..<20 { _ = try await engine.run(Made.self, id: "\(id)", input: 1) }
            }
            _ = try await (dies, lives)
            try Wrong.unless(one.all.count == 2, "it did not die")
            try Wrong.unless(other.all.count == 1, "it died")
        }
        #expect(report.failure == nil, "\(report)")
    }

    @Test func aBodyThatHangsBesideAPollIsStuckBeforeLong() async throws {
        var options = TestEngine.Options()
        options.patience = .milliseconds(1)
        options.limit = 1_000
        let test = try TestEngine(
            options,
            workflows: [
                Made { _, context in
                    _ = try await context.map("both", [true, false]) { scope, hangs -> Int in
                        if hangs {
                            try await scope.checkpoint("hang") { _ in
                                let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
                                defer { continuation.finish() }
                                for await _ in stream {}
                            }
                        }
                        while true { try await scope.sleep(for: .seconds(3_600)) }
                    }
                    return "never"
                }
            ]
        )
        let begin = test.clock.now()
        let error = await #expect(throws: TestEngine.Stuck.self) {
            try await test.run { try await $0.run(Made.self, id: "a", input: 1) }
        }
        #expect(error?.reason == "it goes on for ever")
        // Each hour is waited for in vain.
        #expect(test.clock.now().since(begin) <= .seconds(10 * 3_600))
    }
}
