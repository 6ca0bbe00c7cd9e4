import Daybook
import DaybookSystem
import FoundationEssentials
import Testing

@testable import DaybookTesting

/// What is left of processes that died.
@Suite struct RemainsTests {
    private static func options() -> TestEngine.Options {
        var options = TestEngine.Options()
        options.place = .temporaryFolder
        return options
    }

    private static let workflow = Made { _, context in
        try await context.checkpoint("once") { _ in "done" }
    }

    /// Kills a process 25 times.
    private static func crashes(_ test: TestEngine) async throws {
        for _ in 0..<25 {
            let entry = try test.entryCount() + 3
            _ = try await test.run(.crash(after: entry)) {
                try await $0.run(Made.self, id: "\(entry)", input: 1)
            }
        }
    }

    @Test func aProcessThatDiedKeepsNoFilesOpen() async throws {
        await #expect(processExitsWith: .success) {
            func openFiles() throws -> Int {
                try Folder.names(in: "/proc/self/fd").count
            }
            let test = try TestEngine(Self.options(), workflows: [Self.workflow])
            try await Self.crashes(test)
            let count = try openFiles()
            try await Self.crashes(test)
            // Those of the last process go with its objects, maybe later; of 25 it would be 50.
            let more = try openFiles() - count
            #expect(more < 10, "\(more)")
        }
    }

    /// Its tasks are never ended, and hold what they have captured.
    @Test func foldersAreRemovedWhateverAProgramThatDiedHolds() async {
        let paths = World()
        let report = await crashEverywhere(schedules: 0) {
            let test = try TestEngine(Self.options(), workflows: [Self.workflow])
            paths.add(test.path ?? "")
            _ = try await test.run { engine in
                test.clock.pass(.seconds(1))
                return try await engine.run(Made.self, id: "a", input: 1)
            }
        }
        #expect(report.failure == nil, "\(report)")
        #expect(paths.all.count > 10)
        #expect(paths.all.allSatisfy { !FileManager.default.fileExists(atPath: $0) })
    }

    @Test func aClockForgetsWhomAProcessThatIsGoneWantedToWake() {
        let base = ManualClock()
        let clock = ProcessClock(base)
        let woken = World()
        #expect(clock.onChange { woken.add("first") })
        base.pass(.seconds(1))
        clock.forget()
        #expect(clock.onChange { woken.add("second") })
        base.pass(.seconds(1))
        #expect(woken.all == ["first", "second"])
        #expect(clock.now() == base.now())
    }

    @Test func whatMayHaveBeenDrawnIsMaskedAndNothingElse() {
        for (text, masked) in [
            ("order-0190cdef-1234-7abc-8def-0123456789ab!", "order-…!"),
            ("0190CDEF-1234-7ABC-8DEF-0123456789AB", "…"),
            ("key " + String(repeating: "a1", count: 16), "key …"),
            (String(repeating: "f", count: 64) + ".", "…."),
        ] {
            #expect(Ending.masked(text) == masked)
        }
        for text in [
            "", "a", "4111111111111111", "4111-1111-1111-1111", "DE89370400440532013000",
            "1767225600000000000", String(repeating: "a", count: 33),
            "0190cdef-1234-7abc-8def-0123456789abc", "0190cdef-1234-7abc-8def", "résumé",
        ] {
            #expect(Ending.masked(text) == text)
        }
    }
}
