import DaybookModel
import DaybookSystem
import Logging

/// The folders that executions keep files in between their operations: made when they are asked for,
/// removed when the execution is closed.
///
/// One that is opened again after its end has another folder: nothing of what it finds there is of
/// the time before.
final class Workspaces: Sendable {
    private let folder: String
    private let keeps: Bool
    private let logger: Logger
    /// Those that this process has made, by execution.
    private let made = Locked<[UInt64: String]>([:])

    init(in folder: String, keeps: Bool, _ logger: Logger) {
        self.folder = folder
        self.keeps = keeps
        self.logger = logger
    }

    /// The name of an execution's folder.
    static func name(_ number: UInt64, reopenings: UInt32) -> String {
        reopenings == 0 ? "\(number)" : "\(number)-\(reopenings)"
    }

    /// Makes the folder of an execution if it is not there.
    /// - Returns: its absolute path.
    func make(of lease: Lease) throws -> String {
        try Folder.create(folder)
        let name = Self.name(lease.execution, reopenings: lease.reopenings)
        let path = "\(folder)/\(name)"
        try Folder.create(path)
        let before = made.withLock { $0.updateValue(name, forKey: lease.execution) }
        if let before, before != name { remove(before) }
        return try Folder.resolved(path)
    }

    /// The executions whose folders this process has made.
    var executions: [UInt64] { made.withLock { $0.keys.sorted() } }

    /// Whether this process has made the folder of one of these.
    func concerns(_ numbers: [UInt64]) -> Bool {
        made.withLock { made in !made.isEmpty && numbers.contains { made[$0] != nil } }
    }

    /// Removes the folder of an execution that is closed, if this process has made it.
    func removeFolder(of number: UInt64) {
        guard let name = made.withLock({ $0.removeValue(forKey: number) }) else { return }
        remove(name)
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
        for name in names {
            guard let number = name.split(separator: "-").first.flatMap({ UInt64($0) }) else {
                continue
            }
            switch open(number) {
            case .unknown: continue
            case .open(let reopenings):
                if name == Self.name(number, reopenings: reopenings) { continue }
            case .closed: break
            }
            remove(name)
        }
    }
}
