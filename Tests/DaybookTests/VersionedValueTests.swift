import Daybook
import DaybookFormat
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// Values that older code recorded.
@Suite struct VersionedValueTests {
    private struct OrderV1: Codable {
        let item: String
    }

    private struct OrderV2: Codable, VersionedValue {
        let item: String
        let count: Int

        static let version = 2
        static let upcasters = [
            Upcaster(from: 1) { (old: OrderV1) in
                OrderV2(item: old.item, count: 1)
            }
        ]
    }

    private struct OrderV3: Codable, VersionedValue {
        let items: [String]

        static let version = 3
        static let upcasters = [
            Upcaster(from: 2) { (old: OrderV2) in
                OrderV3(items: Array(repeating: old.item, count: old.count))
            },
            Upcaster(from: 1) { (old: OrderV1) in OrderV2(item: old.item, count: 1) },
        ]
    }

    private struct Gapped: Codable, VersionedValue {
        let items: [String]

        static let version = 3
        static let upcasters = [Upcaster(from: 2) { (old: OrderV2) in Gapped(items: [old.item]) }]
    }

    /// A workflow whose types can change between two starts.
    private struct Taking<Input: Codable & Sendable>: Workflow {
        static var name: String { "taking" }
        let body: @Sendable (Input, WorkflowContext) async throws -> String

        func run(_ input: Input, _ context: WorkflowContext) async throws -> String {
            try await body(input, context)
        }
    }

    /// A workflow that gives a value at once.
    private struct Giving<Output: Codable & Sendable>: Workflow {
        static var name: String { "giving" }
        let body: @Sendable () -> Output

        func run(_ input: Int, _ context: WorkflowContext) async throws -> Output { body() }
    }

    private func output(_ path: String) async throws -> String {
        try await withEngine(path, code: { _, _ in "" }) { try await $0.result() }
    }

    private func recording<Value: Codable & Sendable>(_ value: Value) -> Scripted.Code {
        { _, context in
            _ = try await context.checkpoint("order") { _ in value }
            try await context.store.set("kept", value)
            return ""
        }
    }

    @Test func recordedValuesAreBroughtUpToDateStepByStep() async throws {
        try await withJournal { path in
            let record = try await interrupting(
                path,
                running: recording(OrderV1(item: "tea")),
                then: { _, context in
                    let order: OrderV3 = try await context.checkpoint("order") { _ in
                        OrderV3(items: [])
                    }
                    try await context.store.set("kept", order)
                    let kept = try await context.store.get("kept", as: OrderV3.self)
                    return "\(order.items) \(kept?.items ?? [])"
                }
            )
            #expect(record.status == .completed)
            #expect(try await output(path) == #""[\"tea\"] [\"tea\"]""#)
        }
    }

    @Test func theVersionStandsInTheContentType() async throws {
        try await withJournal { path in
            try await withEngine(path, code: recording(OrderV2(item: "tea", count: 2))) { engine in
                try await engine.start()
                _ = try await engine.result()
                let names = try engine.journal.store.read { try JournalNames($0) }
                #expect(names.contentTypes.last == "application/json;v=2")
            }
        }
    }

