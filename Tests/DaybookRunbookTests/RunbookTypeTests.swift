#if CLI
import DaybookRunbook
import Testing

@Suite("Runbook: values of the wrong type")
struct RunbookTypeTests {
    @Test(
        "wrong types are refused where they stand",
        arguments: [
            ("- a", "1:1", "a runbook must be a mapping (key: value), but is a list"),
            ("just text", "1:1", "but is the text \"just text\""),
            ("name: [x]\nblocks: []", "1:7", "the name of the runbook must be text, but is a list"),
            ("name: 5\nblocks: []", "1:7", "is the number 5; put it in quotes"),
            ("name: 1.5\nblocks: []", "1:7", "is the number 1.5"),
            ("name: yes\nblocks: []", "1:7", "is the truth value yes; put it in quotes"),
            ("name: 2024-01-01\nblocks: []", "1:7", "is the date 2024-01-01"),
            ("name: ~\nblocks: []", "1:7", "is nothing (~)"),
            ("name:\nblocks: []", "1:6", "is empty"),
            ("name: ''\nblocks: []", "1:7", "must not be empty"),
            ("name: x\nblocks: {}", "2:9", "\"blocks\" must be a list, but is a mapping"),
            ("name: x\nblocks: [x]", "2:10", "a block must be a mapping"),
            ("name: x\nblocks:\n", "2:8", "\"blocks\" must be a list, but is empty"),
            ("name: x\nblocks: [{ name: b, jobs: x }]", "2:27", "\"jobs\" must be a list"),
            (
                "name: x\nblocks: [{ name: b, jobs: [{ name: j, run: x }] }]\non_failure: { a: b }",
                "3:13",
                "\"on_failure\" must be a list"
            ),
            ("name: x\nblocks: [{ name: b, jobs: [x] }]", "2:28", "a job must be a mapping"),
            ("name: !!binary aGk=\nblocks: []", "1:7", "\"tag:yaml.org,2002:binary\""),
            ("name: !mine x\nblocks: []", "1:7", "\"!mine\""),
            ("!mine\nname: x\nblocks: []", "1:1", "of the type \"!mine\""),
            ("name: x\nblocks: !mine []", "2:9", "of the type \"!mine\""),
        ]
    )
    func shapes(text: String, place: String, words: String) {
        expectFault(text, place, words)
    }

    @Test(
        "wrong types in a job",
        arguments: [
            ("run: 5", "6:14", "\"run\" must be text, but is the number 5; put it in quotes"),
            ("run: true", "6:14", "the truth value true"),
            ("run: [a]", "6:14", "a list"),
            ("run: ''", "6:14", "\"run\" must not be empty"),
            ("run: |\n\n", "6:14", "\"run\" must not be empty"),
            ("run: \"a\\0b\"", "6:14", "contains a NUL"),
            ("run: x\n        verify:", "7:16", "\"verify\" is empty"),
            ("run: x\n        verify: 0", "7:17", "\"verify\" must be text"),
            ("run: x\n        description: 5", "7:22", "a description must be text"),
            ("run: x\n        output: [a]", "7:17", "\"output\" must be a mapping"),
            ("run: x\n        output: { a: [b] }", "7:22", "the value of \"a\" must be text"),
            ("run: x\n        output: { a: }", "7:22", "the value of \"a\" is empty; write \"\""),
            ("run: x\n        output: { a: null }", "7:22", "is nothing (null)"),
            ("run: x\n        output: { a.b: x }", "7:19", "\"a.b\" can not name an output"),
            ("run: x\n        environment: { A: \"\\0\" }", "7:27", "contains a NUL"),
            ("run: x\n        environment: [A]", "7:22", "must be a mapping"),
        ]
    )
    func jobs(lines: String, place: String, words: String) {
        expectFault(oneJob(run: lines), place, words)
    }

