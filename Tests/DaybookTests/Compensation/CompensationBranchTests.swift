import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// What branches and children have done, and what becomes of it.
@Suite struct CompensationBranchTests {
    private let room = ClockedJournal()

    @Test func successesOfAMapAreUndoneInTheOrderOfTheJournal() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            let code: Scripted.Code = { _, context in
                let names = try await context.map("rooms", ["a", "b", "c"], maxConcurrent: 1) {
                    scope,
                    name in
                    try await trip.book(name, scope)
                }
                _ = try await trip.book("car", context)
                return names.joined()
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
                #expect(trip.undone == ["c", "b", "a"])
                trip.stubborn.withLock { $0 = ["b"] }
                try await daybook.retry("a")
                _ = try await daybook.waitForEnd(of: "a")
                #expect(trip.booked.suffix(4) == ["a", "b", "c", "car"])
                // One of a map that is over stays, and the others run again.
                trip.refused.withLock { $0 = [] }
                try await daybook.retry("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                #expect(trip.booked.suffix(3) == ["a", "c", "car"])
            }
        }
    }

    @Test func whatBranchesDidThatWereStoppedOrLostIsUndone() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            let code: Scripted.Code = { _, context in
                let branches: [@Sendable (WorkflowContext) async throws -> Int] = [
                    { scope in
                        _ = try await trip.book("loser", scope)
                        try await scope.sleep(for: .seconds(1_000))
                        return 1
                    },
                    { scope in
                        _ = try await trip.book("winner", scope)
                        try await scope.sleep(for: .seconds(1))
                        return 2
                    },
                ]
                _ = try await context.race("first", branches)
                _ = try await context.map("each", ["stays", "car"], maxConcurrent: 2) {
                    scope,
                    name in
                    if name == "car" { try await scope.sleep(for: .seconds(1)) }
                    let booking = try await trip.book(name, scope)
                    try await scope.sleep(for: .seconds(1_000))
                    return booking
                }
                return ""
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.wait(for: "a") { $0.waits.count == 2 }
                room.clock.pass(.seconds(1))
                _ = try await daybook.wait(for: "a") { record in
                    record.waits.count == 2
                        && record.waits.allSatisfy { $0.operation.scope[0] == 1 }
                }
                room.clock.pass(.seconds(1))
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .failed)
            }
            #expect(trip.undone.first == "stays")
            #expect(Set(trip.undone) == ["stays", "winner", "loser"])
            #expect(trip.undone.count == 3)
        }
    }

    @Test func aChildThatIsCancelledUndoesItsOwnWork() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            let code: Scripted.Code = { input, context in
                if input == 2 {
                    _ = try await trip.book("child", context)
                    let word: String = try await context.receive("word")
                    return word
                }
                _ = try await trip.book("parent", context)
                return try await context.run(Scripted.self, "child", input: 2)
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.wait(for: "a") {
                    $0.openChildren == 1 && $0.status == .waiting
                }
                while trip.booked.count < 2 { await Task.yield() }
                try await daybook.cancel("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.isClosed)
            }
            // What an execution has begun comes to its end first.
            #expect(trip.undone == ["child", "parent"])
        }
    }

    @Test func failedChildrenHaveTheirParentUndoneAfterThem() async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            let code: Scripted.Code = { input, context in
                if input > 1 {
                    _ = try await trip.book("of child", context)
                    return try await trip.book("car", context)
                }
                _ = try await trip.book("parent", context)
                try await context.spawn([ChildPlan(Scripted.self, input: 2)])
                return ""
            }
            try await withEngine(path, room.options, code: code) { daybook in
                try await daybook.start()
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .childrenTasksFailed)
                #expect(record.isClosed)
                #expect(trip.undone == ["of", "parent"])
                trip.refused.withLock { $0 = [] }
                try await daybook.retry("a")
                let end = try await daybook.waitForEnd(of: "a")
                #expect(end.status == .completed)
            }
            #expect(trip.booked.count { $0 == "parent" } == 2)
            #expect(trip.booked.count { $0 == "of child" } == 2)
        }
    }
}
