#if CLI
import DaybookRunbook
import Testing

@Suite("Runbook: what it holds")
struct RunbookParsingTests {
    static let full = #"""
        # A comment.
        name: scaffold-service
        description: Makes a service.
        inputs:
          name: { type: string, required: true, description: Its name. }
          count: { type: integer, default: 3 }
          ratio: { type: number, default: 0.5 }
          dry-run: { type: boolean, default: false }
          note: {}
        environment: [REMOTES, "HOME"]
        blocks:
          - name: fetch
            description: Gets the template.
            jobs:
              - name: template
                description: A clone.
                run: git clone --depth 1 "$TEMPLATE" "$WORKSPACE/src"
                environment:
                  TEMPLATE: ${REMOTES}/template.git
                  PORT: 8080
                output: { commit: abc }
          - name: publish
            jobs:
              - name: repo.creation
                verify: git ls-remote "$REMOTES/$INPUT_NAME.git"
                run: |
                  set -eu
                  git init --bare "$REMOTES/$INPUT_NAME.git"
                output:
                  url: "$REMOTES/${{ inputs.name }}.git"
                  from: ${{ outputs.template.commit }}
              - name: done
                run: echo "$OUTPUT_REPO_CREATION_URL"
                environment: { URL: "${{ outputs.repo.creation.url }}", COST: $$5 }
        """#

    @Test("everything this version knows")
    func everything() throws {
        let runbook = try Runbook(parsing: Self.full, file: "scaffold.yaml")
        #expect(runbook.name == "scaffold-service")
        #expect(runbook.description == "Makes a service.")
        #expect(runbook.environment == ["REMOTES", "HOME"])
        #expect(runbook.inputs.map(\.name) == ["name", "count", "ratio", "dry-run", "note"])
        #expect(runbook.inputs.map(\.type) == [.string, .integer, .number, .boolean, .string])
        #expect(runbook.inputs.map(\.isRequired) == [true, false, false, false, false])
        #expect(runbook.inputs.map(\.defaultValue) == [nil, "3", "0.5", "false", nil])
        #expect(runbook.inputs[0].description == "Its name.")
        #expect(runbook.inputs[3].environmentName == "INPUT_DRY_RUN")
        #expect(runbook.blocks.map(\.name) == ["fetch", "publish"])
        #expect(runbook.blocks.map(\.description) == ["Gets the template.", nil])
        #expect(runbook.jobs.map(\.name) == ["template", "repo.creation", "done"])
    }

    @Test("jobs keep their text and the order of their variables")
    func jobs() throws {
        let runbook = try Runbook(parsing: Self.full, file: "scaffold.yaml")
        let template = runbook.blocks[0].jobs[0]
        #expect(template.description == "A clone.")
        #expect(template.run == #"git clone --depth 1 "$TEMPLATE" "$WORKSPACE/src""#)
        #expect(template.verify == nil)
        #expect(template.environment.map(\.name) == ["TEMPLATE", "PORT"])
        #expect(
            template.environment.map(\.template.segments) == [
                [.variable("REMOTES"), .text("/template.git")], [.text("8080")],
            ]
        )
        let creation = runbook.blocks[1].jobs[0]
        #expect(creation.verify == #"git ls-remote "$REMOTES/$INPUT_NAME.git""#)
        #expect(creation.run == "set -eu\ngit init --bare \"$REMOTES/$INPUT_NAME.git\"\n")
        #expect(creation.output.map(\.name) == ["url", "from"])
        #expect(
            creation.output.map(\.template.segments) == [
                [.variable("REMOTES"), .text("/"), .input("name"), .text(".git")],
                [.output(job: "template", key: "commit")],
            ]
        )
        let last = runbook.blocks[1].jobs[1]
        #expect(
            last.environment.map(\.template.segments) == [
                [.output(job: "repo.creation", key: "url")], [.text("$5")],
            ]
        )
    }

    @Test("the same text gives an equal runbook")
    func equality() throws {
        let one = try Runbook(parsing: Self.full, file: "a")
        #expect(try one == Runbook(parsing: Self.full, file: "b"))
        #expect(try one != Runbook(parsing: oneJob(), file: "a"))
    }

    @Test(
        "text in all styles",
        arguments: [
            ("run: plain text", "plain text"),
            ("run: 'it''s'", "it's"),
            ("run: \"a\\tb\"", "a\tb"),
            ("run: !!str 5", "5"),
            ("run: \"5\"", "5"),
            ("run: |-\n          a\n          b", "a\nb"),
            ("run: >-\n          a\n          b", "a b"),
            ("run: |2-\n            a", "  a"),
        ]
    )
    func styles(line: String, text: String) throws {
        let runbook = try Runbook(parsing: oneJob(run: line), file: "f")
        #expect(runbook.jobs[0].run == text)
    }

    @Test(
        "values of templates and defaults keep the spelling they have",
        arguments: [
            "8080", "0x1F", "1_000", "yes", "1.50", "2024-01-01", "12:30", "''",
        ]
    )
    func spelling(text: String) throws {
        let runbook = try Runbook(
            parsing: oneJob(
                "environment: { A: \(text) }",
                top: "inputs: { a: { default: \(text) } }\n"
            ),
            file: "f"
        )
        let expected = text == "''" ? "" : text
        #expect(runbook.jobs[0].environment[0].template.source == expected)
        #expect(runbook.inputs[0].defaultValue == expected)
    }

    @Test("empty maps and lists where nothing is needed")
    func emptyCollections() throws {
        let text = oneJob("output: {}", "environment: {}", top: "inputs: {}\nenvironment: []\n")
        let runbook = try Runbook(parsing: text, file: "f")
        #expect(runbook.inputs.isEmpty && runbook.environment.isEmpty)
        #expect(runbook.jobs[0].output.isEmpty && runbook.jobs[0].environment.isEmpty)
    }

    @Test("JSON is YAML too")
    func json() throws {
        let text = #"{"name": "n", "blocks": [{"name": "b", "jobs": [{"name": "j", "run": "x"}]}]}"#
        #expect(try Runbook(parsing: text, file: "f").jobs[0].run == "x")
    }

    @Test("an error says where it is, in the form that editors know")
    func description() {
        let error = RunbookError(file: "a/b.yaml", line: 3, column: 7, message: "no")
        #expect("\(error)" == "a/b.yaml:3:7: no")
        #expect(error == RunbookError(file: "a/b.yaml", line: 3, column: 7, message: "no"))
        #expect(throws: RunbookError.self) { try Runbook(parsing: "", file: "x") }
    }
}
#endif
