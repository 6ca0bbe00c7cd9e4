import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

@Suite struct BranchTests {
    private let room = ClockedJournal()

    private struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs code in a journal of its own.
    private func run(_ code: @escaping Scripted.Code) async throws -> String {
        try await room.withEngine(code: code) { daybook in
            try await daybook.start()
            return try await daybook.result()
        }
    }

    @Test func aMapGivesItsValuesInOrderWhateverEndsFirst() async throws {
        let output = try await run { _, context in
            let values = try await context.map("double", Array(0..<50)) { scope, element in
                try await scope.checkpoint("body") { _ in element * 2 }
            }
            let after = try await context.checkpoint("after") { _ in values.reduce(0, +) }
            return "\(values == (0..<50).map { $0 * 2 }) \(after)"
        }
        #expect(output == "\"true 2450\"")
    }

    @Test func noMoreBranchesRunAtOnceThanAreAllowed() async throws {
        let running = Locked((now: 0, most: 0))
        let output = try await run { _, context in
            let values = try await context.map("limited", Array(0..<40), maxConcurrent: 3) {
                scope,
                element in
                try await scope.checkpoint("body") { _ in
                    running.withLock { running in
                        running.now += 1
                        running.most = max(running.most, running.now)
                    }
                    await Task.yield()
                    running.withLock { $0.now -= 1 }
                    return element
                }
            }
            return "\(values.count)"
        }
        #expect(output == "\"40\"")
        #expect(running.withLock { $0.most } <= 3)
    }

    @Test func branchesOfOtherKindsGiveTheirValuesTogether() async throws {
        let output = try await run { _, context in
            let (number, text, list) = try await context.parallel(
                "all",
                { try await $0.checkpoint("number") { _ in 1 } },
                { try await $0.checkpoint("text") { _ in "two" } },
                { scope in
                    try await scope.map("inner", [3, 4]) { inner, element in
                        try await inner.checkpoint("element") { _ in element }
                    }
                }
            )
            return "\(number) \(text) \(list)"
        }
        #expect(output == "\"1 two [3, 4]\"")
    }

    @Test func anEmptyMapIsEmpty() async throws {
        let output = try await run { _, context in
            let values = try await context.map("none", [Int]()) { _, element in element }
            return "\(values)"
        }
        #expect(output == "\"[]\"")
    }

