import DaybookFormat
import Testing

@testable import DaybookModel

@Suite struct LabelsTests {
    private func labels(_ pairs: [(Name, Name)]) -> Labels {
        Labels(pairs.map { Label(name: $0.0, value: $0.1) })
    }

    private func terms(_ labels: Labels) -> Submit.Terms {
        var terms = Submit.Terms()
        terms.labels = labels
        return terms
    }

    @Test func theyAreRecordedInTheOrderOfTheirNamesBytes() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let given = labels([("b", "2"), ("é", ""), ("a", "1")])
        let number = try harness.submit("a", terms: terms(given), by: session).number
        let recorded = try harness.entry(number).executionSubmitted.labels
        #expect(recorded.map(\.name) == ["a", "b", "é"])
        #expect(recorded.map(\.value) == ["1", "2", ""])
        #expect(try harness.execution(number).labels == given)
    }

    @Test func theyStayOverASnapshotTheEndAndTheNextRun() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let given = labels([("customer", "42"), ("region", "eu")])
        let number = try harness.ready("a", terms(given), by: session)
        let lease = try harness.claim(number, by: session)
        let input = try harness.sealed([.json([0x33])])
        let next = try harness.run(ContinueAsNew(lease, input: input), session: session)
        #expect(try harness.execution(next).labels == given)
        #expect(try harness.entry(next).executionSubmitted.labels == given.protos)
        try harness.cancel("a", by: session)
        #expect(try harness.summary("a").terms.labels == given.protos)
        try harness.retry("a", by: session)
        #expect(try harness.execution(next).labels == given)
    }

    @Test func sixteenAreTakenAndMoreAreRefused() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let all = (0..<17).map { (Name("l\($0)"), Name("v")) }
        try harness.submit("a", terms: terms(labels(Array(all.prefix(16)))), by: session)
        #expect(throws: Refusal.self) {
            try harness.submit("b", terms: terms(labels(all)), by: session)
        }
        #expect(try harness.row("b") == nil)
    }

    @Test func whatIsNoLabelIsRefused() throws {
        var harness = try ModelHarness()
        let session = try harness.open()
        let long = Name(String(repeating: "x", count: 256))
        let bad: [[(Name, Name)]] = [
            [("", "v")], [(long, "v")], [("n", long)], [("a\nb", "v")], [("n", "a\nb")],
            [("n", "1"), ("n", "2")],
        ]
        for pairs in bad {
            let error = #expect(throws: Refusal.self) {
                try harness.submit("a", terms: terms(labels(pairs)), by: session)
            }
            #expect(error?.code == .invalidArgument)
        }
        let longest = Name(String(repeating: "x", count: 255))
        try harness.submit("a", terms: terms(labels([(longest, longest)])), by: session)
    }
}
