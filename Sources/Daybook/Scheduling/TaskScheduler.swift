import DaybookFormat
import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import Logging

/// What an engine knows of the tasks that it dispatches: which they are, and how their arguments become the
/// input of a run. When and how many is decided by the model.
final class TaskScheduler: Sendable {
    /// What runbooks are recorded as.
    static let runbookWorkflow: Name = "runbook"

    /// The text of a stored runbook, as far as it was read.
    struct Text: Sendable {
        /// The entry that holds it.
        let sequence: UInt64
        let text: String
    }

    private let options: ScheduleOptions
    private let codec: any PayloadCodec
    private let workflows: [Name: RegisteredWorkflow]
    private let texts = Locked<[Name: Text]>([:])
    /// The entries of the newest versions that were looked at, whether they could be read or not.
    private let looked = Locked<[Name: UInt64]>([:])

    init(
        _ options: ScheduleOptions,
        _ codec: any PayloadCodec,
        _ workflows: [Name: RegisteredWorkflow]
    ) {
        self.options = options
        self.codec = codec
        self.workflows = workflows
    }

    /// Whether stored runbooks can be run.
    var runsRunbooks: Bool { workflows[Self.runbookWorkflow] != nil }

    /// Takes in a runbook's text.
    func know(_ name: Name, _ text: Text) { texts.withLock { $0[name] = text } }

    /// Whether the newest version of a runbook is still to be looked at; it is from then on no more.
    func takesNew(_ runbook: KeptRunbook) -> Bool {
        looked.withLock { $0.updateValue(runbook.last, forKey: runbook.name) != runbook.last }
    }

    /// Whether tasks of a type are dispatched here.
    func serves(_ type: KeptTaskType, _ isPrioritised: Bool) -> Bool {
        let definition = type.definition
        if options.onlyPrioritised, !isPrioritised { return false }
        if let types = options.types, !types.contains(definition.name) { return false }
        guard let runbook = definition.runbook else {
            return workflows[Name(definition.backend)] != nil
        }
        return runsRunbooks && texts.withLock { $0[Name(runbook)] != nil }
    }

    /// The encoded input of a run, and what runs it.
    /// - Returns: nil: this process does not know what runs it.
    /// - Throws: what is wrong with the arguments.
    func input(
        of arguments: TaskArguments,
        _ type: TaskType
    ) throws -> (workflow: RegisteredWorkflow, data: [UInt8])? {
        var text: String?
        if let runbook = type.runbook {
            guard let known = texts.withLock({ $0[Name(runbook)] }) else { return nil }
            text = known.text
        }
        let name = type.runbook == nil ? Name(type.backend) : Self.runbookWorkflow
        guard let workflow = workflows[name] else { return nil }
        return (workflow, try workflow.taskInput(arguments, text, codec))
    }

    /// What is done about a task that is due.
    func offer(
        _ task: KeptTask,
        _ type: KeptTaskType,
        _ id: Name,
        limit: Int
    ) throws -> DispatchDue.Offer {
        let found: (workflow: RegisteredWorkflow, data: [UInt8])?
        do {
            found = try input(of: try TaskArguments(canonical: task.arguments), type.definition)
        } catch {
            return .unfit(code: "invalid-arguments")
        }
        guard let (workflow, data) = found else { return .unready }
        let payload = Payload(data, contentType: codec.contentType(of: workflow.types.input))
        guard payload.data.count <= limit else { return .unfit(code: "payload-too-large") }
        var terms = workflow.terms
        // Either the task comes again after a failure, or the execution is tried again.
        if type.definition.retries > 0 { terms.retry = .none }
        terms.labels = Labels([
            Label(name: "task", value: Name("\(task.number)")),
            Label(name: "task-type", value: Name(type.definition.name)),
        ])
        return .run(
            Submit(
                id: id,
                type: workflow.name,
                input: data,
                payloads: try SealedPayloads(payload, limit: limit),
                terms: terms
            )
        )
    }

    /// The command that dispatches what is due.
    func command(limit: Int) -> DispatchDue {
        DispatchDue(
            serves: { [self] in serves($0, $1) },
            offer: { [self] in try offer($0, $1, $2, limit: limit) }
        )
    }
}

extension EngineCore {
    /// Reads the texts of runbooks that were stored since it was looked last.
    ///
    /// A task that was not due for whoever could not run it may be so now: the writer is told to look.
    func learnRunbooks() {
        guard let scheduler, scheduler.runsRunbooks else { return }
        let new = writer.inspect { fold in
            fold.state.tasks.runbooksInOrder.filter { scheduler.takesNew($0) }
        }
        guard !new.isEmpty else { return }
        for runbook in new { learn(runbook, scheduler) }
        tasks.start { [self] _ in
            do {
                try await writer.perform { { _, _ in .success(()) } }
            } catch {
                options.logger.error("dispatching failed", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Reads the text of the runbook that a type of tasks runs, if it is one.
    func learnRunbook(of type: TaskType, _ scheduler: TaskScheduler) {
        guard let name = type.runbook,
            let runbook = writer.inspect({ $0.state.tasks.runbook(named: Name(name)) })
        else { return }
        learn(runbook, scheduler)
    }

    private func learn(_ runbook: KeptRunbook, _ scheduler: TaskScheduler) {
        do {
            let payloads = try ExecutionReader.payloads(of: runbook.last, writer.journal)
            guard let text = payloads.first, !text.isErased else { return }
            scheduler.know(
                runbook.name,
                TaskScheduler.Text(
                    sequence: runbook.last,
                    text: String(decoding: text.data, as: UTF8.self)
                )
            )
        } catch {
            options.logger.error(
                "a stored runbook cannot be read: its tasks are not dispatched here",
                metadata: ["runbook": "\(runbook.name)", "error": "\(error)"]
            )
        }
    }

    /// Whether a task is due that this process dispatches.
    var hasDueTask: Bool {
        guard let scheduler else { return false }
        let now = writer.journal.now()
        return writer.inspect { fold in
            fold.state.nextDue { scheduler.serves($0, $1) }.map { $0 <= now } ?? false
        }
    }
}
