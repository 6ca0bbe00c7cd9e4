#if CLI
import DaybookRunbook
import Testing

@Suite("Runbook: what undoes jobs, and what runs after a failure")
struct RunbookUndoKeyTests {
    @Test("both are read")
    func read() throws {
        let text =
            oneJob("undo: echo undo") + "\non_failure:\n  - { name: tell, run: echo told }\n"
        let runbook = try Runbook(parsing: text, file: "runbook.yaml")
        #expect(runbook.blocks[0].jobs[0].undo == "echo undo")
        #expect(runbook.onFailure.map(\.name) == ["tell"])
        #expect(runbook.jobs.last?.name == "tell")
    }

    @Test(
        "faults, with their places",
        arguments: [
            (
                "name: x\non_failure: []\nblocks: [{ name: b, jobs: [{ name: j, run: x }] }]",
                "2:13", "must have at least one job"
            ),
            (
                "name: x\non_failure: [{ name: t, run: x, undo: y }]\nblocks: [{ name: b, jobs: [{ name: j, run: x }] }]",
                "2:39", "a job of \"on_failure\" has no \"undo\""
            ),
            (
                "name: x\non_failure: [{ name: j, run: x }]\nblocks: [{ name: b, jobs: [{ name: j, run: x }] }]",
                "2:22", "there is a job \"j\" already"
            ),
            ("name: x\nonFailure: []\nblocks: []", "2:1", "did you mean \"on_failure\"?"),
            (oneJob("undo: []"), "7:15", "\"undo\""),
        ]
    )
    func faults(text: String, place: String, words: String) {
        expectFault(text, place, words)
    }
}
#endif
