#if CLI
@testable import DaybookRunbook
import Testing

@Suite("Template: syntax and rendering")
struct TemplateTests {
    /// A template without any check of its references.
    static func template(_ text: String) throws -> Template {
        Template(source: text, segments: try TemplateSyntax.parts(of: text).map(\.segment))
    }

    @Test(
        "segments",
        arguments: [
            ("", []),
            ("plain", [.text("plain")]),
            ("$A", [.variable("A")]),
            ("${A}", [.variable("A")]),
            ("$_a1", [.variable("_a1")]),
            ("$A$B", [.variable("A"), .variable("B")]),
            ("x$A-y", [.text("x"), .variable("A"), .text("-y")]),
            ("${A}b", [.variable("A"), .text("b")]),
            ("$A.b", [.variable("A"), .text(".b")]),
            ("$Aé", [.variable("A"), .text("é")]),
            ("$$", [.text("$")]),
            ("$$A", [.text("$A")]),
            ("$$$A", [.text("$"), .variable("A")]),
            ("$${{ inputs.a }}", [.text("${{ inputs.a }}")]),
            ("a}}b{{c", [.text("a}}b{{c")]),
            ("${{ inputs.a }}", [.input("a")]),
            ("${{inputs.a-b}}", [.input("a-b")]),
            ("${{\tinputs.a\n}}x", [.input("a"), .text("x")]),
            ("${{ outputs.j.k }}", [.output(job: "j", key: "k")]),
            ("${{ outputs.a.b.c }}", [.output(job: "a.b", key: "c")]),
            ("${{ outputs.é/x.c }}", [.output(job: "é/x", key: "c")]),
        ] as [(String, [Template.Segment])]
    )
    func segments(text: String, segments: [Template.Segment]) throws {
        #expect(try Self.template(text).segments == segments)
    }

    @Test(
        "syntax errors",
        arguments: [
            ("$", 0, "a dollar begins $NAME"),
            ("a $", 2, "write $$ for a dollar"),
            ("$5", 0, "a dollar begins"),
            ("ab$(x)", 2, "a dollar begins"),
            ("$-", 0, "a dollar begins"),
            ("$é", 0, "a dollar begins"),
            ("$$$", 2, "a dollar begins"),
            ("${A", 0, "} is missing"),
            ("x${}", 1, "\"\" is not the name of a variable"),
            ("${A:-b}", 0, "\"A:-b\" is not the name of a variable"),
            ("${1}", 0, "\"1\" is not the name"),
            ("${ A }", 0, "\" A \" is not the name"),
            ("${{ inputs.a }", 0, "}} is missing"),
            ("é${{", 1, "}} is missing"),
            ("${{ }}", 0, "\"\" is not an expression; write ${{ inputs.NAME }}"),
            ("${{ inputs }}", 0, "\"inputs\" is not an expression"),
            ("${{ inputs. }}", 0, "is not an expression"),
            ("${{ inputs.a.b }}", 0, "is not an expression"),
            ("${{ inputs.a b }}", 0, "\"inputs.a b\" is not an expression"),
            ("${{ outputs.k }}", 0, "is not an expression"),
            ("${{ outputs.j. }}", 0, "is not an expression"),
            ("${{ outputs..k }}", 0, "is not an expression"),
            ("${{ env.A }}", 0, "is not an expression"),
            ("${{ secrets.A }}", 0, "has it as an environment variable"),
            ("${{ each }}", 0, "${{ each.item }} or ${{ each.index }}"),
        ]
    )
    func syntaxErrors(text: String, offset: Int, words: String) throws {
        let fault = try #require(throws: TextFault.self) {
            try TemplateSyntax.parts(of: text)
        }
        #expect(fault.offset == offset)
        #expect(fault.message.contains(words), "\(fault.message)")
    }

    @Test("rendering replaces every reference, once")
    func rendering() throws {
        let template = try Self.template(
            "$A/${B}:${{ inputs.i }}:${{ outputs.x.y.k }}$$${{ inputs.i }}"
        )
        let text = try template.render(
            environment: ["A": "$B", "B": ""],
            inputs: ["i": "${{ inputs.i }}"],
            outputs: ["x.y": ["k": "; rm -rf /"]]
        )
        #expect(text == "$B/:${{ inputs.i }}:; rm -rf /$${{ inputs.i }}")
        #expect(try Self.template("").render(environment: [:]) == "")
    }

    @Test(
        "a reference without a value is an error that names it",
        arguments: [
            ("a $X b", .variable("X"), "$X is not set in the environment of the job"),
            ("${{ inputs.x }}", .input("x"), "${{ inputs.x }} has no value"),
            ("${{ outputs.j.k }}", .output(job: "j", key: "k"), "${{ outputs.j.k }} has no value"),
        ] as [(String, Template.Segment, String)]
    )
    func missing(text: String, segment: Template.Segment, words: String) throws {
        let template = try Self.template(text)
        let error = try #require(throws: TemplateError.self) {
            try template.render(environment: ["Y": ""], outputs: ["j": ["l": ""]])
        }
        #expect(error == TemplateError(source: text, missing: segment))
        #expect(error.description.contains(words), "\(error)")
    }

    @Test("a text is refused before it is larger than a payload, whatever its references come to")
    func tooLarge() throws {
        let half = String(repeating: "x", count: Template.limit / 2)
        let twice = try Self.template("${{ outputs.j.k }}${{ outputs.j.k }}")
        #expect(try twice.render(environment: [:], outputs: ["j": ["k": half]]) == half + half)
        let more = try Self.template("a${{ outputs.j.k }}${{ outputs.j.k }}")
        let error = try #require(throws: TemplateError.self) {
            try more.render(environment: [:], outputs: ["j": ["k": half]])
        }
        #expect(error.reason == .tooLarge)
        #expect(error.description.contains("larger than 16777216 bytes"))
    }

    @Test("a reference is written as it is read")
    func reference() throws {
        for text in ["a", "$A", "${{ inputs.a }}", "${{ outputs.a.b.c }}"] {
            #expect(try Self.template(text).segments.map(\.reference) == [text])
        }
    }
}
#endif
