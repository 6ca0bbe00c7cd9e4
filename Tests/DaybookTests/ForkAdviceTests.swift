import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Foundation
import Testing

@testable import Daybook

/// What a refused fork advises is granted, as it is written.
@Suite struct ForkAdviceTests {
    /// Books, pays and ships, each to be undone, and fails, or waits.
    private static func code(fails: Bool = false) -> Scripted.Code {
        { _, context in
            for name in ["book", "pay", "ship"] {
                try await context.checkpoint(
                    name,
                    compensate: { _, _ in }
                ) { _ -> Void in }
            }
            try await context.checkpoint("note") { _ -> Void in
                if fails { throw OperationError(code: "no", message: "no", isRetryable: false) }
            }
            return "\(try await context.receive("go", as: Int.self))"
        }
    }

    private func refusal(
        _ engine: Engine,
        _ id: String,
        at operation: String,
        _ options: ForkOptions = ForkOptions()
    ) async throws -> Refusal {
        let refused = await #expect(throws: Refusal.self) {
            try await engine.fork(id, at: operation, options)
        }
        let refusal = try #require(refused)
        #expect(refusal.code == .conflict, "\(refusal)")
        return refusal
    }

    /// Each place that a message names, as an id and the numbers of an operation.
    private func advised(_ message: String, of id: String) throws -> [(id: String, place: String)] {
        let advice = try #require(message.split(separator: "; ").last)
        return advice.matches(of: /(?:fork|or)(?: ([a-z]+))? at ([0-9\/]+), which is/).map {
            ($0.output.1.map(String.init) ?? id, String($0.output.2))
        }
    }

    /// Does what a message advises: each place in turn is granted.
    private func follow(
        _ refusal: Refusal,
        of id: String,
        _ engine: Engine,
        count: Int = 1
    ) async throws {
        let places = try advised(refusal.message, of: id)
        #expect(places.count == count, "\(refusal.message)")
        // What comes last is the farthest back: it takes nothing over that the others want.
        for place in places { _ = try await engine.fork(place.id, at: place.place) }
    }

    /// One part the origin has undone, another its fork owes.
    @Test func whatIsUndoneAndWhatIsOwedIsBothLeftOut() async throws {
        try await withJournal { path in
            try await withEngine(path, code: Self.code()) { engine in
                try await engine.start()
                try await engine.untilWaiting()
                _ = try await engine.fork("a", at: "ship", ForkOptions(id: "b"))
                try await engine.untilWaiting("b")
                let refused = try await refusal(engine, "a", at: "note")
                #expect(!refused.message.contains("retry"), "\(refused)")
                try await follow(refused, of: "a", engine, count: 2)
            }
        }
    }

    /// The fork that owes it has undone it since, and has recorded nothing of its own that is left.
    @Test func aForkThatHasUndoneWhatItOwedIsForkedBeforeThat() async throws {
        try await withJournal { path in
            try await withEngine(path, code: Self.code()) { engine in
                try await engine.start()
                try await engine.untilWaiting()
                _ = try await engine.fork("a", at: "ship", ForkOptions(id: "b"))
                try await engine.untilWaiting("b")
                try await engine.cancel("b")
                _ = try await engine.wait(for: "b") { $0.isClosed }
                try await follow(
                    try await refusal(engine, "a", at: "note"),
                    of: "a",
                    engine,
                    count: 2
                )
            }
        }
    }

    /// A retry is advised where it is granted.
    @Test func whatWasUndoneIsForkedBeforeThatOrRetried() async throws {
        try await withJournal { path in
            try await withEngine(path, code: Self.code(fails: true)) { engine in
                try await engine.start()
                _ = try await engine.wait(for: "a") { $0.isClosed }
                let refused = try await refusal(engine, "a", at: "note")
                #expect(
                    refused.message.hasSuffix("fork at 0, which is book, or retry a"),
                    "\(refused)"
                )
                try await engine.retry("a")
                _ = try await engine.wait(for: "a") { $0.isClosed && $0.attempt > 1 }
                try await follow(try await refusal(engine, "a", at: "note"), of: "a", engine)
            }
        }
    }

    /// The code disagrees behind a place where something is undone.
    @Test func whereTheCodeDisagreesAPlaceBeforeThatIsNamed() async throws {
        try await withJournal { path in
            try await withEngine(path, code: Self.code(fails: true)) { engine in
                try await engine.start()
                _ = try await engine.wait(for: "a") { $0.isClosed }
            }
            let other: Scripted.Code = { _, context in
                try await context.checkpoint("begin") { _ -> Void in }
                return ""
            }
            try await withEngine(path, code: other) { engine in
                let refused = try await refusal(engine, "a", at: "pay")
                try await follow(refused, of: "a", engine)
            }
            // What lacks its undoing is before what disagrees.
            let lacking: Scripted.Code = { _, context in
                try await context.checkpoint("book") { _ -> Void in }
                try await context.checkpoint("pay") { _ -> Void in }
                return "\(try await context.receive("go", as: Int.self))"
            }
            try await withEngine(path, code: Self.code()) { engine in
                try await engine.start("c")
                try await engine.untilWaiting("c")
            }
            try await withEngine(path, code: lacking) { engine in
                try await follow(
                    try await refusal(engine, "c", at: "go"),
                    of: "c",
                    engine
                )
            }
        }
    }

    /// Children cannot be shared, and before them nothing is in the way.
    @Test func whereChildrenWereOpenAPlaceBeforeThemIsNamed() async throws {
        try await withJournal { path in
            let code: Scripted.Code = { input, context in
                guard input > 0 else {
                    return "\(try await context.receive("go", as: Int.self))"
                }
                try await context.checkpoint("first") { _ -> Void in }
                _ = try await context.spawn(Scripted.self, input: 0)
                try await context.checkpoint("second") { _ -> Void in }
                return "\(try await context.receive("go", as: Int.self))"
            }
            try await withEngine(path, code: code) { engine in
                try await engine.start()
                try await engine.untilWaiting()
                try await follow(try await refusal(engine, "a", at: "second"), of: "a", engine)
            }
        }
    }

    /// So far back as it is, the newest place with files that are saved is found, and none where more is in
    /// the way.
    @Test func theNewestPlaceWithSavedFilesIsFoundAmongMany() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.workspaceLimit = 64 << 10
            let code: Scripted.Code = { _, context in
                let folder = try await context.workspace()
                for step in 0..<100 {
                    try await context.checkpoint("step \(step)") { _ in
                        guard step < 2 else { return }
                        let data = Data(repeating: 7, count: step == 1 ? 200_000 : 1)
                        try data.write(to: URL(filePath: "\(folder)/file"))
                    }
                }
                return ""
            }
            try await withEngine(path, options, code: code) { engine in
                try await engine.start()
                _ = try await engine.result()
                let refused = try await refusal(engine, "a", at: "step 99")
                #expect(
                    refused.message.hasSuffix("; fork at 1, which is \"step 1\""),
                    "\(refused)"
                )
                try await follow(refused, of: "a", engine)
            }
        }
    }
}