    @Test(
        "inputs",
        arguments: [
            ("[a]", "2:9", "the inputs of the runbook must be a mapping"),
            ("{ a: string }", "2:14", "the input \"a\" must be a mapping"),
            ("{ a: }", "2:14", "the input \"a\" must be a mapping (key: value), but is empty"),
            ("{ a: { type: strin } }", "2:22", "did you mean \"string\"?"),
            ("{ a: { type: date } }", "2:22", "a type is one of \"string\", \"integer\","),
            ("{ a: { type: 5 } }", "2:22", "\"type\" must be text"),
            ("{ a: { required: True } }", "2:26", "but is the truth value True"),
            ("{ a: { required: \"true\" } }", "2:26", "but is the text \"true\""),
            ("{ a: { default: [b] } }", "2:25", "the default of \"a\" must be text, but is a list"),
            ("{ a: { default: } }", "2:25", "the default of \"a\" is empty; write \"\""),
            ("{ a: { type: integer, default: x } }", "2:40", "must be an integer of 64 bits"),
            ("{ a: { type: integer, default: 1.0 } }", "2:40", "not \"1.0\""),
            ("{ a: { default: x, type: boolean } }", "2:25", "must be true or false, not \"x\""),
            (
                "{ a: { type: boolean, default: yes } }", "2:40",
                "must be true or false, not \"yes\""
            ),
            ("{ a: { required: true, default: x } }", "2:41", "leave out one of the two"),
            ("{ 1a: {} }", "2:11", "\"1a\" can not name an input"),
            ("{ a b: {} }", "2:11", "\"a b\" can not name an input"),
            ("{ \"\": {} }", "2:11", "\"\" can not name an input"),
            ("{ é: {} }", "2:11", "\"é\" can not name an input"),
            ("{ a-b: {}, a_b: {} }", "2:20", "would both be the variable INPUT_A_B"),
            ("{ a: {}, A: {} }", "2:18", "the inputs \"a\" and \"A\" would both"),
        ]
    )
    func inputs(value: String, place: String, words: String) {
        expectFault(oneJob(top: "inputs: \(value)\n"), place, words)
    }

    @Test(
        "the caller's environment",
        arguments: [
            ("{ A: b }", "2:14", "must be a list"),
            ("[A, A]", "2:18", "the variable \"A\" is in the list already"),
            ("[1A]", "2:15", "\"1A\" is not the name of a variable"),
            ("[A-B]", "2:15", "\"A-B\" is not the name of a variable"),
            ("[\"A=B\"]", "2:15", "is not the name of a variable"),
            ("[NO]", "2:15", "the truth value NO; put it in quotes"),
            ("[[A]]", "2:15", "the name of a variable must be text"),
            ("[INPUT_A]", "2:15", "is set by Daybook"),
            ("[WORKSPACE]", "2:15", "is set by Daybook"),
            ("[DAYBOOK_KEY]", "2:15", "is that of the journal key"),
            ("[HOME, DAYBOOK_KEY_FILE]", "2:21", "is that of the journal key"),
        ]
    )
    func environment(value: String, place: String, words: String) {
        expectFault(oneJob(top: "environment: \(value)\n"), place, words)
    }

    @Test(
        "variables that a job may not set",
        arguments: [
            "INPUT_X", "INPUT_", "OUTPUT_X", "EACH_X", "DAYBOOK_JOURNAL", "WORKSPACE",
        ]
    )
    func reserved(name: String) {
        expectFault(oneJob("environment: { \(name): x }"), "7:24", "is set by Daybook")
    }

    @Test("the journal key is for no job, whatever the job calls it")
    func journalKey() {
        let words = "is that of the journal key"
        expectFault(oneJob("environment: { DAYBOOK_KEY: x }"), "7:24", words)
        expectFault(oneJob("environment: { MINE: $DAYBOOK_KEY }"), "7:30", words)
        expectFault(oneJob("environment: { MINE: \"x${DAYBOOK_KEY}\" }"), "7:32", words)
        expectFault(oneJob("output: { mine: $DAYBOOK_KEY_FILE }"), "7:25", words)
        #expect(fault(in: oneJob(top: "secrets: [DAYBOOK_KEY]\n"))?.contains(words) == true)
    }

    @Test("variables that only look like those", arguments: ["INPUTS", "WORKSPACES", "input_x"])
    func notReserved(name: String) {
        #expect(fault(in: oneJob("environment: { \(name): x }")) == nil)
    }
}
#endif
