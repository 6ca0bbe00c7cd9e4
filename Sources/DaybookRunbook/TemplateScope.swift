#if CLI
/// What a template can refer to at its place in a runbook.
struct TemplateScope {
    /// The inputs of the runbook, in order.
    private let inputs: [String]
    private let inputNames: Set<String>
    private let inputVariables: Set<String>
    /// The jobs of the whole runbook, also those that come later.
    var allJobs: Set<String> = []
    /// The names of the jobs so far, by what they are called in the names of variables.
    private(set) var jobs: [String: String] = [:]
    /// The outputs so far, as `JOB.KEY`, by their variables.
    private(set) var outputVariables: [String: String] = [:]
    /// The keys of the outputs so far, by job.
    private var outputKeys: [String: [String]] = [:]
    /// Jobs that run side by side with the one that is read: they may not have ended.
    private var concurrent: Set<String> = []
    /// Whether jobs run for elements here.
    var isInEach = false

    /// The inputs that are lists.
    let lists: Set<String>

    init(inputs: [String] = [], lists: Set<String> = []) {
        self.inputs = inputs
        self.lists = lists
        inputNames = Set(inputs)
        inputVariables = Set(inputs.map(EnvironmentName.forInput))
    }

    /// - Parameter isConcurrent: those that come next do not know whether it has ended, until
    ///   ``endBlock()``.
    mutating func add(_ job: Runbook.Job, isConcurrent: Bool = false) {
        add(job.name, keys: job.output.map(\.name))
        if isConcurrent { concurrent.insert(job.name) }
    }

    /// Adds something that has outputs.
    mutating func add(_ name: String, keys: [String]) {
        jobs[EnvironmentName.mapped(name)] = name
        outputKeys[name] = keys
        for key in keys {
            outputVariables[EnvironmentName.forOutput(key, ofJob: name)] = "\(name).\(key)"
        }
    }

    /// All jobs of a block have been read: later ones come after them.
    mutating func endBlock() {
        concurrent = []
        isInEach = false
    }

    /// What is wrong with a reference; nil if it can have a value.
    func fault(in segment: Template.Segment) -> String? {
        switch segment {
        case .text: nil
        case .input(let name): inputNames.contains(name) ? nil : unknownInput(name)
        case .output(let job, let key): outputFault(job, key)
        case .eachItem, .eachIndex:
            isInEach
                ? nil : "\(segment.reference) has a value only in a block that has \"each\""
        case .variable(let name): variableFault(name)
        }
    }

    private func unknownInput(_ name: String) -> String {
        let found = "the runbook has no input \(quoted(name))"
        if let near = nearest(to: name, among: inputs) {
            return "\(found); did you mean \(quoted(near))?"
        }
        return inputs.isEmpty ? found : "\(found); it has \(listed(inputs))"
    }

    private func outputFault(_ job: String, _ key: String) -> String? {
        guard let keys = outputKeys[job] else {
            if allJobs.contains(job) {
                return
                    "the job \(quoted(job)) has no outputs yet: only a job that comes earlier"
                    + " can be referred to"
            }
            let hint = nearest(to: job, among: outputKeys.keys.sorted())
            return "there is no job \(quoted(job))"
                + (hint.map { "; did you mean \(quoted($0))?" } ?? "")
        }
        if concurrent.contains(job) { return concurrencyFault(job) }
        guard !keys.contains(key) else { return nil }
        let found = "the job \(quoted(job)) has no output \(quoted(key))"
        if let near = nearest(to: key, among: keys) {
            return "\(found); did you mean \(quoted(near))?"
        }
        return keys.isEmpty ? "\(found): it has none" : "\(found); it has \(listed(keys))"
    }

    private func concurrencyFault(_ job: String) -> String {
        "the job \(quoted(job)) runs side by side with this one, and may not have ended; put them"
            + " into different blocks, or leave out \"limit\""
    }

    /// Variables that Daybook sets are known here; all others are looked up when a job runs.
    private func variableFault(_ name: String) -> String? {
        // Names are listed only where there is a fault: a runbook may have thousands.
        let known: [String]
        if name.hasPrefix(EnvironmentName.inputPrefix) {
            if inputVariables.contains(name) { return nil }
            known = inputs.map(EnvironmentName.forInput)
        } else if name.hasPrefix(EnvironmentName.outputPrefix) {
            if let owner = outputVariables[name] {
                let job = String(owner[..<(owner.lastIndex(of: ".") ?? owner.endIndex)])
                return concurrent.contains(job) ? concurrencyFault(job) : nil
            }
            known = outputVariables.keys.sorted()
        } else if name.hasPrefix(EnvironmentName.eachPrefix) {
            known = isInEach ? [EnvironmentName.eachItem, EnvironmentName.eachIndex] : []
            if known.contains(name) { return nil }
            if known.isEmpty {
                return
                    "the variable \(quoted(name)) is set only in a block that has \"each\""
            }
        } else if EnvironmentName.isOfJournalKey(name) {
            return EnvironmentName.journalKeyFault(name)
        } else {
            return nil
        }
        let found = "the variable \(quoted(name)) is never set here"
        if let near = nearest(to: name, among: known) {
            return "\(found); did you mean \(quoted(near))?"
        }
        return known.isEmpty ? found : "\(found); there are \(listed(known))"
    }
}
#endif
