#if CLI
import DaybookRunbook
import Testing

@Suite("Runbook: keys that are missing, unknown, given twice, or for later")
struct RunbookKeyTests {
    @Test(
        "what is required",
        arguments: [
            ("blocks: []", "1:1", "\"name\""),
            ("name: x", "1:1", "\"blocks\""),
            ("name: x\nblocks: []", "2:9", "at least one block"),
            ("name: x\nblocks:\n  - jobs: []", "3:5", "a block must have the key \"name\""),
            ("name: x\nblocks:\n  - name: b", "3:5", "a block must have the key \"jobs\""),
            ("name: x\nblocks:\n  - { name: b, jobs: [] }", "3:22", "at least one job"),
            ("name: x\nblocks:\n  - { name: b, jobs: [{ run: x }] }", "3:23", "\"name\""),
            ("name: x\nblocks:\n  - { name: b, jobs: [{ name: j }] }", "3:23", "\"run\""),
        ]
    )
    func required(text: String, place: String, word: String) {
        expectFault(text, place, word)
    }

    @Test(
        "unknown keys, with the nearest that is known",
        arguments: [
            ("nmae: x", "1:1", "a runbook has no key \"nmae\"; did you mean \"name\"?"),
            ("Name: x", "1:1", "did you mean \"name\"?"),
            ("env: []", "1:1", "did you mean \"environment\"?"),
            ("name: x\ndesciption: y", "2:1", "did you mean \"description\"?"),
            ("name: x\nsteps: []", "2:1", "has no key \"steps\"; it may have \"name\","),
            ("name: x\nblocks:\n  - name: b\n    job: []", "4:5", "did you mean \"jobs\"?"),
            ("inputs: { a: { typ: string } }\nname: x\nblocks: []", "1:16", "mean \"type\"?"),
            (
                oneJob("outputs: {}"), "7:9",
                "a job has no key \"outputs\"; did you mean \"output\"?"
            ),
            (oneJob("<<: {}"), "7:9", "a job has no key \"<<\""),
            (oneJob("\"\": {}"), "7:9", "a job has no key \"\"; it may have"),
        ]
    )
    func unknown(text: String, place: String, words: String) {
        expectFault(text, place, words)
    }

    @Test(
        "a key that is given twice is refused where it comes again",
        arguments: [
            ("name: x\nname: y", "2:1", "the key \"name\" is there already, on line 1"),
            ("name: x\ninputs:\n  a: {}\n\n  # name\n  a: {}", "6:3", "on line 3"),
            (oneJob("verify: |", "  a", " ", "run: again"), "10:9", "on line 6"),
            (oneJob("output:", "  a: x", "  b: y", "  a : z"), "10:11", "on line 8"),
            (oneJob("output: { a: x, a: y }"), "7:19", "\"a\" is given more than once"),
            ("name: x\n\"name\": y", "1:1", "\"name\" is given more than once"),
            ("? name\n: x\n? name\n: y", "1:3", "\"name\" is given more than once"),
        ]
    )
    func duplicates(text: String, place: String, words: String) {
        expectFault(text, place, words)
    }

    @Test("the same key in another mapping is no duplicate")
    func sameKeyElsewhere() {
        #expect(fault(in: oneJob() + job("second")) == nil)
    }

    @Test(
        "keys that are no words",
        arguments: [
            ("? [a]\n: x", "1:3", "a key of a runbook must be a word, but is a list"),
            ("{ { a: b }: x }", "1:3", "must be a word, but is a mapping"),
            ("!!int 5: x", "1:1", "must be a word"),
        ]
    )
    func keys(text: String, place: String, words: String) {
        expectFault(text, place, words)
    }
}
#endif
