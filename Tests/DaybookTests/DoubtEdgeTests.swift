import Daybook
import DaybookFormat
import DaybookModel
import DaybookTestKit
import Testing

/// Bodies that may have happened, where code, branches, attempts or revisions changed meanwhile.
@Suite struct DoubtEdgeTests {
    private static let ask = CheckpointOptions(onDoubt: .askPerson)

    /// Runs code until a body of it says that it blocks, and shuts down.
    private func interrupt(
        _ path: String,
        _ count: Int = 1,
        _ code:
            @escaping @Sendable (WorkflowContext, @escaping @Sendable () -> Void) async throws ->
            String
    ) async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        try await withEngine(
            path,
            code: { _, context in try await code(context) { signal.yield() } }
        ) { engine in
            try await engine.start()
            var left = count
            for await _ in reached {
                left -= 1
                if left == 0 { break }
            }
        }
    }

    private func interruptPay(_ path: String, _ options: CheckpointOptions) async throws {
        try await interrupt(path) { context, reached in
            try await context.checkpoint("pay", options: options) { _ -> String in
                reached()
                try await untilCancelled()
                return ""
            }
        }
    }

    /// New code behind a version before it: the old body began there, so it must not run anew under
    /// another key.
    @Test(arguments: [DoubtPolicy.askPerson, .fail])
    func aVersionInPlaceOfWhatBeganIsAnsweredNo(_ policy: DoubtPolicy) async throws {
        try await withJournal { path in
            let options = CheckpointOptions(onDoubt: policy)
            try await interruptPay(path, options)
            let log = CallLog()
            try await withEngine(
                path,
                code: { _, context in
                    if try await context.version("checked") {
                        try await context.checkpoint("check") { _ in log.add("check") }
                    }
                    return try await context.checkpoint("pay", options: options) { _ in
                        log.add("pay")
                        return ""
                    }
                }
            ) { engine in
                let end = try await engine.waitForEnd(of: "a")
                if policy == .fail {
                    #expect(end.errorCode == "interrupted")
                } else {
                    #expect(end.doubts.map(\.operation.name) == ["pay"])
                }
            }
            #expect(log.lines == [])
        }
    }

    @Test(arguments: [DoubtPolicy.askPerson, .fail], ["sleep", "step", "map", "store"])
    func anythingElseInPlaceOfWhatBeganDiverges(_ policy: DoubtPolicy, _ kind: String) async throws
    {
        try await withJournal { path in
            let options = CheckpointOptions(onDoubt: policy)
            try await interruptPay(path, options)
            let log = CallLog()
            let code: Scripted.Code = { _, context in
                switch kind {
                case "sleep": try await context.sleep(for: .seconds(0))
                case "step": try await context.checkpoint("check") { _ in log.add("check") }
                case "map": _ = try await context.map("all", [1]) { _, number in number }
                default: try await context.store.set("key", 1)
                }
                return try await context.checkpoint("pay", options: options) { _ in
                    log.add("pay")
                    return ""
                }
            }
            try await withEngine(path, code: code) { engine in
                let report = try await Replayer(workflows: [Scripted(body: code)])
                    .replayOpen(engine.journal)
                #expect(report.problems.count == 1)
                let end = try await engine.waitForEnd(of: "a")
                #expect(end.isParked && end.doubts.isEmpty)
                #expect(try endingText(of: end, engine).contains("records the checkpoint \"pay\""))
            }
            #expect(log.lines == [])
        }
    }

    /// A start that nobody has to be asked about holds no place.
    @Test func whatMayRunAgainGivesWayToOtherCode() async throws {
        try await withJournal { path in
            try await interruptPay(path, CheckpointOptions(recordsStart: true))
            let result = try await withEngine(
                path,
                code: { _, context in
                    let isOld = try await !context.version("new")
                    return try await context.checkpoint("other", options: Self.ask) {
                        "\(isOld) \($0.mayHaveHappened)"
                    }
                }
            ) { try await $0.result() }
            #expect(result == "\"true false\"")
        }
    }

    /// Somebody asks in one branch while a body runs in another: that ends, and is recorded.
    @Test func bodiesOfOtherBranchesEndBeforeItIsParked() async throws {
        try await withJournal { path in
            try await interrupt(path) { context, reached in
                _ = try await context.map("all", [0, 1]) { scope, number in
                    if number == 0 { _ = try await scope.receive("go", as: Int.self) }
                    try await scope.checkpoint("pay \(number)", options: Self.ask) { _ in
                        guard number == 1 else { return }
                        reached()
                        try await untilCancelled()
                    }
                    return number
                }
                return ""
            }
            let log = CallLog()
            let (asked, sayAsked) = AsyncStream.makeStream(of: Void.self)
            let result = try await withEngine(
                path,
                code: { _, context in
                    _ = try await context.map("all", [0, 1]) { scope, number in
                        if number == 0 { _ = try await scope.receive("go", as: Int.self) }
                        if number == 1 { for await _ in asked { break } }
                        try await scope.checkpoint("pay \(number)", options: Self.ask) { _ in
                            log.add("pay \(number)")
                            if number == 0 {
                                sayAsked.yield()
                                // It does not listen, and takes its time.
                                for _ in 0..<1_000 { await Task.yield() }
                            }
                        }
                        return number
                    }
                    return "done"
                }
            ) { engine in
                // Not before: else the first body would be done by the time of the interruption.
                try await engine.signal("a", "go", 1)
                let parked = try await engine.waitForEnd(of: "a")
                #expect(parked.doubts.map(\.operation.name) == ["pay 1"])
                sayAsked.yield()
                try await engine.resolve(
                    "a",
                    OperationPath(parked.doubts[0].operation),
                    .done(Nothing())
                )
                return try await engine.result()
            }
            #expect(result == "\"done\"")
            #expect(log.lines == ["pay 0"])
        }
    }

    /// More are in doubt than an entry names: each body runs once all the same.
    @Test func moreThanAnEntryNamesAreSettledInTurn() async throws {
        try await withJournal { path in
            let count = ParkInDoubt.limit + 4
            try await interrupt(path, count) { context, reached in
                _ = try await context.map("all", Array(0..<count)) { scope, number in
                    try await scope.checkpoint("pay", options: Self.ask) { _ in
                        reached()
                        try await untilCancelled()
                    }
                    return number
                }
                return ""
            }
            let log = CallLog()
            try await withEngine(
                path,
                code: { _, context in
                    _ = try await context.map("all", Array(0..<count)) { scope, number in
                        try await scope.checkpoint("pay", options: Self.ask) { _ in
                            log.add("\(number)")
                        }
                        return number
                    }
                    return "done"
                }
            ) { engine in
                var parks = 0
                var end = try await engine.waitForEnd(of: "a")
                while end.isParked {
                    parks += 1
                    for doubt in end.doubts {
                        try await engine.resolve("a", OperationPath(doubt.operation), .notDone)
                    }
                    end = try await engine.waitForEnd(of: "a")
                }
                #expect(end.status == .completed)
                #expect(parks == 2)
            }
            #expect(Set(log.lines).count == count && log.lines.count == count)
        }
    }

    /// The handler had dealt with a failure when the body behind it began: the next attempt does not
    /// run what failed again, and comes to the same body.
    @Test func aFailureThatABodyCameAfterIsNotOpenedAgain() async throws {
        try await withJournal { path in
            try await interrupt(path) { context, reached in
                do {
                    try await context.checkpoint("first") { _ in
                        throw OperationError(code: "no", message: "no")
                    }
                } catch let error as OperationError {
                    _ = error
                    try await context.checkpoint("instead", options: Self.ask) { _ in
                        reached()
                        try await untilCancelled()
                    }
                }
                return try await context.checkpoint("last") { _ in "last" }
            }
            let result = try await withEngine(
                path,
                code: { _, context in
                    var how = "first"
                    do {
                        try await context.checkpoint("first") { _ in }
                    } catch let error as OperationError {
                        how = error.code
                        try await context.checkpoint("instead", options: Self.ask) { _ in }
                    }
                    let last = try await context.checkpoint("last") { _ in "last" }
                    return "\(how) \(last)"
                }
            ) { engine in
                let parked = try await engine.waitForEnd(of: "a")
                #expect(parked.doubts.map(\.operation.name) == ["instead"])
                try await engine.cancel("a")
                try await engine.retry("a")
                let again = try await engine.waitForEnd(of: "a")
                #expect(again.doubts.map(\.operation.name) == ["instead"])
                try await engine.resolve(
                    "a",
                    OperationPath(again.doubts[0].operation),
                    .done(Nothing())
                )
                return try await engine.result()
            }
            #expect(result == "\"no last\"")
        }
    }

    // MARK: Ends from outside

    /// Leaves a cleaning behind whose body began; before it a payment of the handler did.
    private func interruptCleaning(_ path: String, _ options: CheckpointOptions) async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        try await withEngine(
            path,
            code: { _, context in
                try await context.onUnfinished("undo") { scope in
                    try await scope.checkpoint("refund", options: options) { _ in
                        signal.yield()
                        try await untilCancelled()
                    }
                }
                return try await context.checkpoint("pay", options: Self.ask) { _ -> String in
                    signal.yield()
                    try await untilCancelled()
                    return ""
                }
            }
        ) { engine in
            try await engine.start()
            var places = reached.makeAsyncIterator()
            _ = await places.next()
            try await engine.cancel("a")
            _ = await places.next()
        }
    }

    private static func cleaning(_ log: CallLog, _ options: CheckpointOptions) -> Scripted.Code {
        { _, context in
            try await context.onUnfinished("undo") { scope in
                try await scope.checkpoint("refund", options: options) { _ in log.add("refund") }
            }
            return try await context.checkpoint("pay", options: Self.ask) { _ in
                log.add("pay")
                return ""
            }
        }
    }

    /// Tries are not counted in the journal there: another one might be one too many.
    @Test func whatCleansUpDoesNotTryAgainWhatMayHaveHappened() async throws {
        try await withJournal { path in
            let retry = RetryPolicy(maxAttempts: 3, baseDelay: .zero)
            let options = CheckpointOptions(retry: retry, onDoubt: .fail)
            try await interruptCleaning(path, options)
            let log = CallLog()
            let end = try await withEngine(path, code: Self.cleaning(log, options)) {
                try await $0.waitForEnd(of: "a")
            }
            #expect(end.isClosed && end.status == .cancelled)
            #expect(log.lines == [])
        }
    }

    /// An error of that code is a body's own.
    @Test func whatCleansUpTriesAgainWhatFailed() async throws {
        try await withJournal { path in
            let retry = RetryPolicy(maxAttempts: 3, baseDelay: .zero)
            let options = CheckpointOptions(retry: retry)
            let log = CallLog()
            try await withEngine(
                path,
                code: { _, context in
                    try await context.onUnfinished("undo") { scope in
                        try await scope.checkpoint("refund", options: options) { _ in
                            log.add("refund")
                            throw OperationError(code: "interrupted", message: "the line broke")
                        }
                    }
                    return try await context.receive("go", as: String.self)
                }
            ) { engine in
                try await engine.start()
                try await engine.untilWaiting()
                try await engine.cancel("a")
                _ = try await engine.waitForEnd(of: "a")
            }
            #expect(log.lines.count == 3)
        }
    }

    /// What the handler had begun before the end is nothing that the cleaning asks for.
    @Test func aCleaningAsksOnlyAboutWhatItDoes() async throws {
        try await withJournal { path in
            try await interruptCleaning(path, Self.ask)
            let log = CallLog()
            try await withEngine(path, code: Self.cleaning(log, Self.ask)) { engine in
                let parked = try await engine.waitForEnd(of: "a")
                #expect(parked.doubts.map(\.operation.name) == ["refund"])
                let doubt = try #require(parked.doubts.first)
                try await engine.resolve("a", OperationPath(doubt.operation), .done(Nothing()))
                let end = try await engine.waitForEnd(of: "a")
                #expect(end.isClosed && end.status == .cancelled)
            }
            #expect(log.lines == [])
        }
    }

    // MARK: Values

    private struct Order: Codable, VersionedValue {
        let item: String
        let count: Int

        static let version = 2
        static let upcasters = [Upcaster(from: 1) { (old: Old) in Order(item: old.item, count: 1) }]

        struct Old: Codable {
            let item: String
        }
    }

    /// Version 1 would take it too, and drop what it does not know.
    @Test func aValueThatNamesItsVersionIsReadAsThat() async throws {
        try await withJournal { path in
            let result = try await withEngine(
                path,
                code: { _, context in
                    "\(try await context.receive("order", as: Order.self).count)"
                }
            ) { engine in
                try await engine.start()
                let data = Array(#"{"item":"tea","count":5}"#.utf8)
                try await engine.signal("a", "order", data: data, version: 2)
                return try await engine.result()
            }
            #expect(result == "\"5\"")
        }
    }

    /// What a person said by means of older code is brought up to date.
    @Test func anAnswerOfOlderCodeIsBroughtUpToDate() async throws {
        try await withJournal { path in
            try await interruptPay(path, Self.ask)
            var nothing = EngineOptions()
            nothing.claims = .nothing
            try await withEngine(
                path,
                code: { _, context in
                    try await context.checkpoint("pay", options: Self.ask) { _ in
                        Order.Old(item: "")
                    }
                    .item
                }
            ) { _ = try await $0.waitForEnd(of: "a") }
            try await withEngine(path, nothing, code: { _, _ in "" }) { engine in
                let operation = OperationPath(scope: [], position: 0)
                try await engine.resolve("a", operation, .done(Order.Old(item: "tea")))
            }
            let code: Scripted.Code = { _, context in
                let order = try await context.checkpoint("pay", options: Self.ask) { _ in
                    Order(item: "", count: 0)
                }
                return "\(order.item) \(order.count)"
            }
            let result = try await withEngine(path, code: code) { try await $0.result() }
            #expect(result == "\"tea 1\"")
        }
    }

    /// A codec may have a parameter of that name itself.
    private struct Acme: PayloadCodec {
        let contentType = "application/x-acme;v=7"

        func encode(_ value: some Encodable) throws -> [UInt8] {
            try JSONPayloadCodec().encode(value)
        }

        func decode<Value: Decodable>(_ type: Value.Type, from data: [UInt8]) throws -> Value {
            try JSONPayloadCodec().decode(type, from: data)
        }
    }

    @Test func aParameterOfTheCodecIsNoVersion() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.codec = Acme()
            let record = try await interrupting(
                path,
                options,
                running: { _, context in
                    try await context.checkpoint("old") { _ in Order.Old(item: "tea") }.item
                        + "\(try await context.checkpoint("new") { _ in Order(item: "", count: 4) })"
                },
                then: { _, context in
                    let old = try await context.checkpoint("old") { _ in Order(item: "", count: 0) }
                    let new = try await context.checkpoint("new") { _ in Order(item: "", count: 0) }
                    return "\(old.count) \(new.count)"
                }
            )
            #expect(record.status == .completed)
            let result = try await withEngine(path, options, code: { _, _ in "" }) {
                try await $0.result()
            }
            #expect(result == "\"1 4\"")
        }
    }

    // MARK: Pins

    private struct Looping: Workflow {
        static let name = "looping"
        static let isPinned = true

        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            _ = try await context.receive("go", as: Int.self)
            if input < 2 { throw try context.continueAsNew(Looping.self, input: input + 1) }
            return "done"
        }
    }

    private func withRevision<Result>(
        _ path: String,
        _ revision: String,
        _ claims: EngineOptions.Claims = .registered,
        _ body: (Engine) async throws -> Result
    ) async throws -> Result {
        var options = EngineOptions()
        options.revision = revision
        options.claims = claims
        return try await Engine.withOpen(at: path, options, workflows: [Looping()], body)
    }

    @Test func aPinHoldsForAllRuns() async throws {
        try await withJournal { path in
            try await withRevision(path, "one") { engine in
                try await engine.start(Looping.self, id: "a", input: 0)
                try await engine.untilWaiting("a")
                try await engine.repin("a", to: "two")
                try await engine.signal("a", "go", 1)
                // Its next run is not of this revision any more.
                _ = try await engine.wait(for: "a") { $0.continuedFrom != nil }
                try await engine.waitUntilIdle()
                let record = try #require(try engine.record(of: "a"))
                #expect(record.status == .ready && record.revision == "two")
            }
            try await withRevision(path, "two") { engine in
                try await engine.untilWaiting("a")
                try await engine.signal("a", "go", 1)
                _ = try await engine.wait(for: "a") { $0.continuedFrom != nil }
                try await engine.signal("a", "go", 1)
                #expect(try await engine.result(of: "a") == "\"done\"")
            }
        }
    }

    /// Asked to run what another revision must run, an engine goes on with what it can.
    @Test func whatIsPinnedElsewhereHoldsNothingUp() async throws {
        try await withJournal { path in
            try await withRevision(path, "one") { engine in
                try await engine.start(Looping.self, id: "a", input: 0)
                try await engine.untilWaiting("a")
                try await engine.signal("a", "go", 1)
                try await engine.untilWaiting("a")
                try await engine.pause("a")
                try await engine.signal("a", "go", 1)
            }
            try await withRevision(path, "two", .named) { engine in
                try await engine.resume("a")
                try await engine.repin("a", to: "three")
                try await engine.start(Looping.self, id: "b", input: 2)
                try await engine.signal("b", "go", 1)
                #expect(try await engine.result(of: "b") == "\"done\"")
                try await engine.waitUntilIdle()
            }
        }
    }

    @Test func anEmptyRevisionIsRefused() async throws {
        _ = try await withJournal { path in
            await #expect(throws: Refusal.self) {
                try await withRevision(path, "") { _ in }
            }
        }
    }
}
