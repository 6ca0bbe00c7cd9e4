import Crypto
import DaybookFormat
import DaybookJournal
public import DaybookModel
public import DaybookView

/// Task types, tasks, and the runbooks that they may run.
extension Engine {
    /// Registers types of tasks. A name that is registered already stays what it is.
    /// - Returns: what became of each, in order.
    /// - Throws: ``Refusal/Code/invalidArgument``: then none is registered.
    @discardableResult
    public func registerTaskTypes(
        _ types: [TaskType],
        by requester: Requester = .session
    ) async throws -> [TaskTypeAnswer] {
        try await engine.perform {
            RegisterTaskTypes(types, by: try engine.request(requester))
        }
    }

    /// All types of tasks, in the order of their names.
    public var taskTypes: [TaskType] { engine.writer.inspect { $0.state.taskTypes } }

    /// Creates tasks. One that is there already is found: the same type, arguments, policy and priority,
    /// and of one that runs once the same time. All are created, or none is.
    ///
    /// Where this process knows what runs a task, arguments that do not fit it are refused.
    /// - Returns: what became of each, in order.
    /// - Throws: ``Refusal``, of which ``Refusal/place`` says which task is refused.
    @discardableResult
    public func createTasks(
        _ tasks: [NewTask],
        by requester: Requester = .session
    ) async throws -> [NewTaskAnswer] {
        engine.learnRunbooks()
        for (place, task) in tasks.enumerated() {
            do {
                try engine.check(task)
            } catch {
                throw Refusal.notFitting(error, task, at: place)
            }
        }
        return try await engine.perform {
            CreateTasks(tasks, by: try engine.request(requester))
        }
    }

    /// The tasks that a query asks for.
    /// - Throws: ``JournalError``.
    public func tasks(_ query: TaskQuery = TaskQuery()) throws -> [ScheduledTask] {
        try engine.writer.inspect { try $0.state.tasks(query) }
    }

    /// The runs of a task, in order, also of one that is archived.
    /// - Throws: ``JournalError``.
    public func runs(ofTask number: UInt64) throws -> [TaskRun] {
        try TaskReader.runs(of: number, engine.writer.journal.store)
    }

    /// Has nothing dispatched of tasks until they are respawned. A run that is under way goes on, and its
    /// end changes nothing of that.
    /// - Returns: those that were not disabled before.
    /// - Throws: ``Refusal/Code/notFound``: then none is.
    @discardableResult
    public func disableTasks(
        _ numbers: [UInt64],
        by requester: Requester = .session
    ) async throws -> [UInt64] {
        try await engine.perform { DisableTasks(numbers, by: try engine.request(requester)) }
    }

    /// Has tasks run again, whatever has become of them.
    /// - Parameter nextRun: then at the earliest; nil: at once.
    /// - Throws: ``Refusal/Code/notFound``; ``Refusal/Code/wrongState``: a run of one is under way. Then none
    ///   is.
    @discardableResult
    public func respawnTasks(
        _ numbers: [UInt64],
        nextRun: Timestamp? = nil,
        by requester: Requester = .session
    ) async throws -> [UInt64] {
        try await engine.perform {
            RespawnTasks(numbers, at: nextRun, by: try engine.request(requester))
        }
    }

    /// Marks tasks that are completed or disabled as archived: they are not kept in mind any more. Their
    /// entries stay.
    /// - Throws: ``Refusal/Code/notFound``; ``Refusal/Code/wrongState``: something still comes of one. Then
    ///   none is.
    @discardableResult
    public func archiveTasks(
        _ numbers: [UInt64],
        by requester: Requester = .session
    ) async throws -> [UInt64] {
        try await engine.perform { ArchiveTasks(numbers, by: try engine.request(requester)) }
    }

    /// Stores a version of a runbook, which is the backend `runbook:NAME` of task types. Runs that are
    /// dispatched from then on are runs of that version. The text of the newest version is stored once.
    package func storeRunbook(
        _ name: String,
        text: String,
        by requester: Requester = .session
    ) async throws -> StoredRunbookAnswer {
        let data = Array(text.utf8)
        return try await engine.perform(bytes: data.count) {
            StoreRunbook(
                Name(name),
                digest: Array(SHA256.hash(data: data)),
                text: try SealedPayloads([.text(text)], limit: engine.payloadLimit),
                by: try engine.request(requester)
            )
        }
    }
}

extension EngineCore {
    /// - Throws: what is wrong with the arguments of a task, as far as this process can tell.
    fileprivate func check(_ task: NewTask) throws {
        let type = writer.inspect { $0.state.tasks.type(named: Name(task.type)) }
        guard let type else { return }
        let known =
            scheduler ?? TaskScheduler(ScheduleOptions(), options.codec, workflows)
        if scheduler == nil { learnRunbook(of: type.definition, known) }
        _ = try known.input(of: task.arguments, type.definition)
    }
}

extension Refusal {
    /// The arguments of a task do not fit what runs it.
    fileprivate static func notFitting(
        _ error: any Error,
        _ task: NewTask,
        at place: Int
    ) -> Refusal {
        var refusal = Refusal(
            .invalidArgument,
            "the arguments of a task of the type \(task.type) do not fit what runs it: \(error)"
        )
        refusal.place = place
        return refusal
    }
}
