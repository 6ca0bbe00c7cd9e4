import DaybookFormat
import Testing

@testable import DaybookModel

/// The model is deterministic down to the byte: the same commands, times and salts give the same
/// entries, wherever batches end and whenever the process was started again.
@Suite struct DeterminismTests {
    /// How commands are carried out.
    enum Manner: CaseIterable {
        case oneByOne
        case inOneBatch
        case withRestarts
        case withRestartsFromSnapshots
        case afterAnAbandonedAttempt
    }

    /// Carries a story out, a chapter at a time.
    private func tell(_ manner: Manner) throws -> ModelHarness {
        var harness = try ModelHarness(lossLimit: 2)
        for chapter in Self.chapters {
            harness.now = Timestamp(rawValue: harness.now.rawValue + 1_000)
            switch manner {
            case .oneByOne: try chapter(&harness)
            case .inOneBatch: try harness.inBatch { try chapter(&$0) }
            case .withRestarts:
                harness.continueFrom(try harness.recovered())
                try chapter(&harness)
            case .withRestartsFromSnapshots:
                harness.continueFrom(try snapshot(of: harness.recovered()).state())
                try chapter(&harness)
            case .afterAnAbandonedAttempt:
                // Salts are drawn by the caller: the second attempt draws the same again.
                var attempt = harness
                attempt.begin()
                try chapter(&attempt)
                try attempt.rollBack()
                harness.continueFrom(attempt.state)
                try chapter(&harness)
            }
        }
        return harness
    }

    /// Sessions 1 and 2 work; 2 dies twice; something of everything happens.
    static let chapters: [@Sendable (inout ModelHarness) throws -> Void] =
        [
            { harness in
                _ = try harness.open("ann")
                _ = try harness.open("bob")
            },
            { harness in
                for index in 0..<12 {
                    let type: Name = ["alpha", "beta", "gamma"][index % 3]
                    let payloads = try harness.sealed([
                        Payload([UInt8(index)], contentType: "x/\(index % 5)"),
                        Payload([], contentType: "y/\(index % 2)"),
                    ])
                    let id: Name = "id \(index)"
                    let command = Submit(
                        id: id,
                        type: type,
                        input: [UInt8(index)],
                        payloads: payloads
                    )
                    try harness.run(command, session: 1)
                    if index != 4 { try harness.run(Execute(id: id), session: 1) }
                }
            },
            { harness in
                for session in [UInt64(1), 2, 2, 1, 2, 1, 1] {
                    let claim = Claim(.first(of: ["gamma", "alpha"]))
                    guard let lease = try harness.run(claim, session: session) else { continue }
                    try harness.run(StartOperation(lease, .step(0)), session: session)
                    let line = Payload([1], contentType: ContentTypes.log)
                    let logs = [LogChunk(lines: 1, payloads: try harness.sealed([line]))]
                    let value = try harness.sealed([Payload([2], contentType: "z/z")])
                    let record = RecordOutcome(
                        lease,
                        .step(0, in: [1, 2]),
                        .success(value, verified: true),
                        startedAt: harness.now,
                        logs: logs,
                        workspace: WorkspaceTake(
                            number: 1,
                            session == 1
                                ? .saved(members: 1, bytes: 2, leftOut: 0) : .unsaved(code: "c"),
                            value
                        )
                    )
                    try harness.run(record, session: session)
                }
            },
            { harness in
                for (index, number) in harness.state.leased(by: 1).enumerated() {
                    let execution = try harness.execution(number)
                    let lease = Lease(
                        execution: number,
                        epoch: execution.epoch,
                        id: execution.id,
                        type: execution.type,
                        attempt: 1,
                        claim: 0
                    )
                    #expect(throws: Refusal.self) { try harness.complete(lease, by: 2) }
                    switch index {
                    case 0: try harness.complete(lease, by: 1)
                    case 1: try harness.park(lease, by: 1)
                    case 2: try harness.fail(lease, by: 1)
                    default: try harness.disappoint(lease, .step(0), by: 1)
                    }
                }
            },
            { harness in try harness.lose(2, by: 1) },
            { harness in
                let third = try harness.open("eve")
                while try harness.run(Claim(.first(of: ["alpha", "gamma"])), session: third) != nil
                {}
                try harness.lose(third, by: 1)
            },
            { harness in
                let fourth = try harness.open("dan")
                while try harness.run(Claim(.first(of: ["alpha", "gamma"])), session: fourth) != nil
                {}
                try harness.lose(fourth, by: 1)
                try harness.run(CloseSession(), session: 1)
            },
        ] + ExecutionModelStory.chapters

    @Test(arguments: Manner.allCases)
    func theSameCommandsGiveTheSameEntries(_ manner: Manner) throws {
        let first = try tell(.oneByOne)
        let second = try tell(manner)
        #expect(first.entries == second.entries)
        #expect(first.hasSameRecords(as: second))
        #expect(text(of: first.state) == text(of: second.state))
        #expect(text(of: first.state) == text(of: try first.recovered()))
    }

    /// Something of everything, or the test above would say little.
    @Test func theStoryHasEveryEvent() throws {
        let harness = try tell(.oneByOne)
        let names = Set(try harness.names(from: 0))
        #expect(names == Set(EventKind.allCases.map(\.name)))
    }

    /// Hashing differs from process to process, and with it the order of a dictionary: what two
    /// processes write can only be compared by a value that was written down. It changes when the
    /// form of an entry does, and must not otherwise.
    @Test func theEntriesAreTheSameInEveryProcess() throws {
        let harness = try tell(.oneByOne)
        let digest = Salt(0, 0).commit(to: harness.entries.flatMap { $0 })
        let digits = digest.prefix(8).map { String($0, radix: 16) }.joined(separator: " ")
        #expect(digits == "fd 6 8e c3 69 ef da aa")
    }
}
