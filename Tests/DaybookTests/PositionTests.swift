import Daybook
import DaybookInspector
import DaybookTestKit
import Testing

/// Places in the journal that readers keep under a name.
@Suite(.timeLimit(.minutes(20))) struct PositionTests {
    private let code: Scripted.Code = { input, _ in "\(input)" }

    @Test func itNeverGoesBackAndNeverBehindTheEnd() async throws {
        try await withJournal { path in
            try await withEngine(path, code: code) { engine in
                _ = try await engine.run(Scripted.self, id: "a", input: 1)
                #expect(try await engine.position(named: "mailer") == nil)
                #expect(try await engine.setPosition(3, named: "mailer") == 3)
                #expect(try await engine.setPosition(2, named: "mailer") == 3)
                #expect(try await engine.position(named: "mailer") == 3)
                let end = try engine.journal.store.read { try $0.entryCount() }
                #expect(try await engine.setPosition(end, named: "mailer") == end)
                let refusal = await #expect(throws: Refusal.self) {
                    try await engine.setPosition(end + 1, named: "mailer")
                }
                #expect(refusal?.code == .invalidArgument)
                #expect(try await engine.position(named: "mailer") == end)
                // A reader leaves no trace in what it reads.
                #expect(try engine.journal.store.read { try $0.entryCount() } == end)
                await #expect(throws: Refusal.self) {
                    try await engine.setPosition(1, named: "")
                }
            }
        }
    }

    @Test func theyStayOnTheDiskAndAreListed() async throws {
        try await withJournal { path in
            try await withEngine(path, code: code) { engine in
                try await engine.setPosition(1, named: "b")
                try await engine.setPosition(2, named: "a")
                try await engine.setPosition(1, named: "c")
                try await engine.removePosition(named: "c")
                try await engine.removePosition(named: "nobody")
            }
            try await withEngine(path, code: code) { engine in
                let all = try await engine.positions()
                #expect(all.map(\.name) == ["a", "b"])
                #expect(all.map(\.sequence) == [2, 1])
                _ = try await engine.run(Scripted.self, id: "a", input: 1)
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            #expect(try inspector.positions().map(\.name) == ["a", "b"])
            let report = try Verifier.verify(inspector.store)
            #expect(report.problems == [])
        }
    }

    /// A reader that dies between dealing with an entry and keeping its place has it once more.
    @Test func whatWasDealtWithAndNotKeptComesAgain() async throws {
        try await withJournal { path in
            var dealtWith: [UInt64] = []
            // It dies after each third entry, before it keeps its place.
            for life in 0..<4 {
                try await withEngine(path, code: code) { engine in
                    _ = try await engine.run(Scripted.self, id: "w\(life)", input: 1)
                    let start = try await engine.position(named: "mailer") ?? 0
                    var left = 3
                    for try await entry in engine.entries(from: start) {
                        dealtWith.append(entry.sequence)
                        left -= 1
                        if left == 0 { break }
                        try await engine.setPosition(entry.sequence + 1, named: "mailer")
                    }
                }
            }
            #expect(dealtWith == [0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8])
        }
    }
}
