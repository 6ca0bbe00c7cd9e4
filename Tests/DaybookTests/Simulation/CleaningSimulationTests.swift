import DaybookFormat
import DaybookSystem
import DaybookTestKit
import Testing

@testable import Daybook
@testable import DaybookJournal
@testable import DaybookModel

/// A saga that is cancelled, by a process that dies after each of its batches.
@Suite struct CleaningSimulationTests {
    private static func saga(_ calls: CallLog) -> Scripted.Code {
        { _, context in
            for name in ["room", "flight"] {
                try await context.onUnfinished(name) { scope in
                    try await scope.checkpoint("look") { _ in calls.add("look \(name)") }
                    try await scope.checkpoint("release") { _ in calls.add("release \(name)") }
                }
                try await context.checkpoint("reserve \(name)") { _ in
                    calls.add("reserve \(name)")
                }
            }
            let word: Int = try await context.receive("word")
            return "\(word)"
        }
    }

    /// - Returns: whether the first process died before it had come to its end.
    private func tell(_ batches: Int, seed: UInt64) throws -> Bool {
        let store = MemoryStore()
        let clock = ManualClock()
        let calls = CallLog()
        let first = try Simulation(seed: seed, in: store, clock: clock, code: Self.saga(calls))
        let hasDied = try first.die(after: batches) { simulation in
            try await simulation.start("a")
            _ = try await simulation.wait("a") { $0.status == .waiting }
            try await simulation.cancel("a")
            _ = try await simulation.end("a")
        }
        let second = try Simulation(seed: seed, in: store, clock: clock, code: Self.saga(calls))
        try second.run { simulation in
            let engine = try simulation.engine
            guard let record = try engine.record(of: "a") else { return }
            // Wherever the first process died: now somebody cancels it.
            if !record.status.isFinal { try await simulation.cancel("a") }
            let end = try await simulation.end("a")
            #expect(end.status == .cancelled)
            #expect(end.isClosed)
        }
        for name in ["room", "flight"] where calls.lines.contains("reserve \(name)") {
            #expect(calls.lines.contains("release \(name)"), "\(batches), \(seed)")
        }
        let number = try second.sequences(of: "execution_submitted").first ?? 0
        let events = try second.events(number)
        let registered = try second.registrations()
        #expect(events.count { $0 == "cleaning_ended" } == registered, "\(batches), \(seed)")
        if number != 0 {
            #expect(["execution_closed", "execution_cancelled"].contains(events.last))
        }
        return hasDied
    }

    @Test(arguments: 1..<4)
    func whateverWasReservedIsReleasedWhereverTheProcessDies(_ seed: UInt64) throws {
        var batches = 1
        while try tell(batches, seed: seed) { batches += 1 }
        #expect(batches > 12)
    }
}

extension Simulation {
    /// Runs until so many batches are written, and is no more: nothing of it goes on.
    /// - Returns: false: it came to its end before.
    func die(
        after batches: Int,
        _ body: @escaping @Sendable (Simulation) async throws -> Void
    ) throws -> Bool {
        let isOver = Locked(false)
        try begin(body) { isOver.withLock { $0 = true } }
        while counted.batches < batches {
            if isOver.withLock({ $0 }) { return false }
            guard goOn() else { throw Stuck() }
        }
        return true
    }

    func cancel(_ id: String) async throws {
        _ = try await engine.perform { Cancel(Intervention(id: Name(id), by: .session)) }
    }

    /// How much was registered for an end from outside.
    func registrations() throws -> Int {
        try entries().count { bytes in
            try bytes.withUnsafeBytes { bytes in
                let view = try EntryView(bytes)
                guard view.event == EventKind.operationRecorded.rawValue else { return false }
                return try ProtoOperationRecorded(decoding: view).operation.kind == .onUnfinished
            }
        }
    }
}
