import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookTestKit
import LMDB
import Testing

/// What is found by lists of the index, and what becomes of a list that is damaged.
@Suite(.timeLimit(.minutes(20))) struct ExecutionListsTests {
    private let code: Scripted.Code = { input, context in
        if input == 1 { throw OperationError(code: "bad", message: "no") }
        return input == 2 ? try await context.receive("go", as: String.self) : "done"
    }

    /// a and d have ended well, b failed, c and e wait; a, b and c are eve's, with labels.
    private func withExecutions(
        _ body: (Engine) async throws -> Void,
        after: (String) async throws -> Void = { _ in }
    ) async throws {
        try await withJournal { path in
            try await withEngine(path, code: code) { engine in
                for (id, input) in [("a", 0), ("b", 1), ("c", 2), ("d", 0), ("e", 2)] {
                    let isEves = id < "d"
                    let labels = ["region": id == "a" ? "us" : "eu", "id": id]
                    try await engine.start(
                        Scripted.self,
                        id: id,
                        options: ExecutionOptions(labels: isEves ? labels : [:]),
                        by: Requester(actor: isEves ? "eve" : nil),
                        input: input
                    )
                    _ = try await engine.wait(for: id) { $0.isClosed || $0.status == .waiting }
                }
                try await engine.pause("e")
                try await body(engine)
            }
            try await after(path)
        }
    }

    private typealias Case = (expected: String, change: (inout ExecutionQuery) -> Void)

    private let cases: [Case] = [
        ("edcba", { _ in }),
        ("cba", { $0.actors = ["eve"] }),
        ("", { $0.actors = ["nobody"] }),
        ("cb", { $0.labels = ["region": "eu"] }),
        ("c", { $0.labels = ["region": "eu", "id": "c"] }),
        ("", { $0.labels = ["region": "eu", "id": "a"] }),
        ("", { $0.labels = ["region": ""] }),
        ("b", { ($0.labels, $0.statuses) = (["region": "eu"], [.failed, .completed]) }),
        ("da", { ($0.types, $0.statuses) = (["other", "scripted"], [.completed]) }),
        ("ec", { $0.statuses = [.waiting] }),
        ("ecb", { $0.statuses = [.waiting, .failed] }),
        ("e", { $0.isPaused = true }),
        ("dcba", { $0.isPaused = false }),
        ("", { $0.isParked = true }),
        ("", { ($0.isPaused, $0.isClosed) = (true, true) }),
        ("ab", { ($0.order, $0.limit) = (.oldestFirst, 2) }),
    ]

    @Test func conditionsAreAnsweredFromThem() async throws {
        try await withExecutions { engine in
            for (index, item) in cases.enumerated() {
                var query = ExecutionQuery()
                item.change(&query)
                let found = try await engine.executions(query).records
                #expect(found.map(\.id).joined() == item.expected, "case \(index)")
                #expect(found.allSatisfy { query.includes($0) }, "case \(index)")
            }
        } after: { path in
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            for (index, item) in cases.enumerated() {
                var query = ExecutionQuery()
                item.change(&query)
                let found = try inspector.executions(query)
                #expect(found.map(\.id).joined() == item.expected, "case \(index)")
            }
            let report = try Verifier.verify(inspector.store)
            #expect(report.problems == [])
        }
    }

    @Test func pagesGoOnFromTheCursor() async throws {
        try await withExecutions { engine in
            var query = ExecutionQuery()
            query.statuses = [.completed, .failed]
            let first = try await engine.executions(query, limit: 2)
            #expect(first.records.map(\.id) == ["d", "b"])
            let second = try await engine.executions(query, after: first.next, limit: 2)
            #expect(second.records.map(\.id) == ["a"])
            #expect(second.next == nil)
        }
    }

    /// Changes the lists of a journal behind its back.
    private func damage(
        _ path: String,
        _ change: (inout WriteTransaction, Database) throws -> Void
    ) throws {
        let environment = try Environment.open(path + "/journal.mdb", EnvironmentOptions())
        defer { environment.close() }
        let lists = try environment.openDatabases([("lists", .integerSets)], creating: false)[0]
        try environment.write { transaction in
            var shared = WriteTransaction(sharing: transaction)
            try change(&shared, lists)
        }
    }

    @Test(arguments: ["missing", "added", "moved", "stranger"])
    func aListThatDoesNotAgreeWithTheEntriesIsFound(_ kind: String) async throws {
        try await withExecutions { _ in
        } after: { path in
            let inspector = try Inspector(path: path)
            let number = try inspector.record(of: "a").number
            inspector.close()
            try damage(path) { transaction, lists in
                func put(_ list: ExecutionList, _ number: UInt64) throws {
                    try list.key.withUnsafeBytes {
                        try transaction.put(member: number, in: lists, for: $0)
                    }
                }
                func remove(_ list: ExecutionList) throws {
                    let found = try list.key.withUnsafeBytes {
                        try transaction.remove(member: number, from: lists, for: $0)
                    }
                    #expect(found)
                }
                switch kind {
                case "missing": try remove(.actor("eve"))
                case "added": try put(.label(Label(name: "region", value: "eu")), number)
                case "moved":
                    try remove(.closed(.completed))
                    try put(.open, number)
                default: try put(.type("scripted"), number + 1)
                }
            }
            let store = try LMDBStore.open(path)
            defer { store.close() }
            let problems = try Verifier.verify(store).problems.filter { $0.sequence != nil }
            #expect(problems.map(\.sequence) == [kind == "stranger" ? number + 1 : number])
            #expect(problems.allSatisfy { $0.reason.contains("list") })
        }
    }
}
