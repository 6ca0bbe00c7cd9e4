#if CLI
import DaybookRunbook
import Testing

@Suite("Runbook: names of the wrong form, and names that are taken")
struct RunbookUniquenessTests {
    @Test(
        "names that the journal can not have",
        arguments: [
            ("\" x\"", "begins or ends with a space"),
            ("\"x\\n\"", "contains a control character: \"x\\n\""),
            ("\"\\e[31m\"", "\"\\u{1b}[31m\""),
            ("\"\\0\"", "contains a NUL"),
            ("\" \"", "must not be empty"),
            (times(256, "x"), "has 256 bytes; it may have 255"),
        ]
    )
    func names(name: String, words: String) {
        expectFault("name: \(name)\nblocks: []", "1:7", words)
        expectFault("name: x\nblocks: [{ name: \(name), jobs: [] }]", "2:18", words)
    }

    @Test("a name of 255 bytes")
    func longestName() {
        #expect(fault(in: oneJob() + job(times(255, "x"))) == nil)
    }

    @Test("names of jobs are unique in the whole runbook, also as variables")
    func jobNames() {
        expectFault(oneJob() + job("first"), "7:15", "there is a job \"first\" already")
        let other = "  - name: more\n    jobs:\n"
        expectFault(oneJob() + other + job("first"), "9:15", "in the whole runbook")
        expectFault(
            oneJob() + job("a.b") + job("a_b"),
            "9:15",
            "\"a.b\" and \"a_b\"",
            "OUTPUT_A_B_…"
        )
        expectFault(oneJob() + job("FIRST"), "7:15", "rename one")
        #expect(fault(in: oneJob() + "  - name: only\n    jobs:\n" + job("second")) == nil)
    }

    @Test("outputs are unique as variables, also between jobs")
    func outputNames() {
        expectFault(
            oneJob("output: { a-b: x, a_b: y }"),
            "7:27",
            "\"first.a-b\" and \"first.a_b\"",
            "OUTPUT_FIRST_A_B"
        )
        expectFault(
            oneJob("output: { b_c: x }") + job("first.b", "output: { c: y }"),
            "10:19",
            "\"first.b_c\" and \"first.b.c\""
        )
    }
}
#endif
