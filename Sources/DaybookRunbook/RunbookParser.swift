#if CLI
import Yams

extension Runbook {
    /// Reads and checks a runbook.
    /// - Parameter text: YAML, one document. A byte order mark and any ends of lines will do.
    /// - Parameter file: the name of the file, for errors.
    /// - Throws: ``RunbookError`` for the first fault.
    package init(parsing text: String, file: String) throws(RunbookError) {
        let source = SourceText(text, file: file)
        let root = try YAMLDocument.root(of: source)
        var parser = RunbookParser(reader: NodeReader(source: source))
        self = try parser.runbook(root)
    }
}

/// Makes a runbook of YAML nodes.
struct RunbookParser {
    let reader: NodeReader
    /// What templates can refer to, as far as the text has been read.
    var scope = TemplateScope()
    /// Names of the secrets that jobs may ask for.
    var secrets: [String] = []
    /// Names of the signals that are waited for, as far as the text has been read.
    var signals: Set<String> = []

    init(reader: NodeReader) {
        self.reader = reader
    }

    mutating func runbook(_ node: Node) throws(RunbookError) -> Runbook {
        let fields = try Fields(of: node, .runbook, reader)
        let name = try reader.name(fields.required("name"), "the name of the runbook")
        let description = try description(fields)
        let inputs = try fields["inputs"].map(inputs) ?? []
        scope = TemplateScope(
            inputs: inputs.map(\.name),
            lists: Set(inputs.filter { $0.type == .list }.map(\.name))
        )
        secrets = try fields["secrets"].map(declaredSecrets) ?? []
        let environment = try fields["environment"].map(callerEnvironment) ?? []
        let blocks = try blocks(fields.required("blocks"))
        let onFailure = try fields["on_failure"].map { node throws(RunbookError) in
            try jobsOnFailure(node)
        }
        return Runbook(
            name: name,
            description: description,
            inputs: inputs,
            environment: environment,
            secrets: secrets,
            blocks: blocks,
            onFailure: onFailure ?? []
        )
    }

    func description(_ fields: Fields) throws(RunbookError) -> String? {
        guard let node = fields["description"] else { return nil }
        return try reader.text(node, "a description").string
    }

    private func callerEnvironment(_ node: Node) throws(RunbookError) -> [String] {
        var names: [String] = []
        var seen: Set<String> = []
        for item in try reader.items(of: node, "the environment of the runbook") {
            let name = try reader.text(item, "the name of a variable").string
            try checkVariable(name, at: item)
            try checkIsNoSecret(name, at: item)
            guard seen.insert(name).inserted else {
                throw reader.error(
                    at: item,
                    "the variable \(quoted(name)) is in the list already"
                )
            }
            names.append(name)
        }
        return names
    }

    func checkVariable(_ name: String, at node: Node) throws(RunbookError) {
        guard EnvironmentName.isValid(name) else {
            throw reader.error(
                at: node,
                "\(quoted(name)) is not the name of a variable: it must be letters, digits and _,"
                    + " and not begin with a digit"
            )
        }
        guard !EnvironmentName.isOfJournalKey(name) else {
            throw reader.error(at: node, EnvironmentName.journalKeyFault(name))
        }
        guard !EnvironmentName.isReserved(name) else {
            throw reader.error(
                at: node,
                "the variable \(quoted(name)) is set by Daybook: choose a name that is not"
                    + " WORKSPACE and does not begin with INPUT_, OUTPUT_, EACH_ or DAYBOOK_"
            )
        }
    }
}
#endif
