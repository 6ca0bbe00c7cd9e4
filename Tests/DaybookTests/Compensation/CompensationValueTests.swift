import Daybook
import DaybookFormat
import DaybookInspector
import DaybookModel
import DaybookSystem
import DaybookTestKit
import Testing

/// Values that are put behind a checkpoint, when that is undone and runs again.
@Suite struct CompensationValueTests {
    private let room = ClockedJournal()

    @Test(arguments: [0, 1_000])
    func whatFollowsACheckpointThatWasUndoneIsPutAgain(_ maxResident: Int) async throws {
        try await withJournal(room.creation) { path in
            let trip = Trip()
            let code: Scripted.Code = { _, context in
                try await context.store.set("before", "stays")
                let flight = try await trip.book("flight", context)
                try await context.store.set("flight", flight)
                try await context.output("ticket", flight)
                let found: String? = try await context.store.get("flight")
                try await context.parallel(
                    "both",
                    { try await $0.store.set("left", flight) },
                    { try await $0.store.set("right", flight) }
                )
                _ = try await trip.book("car", context)
                let late: String? = try await context.store.get("right")
                return "\(flight) \(found ?? "none") \(late ?? "none")"
            }
            var result = ""
            var options = room.options
            options.maxResident = maxResident
            try await withEngine(path, options, code: code) { daybook in
                try await daybook.start()
                _ = try await daybook.waitForEnd(of: "a")
                trip.refused.withLock { $0 = [] }
                try await daybook.retry("a")
                let record = try await daybook.waitForEnd(of: "a")
                #expect(record.status == .completed)
                result = try await daybook.result(of: "a")
            }
            let inspector = try Inspector(path: path)
            defer { inspector.close() }
            let number = try inspector.record(of: "a").number
            let all = try inspector.operations(of: number, undone: true)
            let flights = all.filter {
                $0.operation.name == "flight" && $0.operation.kind == .checkpoint
            }
            #expect(flights.map(\.isUndone) == [true, false])
            let flight = try #require(flights.last?.value)
            let store = try inspector.store(of: number)
            #expect(store.map(\.key) == ["before", "flight", "left", "right"])
            #expect(store.dropFirst().allSatisfy { $0.value == flight })
            let text = String(decoding: flight.dropFirst().dropLast(), as: UTF8.self)
            #expect(result == "\"\(text) \(text) \(text)\"")
        }
    }
}
