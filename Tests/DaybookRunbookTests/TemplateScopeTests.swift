#if CLI
import DaybookRunbook
import Testing

@Suite("Template: references to what there is")
struct TemplateScopeTests {
    static let inputs = "inputs: { name: {}, dry-run: {} }\n"

    /// A runbook whose second job has a template at line 11, column 27.
    static func text(_ template: String) -> String {
        oneJob("output: { url: x, code: y }", top: inputs)
            + job("second", "environment: { A: \"\(template)\" }", "output: { own: x }")
            + job("third", "output: { own: x }")
    }

    @Test(
        "references that can have a value",
        arguments: [
            "${{ inputs.name }}", "${{ inputs.dry-run }}", "${{ outputs.first.url }}",
            "$INPUT_NAME",
            "${INPUT_DRY_RUN}", "$OUTPUT_FIRST_CODE", "$HOME", "$WORKSPACE", "$DAYBOOK_X", "$INPUT",
            "$input_x", "$$INPUT_X",
        ]
    )
    func known(template: String) {
        #expect(fault(in: Self.text(template)) == nil)
    }

    @Test(
        "references that can not",
        arguments: [
            ("${{ inputs.nam }}", "the runbook has no input \"nam\"; did you mean \"name\"?"),
            ("${{ inputs.other }}", "no input \"other\"; it has \"name\" and \"dry-run\""),
            ("${{ outputs.first.ur }}", "no output \"ur\"; did you mean \"url\"?"),
            ("${{ outputs.first.other }}", "no output \"other\"; it has \"url\" and \"code\""),
            ("${{ outputs.frist.url }}", "there is no job \"frist\"; did you mean \"first\"?"),
            ("${{ outputs.nowhere.url }}", "there is no job \"nowhere\""),
            ("${{ outputs.second.own }}", "the job \"second\" has no outputs yet"),
            ("${{ outputs.third.own }}", "only a job that comes earlier"),
            ("$INPUT_NAM", "\"INPUT_NAM\" is never set here; did you mean \"INPUT_NAME\"?"),
            ("$INPUT_X", "there are \"INPUT_NAME\" and \"INPUT_DRY_RUN\""),
            ("${INPUT_}", "is never set here"),
            ("$OUTPUT_FIRST", "is never set here"),
            ("$OUTPUT_SECOND_OWN", "is never set here"),
            ("$OUTPUT_THIRD_OWN", "is never set here"),
            ("$EACH_TARGET", "is set only in a block that has \"each\""),
            ("${{ each.item }}", "has a value only in a block that has \"each\""),
        ]
    )
    func unknown(template: String, words: String) {
        expectFault(Self.text(template), "11:28", words)
    }

    @Test("the place is that of the reference")
    func place() {
        expectFault(Self.text("$A $$ ${{ inputs.x }}"), "11:34")
        expectFault(Self.text("$A ${INPUT_X}"), "11:31")
    }

    @Test("a runbook without inputs and outputs")
    func nothingDeclared() {
        expectFault(oneJob("output: { a: $INPUT_A }"), "7:22", "is never set here")
        expectFault(oneJob("output: { a: $OUTPUT_A }"), "7:22", "is never set here")
        expectFault(oneJob("output: { a: \"${{ inputs.a }}\" }"), "7:23", "has no input \"a\"")
        expectFault(
            oneJob() + job("b", "output: { a: \"${{ outputs.first.a }}\" }"),
            "9:23",
            "no output \"a\": it has none"
        )
    }

    @Test(
        "no expressions in shell text: the message names the variable",
        arguments: [
            ("${{ inputs.dry-run }}", "use \"$INPUT_DRY_RUN\""),
            ("${{ outputs.repo.creation.url }}", "use \"$OUTPUT_REPO_CREATION_URL\""),
            ("${{ secrets.x }}", "use \"$INPUT_…\" for an input"),
            ("${{ inputs.x", "use \"$INPUT_…\" for an input"),
            ("${{", "use \"$INPUT_…\" for an input"),
            ("'${{ inputs.a }}' # quoted", "use \"$INPUT_A\""),
        ]
    )
    func shellText(text: String, words: String) {
        for key in ["run", "verify"] {
            let lines = key == "run" ? "run: |" : "run: echo\n        verify: |"
            let found = fault(in: oneJob(run: "\(lines)\n          echo \(text)\n")) ?? "no fault"
            #expect(found.contains("${{ … }} is not replaced in \"\(key)\""), "\(found)")
            #expect(found.contains("values come as environment variables"), "\(found)")
            #expect(found.contains(words), "\(found)")
        }
    }

    @Test(
        "shell text may have any other dollar",
        arguments: [
            "echo $5 ${X:-y} $(date) $$ ${X} {{ }} $ {{", "awk '{ print $1 }'", "$", "${ {",
        ]
    )
    func shellDollars(text: String) throws {
        let runbook = try Runbook(
            parsing: oneJob(run: "run: |-\n          \(text)"),
            file: "f"
        )
        #expect(runbook.jobs[0].run == text)
    }
}
#endif
