import Daybook
import DaybookInspector
import DaybookTestKit
import Testing

/// What is exported of one execution is enough to replay it.
@Suite struct ExportTests {
    @Test func aRunIsExportedWithTheSignalsThatEarlierRunsHaveHandedOn() async throws {
        let code: Scripted.Code = { input, context in
            _ = try await context.receive("go", as: String.self)
            if input < 3 { throw try context.continueAsNew(Scripted.self, input: input + 1) }
            return try await context.receive("late", as: String.self)
        }
        try await withJournal { path in
            try await withEngine(path, code: code) { daybook in
                try await daybook.start()
                // What nobody reads before the last run goes on with it.
                try await daybook.signal("a", "late", "value")
                for _ in 0..<3 { try await daybook.signal("a", "go", "on") }
                #expect(try await daybook.result() == "\"value\"")
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let number = try inspector.record(of: "a").number
            var lines: [UInt8] = []
            try inspector.completeHistory(of: number) { entry in
                var json = JSONWriter()
                try entry.write(to: &json)
                lines += json.bytes + [UInt8(ascii: "\n")]
                return true
            }
            let histories = try RecordedHistory.all(exported: lines)
            #expect(histories.map(\.number) == [number])
            let history = try #require(histories.first)
            let report = try await Replayer(workflows: [Scripted(body: code)]).replay(history)
            guard case .agrees = report.outcome else {
                Issue.record("\(report.outcome)")
                return
            }
        }
    }

    /// What a fork has of its origin is no history of its own: it ends anywhere.
    @Test func whatAForkHasOfItsOriginIsNoHistoryOfItsOwn() async throws {
        let code: Scripted.Code = { _, context in
            try await context.checkpoint("first") { _ -> Void in }
            try await context.checkpoint("second") { _ -> Void in }
            return "done"
        }
        try await withJournal { path in
            try await withEngine(path, code: code) { engine in
                try await engine.start()
                _ = try await engine.waitForEnd(of: "a")
                _ = try await engine.fork("a", at: "second", ForkOptions(id: "b"))
                _ = try await engine.waitForEnd(of: "b")
                _ = try await engine.fork("b", at: "second", ForkOptions(id: "c"))
                _ = try await engine.waitForEnd(of: "c")
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            func lines(of id: String) throws -> [UInt8] {
                var lines: [UInt8] = []
                try inspector.export(of: try inspector.record(of: id).number) { entry in
                    var json = JSONWriter()
                    try entry.write(to: &json)
                    lines += json.bytes + [UInt8(ascii: "\n")]
                    return true
                }
                return lines
            }
            let one = try RecordedHistory.all(exported: lines(of: "c"))
            #expect(one.map(\.id) == ["c"])
            var all: [UInt8] = []
            try inspector.scan { entry in
                var json = JSONWriter()
                try entry.write(to: &json)
                all += json.bytes + [UInt8(ascii: "\n")]
                return true
            }
            #expect(try RecordedHistory.all(exported: all).map(\.id) == ["a", "b", "c"])
        }
    }
}
