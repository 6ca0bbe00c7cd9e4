import DaybookFormat

@testable import DaybookModel

/// Types of tasks, tasks, and their runs, which are executions among the others.
extension RandomWalk {
    mutating func useTasks() throws {
        try syncTasks()
        switch Int.random(in: 0..<16, using: &generator) {
        case 0..<2: try registerType()
        case 2..<5: try createTasks()
        case 5..<9: try dispatch()
        case 9..<11: try disable()
        case 11..<13: try respawn()
        case 13..<15: try archiveTask()
        default: try storeRunbook()
        }
    }

    /// When tasks come next, and what has become of them, as the model says.
    private mutating func syncTasks() throws {
        try check(
            harness.state.tasks.numbers == reference.tasks.keys.sorted(),
            "the tasks are \(harness.state.tasks.numbers)"
        )
        for kind in reference.taskKinds {
            let type = harness.state.tasks.type(kind.number)
            try check(
                type.map { max($0.length, $0.lengthPrioritised) <= kind.limit } ?? false,
                "the queue of \(kind.name) is \(String(describing: type))"
            )
        }
        for (number, known) in reference.tasks {
            guard let task = harness.state.tasks[number] else { continue }
            try check(
                task.run?.execution ?? 0 == known.run,
                "the run of the task \(number) is \(String(describing: task.run)), not \(known.run)"
            )
            try check(
                known.status != .disabled || task.status == .disabled,
                "the task \(number) was disabled, and is \(task.status)"
            )
            reference.tasks[number]?.status = task.status
            reference.tasks[number]?.nextRun = task.nextRun.rawValue
        }
    }

    private mutating func registerType() throws {
        let name = "type \(Int.random(in: 0..<2, using: &generator))"
        let backend = try draw(Self.types)
        let limit = Int.random(in: 1...6, using: &generator)
        let type = TaskType(
            name,
            backend: backend.text,
            defaultInterval: .seconds(20),
            minInterval: .seconds(5),
            maxInterval: .seconds(80),
            backoffFactor: 2,
            maxQueueLength: limit,
            retries: Int.random(in: 0...2, using: &generator),
            retryDelay: .seconds(3)
        )
        let command = RegisterTaskTypes([type], by: try drawRequest())
        let found = try run(command, try draw(reference.sessions)) { $0[0].existed }
        try compare(
            "registering \(name)",
            found,
            reference.registerType(name, backend: backend, limit: limit)
        )
    }

    private mutating func createTasks() throws {
        let wanted = try (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            var task = NewTask("type \(Int.random(in: 0..<2, using: &generator))")
            task.arguments.positional = [.integer(Int64.random(in: 0..<6, using: &generator))]
            if generator.chance(2) { task.policy = .oneshot }
            if generator.chance(3) { task.priority = try draw(TaskPriority.allCases) }
            if generator.chance(2) {
                task.nextRun = moved(UInt64.random(in: 0...10, using: &generator) * 1_000_000_000)
            }
            return task
        }
        let command = CreateTasks(wanted, by: try drawRequest())
        let found = try run(command, try draw(reference.sessions)) { $0 }
        try compare("creating \(wanted)", found, reference.createTasks(wanted))
    }

    private mutating func dispatch() throws {
        let limit = try draw([1, 3, 100])
        let command = DispatchDue(
            limit: limit,
            serves: { _, _ in true },
            offer: { task, type, id in
                let input = Array("input of \(id)".utf8)
                return .run(
                    Submit(
                        id: id,
                        type: Name(type.definition.backend),
                        input: input,
                        payloads: try SealedPayloads([.json(input)], limit: 1 << 20) {
                            Salt(task.number, task.runs)
                        }
                    )
                )
            }
        )
        let found = try run(command, try draw(reference.sessions)) { $0 }
        try compare("dispatching", found, reference.dispatch(limit: limit, []))
    }

    private mutating func drawTask() throws -> UInt64 {
        if generator.chance(12) || reference.tasks.isEmpty { return 1 }
        return try draw(reference.tasks.keys.sorted())
    }

    private mutating func disable() throws {
        let number = try drawTask()
        let command = DisableTasks([number], by: try drawRequest())
        let found = try run(command, try draw(reference.sessions)) { $0 }
        try compare("disabling \(number)", found, reference.disableTasks([number]))
    }

    private mutating func respawn() throws {
        let number = try drawTask()
        let time = moved(generator.chance(2) ? 0 : 5_000_000_000)
        let command = RespawnTasks([number], at: time, by: try drawRequest())
        let found = try run(command, try draw(reference.sessions)) { $0 }
        let expected = reference.respawnTasks([number], at: time.rawValue)
        try compare("respawning \(number)", found, expected)
    }

    private mutating func archiveTask() throws {
        let ended = reference.tasks.values.filter {
            $0.run == 0 && ($0.status == .disabled || $0.status == .completed)
        }
        let isUseful = !ended.isEmpty && !generator.chance(4)
        let number = try isUseful ? draw(ended.map(\.number).sorted()) : drawTask()
        let command = ArchiveTasks([number], by: try drawRequest())
        let found = try run(command, try draw(reference.sessions)) { $0 }
        try compare("archiving the task \(number)", found, reference.archiveTasks([number]))
    }

    private mutating func storeRunbook() throws {
        let name = "runbook \(Int.random(in: 0..<2, using: &generator))"
        let text = "text \(Int.random(in: 0..<3, using: &generator))"
        let command = StoreRunbook(
            Name(name),
            digest: Salt(0, 0).commit(to: Array(text.utf8)),
            text: try harness.sealed([.text(text)]),
            by: try drawRequest()
        )
        let found = try run(command, try draw(reference.sessions)) { $0 }
        try compare("storing \(name)", found, reference.storeRunbook(name, text))
    }
}
