#if CLI
import Yams

extension RunbookParser {
    mutating func blocks(_ node: Node) throws(RunbookError) -> [Runbook.Block] {
        let items = try filledList(node, "the runbook", of: "block")
        scope.allJobs = Self.jobNames(items)
        var blocks: [Runbook.Block] = []
        for item in items {
            let fields = try Fields(of: item, .block, reader)
            let name = try reader.name(fields.required("name"), "the name of a block")
            let description = try description(fields)
            var jobs: [Runbook.Job] = []
            for job in try filledList(fields.required("jobs"), "a block", of: "job") {
                jobs.append(try self.job(job))
            }
            blocks.append(Runbook.Block(name: name, description: description, jobs: jobs))
        }
        return blocks
    }

    private func filledList(
        _ node: Node,
        _ owner: String,
        of item: String
    ) throws(RunbookError) -> [Node] {
        let items = try reader.items(of: node, "\"\(item)s\"")
        guard !items.isEmpty else {
            throw reader.error(at: node, "\(owner) must have at least one \(item)")
        }
        return items
    }

    private mutating func job(_ node: Node) throws(RunbookError) -> Runbook.Job {
        let fields = try Fields(of: node, .job, reader)
        let name = try jobName(fields.required("name"))
        let description = try description(fields)
        let run = try shellText(fields.required("run"), "\"run\"")
        var verify: String?
        if let node = fields["verify"] { verify = try shellText(node, "\"verify\"") }
        var output: [Runbook.NamedTemplate] = []
        if let node = fields["output"] { output = try outputs(node, ofJob: name) }
        let job = Runbook.Job(
            name: name,
            description: description,
            run: run,
            verify: verify,
            output: output,
            environment: try fields["environment"].map(jobEnvironment) ?? []
        )
        // Only now: a job can not refer to what it gives itself.
        scope.add(job)
        return job
    }

    private func jobName(_ node: Node) throws(RunbookError) -> String {
        let name = try reader.name(node, "the name of a job")
        guard let other = scope.jobs[EnvironmentName.mapped(name)] else { return name }
        if other == name {
            throw reader.error(
                at: node,
                "there is a job \(quoted(name)) already; the name of a job is unique in the whole"
                    + " runbook"
            )
        }
        let variables = "\(EnvironmentName.outputPrefix)\(EnvironmentName.mapped(name))_…"
        throw reader.error(
            at: node,
            "the outputs of the jobs \(quoted(other)) and \(quoted(name)) would have the same"
                + " variables \(variables); rename one"
        )
    }

    private func outputs(
        _ node: Node,
        ofJob job: String
    ) throws(RunbookError) -> [Runbook.NamedTemplate] {
        var outputs: [Runbook.NamedTemplate] = []
        var owners: [String: String] = [:]
        for entry in try reader.entries(of: node, "\"output\"") {
            try checkKey(entry.name, at: entry.key, "an output")
            let variable = EnvironmentName.forOutput(entry.name, ofJob: job)
            let reference = "\(job).\(entry.name)"
            if let owner = scope.outputVariables[variable] ?? owners[variable] {
                throw reader.error(
                    at: entry.key,
                    "the outputs \(quoted(owner)) and \(quoted(reference)) would both be the"
                        + " variable \(variable); rename one"
                )
            }
            owners[variable] = reference
            outputs.append(try namedTemplate(entry.name, entry.value))
        }
        return outputs
    }

    private func jobEnvironment(
        _ node: Node
    ) throws(RunbookError) -> [Runbook.NamedTemplate] {
        var variables: [Runbook.NamedTemplate] = []
        for entry in try reader.entries(of: node, "the environment of a job") {
            try checkVariable(entry.name, at: entry.key)
            variables.append(try namedTemplate(entry.name, entry.value))
        }
        return variables
    }

    /// The names of all jobs, to tell a reference to a later one from a misspelt one.
    private static func jobNames(_ blocks: [Node]) -> Set<String> {
        var names: Set<String> = []
        for block in blocks {
            guard case .sequence(let jobs) = block.mapping?["jobs"] else { continue }
            for job in jobs {
                if case .scalar(let name) = job.mapping?["name"] { names.insert(name.string) }
            }
        }
        return names
    }
}
#endif
