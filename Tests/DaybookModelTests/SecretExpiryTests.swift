import DaybookFormat
import Testing

@testable import DaybookModel

/// Secrets of what has ended badly, whose time is over.
@Suite struct SecretExpiryTests {
    /// A cancelled execution `a` with a secret, in a journal that keeps secrets for an hour.
    private func ended() throws -> (harness: ModelHarness, session: UInt64) {
        var harness = try ModelHarness(secretLifetime: .seconds(3_600))
        let session = try harness.open()
        try harness.run(
            Submit(
                id: "a",
                type: "copy",
                input: [0x31],
                payloads: try harness.sealed([.json([0x31])]),
                secrets: try harness.secrets(["TOKEN"])
            ),
            session: session
        )
        try harness.cancel("a", by: session)
        return (harness, session)
    }

    /// Nobody had it open when their time came: what is said to be over is not used once more.
    @Test func aRetryAfterTheirTimeWipesThemFirst() throws {
        var (harness, session) = try ended()
        harness.now = harness.now.adding(Duration.seconds(3_600).wholeNanoseconds)
        let next = harness.next
        try harness.retry("a", by: session)
        #expect(try harness.names(from: next) == ["secrets_wiped", "execution_reopened"])
        #expect(harness.state.secrets.isEmpty)
    }

    @Test func aRetryInTimeKeepsThem() throws {
        var (harness, session) = try ended()
        harness.now = harness.now.adding(Duration.seconds(3_599).wholeNanoseconds)
        let next = harness.next
        try harness.retry("a", by: session)
        #expect(try harness.names(from: next) == ["execution_reopened"])
        #expect(harness.state.secrets.every.map(\.name) == ["TOKEN"])
    }

    /// The fresh one takes the place of what is over, which is not said to be replaced.
    @Test func aRetryAfterTheirTimeTakesFreshOnes() throws {
        var (harness, session) = try ended()
        harness.now = harness.now.adding(Duration.seconds(3_600).wholeNanoseconds)
        let next = harness.next
        try harness.retry("a", secrets: try harness.secrets(["TOKEN"]), by: session)
        #expect(
            try harness.names(from: next) == [
                "secrets_wiped", "execution_reopened", "secrets_stored",
            ]
        )
    }

    @Test func whoOpensTheJournalWipesThoseWhoseTimeIsOver() throws {
        var (harness, session) = try ended()
        let next = harness.next
        #expect(try harness.run(ExpireSecrets(), session: session) == 0)
        #expect(try harness.names(from: next) == [])
        harness.now = harness.now.adding(Duration.seconds(3_600).wholeNanoseconds)
        #expect(try harness.run(ExpireSecrets(), session: session) == 1)
        #expect(try harness.names(from: next) == ["secrets_wiped"])
    }
}
