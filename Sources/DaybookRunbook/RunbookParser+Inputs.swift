#if CLI
import Yams

extension RunbookParser {
    func inputs(_ node: Node) throws(RunbookError) -> [Runbook.Input] {
        var inputs: [Runbook.Input] = []
        var owners: [String: String] = [:]
        for entry in try reader.entries(of: node, "the inputs of the runbook") {
            try checkKey(entry.name, at: entry.key, "an input")
            let variable = EnvironmentName.forInput(entry.name)
            if let owner = owners.updateValue(entry.name, forKey: variable) {
                throw reader.error(
                    at: entry.key,
                    "the inputs \(quoted(owner)) and \(quoted(entry.name)) would both be the"
                        + " variable \(variable); rename one"
                )
            }
            inputs.append(try input(entry.name, entry.value))
        }
        return inputs
    }

    /// Checks the name of an input or the key of an output.
    func checkKey(_ name: String, at node: Node, _ what: String) throws(RunbookError) {
        guard EnvironmentName.isIdentifier(name), name.utf8.count <= NodeReader.nameLimit else {
            throw reader.error(
                at: node,
                "\(quoted(name)) can not name \(what): use up to \(NodeReader.nameLimit) letters,"
                    + " digits, _ and -, with a letter or _ first"
            )
        }
    }

    private func input(_ name: String, _ node: Node) throws(RunbookError) -> Runbook.Input {
        let fields = try Fields(of: node, .input, reader, what: "the input \(quoted(name))")
        let type = try fields["type"].map(valueType) ?? .string
        var isRequired = false
        if let flag = fields["required"] { isRequired = try reader.flag(flag, "\"required\"") }
        var defaultValue: String?
        if let node = fields["default"] {
            let what = "the default of \(quoted(name))"
            let value =
                if type == .list, case .sequence = node {
                    TextList.json(try textList(node, what))
                } else {
                    try reader.scalar(node, what).string
                }
            guard type.accepts(value) else {
                throw reader.error(
                    at: node,
                    "the default of \(quoted(name)) must be \(type.requirement), not"
                        + " \(quoted(value))"
                )
            }
            guard !isRequired else {
                throw reader.error(
                    at: node,
                    "the input \(quoted(name)) is required, so that its default is never used;"
                        + " leave out one of the two"
                )
            }
            defaultValue = value
        }
        return Runbook.Input(
            name: name,
            type: type,
            isRequired: isRequired,
            defaultValue: defaultValue,
            description: try description(fields)
        )
    }

    private func valueType(_ node: Node) throws(RunbookError) -> Runbook.Input.ValueType {
        let name = try reader.text(node, "\"type\"").string
        if let type = Runbook.Input.ValueType(rawValue: name) { return type }
        let known = Runbook.Input.ValueType.allCases.map(\.rawValue)
        let hint = nearest(to: name, among: known).map { "; did you mean \(quoted($0))?" }
        throw reader.error(
            at: node,
            "there is no type \(quoted(name))\(hint ?? "; a type is one of \(listed(known))")"
        )
    }
}
#endif
