import DaybookFormat
import DaybookSystem
import LMDB
import SwiftProtobuf
import Synchronization

/// The journal goes on in another file than the one that was looked at. It is seen when a transaction begins, and
/// before anything is done in it.
struct SupersededFile: Error {
    let mark: SupersededMark
}

/// What a process has seen of a file that it has open.
final class FileSight: Sendable {
    /// The newest commit of which it is known that it has no mark.
    private let current = Atomic<UInt64>(0)
    private let place = Atomic<UInt64>(0)
    /// A mark that does not hold: nothing came of it.
    private let void = Locked<SupersededMark?>(nil)

    /// How many files the journal has had before this one.
    var generation: UInt64 {
        get { place.load(ordering: .relaxed) }
        set { place.store(newValue, ordering: .relaxed) }
    }

    /// Whether a commit was looked at before.
    func knows(_ commit: UInt64) -> Bool { current.load(ordering: .relaxed) == commit }

    func note(_ commit: UInt64) { current.store(commit, ordering: .relaxed) }

    func isVoid(_ mark: SupersededMark) -> Bool { void.withLock { $0 == mark } }

    func setVoid(_ mark: SupersededMark) { void.withLock { $0 = mark } }
}

extension StoreReader {
    /// How many files the journal has had before this one.
    package func generation() throws -> UInt64 {
        guard let bytes = try meta(Journal.generationKey), bytes.count == 8 else { return 0 }
        return bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    }
}

extension LMDBStore.Opened {
    /// Makes sure that the journal has not gone on in another file. It costs a comparison of numbers, and after a
    /// commit, by whomever, one look into a small database.
    /// - Throws: ``SupersededFile``.
    func checkCurrent(_ reader: any StoreReader) throws {
        let commit = reader.commitNumber()
        if let commit, sight.knows(commit) { return }
        if let mark = try mark(reader) { throw SupersededFile(mark: mark) }
        if let commit { sight.note(commit) }
    }

    /// The same for a transaction that writes. It goes on from the commit before its own number, which is that of
    /// a commit that another one may become.
    func checkCurrent(writing reader: any StoreReader) throws {
        if let commit = reader.commitNumber(), commit > 0, sight.knows(commit - 1) { return }
        if let mark = try mark(reader) { throw SupersededFile(mark: mark) }
    }

    /// The same in a transaction of its own.
    func checkCurrent() throws {
        if let mark = try mark() { throw SupersededFile(mark: mark) }
    }

    /// Makes sure that the path names the files that are open.
    /// - Throws: ``SupersededFile`` where another one has taken their place in good order; `LMDBError`.
    func checkFiles() throws {
        do throws(LMDBError) {
            try environment.checkFiles()
        } catch {
            if error.code == .replacedFile { try checkCurrent() }
            throw error
        }
    }

    /// The mark in the newest state of the file, where it holds.
    func mark() throws -> SupersededMark? {
        try environment.read { try mark(LMDBReader($0, databases)) }
    }

    private func mark(_ reader: any StoreReader) throws -> SupersededMark? {
        guard let mark = try reader.meta(SupersededMark.key).flatMap(SupersededMark.init),
            mark.device == environment.fileNumbers.device,
            mark.old == environment.fileNumbers.inode, !sight.isVoid(mark)
        else { return nil }
        return mark
    }
}

extension LMDBStore {
    /// Runs `body`, which opens the file in a folder, while nobody exchanges it. What a process that was killed has left of an
    /// exchange is finished or given up before.
    static func whileSettled<Result>(
        _ location: String,
        _ body: () throws -> Result
    ) throws -> Result {
        guard try FileStatus.of(location)?.isFolder == true else {
            // What there is instead is said by who opens it.
            return try body()
        }
        let exchange = FileExchange(location: location)
        let settled = try FolderLock.hold(location, .shared) { () throws -> Result? in
            try exchange.isPending() ? nil : try body()
        }
        if let settled { return settled }
        do {
            try exchange.settle()
        } catch let error as SystemError where error.isReadOnly {
            // Nobody can exchange it, and the old file has all that was ever answered.
        }
        return try FolderLock.hold(location, .shared, body)
    }

