#if CLI
import Yams

extension RunbookParser {
    func namedTemplate(
        _ name: String,
        _ node: Node
    ) throws(RunbookError) -> Runbook.NamedTemplate {
        let scalar = try reader.scalar(node, "the value of \(quoted(name))")
        do throws(TextFault) {
            let parts = try TemplateSyntax.parts(of: scalar.string)
            for part in parts {
                if let message = scope.fault(in: part.segment) {
                    throw TextFault(offset: part.offset, message: message)
                }
            }
            return Runbook.NamedTemplate(
                name: name,
                template: Template(source: scalar.string, segments: parts.map(\.segment))
            )
        } catch {
            throw reader.source.error(
                at: reader.source.position(of: error.offset, in: scalar),
                error.message
            )
        }
    }

    /// Text for a shell, which must not have expressions in it.
    ///
    /// A value that is pasted into shell text is read by the shell: a name with a semicolon would
    /// run whatever follows it. In a variable it stays data.
    func shellText(_ node: Node, _ what: String) throws(RunbookError) -> String {
        let scalar = try reader.filledText(node, what)
        let text = scalar.string.unicodeScalars
        guard let start = Self.firstExpression(in: text) else { return scalar.string }
        let offset = text.distance(from: text.startIndex, to: start)
        throw reader.source.error(
            at: reader.source.position(of: offset, in: scalar),
            "${{ … }} is not replaced in \(what): values come as environment variables there, so"
                + " that a shell never reads them as commands; \(Self.advice(text[start...]))"
        )
    }

    private static func firstExpression(
        in text: String.UnicodeScalarView
    ) -> String.UnicodeScalarView.Index? {
        text.indices.first { text[$0] == "$" && text[$0...].starts(with: "${{".unicodeScalars) }
    }

    /// Which variable to use in place of an expression.
    private static func advice(_ text: Substring.UnicodeScalarView) -> String {
        let inner = text.dropFirst("${{".count)
        let end = inner.indices.first { inner[$0...].starts(with: "}}".unicodeScalars) }
        let expression = String(inner[..<(end ?? inner.startIndex)])
        let segment: Template.Segment?
        do throws(TextFault) {
            segment = try Template.Segment(expression: expression, at: 0)
        } catch {
            segment = nil
        }
        switch segment {
        case .eachItem: return "use \"$\(EnvironmentName.eachItem)\""
        case .eachIndex: return "use \"$\(EnvironmentName.eachIndex)\""
        case .input(let name):
            return "use \"$\(EnvironmentName.forInput(name))\""
        case .output(let job, let key):
            return "use \"$\(EnvironmentName.forOutput(key, ofJob: job))\""
        default:
            return "use \"$INPUT_…\" for an input and \"$OUTPUT_…\" for an output"
        }
    }
}
#endif
