#if CLI
@testable import DaybookRunbook
import DaybookTestKit
import Testing

@Suite("Runbook: hostile text")
struct HostileRunbookTests {
    @Test(
        "deep nesting is refused and does not use up the stack",
        arguments: [
            "[", "{", "- ", "? ", "[{", "{? ", "{a: ", "[a,", "- - [", "&a [", "[[[]],",
        ]
    )
    func nesting(unit: String) throws {
        let text = times(YAMLDocument.sizeLimit / unit.utf8.count, unit)
        #expect(fault(in: text) != nil)
        #expect(fault(in: "name: " + text.dropLast(10)) != nil)
    }

    @Test("nesting just within the limit of LibYAML")
    func deepestNesting() {
        let text = "name: " + times(900, "[") + times(900, "]") + "\nblocks: []"
        expectFault(text, "1:7", "must be text, but is a list")
        expectFault("name: " + times(2000, "["), "1:8", "nested too deeply")
    }

    @Test(
        "characters that can not be seen",
        arguments: [
            ("\0", "U+0000"), ("\u{1}", "U+0001"), ("\u{1B}", "U+001B"), ("\u{7F}", "U+007F"),
            ("\u{85}", "U+0085"), ("\u{9B}", "U+009B"), ("\u{2028}", "U+2028"),
            ("\u{2029}", "U+2029"), ("\u{202E}", "U+202E"), ("\u{2066}", "U+2066"),
            ("\u{FEFF}", "U+FEFF"), ("\u{FFFF}", "U+FFFF"),
        ]
    )
    func invisible(character: String, name: String) {
        expectFault("name: x\n# é\(character)\n", "2:4", name)
        expectFault(oneJob(run: "run: echo \(character)"), "6:19", name)
    }

    @Test("they can be written as escapes, except NUL")
    func escapes() throws {
        let runbook = try Runbook(parsing: oneJob(run: #"run: "\e\u202e\N""#), file: "f")
        #expect(runbook.jobs[0].run == "\u{1B}\u{202E}\u{85}")
        expectFault(oneJob(run: #"run: "\0""#), "6:14", "NUL")
    }

    @Test(
        "several documents, and none",
        arguments: [
            ("---\nname: x\n---\nname: y\n", "3:1", "a second document"),
            (oneJob() + "---\n", "7:1", "a second document"),
            ("", "1:1", "it is empty"),
            ("\u{FEFF}", "1:1", "it is empty"),
            ("# nothing\n\n", "1:1", "it is empty"),
            ("---\n", "2:1", "a runbook must be a mapping (key: value), but is empty"),
        ]
    )
    func documents(text: String, place: String, words: String) {
        expectFault(text, place, words)
    }

    @Test("the marks of a single document")
    func documentMarks() {
        #expect(fault(in: "%YAML 1.2\n---\n" + oneJob() + "...\n") == nil)
    }

    @Test("the size has a limit")
    func size() throws {
        let frame = oneJob(run: "run: ").utf8.count
        let room = YAMLDocument.sizeLimit - frame
        for letter in ["x", "1"] {
            let runbook = try Runbook(
                parsing: oneJob(run: "run: x\(times(room - 1, letter))"),
                file: "f"
            )
            #expect(runbook.jobs[0].run.utf8.count == room)
        }
        expectFault(oneJob(run: "run: " + times(room + 1, "x")), "1:1", "may have 262144")
        expectFault(times(10_000_000, "["), "1:1", "10000000 bytes")
    }

    @Test("thousands of names take no time")
    func manyNames() throws {
        let time = try processorTime {
            let names = (0..<10_000).map { "A\($0)" }.joined(separator: ", ")
            let runbook = try Runbook(
                parsing: oneJob(top: "environment: [\(names)]\n"),
                file: "f"
            )
            #expect(runbook.environment.count == 10_000)

            let inputs = (0..<2000).map { "i\($0): {}" }.joined(separator: ", ")
            let jobs = (1..<2000).map { number in
                job(
                    "j\(number)",
                    "environment: { A: $INPUT_I\(number) }",
                    "output: { k: $OUTPUT_\(number == 1 ? "FIRST" : "J\(number - 1)")_K }"
                )
            }
            let text = oneJob("output: { k: x }", top: "inputs: { \(inputs) }\n") + jobs.joined()
            #expect(try Runbook(parsing: text, file: "f").jobs.count == 2000)
        }
        #expect(time < .seconds(20))
    }

    @Test("a long scalar in a message is cut")
    func longMessage() throws {
        let found = try #require(fault(in: "name: x\n\(times(1000, "k")): y"))
        #expect(found.count < 200)
    }

    @Test("what is in a key does not reach the terminal")
    func terminal() throws {
        let found = try #require(fault(in: #""\e]0;x\a": y"#))
        #expect(!found.unicodeScalars.contains("\u{1B}"))
        #expect(found.contains(#""\u{1b}]0;x\u{7}""#))
    }
}
#endif
