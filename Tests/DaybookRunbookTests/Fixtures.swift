#if CLI
import DaybookRunbook
import Testing

/// Parses a text that has a fault, and gives it as `LINE:COLUMN: message`; nil if it has none.
func fault(in text: String) -> String? {
    do {
        _ = try Runbook(parsing: text, file: "f")
        return nil
    } catch {
        return String(error.description.dropFirst("f:".count))
    }
}

/// Checks that a text is refused at a place, with words that must be in the message.
func expectFault(
    _ text: String,
    _ place: String,
    _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let found = fault(in: text) ?? "no fault"
    #expect(found.hasPrefix("\(place): "), "\(found)", sourceLocation: sourceLocation)
    for word in words {
        #expect(found.contains(word), "\(found)", sourceLocation: sourceLocation)
    }
}

/// A runbook of one job, with more lines in it. The job's keys stand at column 9.
func oneJob(_ lines: String..., top: String = "", run: String = "run: echo") -> String {
    """
    name: demo
    \(top)blocks:
      - name: only
        jobs:
          - name: first
            \(run)
    """ + "\n" + lines.map { "        \($0)\n" }.joined()
}

/// A job at the column where ``oneJob(_:top:run:)`` has its own.
func job(_ name: String, _ lines: String...) -> String {
    "      - name: \(name)\n        run: echo\n" + lines.map { "        \($0)\n" }.joined()
}

/// Repeats a text.
func times(_ count: Int, _ text: String) -> String {
    String(repeating: text, count: count)
}
#endif