    /// The mark in the file of a folder that is locked alone.
    static func mark(in location: String) throws -> SupersededMark? {
        var options = EnvironmentOptions()
        options.isReadOnly = true
        let opened = try open(file: location + "/journal.mdb", options)
        defer { opened.environment.close() }
        return try opened.mark()
    }

    /// The file in which the journal goes on, once it has the name.
    ///
    /// The old one is closed when the last transaction in it has ended, and not before: those that are inside
    /// go on with what they have seen.
    func successor(of old: Opened, _ mark: SupersededMark) throws -> Opened {
        try opened.withLock { current in
            // Another thread was here before.
            guard current.environment === old.environment else { return current }
            // What has been closed stays so.
            try old.environment.checkOpen("open again")
            if try old.environment.isNamed() { try finish(old, mark) }
            guard try !old.environment.isNamed() else { return current }
            let next = try Self.whileSettled(location) { try Self.open(file: file, options) }
            next.sight.generation = try next.environment.read {
                try LMDBReader($0, next.databases).generation()
            }
            current = next
            return next
        }
    }

    /// Finishes an exchange that whoever began it has not. Where there is nothing to put in the place of the file, the mark
    /// does not hold.
    private func finish(_ old: Opened, _ mark: SupersededMark) throws {
        let exchange = FileExchange(location: location)
        try FolderLock.hold(location, .exclusive) {
            guard try old.environment.isNamed() else { return }
            guard let new = try FileStatus.ofLink(exchange.ready), new.inode == mark.new else {
                return old.sight.setVoid(mark)
            }
            do throws(SystemError) {
                try exchange.install()
            } catch {
                guard error.isReadOnly else { throw error }
                old.sight.setVoid(mark)
            }
        }
    }

    /// Marks the file as one whose entries go on in another one, with the commit that ends what is written to it.
    /// The folder is locked alone.
    ///
    /// It writes past ``write(_:)``, which may open the file again, and would wait for that lock.
    /// - Parameters:
    ///   - new: the number of the other file.
    ///   - body: has it take in the rest. Nobody writes meanwhile.
    /// - Throws: what `body` throws, and nothing is marked then; `LMDBError`: then it may be.
    func supersede(by new: UInt64, _ body: () throws -> Void) throws {
        let opened = opened.withLock { $0 }
        try opened.checkFiles()
        try opened.environment.write { transaction in
            let writer = try LMDBWriter(transaction, opened.databases)
            try opened.checkCurrent(writing: writer.reader)
            let numbers = opened.environment.fileNumbers
            let mark = SupersededMark(device: numbers.device, old: numbers.inode, new: new)
            // First what needs room in the file.
            try mark.bytes.withUnsafeBytes { try writer.put(meta: $0, for: SupersededMark.key) }
            try writer.putEdgeAgain()
            try body()
        }
    }

    /// Whether the path names the file that is open, once what it may have been exchanged for is.
    package func isInPlace() throws -> Bool {
        do {
            _ = try read { $0.commitNumber() }
            return try withOpened { try $0.environment.isNamed() }
        } catch {
            throw JournalError.wrapping(error, location)
        }
    }
}

extension StoreWriter {
    /// The record of the tree's edge names the commit that has written last.
    fileprivate func putEdgeAgain() throws {
        guard let bytes = try reader.meta(Appender.edgeKey) else { return }
        var edge = try ProtoTreeEdge(serializedBytes: bytes)
        edge.commit = reader.commitNumber() ?? 0
        let again: [UInt8] = try edge.serializedBytes()
        try again.withUnsafeBytes { try put(meta: $0, for: Appender.edgeKey) }
    }
}
