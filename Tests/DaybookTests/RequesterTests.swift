import Daybook
import DaybookTestKit
import Testing

/// Who asks an engine for something on somebody's behalf.
@Suite(.timeLimit(.minutes(20))) struct RequesterTests {
    private static let eve = Requester(
        actor: "eve",
        reason: "for the audit",
        principal: "mtls:CN=eve"
    )

    private func withWaiting(_ body: (Engine) async throws -> Void) async throws {
        try await withJournal { path in
            try await withEngine(
                path,
                code: { _, context in try await context.receive("go", as: String.self) },
                body
            )
        }
    }

    @Test func submissionsSayWhoAskedWhileOpenAndOnceClosed() async throws {
        try await withWaiting { engine in
            let handle = try await engine.start(
                Scripted.self,
                id: "a",
                options: ExecutionOptions(labels: ["customer": "42"]),
                by: Self.eve,
                input: 1
            )
            func check(_ record: ExecutionRecord?) throws {
                let record = try #require(record)
                let request = try #require(record.submittedBy)
                #expect(request.actor == "eve")
                #expect(request.principal == "mtls:CN=eve")
                #expect(request.reason == "for the audit")
                #expect(request.session == engine.session)
                #expect(!request.user.isEmpty)
                #expect(request.who.hasPrefix("eve (os: \(request.user)"))
                #expect(record.labels == ["customer": "42"])
            }
            try check(try engine.record(of: "a"))
            try check(try handle.record())
            try await engine.cancel("a", by: Requester(actor: "ann"))
            let ended = try await engine.waitForEnd(of: "a")
            #expect(ended.isClosed)
            try check(ended)
        }
    }

    @Test func withoutARequesterTheSessionsActorAsks() async throws {
        try await withWaiting { engine in
            try await engine.submit(Scripted.self, id: "a", input: 1)
            let request = try #require(try engine.record(of: "a")?.submittedBy)
            let session = try #require(engine.sessions.first { $0.number == engine.session })
            #expect(request.actor == session.actor)
            #expect(request.principal == nil)
            #expect(request.reason == nil)
        }
    }

    @Test func whoSubmitsTheSameAgainIsNotRecorded() async throws {
        try await withWaiting { engine in
            try await engine.submit(Scripted.self, id: "a", by: Self.eve, input: 1)
            try await engine.submit(
                Scripted.self,
                id: "a",
                options: ExecutionOptions(labels: ["a": "b"]),
                by: Requester(actor: "ann"),
                input: 1
            )
            let record = try #require(try engine.record(of: "a"))
            #expect(record.submittedBy?.actor == "eve")
            #expect(record.labels == [:])
        }
    }
}
