#if CLI
import DaybookRunbook
import DaybookTestKit
import Testing

@Suite("Runbook: anchors and aliases")
struct HostileAliasTests {
    @Test(
        "anchors and aliases are refused",
        arguments: [
            ("name: &n x\nblocks: *n", "1:7"),
            ("&r\nname: x", "1:1"),
            ("&k name: x", "1:1"),
            ("name: x\nblocks: &b []", "2:9"),
            ("name: x\nblocks: [{ name: b, jobs: [{ name: j, run: &r x }] }]", "2:44"),
        ]
    )
    func anchors(text: String, place: String) {
        expectFault(text, place, "anchors and aliases")
    }

    @Test("an alias of nothing, and one of itself")
    func undefinedAlias() {
        expectFault("name: *x", "1:7", "undefined alias")
        expectFault("&a [*a]", "1:5", "undefined alias")
    }

    @Test(
        "aliases of aliases take no time",
        arguments: ["x: *a40\n", "? *a40\n: 1\n", "*a40 : 1\n"]
    )
    func bomb(end: String) {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...40 {
            text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n"
        }
        let time = processorTime { expectFault(text + end, "2:10", "looks like an alias") }
        #expect(time < .seconds(5))
    }

    @Test("the few aliases that Yams gets to see take little time")
    func smallBomb() {
        let text = "a: &a [\(times(20_000, "x,"))]\nb: &b [*a,*a]\nc: &c [*b,*b,*b]\n"
        let time = processorTime { expectFault(text + "? [*c,*c,*c]\n: 1\n", "1:4", "anchors") }
        #expect(time < .seconds(20))
    }

    @Test("shell text with words like anchors and aliases")
    func shellLooksLikeAliases() throws {
        let shell = times(20, "a 2>&1 &2 *2 $((3*2)) && ls *.c *c &c; ").dropLast()
        // Too many that match, and few.
        expectFault(oneJob(run: "run: |\n          \(shell)"), "7:21", "\"*2\"")
        let runbook = try Runbook(
            parsing: oneJob(run: "run: |-\n          sleep 1 &x; ls *x *.c; echo 2>&1 *1"),
            file: "f"
        )
        #expect(runbook.jobs[0].run == "sleep 1 &x; ls *x *.c; echo 2>&1 *1")
    }
}
#endif
