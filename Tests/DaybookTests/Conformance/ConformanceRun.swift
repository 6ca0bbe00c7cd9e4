import Daybook
import DaybookFormat
import DaybookInspector
import DaybookJournal
import DaybookModel
import DaybookTestKit
import LMDB
import Logging
import Testing

/// The workflow whose code is a case's.
struct ConformanceWorkflow: Workflow {
    static let name = "conformance"
    /// What the run at hand was given: how many came before it.
    @TaskLocal static var input = 0
    let bodies: ConformanceBodies
    let code: ConformanceCase.Code

    func run(_ input: Int, _ context: WorkflowContext) async throws -> String {
        // Unsafe only in name: the closure runs once, and this task does nothing beside it.
        nonisolated(unsafe) let context = context
        return try await Self.$input.withValue(input) { try await code(context, bodies) }
    }
}

/// One run of a case in one mode, and what it left.
struct ConformanceRun {
    let outcome: String
    let runs: [String]
    let logs: [String]
    /// What the entries say of operations, in order.
    let history: [String]
    /// All runs of the id, with what led from one to the next.
    let recorded: [RecordedHistory]
    /// What is shown of operations that a replay would not do.
    let disagreements: [String]

    private static let id = "a"

    /// Something did not come as it must.
    struct Stuck: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a case to its end.
    static func of(_ program: ConformanceCase, _ mode: ConformanceMode) async throws
        -> ConformanceRun
    {
        let clock = ManualClock()
        var creation = CreationOptions()
        creation.clock = clock
        creation.payloadLimit = program.payloadLimit
        creation.environment.synchronizes = false
        creation.environment.mapSize = 64 << 20
        var options = EngineOptions()
        options.clock = clock
        options.environment = creation.environment
        options.snapshotInterval = nil
        options.logger.logLevel = .critical
        if mode == .evicted { options.maxResident = 0 }
        let bodies = ConformanceBodies(clock)
        let workflow = ConformanceWorkflow(bodies: bodies, code: program.code)
        return try await withJournal(creation) { path in
            var driver = Driver(path, options, workflow, clock, restarts: mode == .restarted)
            let outcome = try await driver.drive(program)
            return try ConformanceRun(path, outcome, bodies)
        }
    }

    private init(_ path: String, _ outcome: String, _ bodies: ConformanceBodies) throws {
        self.outcome = outcome
        runs = bodies.names
        let inspector = try Inspector(path: path)
        defer { inspector.close() }
        var lines: [UInt8] = []
        var logs: [String] = []
        var history: [String] = []
        try inspector.scan { entry in
            var json = JSONWriter()
            try entry.write(to: &json)
            lines += json.bytes + [UInt8(ascii: "\n")]
            logs += try entry.logLines().map(\.text)
            if let line = Self.line(entry) { history.append(line) }
            return true
        }
        self.logs = logs
        self.history = history
        recorded = try RecordedHistory.all(exported: lines)
        disagreements =
            try recorded.flatMap { history in
                try history.disagreements(with: try inspector.operations(of: history.number))
                    + history.disagreements()
            } + Verifier.verify(inspector.store).problems.map(\.description)
    }

    /// What an entry says of an operation or of the execution's end; nil: neither.
    private static func line(_ entry: JournalEntry) -> String? {
        switch entry.entry.event {
        case .logRecorded, .executionClaimed, .executionWaiting, .leaseReleased, .leaseLost: nil
        default:
            if let operation = entry.operation {
                "\(entry.eventName) \(operation.name)"
            } else {
                entry.eventName.hasPrefix("execution_") || entry.eventName.hasPrefix("attempt_")
                    || entry.eventName.hasPrefix("signal_") ? entry.eventName : nil
            }
        }
    }

    /// Runs a case from wait to wait.
    private struct Driver {
        let path: String
        let options: EngineOptions
        let workflow: ConformanceWorkflow
        let clock: ManualClock
        let restarts: Bool
        private var daybook: Engine?

        init(
            _ path: String,
            _ options: EngineOptions,
            _ workflow: ConformanceWorkflow,
            _ clock: ManualClock,
            restarts: Bool
        ) {
            self.path = path
            self.options = options
            self.workflow = workflow
            self.clock = clock
            self.restarts = restarts
        }

