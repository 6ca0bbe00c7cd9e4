#if CLI
import Yams

extension RunbookParser {
    mutating func blocks(_ node: Node) throws(RunbookError) -> [Runbook.Block] {
        let items = try filledList(node, "the runbook", of: "block")
        scope.allJobs = Self.jobNames(items)
        var blocks: [Runbook.Block] = []
        for item in items {
            let block = try block(item)
            if let last = blocks.last, last.isAlways, !block.isAlways {
                throw reader.error(
                    at: item,
                    "the block \(quoted(block.name)) comes after \(quoted(last.name)), which runs"
                        + " always; blocks that run always come last"
                )
            }
            blocks.append(block)
        }
        return blocks
    }

    private mutating func block(_ node: Node) throws(RunbookError) -> Runbook.Block {
        let fields = try Fields(of: node, .block, reader)
        let name = try reader.name(fields.required("name"), "the name of a block")
        let description = try description(fields)
        var block: Runbook.Block
        if let approval = fields["approval"] {
            for key in ["jobs", "each", "limit", "failFast"] where fields[key] != nil {
                throw reader.error(
                    at: node,
                    "a block has either \"approval\" or \(quoted(key)); make two blocks of it"
                )
            }
            block = Runbook.Block(name: name, description: description, jobs: [])
            block.approval = try self.approval(approval)
            if let signal = block.approval?.signal, !signals.insert(signal).inserted {
                throw reader.error(
                    at: approval,
                    "another block waits for the signal \(quoted(signal)) already; give each its own"
                        + " name"
                )
            }
            try checkApproval(name, at: fields.required("name"))
            // Others refer to what was signalled as to the output of a job.
            scope.add(try jobName(fields.required("name")), keys: [Runbook.Approval.key])
        } else {
            block = try jobs(of: node, fields, name, description)
        }
        block.line = Position(node.mark).line
        if let flag = fields["failFast"] {
            block.failsFast = try reader.flag(flag, "\"failFast\"")
        }
        if let flag = fields["always"] {
            block.isAlways = try reader.flag(flag, "\"always\"")
            if block.isAlways, let job = block.jobs.first(where: { $0.undo != nil }) {
                throw reader.error(
                    at: flag,
                    "the job \(quoted(job.name)) has \"undo\", and its block runs always: what runs in each attempt is"
                        + " not undone; leave out one of the two"
                )
            }
        }
        if let node = fields["continueOnError"] {
            block.continuesOnError = try reader.flag(node, "\"continueOnError\"")
            if block.isAlways, block.continuesOnError {
                throw reader.error(
                    at: node,
                    "a block that runs always is followed by the next one anyway; leave out one of"
                        + " the two"
                )
            }
        }
        return block
    }

    /// Bytes that are left in the names of operations for what is added to that of a block.
    private static let approvalNameLimit = 200

    private func checkApproval(_ name: String, at node: Node) throws(RunbookError) {
        let count = name.utf8.count
        guard count <= Self.approvalNameLimit else {
            throw reader.error(
                at: node,
                "the name of a block with an approval has \(count) bytes; it may have"
                    + " \(Self.approvalNameLimit)"
            )
        }
        let variable = EnvironmentName.forOutput(Runbook.Approval.key, ofJob: name)
        guard let owner = scope.outputVariables[variable] else { return }
        throw reader.error(
            at: node,
            "what approves the block \(quoted(name)) and the output \(quoted(owner)) would both be"
                + " the variable \(variable); rename one"
        )
    }

