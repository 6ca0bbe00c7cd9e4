import DaybookFormat

/// Types of tasks, tasks, and the runbooks that they may run.
package struct Tasks: Sendable {
    private var types: [UInt64: KeptTaskType] = [:]
    private var typeNumbers: [Name: UInt64] = [:]
    private var all: [UInt64: KeptTask] = [:]
    /// The first of those that are the same.
    private var same: [KeptTask.Key: UInt64] = [:]
    private var runbooks: [UInt64: KeptRunbook] = [:]
    private var runbookNumbers: [Name: UInt64] = [:]

    // MARK: Looking

    /// How many tasks there are.
    package var count: Int { all.count }
    /// The numbers of all tasks, ascending.
    package var numbers: [UInt64] { all.keys.sorted() }
    /// All types, in the order of their names.
    package var typesInOrder: [KeptTaskType] {
        types.values.sorted { $0.definition.name < $1.definition.name }
    }
    /// All runbooks, in the order of their names.
    package var runbooksInOrder: [KeptRunbook] { runbooks.values.sorted { $0.name < $1.name } }

    /// A task; nil: there is none, or it is archived.
    package subscript(number: UInt64) -> KeptTask? { all[number] }
    /// A type.
    package func type(_ number: UInt64) -> KeptTaskType? { types[number] }
    /// The type of a name.
    package func type(named name: Name) -> KeptTaskType? { typeNumbers[name].flatMap { types[$0] } }
    /// The stored runbook of a name.
    package func runbook(named name: Name) -> KeptRunbook? {
        runbookNumbers[name].flatMap { runbooks[$0] }
    }
    /// A task that is the same.
    func task(with key: KeptTask.Key) -> UInt64? { same[key] }

    /// The numbers of the items of its section of a snapshot, in order.
    var items: [UInt64] { (Array(types.keys) + Array(all.keys) + Array(runbooks.keys)).sorted() }

    // MARK: Changing

    /// A task in the place of what it was; nil: it is not kept any more.
    mutating func put(_ task: KeptTask?, at number: UInt64) {
        let before = all[number]
        count(before, -1)
        count(task, 1)
        if let task {
            if before == nil, same[task.key] == nil { same[task.key] = number }
        } else if let before {
            if same[before.key] == number { same[before.key] = nil }
        }
        all[number] = task
    }

    private mutating func count(_ task: KeptTask?, _ step: Int) {
        guard let task, task.run != nil else { return }
        if task.priority == nil {
            types[task.type]?.length += step
        } else {
            types[task.type]?.lengthPrioritised += step
        }
    }

    mutating func add(_ type: KeptTaskType) throws(WireError) {
        guard typeNumbers.updateValue(type.number, forKey: Name(type.definition.name)) == nil else {
            throw WireError("the task type \(type.definition.name) is registered twice")
        }
        types[type.number] = type
    }

    mutating func putRunbook(_ runbook: KeptRunbook?, at number: UInt64) {
        if let runbook {
            runbookNumbers[runbook.name] = number
        } else if let before = runbooks[number] {
            runbookNumbers[before.name] = nil
        }
        runbooks[number] = runbook
    }

    func runbook(at number: UInt64) -> KeptRunbook? { runbooks[number] }

    /// Is again what it was before a batch.
    mutating func restore(_ notes: TaskNotes) {
        // One that it has created may be the same as one that it has archived.
        for (number, task) in notes.tasks where task == nil { put(nil, at: number) }
        for (number, task) in notes.tasks { if let task { put(task, at: number) } }
        for (number, runbook) in notes.runbooks { putRunbook(runbook, at: number) }
        for number in notes.newTypes {
            if let type = types.removeValue(forKey: number) {
                typeNumbers[Name(type.definition.name)] = nil
            }
        }
    }
}

/// A runbook that is stored.
package struct KeptRunbook: Sendable, Hashable {
    /// The entry of its first version.
    package let number: UInt64
    /// Its name.
    package let name: Name
    /// The number of the newest version, from 1.
    package internal(set) var version: UInt64
    /// SHA-256 of its text.
    package internal(set) var digest: [UInt8]
    /// The entry that holds it.
    package internal(set) var last: UInt64
}

/// What a batch that is not yet on the disk has changed of tasks, as it was before.
struct TaskNotes: Sendable {
    /// Nil: it was not there.
    var tasks: [UInt64: KeptTask?] = [:]
    var runbooks: [UInt64: KeptRunbook?] = [:]
    var newTypes: [UInt64] = []

    var isEmpty: Bool { tasks.isEmpty && runbooks.isEmpty && newTypes.isEmpty }
}
