import Daybook
import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookView
import Foundation
import LMDB

/// Pages of executions, found in a journal that has a great many.
enum Listing {
    private static let types = 10
    private static let customers = 1_000

    static func measure(_ settings: Settings, _ report: inout Report) async throws {
        let count: UInt64 = settings.isShort ? 20_000 : 5_000_000
        say("\nPages of 50 of \(count) executions that are closed:")
        let path = settings.quietFolder + "/listing.daybook"
        try fill(path, count)
        let engine = try await Engine.open(at: path)
        for (name, query) in queries(count) {
            // The first look has the pages read from the disk.
            _ = try await page(query, engine)
            var times: [Double] = []
            for _ in 0..<20 { times.append(try await page(query, engine)) }
            let median = times.sorted()[times.count / 2]
            report.set("listing.\(name).ms", median * 1e3)
            say("\(pad(name, 24)) \(text(median * 1e3, 2)) ms")
        }
        try await engine.close()
        try FileManager.default.removeItem(atPath: path)
    }

    /// - Returns: seconds that a page took.
    private static func page(_ query: ExecutionQuery, _ engine: Engine) async throws -> Double {
        let start = ContinuousClock.now
        let page = try await engine.executions(query, limit: 50)
        guard page.records.count == 50 || page.next == nil else {
            throw BenchmarkFailed(what: "a page of 50 has \(page.records.count) executions")
        }
        return seconds(since: start)
    }

    private static func queries(_ count: UInt64) -> [(String, ExecutionQuery)] {
        func query(_ change: (inout ExecutionQuery) -> Void) -> ExecutionQuery {
            var query = ExecutionQuery()
            change(&query)
            return query
        }
        return [
            ("all", query { _ in }),
            ("oldest", query { $0.order = .oldestFirst }),
            ("failed", query { $0.statuses = [.failed] }),
            ("type", query { $0.types = ["type 3"] }),
            ("label", query { $0.labels = ["customer": "c7"] }),
            (
                "label_and_failed",
                query { ($0.labels, $0.statuses) = (["customer": "c70"], [.failed]) }
            ),
            (
                "type_and_label_apart",
                query { ($0.types, $0.labels) = (["type 3"], ["customer": "c7"]) }
            ),
            ("actor", query { $0.actors = ["benchmark"] }),
        ]
    }

    /// Writes executions as the model decides them, without an engine.
    private static func fill(_ path: String, _ count: UInt64) throws {
        var creation = CreationOptions()
        creation.environment.synchronizes = false
        try Engine.create(at: path, creation)
        let store = try LMDBStore.open(path, creation.environment)
        defer { store.close() }
        let journal = try Journal.open(store)
        var state = State()
        try journal.scan { entry in
            try state.apply(committed: entry)
            return true
        }
        var facts = ProtoSessionOpened()
        facts.uuid = Data(repeating: 1, count: 16)
        facts.actor = "benchmark"
        facts.program = "benchmark"
        var session: UInt64 = 0
        let text = try SealedPayloads(Payload([0x31], contentType: "application/json"), limit: 16)
        for first in stride(from: 0, to: count, by: 10_000) {
            let before = state
            state = try journal.write { batch in
                var tx = DaybookModel.Transaction(before, BatchLedger(batch), session: session)
                if session == 0 {
                    session = try OpenSession(facts).decide(&tx)
                    tx.session = session
                }
                for number in first..<min(first + 10_000, count) {
                    try run(number, text, &tx)
                }
                return tx.finish()
            }
            state.commit()
        }
        let last = state
        state = try journal.write { batch in
            var tx = DaybookModel.Transaction(last, BatchLedger(batch), session: session)
            _ = try CloseSession().decide(&tx)
            return tx.finish()
        }
    }

    /// Submits an execution, and ends it.
    private static func run(
        _ number: UInt64,
        _ text: SealedPayloads,
        _ tx: inout DaybookModel.Transaction
    ) throws {
        var terms = Submit.Terms()
        let customer = Name("c\(number % UInt64(customers))")
        terms.labels = Labels([Label(name: "customer", value: customer)])
        let submit = Submit(
            id: "execution-\(number)",
            type: "type \(number % UInt64(types))",
            input: [0x31],
            payloads: text,
            terms: terms
        )
        _ = try SubmitAndExecute(submit).decide(&tx)
        let target = Claim.Target.first(of: [submit.type])
        guard let lease = try Claim(target).decide(&tx) else {
            throw BenchmarkFailed(what: "an execution that is ready is not claimed")
        }
        if number % 10 == 0 {
            let error = ErrorFacts(code: "bad")
            _ = try Fail(lease, error, payloads: text).decide(&tx)
        } else {
            _ = try Complete(lease, output: text, operations: 0).decide(&tx)
        }
    }
}
