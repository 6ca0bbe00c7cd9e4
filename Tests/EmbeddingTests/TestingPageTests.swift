import Daybook
import DaybookTesting
import Testing

/// The examples of the page on testing workflows, word for word.
@Suite struct TestingPageTests {
    @Test func anOrderIsCharged() async throws {
        let outside = Outside()
        let test = try TestEngine(workflows: [Charging(outside: outside)])
        let answer = try await test.run { engine in
            try await engine.run(Charging.self, id: "order-1", input: "lamp")
        }
        #expect(answer == "charged")
        #expect(outside.count("charge") == 1)
    }

    @Test func nobodyApprovesForADay() async throws {
        let test = try TestEngine(workflows: [Approving.ProcessOrder()])
        let isApproved = try await test.run { engine in
            try await engine.run(Approving.ProcessOrder.self, id: "order-1", input: "lamp")
        }
        #expect(!isApproved)
    }

    @Test func theCardIsChargedOnceAlthoughTheProcessDies() async throws {
        let outside = Outside()
        let test = try TestEngine(workflows: [Charging(outside: outside)])
        let answer = try await test.run(.crash(before: 5)) { engine in
            try await engine.run(Charging.self, id: "order-1", input: "lamp")
        }
        #expect(answer == "charged")
        #expect(outside.count("charge") == 1)
    }

    @Test(.crashEverywhere, .alwaysReplay) func anOrderIsPaidOnce() async throws {
        let outside = Outside()
        let test = try TestEngine(workflows: [Charging(outside: outside)])
        _ = try await test.run { engine in
            try await engine.run(Charging.self, id: "order-1", input: "lamp")
        }
        #expect(outside.count("charge") == 1)
    }

    @Test func aShutdownIsNoRejection() async throws {
        let outside = Outside()
        let test = try TestEngine(workflows: [Refunding(outside: outside)])
        try await test.run { engine in
            try await engine.start(Refunding.self, id: "order-1", input: "lamp")
            _ = try await engine.wait(for: "order-1") { $0.status == .waiting }
        }
        #expect(outside.count("refund") == 0)
        let isApproved = try await test.run { engine in
            let yes = Approval(approved: true, by: "eve")
            try await engine.signal("order-1", .approval, yes)
            return try await engine.handle(Refunding.self, id: "order-1").result()
        }
        #expect(isApproved)
    }

    @Test func theSameOrderAsksForTheSameThings() async throws {
        try await expectSameOperations(workflows: [Charging(outside: Outside())]) { engine in
            _ = try await engine.run(Charging.self, id: "order-1", input: "lamp")
        }
    }

    @Test func everyWayToPackAndAskEndsAlike() async throws {
        let report = await crashEverywhere(schedules: 100) {
            let outside = Outside()
            let test = try TestEngine(workflows: [Packing(outside: outside)])
            _ = try await test.run { try await $0.run(Packing.self, id: "p", input: "lamp") }
        }
        #expect(report.failure == nil, "\(report)")
    }
}
