import DaybookFormat
package import DaybookJournal
import DaybookModel
import FoundationEssentials
import LMDB

extension Replayer {
    /// What replaying all open executions came to: what a new version of the code would do to the
    /// work that is under way.
    public struct OpenReport: Sendable {
        /// Executions that were replayed.
        public internal(set) var executions = 0
        /// Operations that were answered from their histories.
        public internal(set) var operations: UInt64 = 0
        /// Executions with which the code agrees as far as their histories go.
        public internal(set) var agreeing = 0
        /// Open executions whose workflow was not given, by its name.
        public internal(set) var unknown: [String: Int] = [:]
        /// Executions that the code would park, put together by what is wrong; the most frequent
        /// first.
        public var problems: [OpenProblem] {
            groups.values.sorted { left, right in
                left.count != right.count
                    ? left.count > right.count : left.numbers[0] < right.numbers[0]
            }
        }
        private var groups: [OpenProblem.Key: OpenProblem] = [:]

        /// Nothing was replayed.
        init() {}

        /// The code may run all that was replayed.
        public var isFine: Bool { groups.isEmpty }

        mutating func add(_ report: Report) {
            executions += 1
            operations += report.operations
            guard let key = OpenProblem.Key(report) else {
                agreeing += 1
                return
            }
            groups[key, default: OpenProblem(key, report)].add(report)
        }
    }

    /// Open executions with which code disagrees for the same reason.
    public struct OpenProblem: Sendable, CustomStringConvertible {
        struct Key: Hashable, Sendable {
            let workflow: String
            let recordedBy: String?
            let askedBy: String?
            let mend: String

            /// - Returns: nil: the code agrees.
            init?(_ report: Report) {
                workflow = report.workflow
                switch report.outcome {
                case .agrees, .agreesSoFar: return nil
                case .diverged(let divergence):
                    recordedBy = divergence.recorded?.source?.description
                    askedBy = divergence.location
                    mend = divergence.mend
                case .endsOtherwise:
                    (recordedBy, askedBy) = (nil, nil)
                    mend = "let it end as it did"
                case .erased:
                    (recordedBy, askedBy) = (nil, nil)
                    mend = "what it needs is erased: cancel it"
                }
            }
        }

        /// The name of the workflow.
        public let workflow: String
        /// The line of code that recorded what is found; nil: it is not known.
        public let recordedBy: String?
        /// The line of code that asks for something else now; nil: none does.
        public let askedBy: String?
        /// What to do about it in the code.
        public let mend: String
        /// What is wrong with the first of them, in words.
        public let example: String
        /// How many executions there are.
        public private(set) var count = 0
        /// The ids of the newest of them, at most ``shown``; of histories: of the first that were given.
        public private(set) var ids: [String] = []
        fileprivate private(set) var numbers: [UInt64] = []

        /// So many executions are named of each problem.
        public static let shown = 10

        fileprivate init(_ key: Key, _ report: Report) {
            workflow = key.workflow
            recordedBy = key.recordedBy
            askedBy = key.askedBy
            mend = key.mend
            example =
                switch report.outcome {
                case .diverged(let divergence): "\(divergence)"
                case .endsOtherwise(let recorded, let now): "it ended with \(recorded), now \(now)"
                case .erased(let sequence): "the payload of entry \(sequence) is erased"
                case .agrees, .agreesSoFar: ""
                }
        }

        fileprivate mutating func add(_ report: Report) {
            count += 1
            guard ids.count < Self.shown else { return }
            ids.append(report.id)
            numbers.append(report.number)
        }

        /// How many, what is wrong, and what to do.
        public var description: String {
            "\(count) of \(workflow), for example \(ids.first ?? ""): \(example); \(mend)"
        }
    }

    /// Replays every open execution of a journal through today's handlers: what a program's tests
    /// run over a copy of the journal before new code is deployed. Nothing is written.
    ///
    /// Histories are read a piece at a time, a few executions at once: what is in memory does not
    /// grow with their number. What is submitted meanwhile is left out.
    /// - Parameter path: the journal's folder, which this process must not have open already.
    /// - Throws: ``JournalError``; ``Refusal/Code/newerVersion``.
    public func replayOpen(at path: String) async throws -> OpenReport {
        var options = EnvironmentOptions()
        options.isReadOnly = true
        let opened = try JournalFolder(path).open(options)
        defer { opened.close() }
        return try await replayOpen(try Journal.open(opened.store))
    }

    /// Replays every open execution of a journal that is open through today's handlers.
    ///
    /// Histories are read a piece at a time, a few executions at once: what is in memory does not
    /// grow with their number. What is submitted meanwhile is left out.
    /// - Throws: ``JournalError``; ``Refusal/Code/newerVersion``.
    package func replayOpen(_ journal: Journal) async throws -> OpenReport {
        let names = try journal.store.read { try JournalNames($0) }
        var query = ExecutionQuery()
        query.isClosed = false
        query.limit = 256
        var report = OpenReport()
        var cursor: ExecutionCursor?
        repeat {
            let page = try ExecutionReader.page(query, after: cursor, journal.store)
            try await replay(page.records, journal, names, &report)
            cursor = page.next
        } while cursor != nil
        return report
    }

    /// Replays those of some histories that have not ended through today's handlers.
    /// - Throws: ``JournalError``.
    public func replayOpen(_ histories: some Sequence<RecordedHistory>) async throws -> OpenReport {
        var report = OpenReport()
        for history in histories {
            let state = try history.state()
            guard !state.status.isFinal else { continue }
            guard workflows[state.type] != nil else {
                report.unknown[state.type.text, default: 0] += 1
                continue
            }
            report.add(try await replay(history))
        }
        return report
    }

    private func replay(
        _ records: [ExecutionRecord],
        _ journal: Journal,
        _ names: JournalNames,
        _ report: inout OpenReport
    ) async throws {
        // In the order of the executions, so that two runs give the same report.
        var reports: [Int: Report] = [:]
        try await withThrowingTaskGroup(of: (Int, Report).self) { group in
            var running = 0
            for (index, record) in records.enumerated() {
                guard let workflow = workflows[Name(record.type)] else {
                    report.unknown[record.type, default: 0] += 1
                    continue
                }
                if running >= ProcessInfo.processInfo.activeProcessorCount,
                    let (index, done) = try await group.next()
                {
                    reports[index] = done
                    running -= 1
                }
                running += 1
                group.addTask {
                    (index, try await replay(record.number, workflow, journal, names))
                }
            }
            for try await (index, done) in group { reports[index] = done }
        }
        for (_, done) in reports.sorted(by: { $0.key < $1.key }) { report.add(done) }
    }

    private func replay(
        _ number: UInt64,
        _ workflow: RegisteredWorkflow,
        _ journal: Journal,
        _ names: JournalNames
    ) async throws -> Report {
        let history = JournalHistory(journal: journal, execution: number)
        return try await replay(
            history,
            try history.history(of: number),
            workflow,
            journal: names.uuid,
            contentTypes: names.contentTypes
        ) { _ in
            // All that is recorded was asked for; how it ends is still to come.
            .agreesSoFar
        }
    }
}
