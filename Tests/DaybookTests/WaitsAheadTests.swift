import Daybook
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// An attempt that waits before it is where the last one waited: what the last one waited for still counts.
@Suite(.timeLimit(.minutes(20))) struct WaitsAheadTests {
    private struct No: Error {}

    /// Waits for `late` once its work has ended, well or not; the work waits for `go` if it ends well.
    private static func code(_ fails: Locked<Bool>) -> Scripted.Code {
        { _, context in
            let failure = Locked<OperationError?>(nil)
            let values = try await context.map("phases", 0..<2, maxConcurrent: 1) { scope, phase in
                guard phase == 0 else { return try await scope.receive("late", as: Int.self) }
                do {
                    try await scope.checkpoint("work") { _ in
                        if fails.withLock({ $0 }) { throw No() }
                    }
                    return try await scope.receive("go", as: Int.self)
                } catch let error as OperationError {
                    failure.withLock { $0 = error }
                    return 0
                }
            }
            if let failure = failure.withLock({ $0 }) { throw failure }
            return "\(values)"
        }
    }

    private static func options(_ maxResident: Int) -> EngineOptions {
        var options = EngineOptions()
        options.maxResident = maxResident
        return options
    }

    /// Runs an execution until its second attempt waits for `go`, with `late` still asked for.
    private static func untilAhead(_ daybook: Engine, _ fails: Locked<Bool>) async throws {
        try await daybook.start()
        try await daybook.untilWaiting()
        try await daybook.cancel("a", by: Requester(reason: "it is to be mended"))
        _ = try await daybook.waitForEnd(of: "a")
        fails.withLock { $0 = false }
        try await daybook.retry("a")
        try await waitsForGo(daybook)
    }

    private static func waitsForGo(_ daybook: Engine) async throws {
        _ = try await daybook.wait(for: "a") { record in
            record.status == .waiting && record.waits.contains { $0.operation.name.text == "go" }
        }
        try await daybook.waitUntilIdle()
    }

    @Test(arguments: [0, 100]) func allOfItWaits(_ maxResident: Int) async throws {
        let fails = Locked(true)
        try await withJournal { path in
            try await withEngine(path, Self.options(maxResident), code: Self.code(fails)) {
                daybook in
                try await Self.untilAhead(daybook, fails)
                let record = try #require(try daybook.record(of: "a"))
                #expect(record.waits.map(\.operation.name.text).sorted() == ["go", "late"])
                try await daybook.signal("a", "go", 1)
                _ = try await daybook.wait(for: "a") {
                    $0.status == .waiting && $0.waits.count == 1
                }
                try await daybook.signal("a", "late", 7)
                #expect(try await daybook.result() == "\"[1, 7]\"")
            }
        }
    }

    /// What comes for an operation before the code has come to it is kept for it, and all of it waits on.
    @Test(arguments: [0, 100], [false, true])
    func whatComesEarlyIsKept(_ maxResident: Int, _ isReopened: Bool) async throws {
        let fails = Locked(true)
        let options = Self.options(maxResident)
        try await withJournal { path in
            try await withEngine(path, options, code: Self.code(fails)) { daybook in
                try await Self.untilAhead(daybook, fails)
                try await daybook.signal("a", "late", 7)
                _ = try await daybook.wait(for: "a") {
                    $0.status == .waiting && $0.waits.count == 1
                }
                try await Self.waitsForGo(daybook)
                guard !isReopened else { return }
                try await daybook.signal("a", "go", 1)
                #expect(try await daybook.result() == "\"[1, 7]\"")
            }
            guard isReopened else { return }
            try await withEngine(path, options, code: Self.code(fails)) { daybook in
                try await Self.waitsForGo(daybook)
                try await daybook.signal("a", "go", 1)
                #expect(try await daybook.result() == "\"[1, 7]\"")
            }
        }
    }
}
