#if CLI
import DaybookRunbook
import Testing

@Suite("Runbook: places of faults, to the column")
struct RunbookPositionTests {
    @Test(
        "faults in templates",
        arguments: [
            ("output: { a: x$ }", "7:23"),
            ("output: { a: 'x$' }", "7:24"),
            ("output: { a: \"x$\" }", "7:24"),
            ("output: { a: 'it''s $' }", "7:29"),
            ("output: { a: \"\\t\\x41\\u0041\\U00000041$\" }", "7:45"),
            ("output: { a: \"é😀e\u{301}$\" }", "7:27"),
            ("output: { a: !!str x$ }", "7:22"),
            ("output: { a: \"$A ${B} $$ ${{ inputs.c }}\" }", "7:34"),
            ("output: { é: x }", "7:19"),
            ("output:\n          a: x $1", "8:16"),
            ("output:\n          a: |\n            one\n              $1 two\n", "10:15"),
            ("output:\n          a: |2\n               $1\n", "9:16"),
            ("output:\n          a: | # why\n\n\n            $1\n", "11:13"),
            ("output:\n          a: |-\n            é$1", "9:14"),
        ]
    )
    func templates(lines: String, place: String) {
        expectFault(oneJob(lines), place)
    }

    @Test(
        "where a value was folded, the place is that of the scalar",
        arguments: [
            ("output:\n          a: >\n            one\n            $1\n", "8:14"),
            ("output:\n          a: one\n            $1\n", "8:14"),
            ("output:\n          a: one          \n            $1\n", "8:14"),
            ("output:\n          a: \"one\n            $1\"\n", "8:14"),
            ("output:\n          a: \"one \\\n            $1\"\n", "8:14"),
            ("output:\n          a: !!str |\n            $1\n", "9:13"),
        ]
    )
    func folded(lines: String, place: String) {
        expectFault(oneJob(lines), place)
    }

    @Test("the first line of a folded value has exact columns all the same")
    func foldedFirstLine() {
        expectFault(oneJob("output:\n          a: one $1\n            two"), "8:18")
        expectFault(oneJob("output:\n          a: \"one $1\n            two\""), "8:19")
    }

    @Test(
        "expressions in shell text",
        arguments: [
            ("run: echo ${{ inputs.a }}", "6:19"),
            ("run: \"echo ${{ inputs.a }}\"", "6:20"),
            ("run: |\n          set -e\n          echo ${{ inputs.a }}\n", "8:16"),
            ("run: >\n          set -e\n          echo ${{ inputs.a }}\n", "6:14"),
        ]
    )
    func shellText(run: String, place: String) {
        expectFault(oneJob(run: run), place)
    }

    @Test("the ends of lines of other systems", arguments: ["\r\n", "\r"])
    func lineEnds(end: String) {
        func converted(_ text: String) -> String {
            text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: end)
        }
        #expect(fault(in: converted(RunbookParsingTests.full)) == nil)
        expectFault(converted(oneJob("retry: 1")), "7:16")
        expectFault(
            converted(oneJob("output:\n          a: |\n            b\n            $1\n")),
            "10:13"
        )
        expectFault(converted("name: x\nname: y\n"), "2:1", "on line 1")
        expectFault(converted("name: x\n# \u{202E}"), "2:3")
    }

    @Test("shell text has the same line ends whatever the file has")
    func shellLineEnds() throws {
        let text = oneJob(run: "run: |\n          a\n          b\n").split(
            separator: "\n",
            omittingEmptySubsequences: false
        ).joined(separator: "\r\n")
        #expect(try Runbook(parsing: text, file: "f").jobs[0].run == "a\nb\n")
    }

    @Test("a byte order mark is not a column")
    func byteOrderMark() throws {
        #expect(fault(in: "\u{FEFF}" + oneJob()) == nil)
        expectFault("\u{FEFF}nmae: x", "1:1")
        expectFault("\u{FEFF}name: 5\nblocks: []", "1:7")
        expectFault("\u{FEFF}\u{FEFF}name: x", "1:1", "U+FEFF")
    }

    @Test("columns are counted in Unicode scalars")
    func scalars() {
        expectFault("{ name: \"e\u{301}😀\", x: 1 }", "1:16", "no key \"x\"")
    }

    @Test(
        "syntax that YAML refuses",
        arguments: [
            ("name: x\n blocks: y", "2:8", "YAML: mapping values are not allowed"),
            ("name: \"x\nblocks: y\n", "3:1", "begins at line 1, column 7"),
            ("name: x\nblocks:\n\t- name: b", "3:1", "a tab can not indent a line; use spaces"),
            ("name: [x", "1:9", "YAML: did not find expected ',' or ']'"),
            ("name: [x\r", "2:1", "YAML: did not find expected ',' or ']'"),
            ("name: [x\n", "2:1", "YAML: did not find expected ',' or ']'"),
            ("name: @x", "1:7", "cannot start any token"),
            ("name: \"\\ud800\"", "1:10", "invalid Unicode character escape"),
            ("%YAML 9.9\n---\nname: x", "1:1", "YAML"),
        ]
    )
    func syntax(text: String, place: String, words: String) {
        expectFault(text, place, words)
    }
}
#endif
