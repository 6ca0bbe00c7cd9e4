import Daybook
import DaybookInspector
import DaybookTestKit
import FoundationEssentials
import Testing

@testable import DaybookCommand

/// Which executions are said to be interrupted.
@Suite struct InterruptionsTests {
    /// Runs `body` while so many executions run.
    private func withRunning(
        _ count: Int,
        _ body: (Engine, _ path: String) async throws -> Void
    ) async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.maxConcurrent = count
            let (reached, signal) = AsyncStream.makeStream(of: Void.self)
            let code: Scripted.Code = { _, context in
                try await context.checkpoint("one") { _ in
                    signal.yield()
                    try await untilCancelled()
                }
                return ""
            }
            try await withEngine(path, options, code: code) { daybook in
                try await withThrowingTaskGroup { group in
                    for number in 0..<count {
                        group.addTask { try await daybook.start("w\(number)") }
                    }
                    try await group.waitForAll()
                }
                var running = 0
                for await _ in reached {
                    running += 1
                    if running == count { break }
                }
                try await body(daybook, path)
            }
        }
    }

    /// Runs `body` with a copy of a journal that nobody writes at the moment: no process can have the
    /// journal itself open twice.
    private func withCopy(_ path: String, _ body: (Inspector) throws -> Void) throws {
        let copy = "\(path)-copy"
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let result = Result {
            let inspector = try Inspector(path: copy)
            defer { inspector.close() }
            try body(inspector)
        }
        try FileManager.default.removeItem(atPath: copy)
        try result.get()
    }

    @Test func aSessionIsAskedForOnceHoweverManyExecutionsItHolds() async throws {
        try await withRunning(1_000) { daybook, path in
            try withCopy(path) { inspector in
                for liveness in [SessionLiveness.alive, .stopped, .gone] {
                    let asked = CallLog()
                    var interruptions = Interruptions(inspector) { number in
                        asked.add("\(number)")
                        return liveness
                    }
                    var count = 0
                    try inspector.executions(ExecutionQuery()) { record in
                        count += 1
                        let isInterrupted = try interruptions.contains(record)
                        #expect(isInterrupted == (liveness == .gone), "\(record.id)")
                        return true
                    }
                    #expect(count == 1_000)
                    #expect(asked.lines == ["\(daybook.session)"])
                }
            }
        }
    }

    /// The process has recorded something after the record was read: what it says is past.
    @Test func whatHasGotOnSinceItWasReadIsNotInterrupted() async throws {
        try await withRunning(1) { daybook, path in
            let read = CallLog()
            var old: ExecutionRecord?
            try withCopy(path) { inspector in
                let record = try inspector.record(of: "w0")
                var interruptions = Interruptions(inspector) { _ in .gone }
                let isInterrupted = try interruptions.contains(record)
                #expect(isInterrupted)
                old = record
            }
            let before = try #require(old)
            try await daybook.signal("w0", "news", 1)
            try withCopy(path) { inspector in
                var interruptions = Interruptions(inspector) { number in
                    read.add("\(number)")
                    return .gone
                }
                let isInterrupted = try interruptions.contains(before)
                #expect(!isInterrupted)
                let isNow = try interruptions.contains(inspector.record(of: "w0"))
                #expect(isNow)
            }
            #expect(read.lines == ["\(daybook.session)"])
        }
    }

    /// A timer fires and a signal arrives whoever held it, so nobody is missed.
    @Test func whatWaitsIsNotInterrupted() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { _, context in try await context.receive("go") }
            try await withEngine(path, code: code) { daybook in
                try await daybook.start()
                try await daybook.untilWaiting()
                try withCopy(path) { inspector in
                    let record = try inspector.record(of: "a")
                    #expect(record.session != nil)
                    var interruptions = Interruptions(inspector) { _ in .gone }
                    let isInterrupted = try interruptions.contains(record)
                    #expect(!isInterrupted)
                }
            }
        }
    }

    /// The locks of a copy belong to nobody.
    @Test func inACopyNobodyWorks() async throws {
        try await withRunning(1) { _, path in
            try withCopy(path) { inspector in
                var interruptions = Interruptions(inspector)
                let isInterrupted = try interruptions.contains(inspector.record(of: "w0"))
                #expect(isInterrupted)
            }
        }
    }
}
