#if CLI
import Testing

@testable import DaybookRunbook

@Suite("Approval: which answers approve") struct AcceptanceTests {
    private func value(_ json: String) throws -> JSONValue {
        try JSONValue(parsing: Array(json.utf8))
    }

    /// What a runbook accepts whose approval has this.
    private func acceptance(_ accept: String) throws -> Acceptance {
        let runbook = try Runbook(parsing: Self.text(accept), file: "f")
        return try #require(runbook.blocks[0].approval).accept
    }

    private static func text(_ accept: String) -> String {
        "name: x\nblocks:\n  - { name: b, approval: { signal: s, accept: \(accept) } }"
    }

    @Test(
        "where nothing is declared, everything but a no",
        arguments: [
            ("true", true), ("1", true), ("0", true), ("\"\"", true), ("\"yes\"", true),
            ("\"Ada\"", true), ("\"not yet\"", true), ("[]", true), ("[false]", true), ("{}", true),
            ("{\"by\": \"Ada\"}", true), ("{\"approved\": true}", true),
            ("{\"Approved\": false}", true), ("{\"approved\": \"Ada\"}", true), ("false", false),
            ("null", false), ("\"no\"", false), ("\"No\"", false), ("\"rejected\"", false),
            ("\"REJECTED\"", false), ("{\"approved\": false}", false),
            ("{\"approved\": false, \"reason\": \"r\"}", false), ("{\"approved\": null}", false),
            ("{\"approved\": \"no\", \"by\": \"Ada\"}", false),
        ]
    )
    func standard(answer: String, approves: Bool) throws {
        #expect(try Acceptance.anythingButNo.approves(value(answer)) == approves)
    }

    @Test(
        "where answers are declared, these alone",
        arguments: [
            ("yes please", "\"yes please\"", true), ("yes please", "\"Yes please\"", false),
            ("yes please", "true", false), ("[a, b]", "\"b\"", true), ("[a, b]", "\"c\"", false),
            ("[a, b]", "[\"a\",\"b\"]", false), ("[[a, b]]", "[\"a\",\"b\"]", true),
            ("[[a, b]]", "[\"b\",\"a\"]", false), ("true", "true", true), ("true", "1", false),
            ("\"true\"", "true", false), ("1", "1", true), ("1", "1.0", true),
            ("1.5", "1.50", true),
            ("1", "\"1\"", false), ("[null]", "null", true), ("null", "null", true),
            ("null", "0", false), ("[false]", "false", true),
            ("{ level: 2 }", "{\"level\": 2, \"by\": \"Ada\"}", true),
            ("{ level: 2 }", "{\"level\": 3}", false), ("{ level: 2 }", "{}", false),
            ("{ level: 2 }", "2", false), ("{ a: 1, b: [x] }", "{\"b\": [\"x\"], \"a\": 1}", true),
            ("{ a: 1, b: [x] }", "{\"a\": 1}", false),
            ("{ a: { b: 1 } }", "{\"a\": {\"b\": 1}}", true),
            ("{ a: { b: 1 } }", "{\"a\": {\"b\": 1, \"c\": 2}}", false),
            ("[{ level: 2 }, ok]", "\"ok\"", true),
            ("{ approved: true }", "{\"approved\":true}", true),
            ("{ approved: true }", "{\"approved\":false}", false),
            ("{ level: 2 }", "{\"level\": 2, \"approved\": false}", false),
            ("{ level: 2 }", "{\"level\": 2, \"approved\": true}", true),
            ("\"\\u00e9\"", "\"\u{e9}\"", true), ("\"\\u00e9\"", "\"e\u{301}\"", false),
        ]
    )
    func declared(accept: String, answer: String, approves: Bool) throws {
        #expect(try acceptance(accept).approves(value(answer)) == approves)
    }

    @Test("what cannot be accepted")
    func faults() {
        for (accept, words) in [
            ("[]", "nothing would approve"), ("{}", "name one"), ("[{}]", "name one"),
            ("{ approved: false }", "always a rejection"),
            ("[a, { approved: false, by: x }]", "always a rejection"), ("yes", "put it in quotes"),
            ("[No]", "put it in quotes"), ("0x10", "put it in quotes"),
            ("1_000", "put it in quotes"),
            (".inf", "put it in quotes"), ("2024-01-01", "put it in quotes"),
            ("~", "is nothing (~)"),
            ("!mine x", "of the type \"!mine\""), ("{ a: }", "is empty"),
        ] {
            let found = fault(in: Self.text(accept)) ?? "no fault"
            #expect(found.hasPrefix("3:"), "\(accept): \(found)")
            #expect(found.contains(words), "\(accept): \(found)")
        }
        expectFault(Self.text("[]"), "3:47", "\"accept\" lists no answer")
    }

    @Test("what is not declared is the standard")
    func left() throws {
        let text = "name: x\nblocks:\n  - { name: b, approval: { signal: s } }"
        let runbook = try Runbook(parsing: text, file: "f")
        #expect(runbook.blocks[0].approval?.accept == .anythingButNo)
        #expect(runbook.block(answeredBy: "s")?.name == "b")
        #expect(runbook.block(answeredBy: "b") == nil)
    }

    @Test("the answers in words")
    func words() throws {
        #expect(
            try acceptance("[ok, 2, { level: 2, by: [x] }]").words
                == "\"ok\" or 2 or an object with \"by\":[\"x\"], \"level\":2"
        )
    }

    @Test("a rejection names who answered, and the reason or the answer")
    func messages() throws {
        let reason = try value("{\"approved\":false,\"reason\":\"too late\"}")
        #expect(
            reason.rejection(of: "go", by: "Ada")
                == "Ada rejected the block go: too late"
        )
        #expect(
            JSONValue.bool(false).rejection(of: "go", by: "")
                == "somebody rejected the block go, with the answer false"
        )
        let empty = try value("{\"reason\":\"\"}")
        #expect(
            empty.rejection(of: "go", by: "Ada")
                == "Ada rejected the block go, with the answer {\"reason\":\"\"}"
        )
        let long = JSONValue.string(times(500, "x")).rejection(of: "go", by: "Ada")
        #expect(long.hasSuffix("xxx…") && long.count < 250)
    }
}
#endif
