import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookTestKit
import Testing

/// What was asked for: declared inputs that are kept, and the lines of code that asked.
@Suite struct RecordedInputTests {
    private struct Charge: Codable, Sendable {
        let amount: Int
    }

    @Test(arguments: [false, true])
    func aDeclaredInputIsKeptWithTheOutcomeOrTheStart(_ recordsStart: Bool) async throws {
        try await withJournal { path in
            let options = CheckpointOptions(recordsStart: recordsStart, recordsInput: true)
            let code: Scripted.Code = { _, context in
                let paid = try await context.checkpoint(
                    "pay",
                    input: Charge(amount: 12),
                    options: options
                ) { _ in "paid" }
                do {
                    try await context.checkpoint(
                        "fails",
                        input: Charge(amount: 13),
                        options: options
                    ) { _ in throw OperationError(code: "no", message: "no", details: [0x31]) }
                } catch let error as OperationError {
                    return "\(paid) \(error.code) \(error.details ?? [])"
                }
                return ""
            }
            let record = try await interrupting(path, running: code, then: code)
            #expect(record.status == .completed)
            let report = try await withEngine(path, code: code) {
                try Verifier.verify($0.journal.store)
            }
            #expect(report.problems.isEmpty, "\(report.problems)")
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let operations = try inspector.operations(of: record.number)
            let inputs = operations.map { $0.input.map { String(decoding: $0, as: UTF8.self) } }
            #expect(inputs == [#"{"amount":12}"#, #"{"amount":13}"#, nil])
        }
    }

    /// There is a start only where an earlier run of the body is in doubt.
    @Test(arguments: [false, true])
    func whatIsFoundDoneKeepsItsInput(_ hasBegun: Bool) async throws {
        try await withJournal { path in
            let options = CheckpointOptions(recordsStart: true, recordsInput: true)
            let code: Scripted.Code = { _, context in
                try await context.checkpoint(
                    "pay",
                    input: Charge(amount: 12),
                    options: options,
                    verify: { _ in .done("found") }
                ) { _ in "paid" }
            }
            if hasBegun {
                let (reached, signal) = AsyncStream.makeStream(of: Void.self)
                try await withEngine(
                    path,
                    code: { _, context in
                        try await context.checkpoint(
                            "pay",
                            input: Charge(amount: 12),
                            options: options
                        ) { _ in
                            signal.yield()
                            try await untilCancelled()
                            return ""
                        }
                    }
                ) { engine in
                    try await engine.start()
                    for await _ in reached { break }
                }
            }
            let number = try await withEngine(path, code: code) { engine in
                if !hasBegun { try await engine.start() }
                #expect(try await engine.result() == "\"found\"")
                #expect(try Verifier.verify(engine.journal.store).problems.isEmpty)
                return try #require(try engine.record(of: "a")).number
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let pay = try #require(try inspector.operations(of: number).first)
            #expect(pay.input.map { String(decoding: $0, as: UTF8.self) } == #"{"amount":12}"#)
        }
    }

    @Test func theEngineSaysItForAllAndAnOperationOtherwise() async throws {
        try await withJournal { path in
            var engineOptions = EngineOptions()
            engineOptions.recordsInputs = true
            try await withEngine(
                path,
                engineOptions,
                code: { _, context in
                    try await context.checkpoint("kept", input: 1) { _ in }
                    try await context.checkpoint(
                        "not kept",
                        input: 2,
                        options: CheckpointOptions(recordsInput: false)
                    ) { _ in }
                    try await context.checkpoint("none") { _ in }
                    return ""
                }
            ) { engine in
                try await engine.start()
                _ = try await engine.result()
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let operations = try inspector.operations(of: inspector.record(of: "a").number)
            #expect(operations.map(\.input) == [[0x31], nil, nil])
        }
    }

    @Test func anOperationKnowsTheLineThatAskedForIt() async throws {
        try await withJournal { path in
            let line = #line + 4
            let record = try await interrupting(
                path,
                running: { _, context in
                    try await context.checkpoint("one") { _ in }
                    return ""
                },
                then: { _, context in
                    try await context.checkpoint("renamed") { _ in }
                    return ""
                }
            )
            #expect(record.isParked)
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let source = try inspector.operations(of: record.number)[0].operation.source
            #expect(source == SourceLine(#fileID, line))
            let parked = try #require(try inspector.ending(of: record)?.text(ofPayload: 0))
            #expect(parked.contains("by \(#fileID):\(line)"))
            #expect(parked.contains("at \(#fileID):\(line + 4)"))
            #expect(parked.contains("the code is not deterministic"))
        }
    }

    @Test func linesOfCodeDoNotDecideAgreement() async throws {
        try await withJournal { path in
            let record = try await interrupting(
                path,
                running: { _, context in
                    try await context.checkpoint("one") { _ in }
                    return ""
                },
                then: { _, context in

                    try await context.checkpoint("one") { _ in }
                    return ""
                }
            )
            #expect(record.status == .completed)
        }
    }
}
