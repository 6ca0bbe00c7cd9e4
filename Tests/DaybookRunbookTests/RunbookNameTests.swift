#if CLI
@testable import DaybookRunbook
import Testing

@Suite("Runbook: names of variables, suggestions and quotes")
struct RunbookNameTests {
    @Test("variables of inputs and outputs")
    func variables() {
        #expect(EnvironmentName.forInput("name") == "INPUT_NAME")
        #expect(EnvironmentName.forInput("dry-run_2") == "INPUT_DRY_RUN_2")
        #expect(
            EnvironmentName.forOutput("url", ofJob: "repo.creation") == "OUTPUT_REPO_CREATION_URL"
        )
        #expect(EnvironmentName.forOutput("k", ofJob: "1 é/ß😀") == "OUTPUT_1______K")
    }

    @Test(
        "a name that shells can use",
        arguments: [
            ("A", true), ("_", true), ("a1", true), ("A_b", true), ("", false), ("1a", false),
            ("a-b", false), ("a.b", false), ("a=b", false), ("é", false), ("a b", false),
            ("-a", false), ("a\n", false), ("@", false), ("`", false), ("[", false), ("{", false),
        ]
    )
    func validNames(name: String, isValid: Bool) {
        #expect(EnvironmentName.isValid(name) == isValid)
    }

    @Test("hyphens are for inputs and outputs, but not first")
    func hyphens() {
        #expect(EnvironmentName.isIdentifier("a-b-"))
        #expect(!EnvironmentName.isIdentifier("-a"))
    }

    @Test(
        "the nearest name",
        arguments: [
            ("nmae", "name"), ("naem", "name"), ("nam", "name"), ("names", "name"),
            ("NAME", "name"),
            ("rn", "run"), ("runn", "run"), ("env", "environment"), ("enviroment", "environment"),
            ("descr", "description"), ("discription", "description"), ("x", nil), ("", nil),
            ("r", nil), ("steps", nil), ("environmental impact statement", nil),
            (times(65, "n"), nil),
        ]
    )
    func suggestions(name: String, expected: String?) {
        let keys = ["name", "description", "run", "environment"]
        #expect(nearest(to: name, among: keys) == expected)
    }

    @Test("quotes are short and harmless")
    func quotes() {
        #expect(quoted("a\"b\n\t\u{7}\u{1B}[0m\u{202E}é") == #""a\"b\n\t\u{7}\u{1b}[0m\u{202e}é""#)
        #expect(quoted("\r\n") == #""\u{d}\n""#)
        #expect(quoted("abc", limit: 3) == "\"abc\"")
        #expect(quoted("abcd", limit: 3) == "\"abc…\"")
        #expect(quoted(times(1_000_000, "x")).count == 63)
    }

    @Test("lists of names")
    func lists() {
        #expect(listed([]) == "none")
        #expect(listed(["a"]) == "\"a\"")
        #expect(listed(["a", "b"]) == "\"a\" and \"b\"")
        #expect(listed(["a", "b", "c"]) == "\"a\", \"b\" and \"c\"")
        #expect(listed(["a", "b", "c"], limit: 2) == "\"a\", \"b\" and 1 more")
    }
}
#endif
