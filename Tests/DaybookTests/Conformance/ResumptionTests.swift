import Daybook
import DaybookModel
import DaybookSystem
import DaybookTestKit
import LMDB
import Testing

/// What an observer is told of code that runs again.
@Suite struct ResumptionTests {
    @Test(arguments: [(0, [false, true, true]), (100, [false])])
    func codeThatWasLetGoOfIsResumed(_ resident: Int, _ expected: [Bool]) async throws {
        let clock = ManualClock()
        let told = Locked<[Bool]>([])
        var creation = CreationOptions()
        creation.clock = clock
        var options = EngineOptions()
        options.clock = clock
        options.maxResident = resident
        options.observers.append { event in
            if case .activated(_, let isResumed) = event { told.withLock { $0.append(isResumed) } }
        }
        try await withJournal(creation) { path in
            try await withEngine(
                path,
                options,
                code: { _, context in
                    try await context.sleep(for: .seconds(5), "one")
                    try await context.sleep(for: .seconds(5), "two")
                    return "done"
                }
            ) { daybook in
                try await daybook.submit(Scripted.self, id: "a", input: 1).execute()
                for name: Name in ["one", "two"] {
                    _ = try await daybook.wait(for: "a") { record in
                        record.status == .waiting
                            && record.waits.contains { $0.operation.name == name }
                    }
                    // Or the handler may not have been let go of yet.
                    try await daybook.waitUntilIdle()
                    clock.pass(.seconds(5))
                }
                _ = try await daybook.waitForEnd(of: "a")
            }
        }
        #expect(told.withLock { $0 } == expected)
    }

    @Test func codeThatReadASignalThatWasThereIsLetGoOf() async throws {
        let clock = ManualClock()
        let told = Locked<[Bool]>([])
        var creation = CreationOptions()
        creation.clock = clock
        var options = EngineOptions()
        options.clock = clock
        options.maxResident = 0
        options.observers.append { event in
            if case .activated(_, let isResumed) = event { told.withLock { $0.append(isResumed) } }
        }
        try await withJournal(creation) { path in
            try await withEngine(
                path,
                options,
                code: { _, context in
                    for _ in 0..<3 { _ = try await context.receive("go", as: Int.self) }
                    try await context.sleep(for: .seconds(5), "one")
                    return "done"
                }
            ) { daybook in
                let handle = try await daybook.submit(Scripted.self, id: "a", input: 1)
                for value in 0..<3 { try await daybook.signal("a", "go", value) }
                try await handle.execute()
                _ = try await daybook.wait(for: "a") { record in
                    record.status == .waiting
                        && record.waits.contains { $0.operation.name == "one" }
                }
                try await daybook.waitUntilIdle()
                clock.pass(.seconds(5))
                _ = try await daybook.waitForEnd(of: "a")
            }
        }
        #expect(told.withLock { $0 } == [false, true])
    }
}
