import DaybookFormat
import Testing

@testable import DaybookModel

/// An operation that waits for its next try.
@Suite struct OperationRetryTests {
    private static let commands:
        [(String, @Sendable (inout ModelHarness, Lease, UInt64) throws -> Void)] = [
            (
                "start",
                { harness, lease, session in
                    try harness.run(StartOperation(lease, .step(0)), session: session)
                }
            ),
            ("outcome", { try $0.succeed($1, .step(0), by: $2) }),
            ("another try", { try $0.again($1, .step(0), by: $2) }),
            ("sleep", { try $0.sleep($1, .op(.sleep, 0), for: .seconds(1), by: $2) }),
            ("signal", { try $0.await($1, .op(.signal, 0, "go"), by: $2) }),
            (
                "record",
                { harness, lease, session in
                    let command = RecordOperation(lease, .op(.storeDelete, 0, "key"))
                    try harness.run(command, session: session)
                }
            ),
        ]

    /// Two waits of one operation could not be told apart: one of them would fire twice.
    @Test(arguments: commands.indices)
    func nothingIsRecordedOfItBeforeItsTime(_ index: Int) throws {
        let (name, command) = Self.commands[index]
        var harness = try ModelHarness()
        let session = try harness.open()
        let lease = try harness.lease("a", by: session)
        try harness.signal("a", "go", by: session)
        try harness.again(lease, .step(0), by: session)
        let before = harness.next
        let refusal = #expect(throws: Refusal.self, "\(name)") {
            try command(&harness, lease, session)
        }
        expect(refusal, .conflict, says: "number 0", "waits for its next try", "begin it when")
        #expect(harness.next == before, "\(name)")
        #expect(try harness.pass(.seconds(60), by: session) == 1)
        try command(&harness, lease, session)
        #expect(harness.next > before + 1, "\(name)")
    }

    /// An error belongs to what is tried again, and to nothing that looks again.
    @Test func onlyAPollGoesOnWithoutAnError() throws {
        for (kind, error) in [
            (Operation.Kind.poll, ErrorFacts(code: "busy")), (.checkpoint, nil),
        ] as [(Operation.Kind, ErrorFacts?)] {
            var harness = try ModelHarness()
            let session = try harness.open()
            let lease = try harness.lease("a", by: session)
            let command = RetryOperation(
                lease,
                .op(kind, 0),
                error,
                payloads: try harness.sealed([.text("busy")]),
                tries: 1,
                policy: RetryPolicy(maxAttempts: 2),
                suspended: nil
            )
            let refusal = #expect(throws: Refusal.self) {
                try harness.run(command, session: session)
            }
            expect(refusal, .invalidArgument, says: "a poll looks again")
        }
    }

    @Test func aPollLooksForTheLastTimeAtItsEnd() throws {
        for (end, expected) in [
            (Duration.seconds(3), Duration.seconds(3)), (.seconds(90), .seconds(8)),
        ] {
            var harness = try ModelHarness()
            let session = try harness.open()
            let lease = try harness.lease("a", by: session)
            let now = harness.now
            let command = RetryOperation(
                lease,
                .op(.poll, 0),
                nil,
                payloads: try harness.sealed([.json([0x31])]),
                tries: 4,
                policy: RetryPolicy(maxAttempts: 9),
                deadline: Timestamp(rawValue: now.rawValue + end.wholeNanoseconds),
                suspended: 1
            )
            try harness.run(command, session: session)
            let wait = try #require(try harness.execution(lease.execution).waits.first)
            #expect(wait.deadline?.since(now) == expected)
        }
    }

    @Test func afterALostLeaseItStillWaits() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let dying = try harness.open("dying")
        let lease = try harness.lease("a", by: dying)
        try harness.again(lease, .step(0), suspended: nil, by: dying)
        try harness.lose(dying, by: session)
        let second = try harness.claim(lease.execution, by: session)
        #expect(throws: Refusal.self) { try harness.succeed(second, .step(0), by: session) }
        #expect(try harness.pass(.seconds(60), by: session) == 1)
        try harness.succeed(second, .step(0), by: session)
    }
}
