import DaybookSystem
public import LMDB

/// A journal's databases in one LMDB file.
public final class LMDBStore: JournalStore {
    /// The journal's folder.
    public let location: String
    private let file: String
    private let options: EnvironmentOptions
    private let opened: Locked<Opened>

    private struct Opened: Sendable {
        let environment: Environment
        let databases: Databases
    }

    private init(location: String, file: String, options: EnvironmentOptions, opened: Opened) {
        self.location = location
        self.file = file
        self.options = options
        self.opened = Locked(opened)
    }

    /// Opens the file `journal.mdb` in the folder `location`, creating it if the options allow to
    /// write.
    /// - Throws: ``JournalError``.
    public static func open(
        _ location: String,
        _ options: EnvironmentOptions = EnvironmentOptions()
    ) throws -> LMDBStore {
        let file = location + "/journal.mdb"
        do {
            let opened = try open(file: file, options)
            return LMDBStore(location: location, file: file, options: options, opened: opened)
        } catch let error as LMDBError where error.code == .notFound {
            throw JournalError(
                .notAJournal,
                "\(location) holds an LMDB file without a journal's databases; name another folder",
                underlying: error
            )
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    private static func open(file: String, _ options: EnvironmentOptions) throws -> Opened {
        // What is in a file already is not ours to add databases to.
        let isNew = try FileStatus.of(file).map { $0.size == 0 } ?? true
        let environment = try Environment.open(file, options)
        do {
            return Opened(
                environment: environment,
                databases: Databases(
                    try environment.openDatabases(Databases.layout, creating: isNew)
                )
            )
        } catch {
            environment.close()
            throw error
        }
    }

    /// The databases of format 1.
    struct Databases: Sendable {
        static let layout: [(String, DatabaseOptions)] = [
            ("entries", .integerKeys),
            ("payloads", .integerKeys),
            ("histories", [.integerKeys, .integerSets]),
            ("executions", []),
            ("tiles", []),
            ("meta", []),
        ]

        let entries, payloads, histories, executions, tiles, meta: Database

        init(_ all: [Database]) {
            entries = all[0]
            payloads = all[1]
            histories = all[2]
            executions = all[3]
            tiles = all[4]
            meta = all[5]
        }
    }

    /// Reads the file's pages, without mapping what they hold, and finds those that LMDB could not
    /// follow: a damaged one would end the process. So this comes before ``open(_:_:)`` where a
    /// file is in doubt.
    /// - Returns: what is wrong with the pages; empty: nothing.
    public static func checkPages(_ location: String) throws -> [PageProblem] {
        do {
            var options = EnvironmentOptions()
            options.isReadOnly = true
            let environment = try Environment.open(location + "/journal.mdb", options)
            defer { environment.close() }
            var problems: [PageProblem] = []
            try environment.checkPages { problems.append($0) }
            return problems
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Runs `body` on a consistent view.
    public func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        let opened = opened.withLock { $0 }
        do {
            return try opened.environment.read { transaction in
                try body(LMDBReader(transaction, opened.databases))
            }
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Runs `body` as the only writer of all processes and commits with one sync.
    public func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        let opened = opened.withLock { $0 }
        do {
            return try opened.environment.write { transaction in
                try body(try LMDBWriter(transaction, opened.databases))
            }
        } catch let error as LMDBError where error.isOutcomeUnknown {
            throw JournalError(
                .outcomeUnknown,
                "the disk failed while a batch of \(location) was committed; it is not known whether it was written",
                underlying: error
            )
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Opens the file again.
    public func reopen() throws {
        do {
            try opened.withLock { current in
                current.environment.close()
                current = try Self.open(file: file, options)
            }
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Whether less than 1 MiB is left on its disk: less than LMDB may need for a batch.
    public func isOutOfRoom() throws -> Bool {
        try FreeSpace.bytes(at: location) < 1 << 20
    }

    /// Whether a commit has been written that its writer has not told readers of.
    public func hasUnpublishedCommit() throws -> Bool {
        let opened = opened.withLock { $0 }
        do {
            return try opened.environment.hasUnpublishedCommit()
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Closes the file once its transactions have ended.
    public func close() {
        opened.withLock { $0.environment.close() }
    }

    /// Figures of the file and its databases.
    public func information() throws -> (EnvironmentInformation, [(String, DatabaseStatistics)]) {
        let opened = opened.withLock { $0 }
        do {
            let all = opened.databases
            let statistics = try opened.environment.read { transaction in
                try [
                    all.entries, all.payloads, all.histories, all.executions, all.tiles, all.meta,
                ].map { ($0.name, try transaction.statistics(of: $0)) }
            }
            return (try opened.environment.information(), statistics)
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }
}

extension LMDBError {
    /// Once the meta page may have been touched, only another look tells what is on the disk.
    fileprivate var isOutcomeUnknown: Bool {
        code == .panic || (operation == "mdb_txn_commit" && code != .mapFull && !isFull)
    }
}
