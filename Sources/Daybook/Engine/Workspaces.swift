import DaybookJournal
import DaybookModel
import DaybookSystem
import DaybookView
import Logging

/// The folders that executions keep files in between their operations: made when they are asked for,
/// removed when the execution is closed and nobody can have it run again. What has failed, or was ended
/// from outside, finds its files when a person retries it: operations that are recorded left them.
final class Workspaces: Sendable {
    private let folder: String
    private let keeps: Bool
    private let store: any JournalStore
    private let logger: Logger
    /// The executions whose folders this process has made.
    private let made = Locked<Set<UInt64>>([])

    init(in folder: String, keeps: Bool, _ store: any JournalStore, _ logger: Logger) {
        self.folder = folder
        self.keeps = keeps
        self.store = store
        self.logger = logger
    }

    /// Makes the folder of an execution if it is not there.
    /// - Returns: its absolute path.
    func make(of lease: Lease) throws -> String {
        try Folder.create(folder)
        let path = "\(folder)/\(lease.execution)"
        try Folder.create(path)
        made.withLock { _ = $0.insert(lease.execution) }
        return try Folder.resolved(path)
    }

    /// The executions whose folders this process has made.
    var executions: [UInt64] { made.withLock { $0.sorted() } }

    /// Whether this process has made the folder of one of these.
    func concerns(_ numbers: [UInt64]) -> Bool {
        made.withLock { made in !made.isEmpty && numbers.contains { made.contains($0) } }
    }

    /// Removes the folder of an execution that is closed, if this process has made it and nobody can
    /// have the execution run again. Reads the journal.
    func removeFolder(of number: UInt64) {
        guard made.withLock({ $0.remove(number) }) != nil, !keeps else { return }
        switch prospect(of: number) {
        case .over: remove("\(number)")
        // Somebody had it run again meanwhile: it is looked at once more when that is closed.
        case .runs: made.withLock { _ = $0.insert(number) }
        case .mayRun: break
        }
    }

    /// Whether a run needs its folder again.
    private enum Prospect {
        /// It is over for good.
        case over
        /// It is closed, and a person may have it run again: that makes the folder known again.
        case mayRun
        /// It is open.
        case runs
    }

    /// One that cannot be read may run again.
    private func prospect(of number: UInt64) -> Prospect {
        do {
            return try store.read { reader in
                let id = try reader.withView(of: number) { try ExecutionState(first: $0).id.text }
                // A run that went on as another one is over for good.
                guard let id, let record = try ExecutionReader.bareRecord(of: id, reader),
                    record.number == number
                else { return .over }
                if !record.isClosed { return .runs }
                return record.status == .completed ? .over : .mayRun
            }
        } catch {
            logger.warning(
                "whether the workspace of an execution is still of use could not be found out",
                metadata: ["workspace": "\(number)", "error": "\(error)"]
            )
            return .mayRun
        }
    }

    private func remove(_ name: String) {
        guard !keeps else { return }
        do {
            try Folder.removeAll("\(folder)/\(name)")
        } catch {
            // It is of no use, and harms nobody: it is tried again when the journal is opened.
            logger.warning(
                "the workspace of an execution could not be removed",
                metadata: ["workspace": "\(name)", "error": "\(error)"]
            )
        }
    }

    // MARK: What is left over

    /// The names of the folders that there are.
    static func names(in folder: String) throws -> [String] {
        try FileStatus.of(folder) == nil ? [] : try Folder.names(in: folder)
    }

    /// Removes what a process has left of executions that are closed by now.
    /// - Parameters:
    ///   - names: the folders that there were before the state was looked at.
    ///   - open: whose the files of an execution are.
    func removeLeftOver(
        _ names: [String],
        _ options: EngineOptions,
        _ open: (UInt64) -> State.Workspace
    ) {
        if case .nothing = options.claims { return }
        if keeps { return }
        for name in names {
            guard let number = UInt64(name), case .closed = open(number),
                prospect(of: number) == .over
            else { continue }
            remove(name)
        }
    }
}