        /// - Returns: what it came to.
        mutating func drive(_ program: ConformanceCase) async throws -> String {
            do {
                let outcome = try await goOn(program)
                try await daybook?.close()
                return outcome
            } catch {
                try await daybook?.close()
                throw error
            }
        }

        private mutating func goOn(_ program: ConformanceCase) async throws -> String {
            var current = try await open()
            try await current.submit(
                ConformanceWorkflow.self,
                id: ConformanceRun.id,
                options: program.terms,
                input: 0
            ).execute()
            var steps = program.steps[...]
            var last: UInt64 = 0
            while true {
                let seen = last
                let record = try await current.wait(for: ConformanceRun.id) { record in
                    record.isClosed || record.isParked
                        || (record.last > seen && (record.status == .waiting || record.isDelayed))
                }
                if record.isParked { return "parked" }
                if record.isClosed { return try Self.end(record, current) }
                if restarts {
                    try await current.close()
                    current = try await open()
                    // What children do by themselves comes before time passes.
                    if record.openChildren > 0 { try await current.waitUntilIdle() }
                }
                last = try await step(steps.popFirst(), record, current)
            }
        }

        /// What an execution has come to.
        private static func end(_ record: ExecutionRecord, _ daybook: Engine) throws -> String {
            switch try daybook.outcome(of: record) {
            case .success(let output): "= " + String(decoding: output, as: UTF8.self)
            case .failure(let error): "! \(error.code): \(error.message)"
            }
        }

        private mutating func open() async throws -> Engine {
            let opened = try await Engine.open(at: path, options, workflows: [workflow])
            daybook = opened
            return opened
        }

        /// Has something happen to an execution that waits.
        /// - Returns: the entry that must be followed by others before it is looked at again.
        private func step(
            _ step: ConformanceCase.Step?,
            _ record: ExecutionRecord,
            _ daybook: Engine
        ) async throws -> UInt64 {
            switch step {
            case .nothing: return 0
            case .signal(let name, let value, let id):
                try await daybook.signal(ConformanceRun.id, name, value, signalID: id)
                return 0
            case .failure(let name, let code, let message):
                let error = OperationError(code: code, message: message)
                try await daybook.fail(ConformanceRun.id, signal: name, with: error)
                return 0
            case .pass(let duration):
                let next = deadline(record)
                clock.pass(duration)
                return next.map { $0 <= clock.now() } ?? false ? record.last : 0
            case nil where deadline(record) == nil && record.waits.contains(where: \.isForChildren):
                try await advanceChildren(of: record, daybook)
                return record.last
            case nil:
                guard let next = deadline(record) else {
                    throw Stuck(description: "it waits for \(record.waits), and nothing is to come")
                }
                clock.pass(next.since(clock.now()))
                return record.last
            }
        }

        /// Has time pass until the children of an execution have ended.
        private func advanceChildren(
            of record: ExecutionRecord,
            _ daybook: Engine
        ) async throws {
            var query = ExecutionQuery()
            query.parent = record.number
            query.isClosed = false
            query.order = .oldestFirst
            for child in try await daybook.executions(query).records {
                var last: UInt64 = 0
                while true {
                    let seen = last
                    let found = try await daybook.wait(for: child.id) { record in
                        record.isClosed || record.isParked
                            || record.last > seen && (record.status == .waiting || record.isDelayed)
                    }
                    if found.isClosed || found.isParked { break }
                    last = found.last
                    if found.waits.contains(where: \.isForChildren) {
                        try await advanceChildren(of: found, daybook)
                    } else if let next = deadline(found) {
                        clock.pass(next.since(clock.now()))
                    } else {
                        throw Stuck(description: "\(child.id) waits for \(found.waits)")
                    }
                }
            }
        }

        private func deadline(_ record: ExecutionRecord) -> Timestamp? {
            (record.waits.compactMap(\.deadline) + [record.deadline].compactMap { $0 }).min()
        }
    }
}

extension Wait {
    /// It ends with the end of another execution, or of several.
    fileprivate var isForChildren: Bool { kind == .child || kind == .children }
}