    private mutating func jobs(
        of node: Node,
        _ fields: Fields,
        _ name: String,
        _ description: String?
    ) throws(RunbookError) -> Runbook.Block {
        guard let list = fields["jobs"] else {
            throw reader.error(
                at: node,
                "a block must have the key \"jobs\", or \"approval\""
            )
        }
        let each = try fields["each"].map { node throws(RunbookError) in try self.each(node) }
        let limit = try fields["limit"].map { node throws(RunbookError) in
            // Below 1 counts as 1.
            max(1, try count(node, "\"limit\"", Int(Int32.min)...10_000))
        }
        let isConcurrent = each == nil && limit ?? 1 > 1
        scope.isInEach = each != nil
        var jobs: [Runbook.Job] = []
        for job in try filledList(list, "a block", of: "job") {
            jobs.append(try self.job(job, isConcurrent: isConcurrent))
        }
        scope.endBlock()
        var block = Runbook.Block(name: name, description: description, jobs: jobs)
        block.each = each
        block.limit = limit ?? 1
        return block
    }

    /// The jobs that run once the run has ended badly: what they do is not undone.
    mutating func jobsOnFailure(_ node: Node) throws(RunbookError) -> [Runbook.Job] {
        var jobs: [Runbook.Job] = []
        for item in try filledList(node, "\"on_failure\"", of: "job", key: "on_failure") {
            if let undo = item.mapping?["undo"] {
                throw reader.error(
                    at: undo,
                    "a job of \"on_failure\" has no \"undo\": it runs after what is undone"
                )
            }
            jobs.append(try job(item, isConcurrent: false))
        }
        return jobs
    }

    private func filledList(
        _ node: Node,
        _ owner: String,
        of item: String,
        key: String? = nil
    ) throws(RunbookError) -> [Node] {
        let items = try reader.items(of: node, "\"\(key ?? item + "s")\"")
        guard !items.isEmpty else {
            throw reader.error(at: node, "\(owner) must have at least one \(item)")
        }
        return items
    }

    private mutating func job(
        _ node: Node,
        isConcurrent: Bool
    ) throws(RunbookError) -> Runbook.Job {
        let fields = try Fields(of: node, .job, reader)
        let name = try jobName(fields.required("name"))
        let description = try description(fields)
        let run = try shellText(fields.required("run"), "\"run\"")
        var verify: String?
        if let node = fields["verify"] { verify = try shellText(node, "\"verify\"") }
        var output: [Runbook.NamedTemplate] = []
        if let node = fields["output"] { output = try outputs(node, ofJob: name) }
        var job = Runbook.Job(
            name: name,
            description: description,
            run: run,
            verify: verify,
            output: output,
            environment: try fields["environment"].map(jobEnvironment) ?? []
        )
        if let node = fields["secrets"] { job.secrets = try jobSecrets(node) }
        if let node = fields["undo"] { job.undo = try shellText(node, "\"undo\"") }
        if let node = fields["retry"] { try retry(node, of: &job) }
        if let node = fields["fatal"] {
            job.fatalStatuses = try statuses(node, "\"fatal\"")
            let both = job.fatalStatuses.intersection(job.retriedStatuses)
            if let status = both.min() {
                throw reader.error(
                    at: node,
                    "the exit status \(status) is to be tried again, and to end the run; leave out one"
                        + " of the two"
                )
            }
        }
        job.timeout = try fields["timeout"].map { node throws(RunbookError) in
            try self.timeout(node, "\"timeout\"")
        }
        job.line = Position(node.mark).line
        if let node = fields["onDoubt"] { job.onDoubt = try doubtPolicy(node) }
        // Only now: a job can not refer to what it gives itself.
        scope.add(job, isConcurrent: isConcurrent)
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
            try checkIsNoSecret(entry.name, at: entry.key)
            variables.append(try namedTemplate(entry.name, entry.value))
        }
        return variables
    }

    /// The names of all jobs, to tell a reference to a later one from a misspelt one.
    private static func jobNames(_ blocks: [Node]) -> Set<String> {
        var names: Set<String> = []
        for block in blocks {
            if block.mapping?["approval"] != nil, case .scalar(let name) = block.mapping?["name"] {
                names.insert(name.string)
            }
            guard case .sequence(let jobs) = block.mapping?["jobs"] else { continue }
            for job in jobs {
                if case .scalar(let name) = job.mapping?["name"] { names.insert(name.string) }
            }
        }
        return names
    }
}
#endif
