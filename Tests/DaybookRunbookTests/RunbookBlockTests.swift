#if CLI
import DaybookModel
import Foundation
import Testing

@testable import DaybookRunbook

@Suite("Runbook: blocks and how their jobs run") struct RunbookBlockTests {
    /// A runbook of these blocks, each of one line.
    private func blocks(_ lines: String..., inputs: String = "") -> String {
        "name: x\n\(inputs)blocks:\n" + lines.map { "  - { \($0) }\n" }.joined()
    }

    private static let job = "jobs: [{ name: a, run: echo }]"

    @Test("everything that a block can have")
    func all() throws {
        let text = """
            name: x
            inputs:
              targets: { type: list }
            blocks:
              - name: first
                limit: 3
                continueOnError: true
                jobs:
                  - name: a
                    run: echo
                    timeout: 1500ms
                    retry: { attempts: 5, delay: 2s, backoff: 1.5, cap: 1m, jitter: 0.25 }
                    output: { k: v }
              - name: each
                each: ${{ inputs.targets }}
                limit: 0
                jobs:
                  - { name: b, run: echo, output: { n: "${{ each.item }}/${{ each.index }}" } }
              - name: listed
                each: [one, two]
                jobs: [{ name: c, run: echo, environment: { E: "$EACH_ITEM$EACH_INDEX" } }]
              - name: later
                each: ${{ outputs.a.k }}
                jobs: [{ name: d, run: echo }]
              - name: ok
                approval: { signal: go, timeout: 24h }
              - name: use
                jobs: [{ name: e, run: echo, environment: { V: "${{ outputs.ok.value }}" } }]
              - name: sweep
                always: true
                jobs: [{ name: f, run: echo }]
            """
        let runbook = try Runbook(parsing: text, file: "f")
        let blocks = runbook.blocks
        #expect(blocks.map(\.limit) == [3, 1, 1, 1, 1, 1, 1])
        #expect(blocks.map(\.continuesOnError) == [true] + Array(repeating: false, count: 6))
        #expect(blocks.map(\.isAlways) == Array(repeating: false, count: 6) + [true])
        #expect(
            blocks.map(\.each) == [
                nil, .input("targets"), .elements(["one", "two"]), .output(job: "a", key: "k"), nil,
                nil, nil,
            ]
        )
        #expect(blocks[4].approval == Runbook.Approval(signal: "go", timeout: .seconds(86_400)))
        #expect(blocks[4].jobs == [])
        let job = blocks[0].jobs[0]
        #expect(job.timeout == .milliseconds(1_500))
        #expect(
            job.retry
                == RetryPolicy(
                    maxAttempts: 5,
                    baseDelay: .seconds(2),
                    multiplier: 1.5,
                    maxDelay: .seconds(60),
                    jitter: 0.25
                )
        )
    }

    @Test("the example of the documentation")
    func documentation() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = root.appending(path: "Sources/Daybook/Daybook.docc/Runbooks.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        let parts = text.components(separatedBy: "```yaml\n")
        let example = try #require(parts.dropFirst().first?.components(separatedBy: "```").first)
        let runbook = try Runbook(parsing: example, file: "Runbooks.md")
        let names = ["fetch", "build", "announce", "approve", "publish", "clean"]
        #expect(runbook.blocks.map(\.name) == names)
    }

    @Test("what a job may not have")
    func faultsOfJobs() {
        expectFault(oneJob("timeout: 60"), "7:18", "a unit (ms, s, m, h or d)", "\"60\"")
        expectFault(oneJob("timeout: 0s"), "7:18", "must not be zero")
        expectFault(oneJob("timeout: 1.5s"), "7:18", "whole number")
        expectFault(oneJob("timeout: -1s"), "7:18", "whole number")
        expectFault(oneJob("timeout: 36501d"), "7:18", "36500d")
        expectFault(oneJob("timeout: 99999999999999999999d"), "7:18", "36500d")
        expectFault(oneJob("retry: {}"), "7:16", "must have the key \"attempts\"")
        expectFault(oneJob("retry: { attempts: 0 }"), "7:28", "from 1 to 1000", "\"0\"")
        expectFault(oneJob("retry: { attempts: 010 }"), "7:28", "from 1 to 1000")
        expectFault(oneJob("retry: { attempts: 2, backoff: 0.5 }"), "7:40", "from 1.0 to 100.0")
        expectFault(oneJob("retry: { attempts: 2, jitter: 2 }"), "7:39", "from 0.0 to 1.0")
        expectFault(oneJob("retry: { attempts: 2, delay: soon }"), "7:38", "\"delay\"", "soon")
        expectFault(oneJob("retry: { attempt: 2 }"), "7:18", "did you mean \"attempts\"?")
    }

    @Test("what a block may not have")
    func faultsOfBlocks() {
        expectFault(blocks("name: b"), "3:5", "\"jobs\", or \"approval\"")
        expectFault(blocks("name: b, approval: {}"), "3:26", "must have the key \"signal\"")
        expectFault(
            blocks("name: b, approval: { signal: s, timeout: 1 }"),
            "3:48",
            "a unit"
        )
        for key in [Self.job, "each: [x]", "limit: 2"] {
            expectFault(blocks("name: b, approval: { signal: s }, \(key)"), "3:5", "two blocks")
        }
        expectFault(blocks("name: b, limit: two, \(Self.job)"), "3:23", "whole number")
        expectFault(blocks("name: b, limit: 10001, \(Self.job)"), "3:23", "10000")
        expectFault(blocks("name: b, each: yes, \(Self.job)"), "3:22", "must be a list")
        expectFault(blocks("name: b, each: [\"\"], \(Self.job)"), "3:23", "not empty")
        expectFault(blocks("name: b, each: [\"a\\nb\"], \(Self.job)"), "3:23", "one line")
        expectFault(
            blocks(
                "name: b, each: \"${{ inputs.n }}\", \(Self.job)",
                inputs: "inputs: { n: {} }\n"
            ),
            "4:22",
            "declare it with type: list"
        )
        expectFault(
            blocks("name: b, always: true, continueOnError: true, \(Self.job)"),
            "3:47",
            "leave out one of the two"
        )
        expectFault(
            blocks(
                "name: b, always: true, \(Self.job)",
                "name: c, jobs: [{ name: z, run: echo }]"
            ),
            "4:5",
            "blocks that run always come last"
        )
        expectFault(
            blocks("name: a, approval: { signal: s }", "name: b, \(Self.job)"),
            "4:31",
            "there is a job \"a\" already"
        )
    }

    @Test("an approval whose value would be the variable of an output")
    func approvalVariables() {
        let job = "name: x, jobs: [{ name: a, run: echo, output: { b_value: v } }]"
        expectFault(blocks(job, "name: a_b, approval: { signal: s }"), "4:13", "OUTPUT_A_B_VALUE")
        let long = String(repeating: "n", count: 201)
        expectFault(blocks("name: \(long), approval: { signal: s }"), "3:13", "201 bytes")
    }

    @Test("two approvals by one signal")
    func signals() {
        let first = "name: a, approval: { signal: go }"
        expectFault(blocks(first, "name: b, approval: { signal: go }"), "4:26", "\"go\" already")
        #expect(fault(in: blocks(first, "name: b, approval: { signal: other }")) == nil)
    }

    @Test("side by side nobody sees what the others give")
    func concurrency() {
        let reader = "{ name: b, run: echo, environment: { V: \"${{ outputs.a.k }}\" } }"
        let writer = "{ name: a, run: echo, output: { k: v } }"
        #expect(fault(in: blocks("name: x, jobs: [\(writer), \(reader)]")) == nil)
        #expect(fault(in: blocks("name: x, limit: 1, jobs: [\(writer), \(reader)]")) == nil)
        let faulty = blocks("name: x, limit: 2, jobs: [\(writer), \(reader)]")
        expectFault(faulty, "3:116", "runs side by side with this one")
        let variable = reader.replacing("${{ outputs.a.k }}", with: "$OUTPUT_A_K")
        expectFault(
            blocks("name: x, limit: 2, jobs: [\(writer), \(variable)]"),
            "3:116",
            "runs side by side with this one"
        )
        // Each element has a scope of its own, in which jobs follow one another.
        let each = blocks("name: x, limit: 2, each: [m, n], jobs: [\(writer), \(reader)]")
        #expect(fault(in: each) == nil)
        // Also those that nobody may refer to have names that are unique.
        expectFault(
            blocks("name: x, limit: 2, jobs: [\(writer), { name: A, run: echo }]"),
            "3:83",
            "would have the same variables"
        )
        let next = blocks("name: x, limit: 2, jobs: [\(writer)]", "name: y, jobs: [\(reader)]")
        #expect(fault(in: next) == nil)
    }

    @Test(
        "lists as people write them",
        arguments: [
            ("a,b", ["a", "b"]), (" a , b ", ["a", "b"]), ("a", ["a"]), ("", []),
            ("[\"a\", \"b,c\"]", ["a", "b,c"]), ("[]", []), ("a\nb", ["a", "b"]), ("a,", nil),
            ("[\"\"]", nil), ("[1]", nil), ("[\"a\\nb\"]", nil), ("[", nil), (",", nil),
        ] as [(String, [String]?)]
    )
    func lists(text: String, elements: [String]?) throws {
        #expect(TextList.elements(of: text) == elements)
        let runbook = try Runbook(
            parsing: blocks("name: b, \(Self.job)", inputs: "inputs: { t: { type: list } }\n"),
            file: "f"
        )
        guard let elements else {
            #expect(throws: InputError.self) { try runbook.resolveInputs(["t": text]) }
            return
        }
        let resolved = try runbook.resolveInputs(["t": text])
        #expect(resolved == ["t": elements.joined(separator: "\n")])
        // What is recorded reads as the same list.
        #expect(TextList.elements(of: resolved["t"] ?? "-") == elements || elements.count == 1)
    }

    @Test("a list as a default")
    func listDefaults() throws {
        let inputs = "inputs: { t: { type: list, default: [a, b] } }\n"
        let runbook = try Runbook(
            parsing: blocks("name: b, \(Self.job)", inputs: inputs),
            file: "f"
        )
        #expect(try runbook.resolveInputs([:]) == ["t": "a\nb"])
        expectFault(
            blocks("name: b, \(Self.job)", inputs: "inputs: { t: { default: [a] } }\n"),
            "2:25",
            "must be text"
        )
    }
}
#endif
