import Daybook
import DaybookFormat
import DaybookModel
import DaybookTestKit
import Testing

/// What becomes of bodies that began and of which no outcome is recorded.
@Suite struct DoubtTests {
    /// Runs a body until it is told to stop, which leaves its start without an outcome.
    private func interruptPay(
        _ path: String,
        _ options: CheckpointOptions,
        between: @escaping Scripted.Code = { _, _ in "" }
    ) async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        try await withEngine(
            path,
            code: { input, context in
                _ = try await between(input, context)
                return try await context.checkpoint("pay", options: options) { _ -> String in
                    signal.yield()
                    try await untilCancelled()
                    return "not reached"
                }
            }
        ) { engine in
            try await engine.start()
            for await _ in reached { break }
        }
    }

    private static let ask = CheckpointOptions(onDoubt: .askPerson)
    private static let pay = OperationPath(scope: [], position: 0)

    @Test func aBodyThatMayHaveHappenedRunsAgainAndIsTold() async throws {
        try await withJournal { path in
            let options = CheckpointOptions(recordsStart: true)
            try await interruptPay(path, options)
            let result = try await withEngine(
                path,
                code: { _, context in
                    let told = try await context.checkpoint("pay", options: options) {
                        $0.mayHaveHappened
                    }
                    let next = try await context.checkpoint("next", options: options) {
                        $0.mayHaveHappened
                    }
                    return "\(told) \(next)"
                }
            ) { try await $0.result() }
            #expect(result == "\"true false\"")
        }
    }

    @Test func verificationIsToldAndMustBeThere() async throws {
        try await withJournal { path in
            try await interruptPay(path, CheckpointOptions(recordsStart: true))
            let options = CheckpointOptions(recordsStart: true, onDoubt: .verify)
            let result = try await withEngine(
                path,
                code: { _, context in
                    let paid = try await context.checkpoint(
                        "pay",
                        options: options,
                        verify: { .done("found, in doubt: \($0.mayHaveHappened)") }
                    ) { _ in "paid" }
                    let unverified = await context.attempting {
                        try await context.checkpoint("ship", options: options) { _ in }
                    }
                    return "\(paid); \(unverified)"
                }
            ) { try await $0.result() }
            #expect(result == "\"found, in doubt: true; invalid-argument\"")
        }
    }

    @Test(arguments: [nil, RetryPolicy(maxAttempts: 3, baseDelay: .zero)])
    func anInterruptedTryFailsIfThatIsAskedFor(_ retry: RetryPolicy?) async throws {
        try await withJournal { path in
            let options = CheckpointOptions(retry: retry, onDoubt: .fail)
            try await interruptPay(path, options)
            let result = try await withEngine(
                path,
                code: { _, context in
                    do {
                        return try await context.checkpoint("pay", options: options) {
                            "try \($0.tries), in doubt: \($0.mayHaveHappened)"
                        }
                    } catch let error as OperationError {
                        return "\(error.code), retryable: \(error.facts.isRetryable)"
                    }
                }
            ) { try await $0.result() }
            #expect(
                result
                    == (retry == nil
                        ? "\"interrupted, retryable: true\"" : "\"try 2, in doubt: false\"")
            )
        }
    }

    @Test func aBodyThatEndedInItsProcessIsInNoDoubt() async throws {
        try await withJournal { path in
            let log = CallLog()
            let options = CheckpointOptions(
                retry: RetryPolicy(maxAttempts: 3, baseDelay: .zero),
                onDoubt: .askPerson
            )
            let record = try await interrupting(
                path,
                running: { _, context in
                    let failed = await context.attempting {
                        try await context.checkpoint("fails", options: options) { _ in
                            log.add("fails")
                            throw OperationError(code: "no", message: "no", isRetryable: false)
                        }
                    }
                    return try await context.checkpoint("tried", options: options) {
                        log.add("try \($0.tries)")
                        if $0.tries == 1 { throw OperationError(code: "busy", message: "busy") }
                        return failed
                    }
                },
                then: { _, context in
                    let failed = await context.attempting {
                        try await context.checkpoint("fails", options: options) { _ in }
                    }
                    return try await context.checkpoint("tried", options: options) { _ in failed }
                }
            )
            #expect(record.status == .completed)
            #expect(log.lines == ["fails", "try 1", "try 2"])
        }
    }

    /// The code that goes on after a person has spoken.
    private static let goesOn: Scripted.Code = { _, context in
        do {
            return try await context.checkpoint("pay", options: ask) {
                "ran, in doubt: \($0.mayHaveHappened)"
            }
        } catch let error as OperationError {
            return "\(error.code): \(error)"
        }
    }

    @Test(arguments: ["done", "notDone", "failed"])
    func aPersonIsAskedAndTheExecutionGoesOnWithTheAnswer(_ answer: String) async throws {
        try await withJournal { path in
            try await interruptPay(path, Self.ask)
            let result = try await withEngine(path, code: Self.goesOn) { engine in
                let parked = try await engine.waitForEnd(of: "a")
                #expect(parked.isParked)
                #expect(parked.doubts.map(\.operation.name) == ["pay"])
                let resolution: Resolution =
                    switch answer {
                    case "done": .done("it was paid")
                    case "notDone": .notDone
                    default: .failed(OperationError(code: "bounced", message: "no cover"))
                    }
                let said = try await engine.resolve(
                    "a",
                    Self.pay,
                    resolution,
                    by: Requester(reason: "looked")
                )
                #expect(said.left.isEmpty)
                await #expect {
                    try await engine.resolve("a", Self.pay, .notDone)
                } throws: {
                    let code = ($0 as? Refusal)?.code
                    return code == .conflict || code == .wrongState
                }
                return try await engine.result()
            }
            switch answer {
            case "done": #expect(result == "\"it was paid\"")
            case "notDone": #expect(result == "\"ran, in doubt: false\"")
            default: #expect(result == "\"bounced: no cover\"")
            }
            // What a person said, and what came of it, agrees with the code.
            try await expectAgreement(path, Self.goesOn)
        }
    }

    /// Replays every beginning of the history.
    private func expectAgreement(_ path: String, _ code: @escaping Scripted.Code) async throws {
        try await withEngine(path, code: code) { engine in
            let history = try RecordedHistory(of: "a", in: engine.journal)
            let replayer = Replayer(workflows: [Scripted(body: code)])
            for length in 1...history.count {
                let report = try await replayer.replay(history.prefix(length))
                switch report.outcome {
                case .agreesSoFar, .agrees: break
                default: Issue.record("the first \(length) entries: \(report.outcome)")
                }
            }
        }
    }

    @Test func aValueThatTheCodeCannotTakeIsAskedForAgain() async throws {
        try await withJournal { path in
            try await interruptPay(path, Self.ask)
            let result = try await withEngine(path, code: Self.goesOn) { engine in
                _ = try await engine.waitForEnd(of: "a")
                try await engine.resolve("a", Self.pay, .done(12))
                let parked = try await engine.wait(for: "a") {
                    $0.isParked && $0.entries > 6
                }
                #expect(parked.doubts.count == 1)
                try await engine.resolve("a", Self.pay, .done("12"))
                return try await engine.result()
            }
            #expect(result == "\"12\"")
        }
    }

    @Test func aRetryWithoutAnAnswerAsksAgain() async throws {
        try await withJournal { path in
            try await interruptPay(path, Self.ask)
            try await withEngine(path, code: Self.goesOn) { engine in
                let parked = try await engine.waitForEnd(of: "a")
                try await engine.retry("a")
                let again = try await engine.wait(for: "a") {
                    $0.isParked && $0.entries > parked.entries + 1
                }
                #expect(again.doubts == parked.doubts)
            }
        }
    }

    @Test func otherCodeInPlaceOfWhatMayHaveHappenedDiverges() async throws {
        try await withJournal { path in
            try await interruptPay(path, Self.ask)
            try await withEngine(
                path,
                code: { _, context in
                    try await context.checkpoint("ship", options: Self.ask) { _ in "shipped" }
                }
            ) { engine in
                let parked = try await engine.waitForEnd(of: "a")
                #expect(parked.isParked && parked.doubts.isEmpty)
            }
        }
    }

    @Test func allThatIsInDoubtIsAskedForBeforeItGoesOn() async throws {
        try await withJournal { path in
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            try await withEngine(
                path,
                code: { _, context in
                    _ = try await context.map("all", [0, 1, 2]) { scope, number in
                        try await scope.checkpoint("pay", options: Self.ask) { _ in
                            signal.yield()
                            try await untilCancelled()
                        }
                    }
                    return ""
                }
            ) { engine in
                try await engine.start()
                var count = 0
                for await _ in reached {
                    count += 1
                    if count == 3 { break }
                }
            }
            let log = CallLog()
            let result = try await withEngine(
                path,
                code: { _, context in
                    _ = try await context.map("all", [0, 1, 2]) { scope, number in
                        try await scope.checkpoint("pay", options: Self.ask) { _ in
                            log.add("paid \(number)")
                        }
                        try await scope.checkpoint("tell", options: Self.ask) { _ in }
                    }
                    return "done"
                }
            ) { engine in
                let parked = try await engine.waitForEnd(of: "a")
                #expect(parked.doubts.count == 3)
                for (index, doubt) in parked.doubts.enumerated() {
                    let answer = try await engine.resolve(
                        "a",
                        OperationPath(doubt.operation),
                        index == 1 ? .notDone : .done(Nothing())
                    )
                    #expect(answer.left.count == 2 - index)
                    if index < 2 { #expect(try engine.record(of: "a")?.isParked == true) }
                }
                return try await engine.result()
            }
            #expect(result == "\"done\"")
            #expect(log.lines.count == 1)
        }
    }
}

extension WorkflowContext {
    /// The code of what is thrown; empty: nothing is.
    fileprivate func attempting(
        _ body: () async throws -> Void
    ) async -> String {
        do {
            try await body()
            return ""
        } catch {
            return (error as? OperationError)?.code ?? "\(error)"
        }
    }
}
