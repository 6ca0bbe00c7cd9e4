import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookTestKit
import Testing

@Suite struct QueryTests {
    private let room = ClockedJournal()

    /// Executions a to f, a second apart: completed, failed, waiting, submitted, delayed, cancelled.
    private func withExecutions(
        _ body: (Engine, Timestamp) async throws -> Void,
        after: (String, Timestamp) async throws -> Void
    ) async throws {
        let start = room.clock.now()
        var creation = room.creation
        creation.submissionLifetime = .seconds(3_600)
        try await withJournal(creation) { path in
            try await withEngine(
                path,
                room.options,
                code: { input, context in
                    if input == 1 { throw OperationError(code: "bad", message: "no") }
                    if input == 2 {
                        return try await context.receive("go", as: String.self)
                    }
                    return "done"
                }
            ) { daybook in
                for (number, id) in ["a", "b", "c", "d", "e", "f"].enumerated() {
                    room.clock.pass(.seconds(1))
                    var terms = ExecutionOptions()
                    if id == "e" { terms.delay = .seconds(100) }
                    let handle = try await daybook.submit(
                        Scripted.self,
                        id: id,
                        options: terms,
                        input: number
                    )
                    if id == "d" { continue }
                    if id == "f" {
                        try await daybook.cancel("f")
                        continue
                    }
                    try await handle.execute()
                    if id < "c" { _ = try await daybook.waitForEnd(of: id) }
                    if id == "c" { _ = try await daybook.wait(for: id) { $0.status == .waiting } }
                }
                try await body(daybook, start)
            }
            try await after(path, start)
        }
    }

    private typealias Case = (expected: String, change: (inout ExecutionQuery) -> Void)

    /// b started at 2, c at 3, e is to start at 105, d and f were never asked to; d expires after an
    /// hour.
    private func cases(_ start: Timestamp) -> [Case] {
        func after(_ seconds: UInt64) -> Timestamp {
            Timestamp(rawValue: start.rawValue + seconds * 1_000_000_000)
        }
        return [
            ("abcdef", { _ in }),
            ("fedcba", { $0.order = .newestFirst }),
            ("ab", { $0.limit = 2 }),
            ("", { $0.limit = 0 }),
            ("fe", { ($0.order, $0.limit) = (.newestFirst, 2) }),
            ("ac", { $0.ids = ["c", "nobody", "a", "c"] }),
            ("ab", { $0.statuses = [.completed, .failed] }),
            ("", { $0.statuses = [] }),
            ("abf", { $0.isClosed = true }),
            ("cde", { $0.isClosed = false }),
            ("abcdef", { $0.types = ["scripted"] }),
            ("", { $0.types = ["other"] }),
            ("ef", { $0.submittedSince = after(5) }),
            ("ab", { $0.startBefore = after(3) }),
            ("abce", { $0.startBefore = after(106) }),
            ("e", { $0.deadlineBefore = after(200) }),
            ("de", { $0.deadlineBefore = after(4_000) }),
            ("c", { ($0.isClosed, $0.statuses) = (false, [.waiting, .completed]) }),
        ]
    }

    private func check(
        _ cases: [Case],
        _ find: (ExecutionQuery) async throws -> [ExecutionRecord]
    ) async throws {
        for (index, item) in cases.enumerated() {
            var query = ExecutionQuery()
            query.order = .oldestFirst
            item.change(&query)
            let found = try await find(query).map(\.id).joined()
            #expect(found == item.expected, "case \(index)")
        }
    }

    @Test func everyConditionCounts() async throws {
        try await withExecutions { daybook, start in
            try await check(cases(start)) { try await daybook.executions($0).records }
        } after: { path, start in
            // Who only reads the file finds the same.
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            try await check(cases(start)) { try inspector.executions($0) }
        }
    }
}
