import DaybookFormat
import SwiftProtobuf
import Testing

@testable import DaybookModel

/// On which lists of the index an execution is, from its submission on.
@Suite struct ExecutionListTests {
    private var harness: ModelHarness
    private let session: UInt64

    init() throws {
        harness = try ModelHarness()
        session = try harness.open("bank-svc")
    }

    /// The lists that an id is on by its first run's number.
    private func lists(_ number: UInt64) -> Set<[UInt8]> {
        Set(harness.lists.filter { $0.value.contains(number) }.keys)
    }

    private func keys(_ lists: [ExecutionList]) -> Set<[UInt8]> { Set(lists.map(\.key)) }

    @Test mutating func theyFollowAnExecutionThroughItsLife() throws {
        var terms = Submit.Terms()
        terms.labels = Labels([Label(name: "customer", value: "42")])
        let number = try harness.ready("a", terms, by: session)
        let names: [ExecutionList] = [
            .type("copy"), .actor("bank-svc"), .label(Label(name: "customer", value: "42")),
        ]
        #expect(lists(number) == keys(names + [.open]))
        let lease = try harness.claim(number, by: session)
        let input = try harness.sealed([.json([0x33])])
        let next = try harness.run(ContinueAsNew(lease, input: input), session: session)
        // What goes on stays where it is, under its first run.
        #expect(lists(number) == keys(names + [.open]))
        #expect(lists(next).isEmpty)
        try harness.cancel("a", by: session)
        #expect(lists(number) == keys(names + [.closed(.cancelled)]))
        try harness.retry("a", by: session)
        #expect(lists(number) == keys(names + [.open]))
        let again = try harness.claim(next, by: session)
        try harness.complete(again, by: session)
        #expect(lists(number) == keys(names + [.closed(.completed)]))
    }

    @Test mutating func whoeverAsksForTheSubmissionIsItsActor() throws {
        let payloads = try harness.sealed([.json([0x31])])
        for (id, actor) in [("a", nil), ("b", "eve"), ("c", nil)] as [(Name, Name?)] {
            let submit = Submit(
                id: id,
                type: "copy",
                input: [0x31],
                payloads: payloads,
                by: Request(actor: actor)
            )
            let number = try harness.run(submit, session: session).number
            let expected: [ExecutionList] = [.open, .type("copy"), .actor(actor ?? "bank-svc")]
            #expect(lists(number) == keys(expected))
        }
        let other = try harness.open("another")
        let number = try harness.submit("d", by: other).number
        #expect(lists(number) == keys([.open, .type("copy"), .actor("another")]))
    }

    @Test func noTwoListsHaveOneKey() {
        let long = Name(String(repeating: "x", count: 255))
        let lists: [ExecutionList] =
            [.open, .type("o"), .type(""), .actor("o"), .type(long), .actor(long)]
            + ExecutionStatus.allCases.filter(\.isFinal).map { .closed($0) }
            + [
                .label(Label(name: "a", value: "bc")), .label(Label(name: "ab", value: "c")),
                .label(Label(name: "abc", value: "")), .label(Label(name: long, value: long)),
            ]
        #expect(Set(lists.map(\.key)).count == lists.count)
        // The longest that LMDB takes.
        #expect(lists.allSatisfy { (1...511).contains($0.key.count) })
        #expect(lists.map(\.key.count).max() == 511)
    }
}