    /// One that was sent by older code, one that a person wrote as it was, and one as it is now.
    @Test func signalsAreBroughtUpToDateToo() async throws {
        try await withJournal { path in
            let waiting: Scripted.Code = { _, context in
                _ = try await context.receive("never", as: String.self)
                return ""
            }
            try await withEngine(path, code: waiting) { engine in
                try await engine.start()
                try await engine.untilWaiting()
                try await engine.signal("a", "sent", OrderV2(item: "milk", count: 2))
                try await engine.signal("a", "sent", data: Array(#"{"item":"tea"}"#.utf8))
                try await engine.signal("a", "sent", data: Array(#"{"items":["jam"]}"#.utf8))
            }
            let receiving: Scripted.Code = { _, context in
                _ = try await context.receive("never", as: String.self)
                var all: [String] = []
                for _ in 0..<3 { all += try await context.receive("sent", as: OrderV3.self).items }
                return "\(all)"
            }
            try await withEngine(path, code: receiving) { engine in
                try await engine.signal("a", "never", "now")
                #expect(try await engine.result() == #""[\"milk\", \"milk\", \"tea\", \"jam\"]""#)
            }
        }
    }

    @Test func whatAPollLeavesAndGivesIsBroughtUpToDate() async throws {
        try await withJournal { path in
            let clock = ManualClock(SystemClock().now().rawValue)
            var options = EngineOptions()
            options.clock = clock
            let waiting: Scripted.Code = { _, context in
                _ = try await context.poll(
                    "ready",
                    from: OrderV2(item: "tea", count: 1),
                    every: .seconds(1_000_000)
                ) { state, _ -> Poll<OrderV2, OrderV2> in
                    .again(OrderV2(item: state.item, count: state.count + 1))
                }
                return ""
            }
            try await withEngine(path, options, code: waiting) { engine in
                try await engine.start()
                try await engine.untilWaiting()
            }
            let looking: Scripted.Code = { _, context in
                let order = try await context.poll(
                    "ready",
                    from: OrderV3(items: []),
                    every: .seconds(1)
                ) { state, _ -> Poll<OrderV3, OrderV2> in
                    .done(OrderV2(item: state.items.joined(), count: 2))
                }
                _ = try await context.receive("never", as: String.self)
                return "\(order.count)"
            }
            clock.pass(.seconds(1_000_000))
            try await withEngine(path, options, code: looking) { engine in
                _ = try await engine.wait(for: "a") {
                    $0.status == .waiting && $0.waits.contains { $0.operation.name == "never" }
                }
            }
            let replaying: Scripted.Code = { _, context in
                let order = try await context.poll(
                    "ready",
                    from: OrderV3(items: []),
                    every: .seconds(1)
                ) { _, _ -> Poll<OrderV3, OrderV3> in .done(OrderV3(items: [])) }
                _ = try await context.receive("never", as: String.self)
                return "\(order.items)"
            }
            try await withEngine(path, options, code: replaying) { engine in
                try await engine.signal("a", "never", "now")
                #expect(try await engine.result() == #""[\"teatea\", \"teatea\"]""#)
            }
        }
    }

    @Test func aResultOfOlderCodeIsBroughtUpToDate() async throws {
        try await withJournal { path in
            let old = try await Engine.open(at: path, workflows: [Giving { OrderV1(item: "tea") }])
            try await old.submit(Giving<OrderV1>.self, id: "a", input: 1).execute()
            _ = try await old.waitForEnd(of: "a")
            try await old.close()
            let new = try await Engine.open(
                at: path,
                workflows: [Giving { OrderV3(items: []) }]
            )
            let result = try await new.handle(Giving<OrderV3>.self, id: "a").result()
            try await new.close()
            #expect(result.items == ["tea"])
        }
    }

    @Test func theInputOfContinueAsNewIsBroughtUpToDate() async throws {
        try await withJournal { path in
            let old = try await Engine.open(
                at: path,
                workflows: [
                    Taking<OrderV2> { input, context in
                        if input.count == 1 {
                            throw try context.continueAsNew(
                                Taking<OrderV2>.self,
                                input: OrderV2(item: input.item, count: 2)
                            )
                        }
                        return try await context.receive("go", as: String.self)
                    }
                ]
            )
            try await old.submit(
                Taking<OrderV2>.self,
                id: "a",
                input: OrderV2(item: "tea", count: 1)
            ).execute()
            _ = try await old.wait(for: "a") { $0.status == .waiting && !$0.isClosed }
            try await old.close()
            let new = try await Engine.open(
                at: path,
                workflows: [
                    Taking<OrderV3> { input, context in
                        let word = try await context.receive("go", as: String.self)
                        return "\(word) \(input.items)"
                    }
                ]
            )
            try await new.signal("a", "go", "on")
            let result = try await new.result(of: "a")
            try await new.close()
            #expect(result == #""on [\"tea\", \"tea\"]""#)
        }
    }

    @Test func aMissingStepParksWithASentence() async throws {
        try await withJournal { path in
            let record = try await interrupting(
                path,
                running: recording(OrderV1(item: "tea")),
                then: { _, context in
                    let order: Gapped = try await context.checkpoint("order") { _ in
                        Gapped(items: [])
                    }
                    return "\(order.items)"
                }
            )
            #expect(record.isParked)
            let text = try await withEngine(path, code: { _, _ in "" }) {
                try endingText(of: record, $0)
            }
            #expect(
                text.contains(
                    "it is recorded as version 1 of Gapped, and there is no upcaster from version 1 to 2"
                ),
                "\(text)"
            )
            #expect(text.contains("give it a version and an upcaster"))
        }
    }

    @Test func anInputOfOlderCodeIsBroughtUpToDateBeforeItHasBegun() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.claims = .nothing
            let old = try await Engine.open(
                at: path,
                options,
                workflows: [Taking<OrderV1> { input, _ in input.item }]
            )
            try await old.submit(Taking<OrderV1>.self, id: "a", input: OrderV1(item: "tea"))
                .execute()
            try await old.close()
            let new = try await Engine.open(
                at: path,
                workflows: [Taking<OrderV3> { input, _ in "\(input.items)" }]
            )
            let result = try await new.result(of: "a")
            try await new.close()
            #expect(result == "\"[\\\"tea\\\"]\"")
        }
    }

    @Test func anInputThatIsNoneParksWithTheDecodersSentenceBeforeItHasBegun() async throws {
        try await withJournal { path in
            var options = EngineOptions()
            options.claims = .nothing
            let old = try await Engine.open(
                at: path,
                options,
                workflows: [Taking<OrderV1> { input, _ in input.item }]
            )
            try await old.submit(Taking<OrderV1>.self, id: "a", input: OrderV1(item: "tea"))
                .execute()
            try await old.close()
            struct Other: Codable {
                let size: Int
            }
            let new = try await Engine.open(
                at: path,
                workflows: [Taking<Other> { input, _ in "\(input.size)" }]
            )
            let parked = try await new.waitForEnd(of: "a")
            #expect(parked.isParked)
            try await new.close()
            // With code that takes it again a retry goes on.
            let mended = try await Engine.open(
                at: path,
                workflows: [Taking<OrderV1> { input, _ in input.item }]
            )
            try await mended.retry("a")
            let result = try await mended.result(of: "a")
            try await mended.close()
            #expect(result == "\"tea\"")
        }
    }
}