    @Test func theFirstFailureStopsTheOthersAndIsThrown() async throws {
        try await withJournal(room.creation) { path in
            let (begun, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    do {
                        _ = try await context.map("some", [0, 1, 2]) { scope, element in
                            try await scope.checkpoint("body") { _ in
                                if element == 1 {
                                    // The others must be under way, to be stopped.
                                    var count = 0
                                    for await _ in begun {
                                        count += 1
                                        if count == 2 { break }
                                    }
                                    throw Broken(description: "number 1")
                                }
                                signal.yield()
                                try await untilCancelled()
                            }
                        }
                        return "not reached"
                    } catch let error as OperationError {
                        return try await context.checkpoint("handled") { _ in error.message }
                    }
                }
            ) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                let record = try await daybook.waitForEnd(of: "a")
                let output = try daybook.outcome(of: record).get()
                #expect(String(decoding: output, as: UTF8.self) == "\"number 1\"")
                var failures = 0
                try daybook.journal.scan { entry in
                    if entry.event == EventKind.checkpointFailed.rawValue { failures += 1 }
                    return true
                }
                // That the others were told to stop is no failure of theirs.
                #expect(failures == 1)
            }
        }
    }

    /// The handler blocks at its end; when it runs again, everything before comes from the journal.
    private func again(
        _ code: @escaping Scripted.Code
    ) async throws -> (first: [String], second: [String], bodies: [String]) {
        let bodies = CallLog()
        let results = CallLog()
        var first: [String] = []
        try await withJournal(room.creation) { path in
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                room.options,
                code: { input, context in
                    results.add(try await code(input, context))
                    try await context.checkpoint("end") { _ in
                        signal.yield()
                        try await untilCancelled()
                    }
                    return ""
                }
            ) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                for await _ in reached { break }
            }
            first = results.lines
            try await withEngine(
                path,
                room.options,
                code: { input, context in
                    results.add(try await code(input, context))
                    try await context.checkpoint("end") { _ in }
                    return ""
                }
            ) { daybook in
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                #expect(!record.isParked)
            }
        }
        return (first, Array(results.lines.dropFirst(first.count)), bodies.lines)
    }

    @Test func aRaceHasTheSameWinnerWhenItIsReplayed() async throws {
        for _ in 0..<20 {
            let (first, second, _) = try await again { _, context in
                try await context.race(
                    "who",
                    (0..<4).map { index in
                        { scope in
                            try await scope.checkpoint("run") { _ in
                                for _ in 0..<Int.random(in: 0..<20) { await Task.yield() }
                            }
                            return "\(index)"
                        }
                    }
                )
            }
            #expect(first.count == 1)
            #expect(second == first)
        }
    }

    @Test func aFailedMapFailsAsItDidWhenItIsReplayed() async throws {
        for _ in 0..<20 {
            let (first, second, _) = try await again { _, context in
                do {
                    _ = try await context.map("who", Array(0..<6)) { scope, index in
                        try await scope.checkpoint("run") { _ in
                            for _ in 0..<Int.random(in: 0..<20) { await Task.yield() }
                            throw Broken(description: "\(index)")
                        }
                    }
                    return "not reached"
                } catch let error as OperationError {
                    return error.message
                }
            }
            #expect(first.count == 1)
            #expect(second == first)
        }
    }

    /// Numbered by the order in which tasks happen to run, these would never replay: DBOS
    /// transact-py issue 688.
    @Test func concurrentOperationsAreToldApartByTheirPlaceAndNotByTheirOrder() async throws {
        for _ in 0..<20 {
            let (first, second, _) = try await again { _, context in
                let values = try await context.map("each", Array(0..<8)) { scope, index in
                    for _ in 0..<Int.random(in: 0..<20) { await Task.yield() }
                    let one = try await scope.checkpoint("one") { _ in Int.random(in: 0..<1_000) }
                    for _ in 0..<Int.random(in: 0..<20) { await Task.yield() }
                    return one + (try await scope.checkpoint("two") { _ in index })
                }
                return "\(values)"
            }
            #expect(first.count == 1)
            #expect(second == first)
        }
    }

    @Test func anotherNumberOfBranchesIsADivergence() async throws {
        try await withJournal(room.creation) { path in
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            var options = room.options
            options.revision = "two branches"
            try await withEngine(
                path,
                options,
                code: { _, context in
                    _ = try await context.map("some", [1, 2]) { _, element in element }
                    try await context.checkpoint("end") { _ in
                        signal.yield()
                        try await untilCancelled()
                    }
                    return ""
                }
            ) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                for await _ in reached { break }
            }
            options.revision = "three branches"
            try await withEngine(
                path,
                options,
                code: { _, context in
                    _ = try await context.map("some", [1, 2, 3]) { _, element in element }
                    return ""
                }
            ) { daybook in
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isParked)
                let text = try endingText(of: record, daybook)
                #expect(text.contains("the map \"some\" by "), "\(text)")
                #expect(text.contains(" with another number of branches"), "\(text)")
                #expect(text.contains("give it as many branches as before"), "\(text)")
            }
        }
    }

    /// What branches log stands in the entries of their own operations, whoever commits first.
    @Test func theLinesOfABranchAreCommittedWithItsOwnOperations() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    _ = try await context.map("all", Array(0..<8)) { scope, number in
                        for step in 0..<3 {
                            scope.log("\(number) before \(step)")
                            try await scope.checkpoint("\(number) \(step)") { operation in
                                await Task.yield()
                                operation.log("\(number) in \(step)")
                            }
                        }
                        return number
                    }
                    return ""
                }
            ) { engine in
                try await engine.start()
                _ = try await engine.result()
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            var found = 0
            var pending: [String] = []
            try inspector.scan { entry in
                let lines = try entry.logLines().map(\.text)
                pending += lines
                guard lines.isEmpty else { return true }
                if let words = entry.operation?.name.split(separator: " "), words.count == 2 {
                    let own = ["\(words[0]) before \(words[1])", "\(words[0]) in \(words[1])"]
                    #expect(pending == own)
                    found += 1
                }
                pending = []
                return true
            }
            #expect(found == 24)
        }
    }

    @Test func allBranchesThatWaitLetTheExecutionWait() async throws {
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let values = try await context.map("each", Array(0..<20)) { scope, index in
                        if index % 5 == 0 {
                            return try await scope.checkpoint("at once") { _ in index }
                        }
                        if index % 2 == 0 {
                            try await scope.sleep(for: .seconds(index))
                            return index
                        }
                        return try await scope.receive("number \(index)", as: Int.self)
                    }
                    return "\(values.reduce(0, +))"
                }
            ) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                let waiting = try await daybook.wait(for: "a") { $0.status == .waiting }
                #expect(waiting.waits.count == 16)
                room.clock.pass(.seconds(20))
                _ = try await daybook.wait(for: "a") {
                    $0.waits.count == 8 && $0.status == .waiting
                }
                for index in stride(from: 19, to: 0, by: -2) where index % 5 != 0 {
                    try await daybook.signal("a", "number \(index)", index)
                }
                let record = try await daybook.waitForEnd(of: "a")
                let output = try daybook.outcome(of: record).get()
                #expect(String(decoding: output, as: UTF8.self) == "\"190\"")
            }
        }
    }

    /// Branches that begin to wait on several threads at once: whichever command is decided last, the
    /// record says that all of it waits.
    @Test(.timeLimit(.minutes(20)), arguments: [256, 1])
    func branchesThatBeginToWaitAtOnceLetTheExecutionWait(_ resident: Int) async throws {
        let (branches, rounds) = (6, resident == 1 ? 30 : 100)
        var options = room.options
        options.maxResident = resident
        try await withJournal(room.creation) { path in
            try await withEngine(
                path,
                options,
                code: { _, context in
                    for round in 0..<rounds {
                        _ = try await context.map("round \(round)", Array(0..<branches)) {
                            scope,
                            branch in
                            if branch == round % branches {
                                _ = try await scope.checkpoint("body") { _ in branch }
                            }
                            try await scope.sleep(for: .seconds(1))
                            return branch
                        }
                    }
                    return "\(rounds)"
                }
            ) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                try await daybook.submit(Scripted.self, id: "b", input: 1).execute()
                for round in 0..<rounds {
                    for id in ["a", "b"] {
                        _ = try await daybook.wait(for: id) {
                            $0.status == .waiting && $0.waits.count == branches
                                && $0.waits.allSatisfy { $0.operation.scope[0] == round }
                        }
                    }
                    room.clock.pass(.seconds(1))
                }
                for id in ["a", "b"] {
                    let output = try daybook.outcome(of: await daybook.waitForEnd(of: id)).get()
                    #expect(String(decoding: output, as: UTF8.self) == "\"\(rounds)\"")
                }
            }
        }
    }

    @Test func aNewAttemptRunsOnlyTheBranchesThatFailed() async throws {
        try await withJournal(room.creation) { path in
            let calls = CallLog()
            try await withEngine(
                path,
                room.options,
                code: { _, context in
                    let values = try await context.map("each", Array(0..<4), maxConcurrent: 1) {
                        scope,
                        index in
                        try await scope.checkpoint("body") { operation in
                            calls.add("\(index) in attempt \(operation.attempt)")
                            if index == 2, operation.attempt == 1 {
                                throw Broken(description: "no")
                            }
                            return index
                        }
                    }
                    return "\(values)"
                }
            ) { daybook in
                var terms = ExecutionOptions()
                terms.retry = RetryPolicy(maxAttempts: 2, baseDelay: .zero)
                try await daybook.submit(Scripted.self, id: "a", options: terms, input: 1).execute()
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
            }
            #expect(
                calls.lines == [
                    "0 in attempt 1", "1 in attempt 1", "2 in attempt 1", "2 in attempt 2",
                    "3 in attempt 2",
                ]
            )
        }
    }
}
