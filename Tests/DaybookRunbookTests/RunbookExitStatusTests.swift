#if CLI
import DaybookModel
import Testing

@testable import DaybookRunbook

@Suite("Runbook: what becomes of a block and a run after a failure") struct RunbookExitStatusTests {
    private func job(_ rest: String) -> String {
        "name: x\nblocks:\n  - name: b\n    jobs:\n      - { name: a, run: echo, \(rest) }\n"
    }

    private func failure(_ text: String) throws -> RunbookError {
        try #require(throws: RunbookError.self) { try Runbook(parsing: text, file: "f") }
    }

    @Test("exit statuses of a job")
    func statuses() throws {
        let text = job("fatal: [2, 3], retry: { attempts: 2, on: [75, 1], not: [4] }")
        let job = try #require(try Runbook(parsing: text, file: "f").jobs.first)
        #expect(job.fatalStatuses == [2, 3])
        #expect(job.retriedStatuses == [1, 75])
        #expect(job.unretriedStatuses == [4])
        #expect(job.retry?.retryableCodes == ["exit-status"])
    }

    @Test("a block that fails fast")
    func failFast() throws {
        for (rest, collects) in [
            ("", true), (", failFast: false", true), (", failFast: true", false),
        ] {
            let text =
                "name: x\nblocks: [{ name: b, each: [a], jobs: [{ name: a, run: b }]\(rest) }]"
            let block = try #require(try Runbook(parsing: text, file: "f").blocks.first)
            #expect(block.collects == collects)
        }
        let one = try Runbook(parsing: job("verify: b"), file: "f")
        #expect(one.blocks.map(\.collects) == [false], "a job alone leaves nothing to run")
    }

    @Test(
        "what cannot be is refused where it stands",
        arguments: [
            ("fatal: 3", 5, "must be a list"), ("fatal: []", 5, "at least one exit status"),
            ("fatal: [0]", 5, "from 1 to 255"), ("fatal: [256]", 5, "from 1 to 255"),
            ("fatal: [3, 3]", 5, "twice"), ("retry: { attempts: 2, on: [x] }", 5, "an exit status"),
            ("retry: { attempts: 2, on: [3], not: [3] }", 5, "in \"on\" and in \"not\""),
            ("fatal: [3], retry: { attempts: 2, on: [3] }", 5, "and to end the run"),
            ("fatl: [3]", 5, "did you mean \"fatal\"?"),
        ]
    )
    func refusals(_ rest: String, _ line: Int, _ words: String) throws {
        let error = try failure(job(rest))
        #expect(error.description.contains("f:\(line):"), "\(error)")
        #expect(error.description.contains(words), "\(error)")
    }

    @Test("an approval has nothing to fail fast")
    func approval() throws {
        let text = "name: x\nblocks: [{ name: b, approval: { signal: s }, failFast: true }]"
        #expect(try failure(text).description.contains("either \"approval\" or \"failFast\""))
    }
}
#endif
