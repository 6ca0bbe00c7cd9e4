#if CLI
import Yams

extension YAMLDocument {
    /// Turns what Yams throws into an error of ours.
    static func runbookError(for error: any Error, in source: SourceText) -> RunbookError {
        let start = Position(line: 1, column: 1)
        guard let error = error as? YamlError else {
            return source.error(at: start, "YAML can not be read: \(error)")
        }
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            if problem == "but found another document" {
                return source.error(
                    at: Position(mark),
                    "a second document begins here; a runbook is a single one in a file"
                )
            }
            // LibYAML takes the end of a text for a line of its own.
            let end = source.position(at: source.text.endIndex)
            return source.error(
                at: mark.line > end.line ? end : Position(mark),
                message(problem, context, mark, source)
            )
        case .duplicatedKeysInMapping(let names, let context):
            return duplicate(names.first ?? "", first: Position(context.mark), in: source)
        case .reader(let problem, _, _, _), .writer(let problem), .emitter(let problem),
            .representer(let problem):
            return source.error(at: start, "YAML can not be read: \(problem)")
        case .memory:
            return RunbookError(
                file: source.file,
                line: start.line,
                column: start.column,
                message: "there is not enough memory to read it; end something, then try again",
                isShortage: true
            )
        case .no, .dataCouldNotBeDecoded:
            return source.error(at: start, "YAML can not be read")
        }
    }

    private static func message(
        _ problem: String,
        _ context: YamlError.Context?,
        _ mark: Mark,
        _ source: SourceText
    ) -> String {
        if problem.hasPrefix("Maximum nesting level") { return "YAML: it is nested too deeply" }
        if source.line(mark.line).dropFirst(mark.column - 1).first == "\t" {
            return "YAML: a tab can not indent a line; use spaces"
        }
        guard let context, (context.mark.line, context.mark.column) != (mark.line, mark.column)
        else { return "YAML: \(problem)" }
        let place = "line \(context.mark.line), column \(context.mark.column)"
        return "YAML: \(problem), \(context.text) that begins at \(place)"
    }

    /// Yams says only where a key is given first: the second is looked for in the text.
    ///
    /// In block style the keys of a mapping begin in the same column, and everything that belongs
    /// to their values is further in. Where that leads nowhere, the place is that of the first.
    private static func duplicate(
        _ name: String,
        first: Position,
        in source: SourceText
    ) -> RunbookError {
        let key = Array(name.unicodeScalars)
        let indentation = first.column - 1
        for (offset, line) in source.lines(from: first.line + 1).enumerated() {
            guard let depth = line.firstIndex(where: { $0 != " " }), line[depth] != "#" else {
                continue
            }
            if depth < indentation { break }
            let rest = line[depth...]
            if depth == indentation, rest.starts(with: key),
                rest.dropFirst(key.count).first(where: { $0 != " " }) == ":"
            {
                return source.error(
                    at: Position(line: first.line + 1 + offset, column: first.column),
                    "the key \(quoted(name)) is there already, on line \(first.line)"
                )
            }
        }
        return source.error(
            at: first,
            "the key \(quoted(name)) is given more than once in this mapping"
        )
    }
}
#endif
