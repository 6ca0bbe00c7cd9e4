#if CLI
/// Values for a runbook's inputs that do not fit what it declares.
package enum InputError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A value for an input that is not declared.
    case unknown(name: String, known: [String])
    /// Required inputs without a value, in the order of their declaration.
    case missing(names: [String])
    /// A value that is not of the declared type.
    case mismatch(name: String, value: String, type: Runbook.Input.ValueType)
    /// A value with a NUL in it, which no environment variable can hold.
    case containsNull(name: String)

    /// What was given, what is wrong with it and what to do.
    package var description: String {
        switch self {
        case .unknown(let name, let known):
            let found = "the runbook has no input \(quoted(name))"
            if known.isEmpty { return "\(found): it has no inputs at all" }
            if let near = nearest(to: name, among: known) {
                return "\(found); did you mean \(quoted(near))? It has \(listed(known))"
            }
            return "\(found); it has \(listed(known))"
        case .missing(let names):
            let noun = names.count == 1 ? "input" : "inputs"
            let options = names.map { "--input \($0)=…" }.joined(separator: " ")
            return "the required \(noun) \(listed(names)) must be given: \(options)"
        case .mismatch(let name, let value, let type):
            return "the input \(quoted(name)) must be \(type.requirement), not \(quoted(value))"
        case .containsNull(let name):
            return "the input \(quoted(name)) contains a NUL, which no environment variable can"
                + " hold; give it without"
        }
    }
}
#endif
