import DaybookSystem
import LMDB

/// A journal's databases in one LMDB file.
package final class LMDBStore: JournalStore {
    /// The journal's folder.
    package let location: String
    let file: String
    let options: EnvironmentOptions
    let opened: Locked<Opened>
    private let witness = Locked<CommitWitness?>(nil)

    struct Opened: Sendable {
        let environment: Environment
        fileprivate(set) var databases: Databases
        let sight = FileSight()
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
    package static func open(
        _ location: String,
        _ options: EnvironmentOptions = EnvironmentOptions()
    ) throws -> LMDBStore {
        try open(location, options, creating: false)
    }

    /// - Parameter creating: whether missing databases are made, too, in a file that is not empty.
    static func open(
        _ location: String,
        _ options: EnvironmentOptions,
        creating: Bool
    ) throws -> LMDBStore {
        let file = location + "/journal.mdb"
        do {
            let opened = try whileSettled(location) {
                try open(file: file, options, creating: creating)
            }
            return LMDBStore(location: location, file: file, options: options, opened: opened)
        } catch let error as LMDBError where error.code == .notFound {
            if let lost = try lostDatabases(file) { throw lost }
            throw JournalError(
                .notAJournal,
                "\(location) holds an LMDB file without a journal's databases; name another folder",
                underlying: error
            )
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    static func open(
        file: String,
        _ options: EnvironmentOptions,
        creating: Bool = false
    ) throws -> Opened {
        // What is in a file already is not ours to add databases to.
        let isNew = try creating || FileStatus.of(file).map { $0.size == 0 } ?? true
        let environment = try Environment.open(file, options)
        do {
            let all = try environment.openDatabases(Databases.layout, creating: isNew)
            return Opened(
                environment: environment,
                databases: Databases(all, pruned: try Databases.pruned(in: environment))
            )
        } catch {
            environment.close()
            throw error
        }
    }

    /// Looks whether a file in which a database is missing has others of a journal: then the page
    /// with their names is damaged.
    /// - Returns: nil for a file of somebody else's.
    private static func lostDatabases(_ file: String) throws -> JournalError? {
        do {
            var options = EnvironmentOptions()
            options.isReadOnly = true
            let environment = try Environment.open(file, options)
            defer { environment.close() }
            var missing: [String] = []
            for database in Databases.layout {
                do {
                    _ = try environment.openDatabases([database], creating: false)
                } catch let error as LMDBError {
                    guard error.code == .notFound else { throw error }
                    missing.append(database.0)
                }
            }
            guard missing.count < Databases.layout.count else {
                return try damage(environment, file)
            }
            let page = try environment.namesPage().map { " \($0)" } ?? ""
            return JournalError(
                .integrity,
                "the database \(missing.joined(separator: ", ")) of \(file) cannot be found: page\(page), which names the databases, is damaged; restore it from a backup"
            )
        }
    }

    /// Looks whether a file has none of a journal's databases because a page of it is damaged.
    private static func damage(
        _ environment: Environment,
        _ file: String
    ) throws -> JournalError? {
        var problem: PageProblem?
        try environment.checkPages { if problem == nil { problem = $0 } }
        return problem.map {
            JournalError(
                .integrity,
                "\(file) names no database of a journal, and is damaged (\($0)); restore it from a backup"
            )
        }
    }

    /// The databases of format 1. One object for all readers: they stay small enough to be handed on
    /// without memory of their own.
    final class Databases: Sendable {
        static let layout: [(String, DatabaseOptions)] = [
            ("entries", .integerKeys),
            ("payloads", .integerKeys),
            ("histories", [.integerKeys, .integerSets]),
            ("executions", []),
            ("tiles", []),
            ("meta", []),
            ("lists", .integerSets),
            ("positions", []),
        ]

        let entries, payloads, histories, executions, tiles, meta, lists, positions: Database
        /// What is left of executions that are pruned; nil: none ever was.
        let pruned: Database?

        /// The database of what is pruned; nil: there is none.
        static func pruned(in environment: Environment) throws -> Database? {
            do {
                return try environment.openDatabases([("pruned", .integerKeys)], creating: false)[0]
            } catch let error as LMDBError where error.code == .notFound {
                return nil
            }
        }

        init(_ all: [Database], pruned: Database?) {
            self.pruned = pruned
            entries = all[0]
            payloads = all[1]
            histories = all[2]
            executions = all[3]
            tiles = all[4]
            meta = all[5]
            lists = all[6]
            positions = all[7]
        }

        /// Those that every file has.
        var all: [Database] {
            [entries, payloads, histories, executions, tiles, meta, lists, positions]
        }
    }

    /// Reads the file's pages, without mapping what they hold, and finds those that LMDB could not
    /// follow: a damaged one would end the process. So this comes before ``open(_:_:)`` where a
    /// file is in doubt.
    /// - Returns: what is wrong with the pages; empty: nothing.
    package static func checkPages(_ location: String) throws -> [PageProblem] {
        do {
            var options = EnvironmentOptions()
            options.isReadOnly = true
            let environment = try whileSettled(location) {
                try Environment.open(location + "/journal.mdb", options)
            }
            defer { environment.close() }
            var problems: [PageProblem] = []
            try environment.checkPages { problems.append($0) }
            return problems
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Reads the pages of the file as it is now and finds those that LMDB could not follow.
    /// - Returns: what is wrong with the pages; empty: nothing.
    package func checkPages() throws -> [PageProblem] {
        do {
            return try withOpened { opened in
                var problems: [PageProblem] = []
                try opened.environment.checkPages { problems.append($0) }
                return problems
            }
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Writes what is in the store now to an open file, compacted and not synced.
    ///
    /// One view is held until all is written; others may write meanwhile.
    /// - Throws: ``JournalError``; `SystemError` where the file cannot be written.
    package func copyCompacted(to file: borrowing File) throws {
        let (descriptor, path) = (file.descriptor, file.path)
        do {
            try withOpened { opened in
                try opened.checkCurrent()
                try opened.environment.copyCompacted(to: descriptor)
            }
        } catch let error as LMDBError
            where error.operation == "mdb_env_copyfd2" && error.code.rawValue > 0
        {
            throw SystemError(number: error.code.rawValue, operation: "write", path: path)
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Runs `body` on a consistent view.
    package func read<Result>(_ body: (any StoreReader) throws -> Result) throws -> Result {
        do {
            return try withOpened { opened in
                try opened.environment.read { transaction in
                    let reader = LMDBReader(transaction, opened.databases)
                    try opened.checkCurrent(reader)
                    return try body(reader)
                }
            }
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Runs `body` with the environment as it is, also when that is opened again just before, or when the journal
    /// goes on in another file.
    func withOpened<Result>(_ body: (Opened) throws -> Result) throws -> Result {
        var current = opened.withLock { $0 }
        while true {
            do {
                return try body(current)
            } catch let error as LMDBError where error.code == .closed {
                let next = opened.withLock { $0 }
                guard next.environment !== current.environment else { throw error }
                current = next
            } catch let superseded as SupersededFile {
                current = try successor(of: current, superseded.mark)
            }
        }
    }

    /// Runs `body` as the only writer of all processes and commits with one sync.
    ///
    /// What is answered is in a file that others see: before, the path is compared with what is open;
    /// after, the file must still have a name.
    package func write<Result>(_ body: (any StoreWriter) throws -> Result) throws -> Result {
        // One variable, and so one allocation: a function has it that is handed on.
        var done: (commit: UInt64?, generation: UInt64, hasMarked: Bool) = (nil, 0, false)
        func attempt(_ opened: Opened) throws -> Result {
            try opened.checkFiles()
            let result = try opened.environment.write { transaction in
                let writer = try LMDBWriter(transaction, opened.databases)
                try opened.checkCurrent(writing: writer.reader)
                let result = try body(writer)
                if writer.hasWritten { done.commit = transaction.commitNumber }
                done.hasMarked = writer.hasMarked
                done.generation = opened.sight.generation
                return result
            }
            do throws(LMDBError) {
                try opened.environment.checkCommitted()
            } catch {
                // What was committed before the mark has gone along into the other file.
                guard error.code == .replacedFile, try opened.mark() != nil else { throw error }
                return result
            }
            // What it has committed by itself it need not look at.
            if let commit = done.commit, !done.hasMarked { opened.sight.note(commit) }
            return result
        }
        do {
            let result: Result
            do {
                result = try withOpened(attempt)
            } catch let error as LMDBError
                where error.code == .panic && error.operation == "mdb_txn_begin"
            {
                // An earlier meta page could not be written; nothing of this batch has been begun.
                try reopen()
                result = try withOpened(attempt)
            }
            if let commit = done.commit { noteCommit(commit, done.generation) }
            return result
        } catch let error as LMDBError where error.isFullAtCommit {
            throw try errorOfFullCommit(done.commit, error)
        } catch let error as LMDBError where error.isOutcomeUnknown {
            throw unknown(error)
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// It may have been the meta page for which there was no room: then LMDB refuses everything until
    /// it is opened again, and only that tells what is on the disk.
    private func errorOfFullCommit(_ commit: UInt64?, _ cause: LMDBError) throws -> any Error {
        do {
            try reopen()
            if let commit, let last = try read({ $0.commitNumber() }), last >= commit {
                return unknown(cause)
            }
            return JournalError.wrapping(cause, location)
        } catch {
            return unknown(cause)
        }
    }

    private func unknown(_ cause: LMDBError) -> JournalError {
        JournalError(
            .outcomeUnknown,
            "the disk failed while a batch of \(location) was committed; it is not known whether it was written",
            underlying: cause
        )
    }

    /// Compares where the file is with the newest commit that was answered, and notes those that
    /// come.
    /// - Throws: ``JournalError/Code/integrity`` when the file is behind.
    func keepWitness(_ witness: CommitWitness?, isReadOnly: Bool) throws {
        guard let witness else { return }
        // Before the file is looked at: others may commit meanwhile.
        let noted = try witness.last()
        let (number, generation) = try read { reader in
            let generation = try reader.generation()
            return (reader.commitNumber(), generation)
        }
        opened.withLock { $0.sight.generation = generation }
        guard noted.generation <= generation else { throw behind(number ?? 0, noted.number) }
        // What was answered in the file before this one counts no more.
        let answered = noted.generation == generation ? noted.number : 0
        guard let commit = number else {
            // A compacted copy, in which LMDB counts anew.
            if !isReadOnly, answered > 0 { try witness.note(0, generation) }
            return
        }
        guard answered <= commit else { throw behind(commit, answered) }
        if !isReadOnly { self.witness.withLock { $0 = witness } }
    }

    private func behind(_ commit: UInt64, _ answered: UInt64) -> JournalError {
        JournalError(
            .integrity,
            "\(location) shows commit \(commit), and commit \(answered) was answered: a page that names the newest commit has changed, or an older copy of journal.mdb was put there; restore the folder from a backup, with its open.lock"
        )
    }

    /// The batch is on the disk: that it could not be noted is no reason to say something else.
    private func noteCommit(_ commit: UInt64, _ generation: UInt64) {
        guard let witness = witness.withLock({ $0 }) else { return }
        do throws(SystemError) {
            try witness.note(commit, generation)
        } catch {
            self.witness.withLock { $0 = nil }
        }
    }

    /// Opens the file again.
    package func reopen() throws {
        do {
            try opened.withLock { current in
                // In the place of a file that is gone an empty one would be made.
                try current.environment.checkFiles()
                current.environment.close()
                let generation = current.sight.generation
                current = try Self.whileSettled(location) { try Self.open(file: file, options) }
                current.sight.generation = generation
            }
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Whether less than 1 MiB is left on its disk: less than LMDB may need for a batch.
    package func isOutOfRoom() throws -> Bool {
        try FreeSpace.bytes(at: location) < 1 << 20
    }

    /// Whether a commit has been written that its writer has not told readers of.
    package func hasUnpublishedCommit() throws -> Bool {
        do {
            return try withOpened { opened in
                // Who follows is told that there is nothing more to come.
                try opened.checkFiles()
                return try opened.environment.hasUnpublishedCommit()
            }
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Closes the file once its transactions have ended.
    package func close() {
        opened.withLock { $0.environment.close() }
    }

    /// Makes room for what is left of executions that are pruned, where there is none.
    /// - Throws: ``JournalError``.
    package func makeRoomForPruned() throws {
        do {
            try opened.withLock { current in
                let all = current.databases
                guard all.pruned == nil else { return }
                let made = try current.environment.openDatabases(
                    [("pruned", .integerKeys)],
                    creating: true
                )
                current.databases = Databases(all.all, pruned: made[0])
            }
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Bytes that a compacted copy takes. Reads all pages.
    /// - Throws: ``JournalError``, ``JournalError/Code/integrity`` where pages are damaged.
    package func compactedSize() throws -> UInt64 {
        do {
            return try withOpened { try $0.environment.bytesInUse() }
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Bytes of the file that are in use, free pages among them included.
    package func bytesInUse() throws -> UInt64 {
        do {
            let file = try opened.withLock { $0 }.environment.information()
            return UInt64(file.lastPage + 1) * UInt64(file.pageSize)
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }

    /// Figures of the file and its databases.
    package func information() throws -> (EnvironmentInformation, [(String, DatabaseStatistics)]) {
        do {
            let opened = opened.withLock { $0 }
            let all = opened.databases.all + [opened.databases.pruned].compactMap(\.self)
            let statistics = try opened.environment.read { transaction in
                try all.map { ($0.name, try transaction.statistics(of: $0)) }
            }
            return (try opened.environment.information(), statistics)
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }
}

extension LMDBError {
    fileprivate var isFullAtCommit: Bool {
        operation == "mdb_txn_commit" && code != .mapFull && isFull
    }

    /// Once the meta page may have been touched, only another look tells what is on the disk.
    fileprivate var isOutcomeUnknown: Bool {
        code == .panic || (operation == "mdb_txn_commit" && code != .mapFull && !isFull)
    }
}
