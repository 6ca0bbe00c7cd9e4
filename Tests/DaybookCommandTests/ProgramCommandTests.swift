import Daybook
import DaybookTestKit
import Testing

/// What the command says of executions that programs run, and not `daybook` itself.
@Suite struct ProgramCommandTests {
    private struct Trip: Workflow {
        static let name = "trip"
        /// What is registered for an end from outside.
        var registered = "release room"

        func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
            try await context.onUnfinished(registered) { scope in
                try await scope.checkpoint("release") { _ in }
            }
            return try await context.receive("word")
        }
    }

    private func withTrip(
        _ sandbox: Sandbox,
        _ trip: Trip = Trip(),
        _ body: (Engine) async throws -> Void
    ) async throws {
        try await Engine.withOpen(at: sandbox.journal, workflows: [trip]) { try await body($0) }
    }

    /// Leaves a trip that waits for a word.
    private func leaveWaiting(_ sandbox: Sandbox) async throws {
        try await withTrip(sandbox) { engine in
            try await engine.start(Trip.self, id: "a", input: 1)
            _ = try await engine.wait(for: "a") { $0.status == .waiting }
        }
    }

    @Test func whoEndedItIsToldAlsoAfterItsCleaningWasParked() async throws {
        try await withSandbox { sandbox in
            try await leaveWaiting(sandbox)
            try await sandbox.succeed(
                ["cancel", "a", "--yes", "--actor", "eve", "--reason", "no more"]
            )
            // Its code has lost what it registered.
            try await withTrip(sandbox, Trip(registered: "another")) { engine in
                _ = try await engine.wait(for: "a") { $0.isParked }
            }
            let parked = try await sandbox.succeed("show", "a").text
            #expect(parked.contains("cleaning up is parked: divergence: "), "\(parked)")
            #expect(parked.contains("cancelled by eve"), "\(parked)")
            let reason = try await sandbox.succeed("why", "a").text
            #expect(reason.contains("cleaning up is parked: divergence: "), "\(reason)")
            let json = try await sandbox.succeed("show", "a", "--json").json
            #expect(json["parkingReason"]["code"] == "divergence")
            #expect(json["endedBy"]["actor"] == "eve")

            let retry = try await sandbox.succeed("retry", "a", "--yes")
            #expect(retry.errors.contains("start the program that serves trip"), "\(retry.errors)")
            #expect(!retry.errors.contains("daybook work"), "\(retry.errors)")
            try await withTrip(sandbox) { _ = try await $0.waitForEnd(of: "a") }

            let show = try await sandbox.succeed("show", "a").text
            let last = try #require(show.split(separator: "\n").last)
            #expect(last.hasPrefix("cancelled by eve"), "\(show)")
            #expect(last.hasSuffix("no more"), "\(show)")
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("execution_cancelled by eve"), "\(why)")
            #expect(!why.contains("parked"), "\(why)")
            let ended = try await sandbox.succeed("show", "a", "--json").json
            #expect(ended["parked"] == false)
            #expect(ended["parkingReason"] == .null)
            #expect(ended["error"].string?.contains("diver") != true)
            #expect(ended["endedBy"]["actor"] == "eve")
            #expect(ended["endedBy"]["reason"] == "no more")
        }
    }

    @Test func theProgramIsToBeStartedAndNotTheCommand() async throws {
        try await withSandbox { sandbox in
            try await leaveWaiting(sandbox)
            try await sandbox.succeed("signal", "a", "word", "\"go\"")
            let why = try await sandbox.succeed("why", "a").text
            #expect(why.contains("start the program that serves trip"), "\(why)")
            #expect(!why.contains("daybook work"), "\(why)")
        }
    }

    private static let waits: Scripted.Code = { _, context in
        let plain: String = try await context.receive("plain")
        let timed = try await context.receive("timed", as: Int.self, timeout: .seconds(600)).value
        let late = try await context.receive("late", as: Int.self, timeout: .zero).value
        do {
            _ = try await context.receive("broken", as: Int.self)
        } catch let error as OperationError {
            return "\(plain) \(timed ?? 0) \(late ?? 0) \(error.code)"
        }
        return ""
    }

    /// With and without a time-out, and where it says that something has failed.
    @Test func aSignalIsShownWithWhoGaveItAndItsValue() async throws {
        try await withSandbox { sandbox in
            try await withEngine(sandbox.journal, code: Self.waits) { engine in
                try await engine.start()
                let ada = Requester(actor: "ada")
                try await engine.signal("a", "plain", "now", by: ada)
                try await engine.signal("a", "timed", 7, by: ada)
                let error = OperationError(code: "lost", message: "it is gone")
                try await engine.fail("a", signal: "broken", with: error, by: ada)
                #expect(try await engine.result() == "\"now 7 0 lost\"")
            }
            let user = try await sandbox.user()
            let show = try await sandbox.succeed("show", "a").text
            for text in [
                "given by ada (os: \(user)): \"now\"", "given by ada (os: \(user)): 7",
                "nobody gave it in time", "failed with lost by ada (os: \(user)): it is gone",
            ] {
                #expect(show.contains(text), "\(show)")
            }
            let json = try await sandbox.succeed("show", "a", "--json").json
            let operations = json["operations"].elements
            #expect(operations.map { $0["name"].string } == ["plain", "timed", "late", "broken"])
            #expect(operations[0]["givenBy"]["actor"] == "ada")
            #expect(operations[0]["result"] == "now")
            #expect(operations[1]["result"] == 7)
            #expect(operations[2]["givenBy"] == .null)
            #expect(operations[3]["error"] == "it is gone")
        }
    }
}
